"""`runbook watch`: `check --notify` on a schedule, in one process that no log and no half-written inventory can end."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mlops_tui.core.errors import Cancelled, RunbookError, UnknownName, UsageError
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import both_zones, format_duration
from mlops_tui.session.page import NotifyReport, notify, waits
from mlops_tui.session.pager import Memory, Paged

if TYPE_CHECKING:
    from mlops_tui.project import Project

LEAST = timedelta(seconds=10)
"""The shortest time between two rounds."""


class Stop(Protocol):
    """A wish to stop: `threading.Event` is one."""

    def wait(self, timeout: float) -> bool:
        """Waits that many seconds, or until the wish is there; gives whether it is."""

    def is_set(self) -> bool:
        """Whether the wish is there."""


@dataclass(frozen=True, slots=True)
class Round:
    """One look at every model: what became of each alert, what could not be done, and why messages wait."""

    at: datetime
    paged: tuple[Paged, ...]
    problems: tuple[str, ...] = ()
    waiting: str = ""

    @property
    def news(self) -> tuple[Paged, ...]:
        """What changed, or reached people: neither what is quiet nor what everybody knows already."""
        return tuple(p for p in self.paged if p.act in ("opened", "page", "note", "resolve"))


class Watch:
    """A watch over a project. `reopen` opens it anew (its inventory may have been edited, its logs have grown)."""

    def __init__(self, project: Project, reopen: Callable[[], Project], models: Sequence[str] = ()) -> None:
        for name in models:
            project.inventory.model(name)
        self._project = project
        self._reopen = reopen
        self._models = tuple(models)
        self._since = project.clock()
        self._memory: Memory = {}

    def rounds(self, every: timedelta, stop: Stop) -> Iterator[Round]:
        """A round now, and then one each `every`, until `stop` is set. A round that takes longer delays the next one.

        Raises UsageError for a schedule that is too tight.
        """
        if every < LEAST:
            raise UsageError(f"every {format_duration(every)} is too often", hint=f"--every {format_duration(LEAST)} or more")
        while not stop.is_set():
            began = self._project.clock()
            try:
                yield self.round(stop)
            except Cancelled:
                return
            took = self._project.clock() - began
            # a clock that jumps must not make us wait for days, nor not at all
            left = every - took if timedelta(0) <= took < every else timedelta(0) if took >= every else every
            if stop.wait(left.total_seconds()):
                return

    def round(self, stop: Stop) -> Round:
        """One look at every model, each on its own: whatever is wrong with one, the others are looked at."""
        problems = self._refresh()
        at = self._project.clock()
        paged: list[Paged] = []
        waiting = ""
        for name in self._models or list(self._project.inventory.models):
            if stop.is_set():
                break
            try:
                report = self._notify(name, stop)
            except UnknownName:
                problems.append(f"no model is called {name!r} any more")
                continue
            except RunbookError as error:
                problems.append(f"{name}: {one_line(str(error))}")
                continue
            except Exception as error:  # noqa: BLE001 - the border of a round: a fault of ours must not end the watch
                kept = self._project.crash_log(traceback.format_exc())
                problems.append(f"{name}: a fault of ours, {type(error).__name__}; the details are in {kept}")
                continue
            paged += report.paged
            waiting = waits(self._project, report.sent) or waiting
            problems += [f"{part.model}: {one_line(p)}" for part in report.check.models for p in part.problems]
            problems += [f"{p.alert} of {p.model}: {one_line(said)}" for p in report.paged for said in p.problems]
        return Round(at, tuple(paged), tuple(problems), waiting)

    def _notify(self, name: str, stop: Stop) -> NotifyReport:
        def pause(seconds: float) -> None:
            if stop.wait(seconds):
                raise Cancelled

        return notify(self._project, [name], suite=False, pause=pause, memory=self._memory)

    def interrupt(self) -> None:
        """Stops the query that runs, if one does; safe from any thread."""
        self._project.interrupt()

    def _refresh(self) -> list[str]:
        """The project anew; where its inventory is broken, the last good one, with its logs read anew."""
        before = self._project.inventory.text
        try:
            self._project = self._reopen()
        except (RunbookError, OSError) as error:
            self._project = replace(self._project, _logs={})
            kept = f"going on with the inventory of {both_zones(self._since, self._project.zone)}"
            return [f"{_first(error)}; {kept}"]
        self._since = self._project.clock()
        text = self._project.inventory.text
        if text == before:
            return []
        models = self._project.inventory.models
        alerts = sum(len(m.watched_by) for m in models.values())
        return [f"inventory.yaml was edited: {_plural(len(models), 'model')} and {_plural(alerts, 'alert')} now"]


def _first(error: Exception) -> str:
    """An error's first problem, on one line."""
    from mlops_tui.core.errors import InvalidFiles

    if isinstance(error, InvalidFiles) and error.problems:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        return one_line(str(error.problems[0])) + more
    return one_line(str(error))


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
