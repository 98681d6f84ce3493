"""An opened project: the nearest folder upwards with an `inventory.yaml`."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import JournalError, LogError, NoRows, UnknownName, UsageError
from mlops_tui.core.settings import Actor, Clock
from mlops_tui.core.window import Window, anchor, both_zones
from mlops_tui.logs.log import Log
from mlops_tui.project.person import whoami
from mlops_tui.project.reference import windows_at
from mlops_tui.project.subject import Subject

if TYPE_CHECKING:
    from mlops_tui.inventory import Inventory
    from mlops_tui.journal.journal import Journal
    from mlops_tui.logs.progress import Progress
    from mlops_tui.logs.summed import Summed
    from mlops_tui.project.kept import Kept

INVENTORY = "inventory.yaml"


def open_project(
    start: Path,
    *,
    clock: Clock | None = None,
    actor: Actor | None = None,
    environ: Mapping[str, str] | None = None,
) -> Project:
    """The project that holds `start`. Raises UsageError where there is none, InvalidFiles where its inventory is wrong."""
    from mlops_tui.inventory import load

    root = root_of(start)
    inventory = load(root)
    return Project(
        root,
        inventory,
        inventory.zone,
        clock or _now,
        actor or whoami(inventory),
        dict(os.environ if environ is None else environ),
    )


def root_of(start: Path) -> Path:
    """The folder of the project that holds `start`, whether or not its inventory can be read. Raises UsageError."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / INVENTORY).is_file():
            return folder
    raise UsageError(
        f"no {INVENTORY} in {start} or above",
        hint="`runbook demo DIR` makes one to try, `runbook init --from LOGS` one of your own; --project DIR names one",
    )


def runbook_files(root: Path) -> dict[str, Path]:
    """The runbooks below a project's folder, by name, without their tests."""
    found = sorted((root / "runbooks").glob("*.yaml"))
    return {p.stem: p for p in found if not p.name.endswith(".test.yaml")}


def _now() -> datetime:
    return datetime.now(UTC)


def _untold(_log: str, _progress: Progress) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Project:
    """A project, opened. Reading never creates `.runbook`; `journal(create=True)` does."""

    root: Path
    inventory: Inventory
    zone: ZoneInfo
    clock: Clock
    actor: Actor
    environ: Mapping[str, str]
    held: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)
    """Files that a log is held to, by ("model" or "source", name): a run that goes on reads those that it began with."""
    tell: Callable[[str, Progress], None] = field(default=_untold, repr=False, compare=False)
    """Hears how far the summaries of a log (by the name of its model or source) have come, while they are made."""
    _logs: dict[tuple[str, str], Log] = field(default_factory=dict, repr=False, compare=False)

    def apart(self) -> Project:
        """The same project with logs of its own: interrupting one does not stop the queries of the other."""
        return replace(self, _logs={})

    @property
    def state(self) -> Path:
        """Where the journal and its artefacts lie."""
        return self.root / ".runbook" / "state"

    @property
    def cache(self) -> Path:
        """What may be deleted at any time."""
        return self.root / ".runbook" / "cache"

    @property
    def runbooks(self) -> dict[str, Path]:
        """The runbooks by name: `runbooks/*.yaml` without the tests (`*.test.yaml`)."""
        return runbook_files(self.root)

    def spill(self) -> Path | None:
        """Where a query that outgrows memory may spill; None where nothing may be written."""
        folder = self.cache / "spill"
        if not self.cache.parent.is_dir():
            return None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return folder

    def shown(self, path: Path) -> str:
        """A path as people and JSON see it: relative to the project where it lies in it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def incident_folder(self, incident: str) -> Path:
        """Where the readable copies of an incident's charts and drafts lie."""
        return self.state / "incidents" / incident

    def crash_log(self, text: str) -> Path:
        """Keeps a traceback where it can be found: beside the journal, else in the temporary folder."""
        name = f"crash-{self.clock():%Y%m%dT%H%M%S}-{os.getpid()}.log"
        for folder in (self.state, Path(tempfile.gettempdir())):
            try:
                with (folder / name).open("a", encoding="utf-8") as file:
                    file.write(text)
                return folder / name
            except OSError:
                continue
        return Path(os.devnull)

    def log(self, model: str, *, fresh: bool = False) -> Log:
        """A model's decision log, under the relation name `log`; opened once unless `fresh`. Raises UnknownName, LogError."""
        key = ("model", model)
        log = self.summaries(key).wanted.origin.open() if fresh else self._kept_open(key)
        _agreed(log, self.inventory.model(model).decision.positive)
        return log

    def source(self, name: str) -> Log:
        """A source's log, under its own name; opened once. Raises UnknownName, LogError."""
        sources = self.inventory.file.sources
        if name not in sources:
            raise UnknownName("source", name, sources)
        return self._kept_open(("source", name))

    def summaries(self, key: tuple[str, str]) -> Kept:
        """The summaries of the log of ("model" or "source", name). Raises UnknownName."""
        from mlops_tui.project.kept import Kept
        from mlops_tui.project.summaries import of_model, of_source

        wanted = of_model(self, key[1]) if key[0] == "model" else of_source(self, key[1])
        return Kept(wanted, self.held.get(key))

    def _kept_open(self, key: tuple[str, str]) -> Log:
        """A log, opened once, with what its summaries know of it."""
        if key not in self._logs:
            kept = self.summaries(key)
            log = kept.wanted.origin.open(known=kept.known)
            log.attach(lambda: self._summed(key[1], kept, log))
            self._logs[key] = log
        return self._logs[key]

    def _summed(self, name: str, kept: Kept, log: Log) -> Summed | None:
        if not kept.why_rows(log):
            with contextlib.suppress(JournalError):
                self.make_home()
        return kept.summed(log, lambda progress: self.tell(name, progress))

    def interrupt(self) -> None:
        """Stops every query that runs on an opened log."""
        for log in tuple(self._logs.values()):
            log.interrupt()

    def subject(self, model: str, *, at: datetime | None = None) -> Subject:
        """A model at a moment: at `at`, or by the clock. Raises UnknownName, LogError, NoRows."""
        spec = self.inventory.model(model)
        log = self.log(model)
        clock = (at or self.clock()).astimezone(UTC)
        future = 0 if at else log.after(clock)
        newest = log.newest(clock)
        if newest is None:
            raise self._no_rows(log, clock)
        now = anchor(clock, newest, spec.log.complete_after)
        windows = windows_at(spec.windows, now, clock, self.zone, lambda moment: self._trained(model, moment))
        return Subject(
            self,
            model,
            spec,
            log,
            windows,
            dict(self.inventory.features_of(model)),
            tuple(spec.log.segments),
            future,
            at is not None,
            clock - newest,
        )

    @property
    def has_journal(self) -> bool:
        """Whether anything was ever recorded here."""
        from mlops_tui.journal.journal import Journal

        return Journal.exists(self.state)

    def journal(self, create: bool) -> Journal:
        """The project's journal; made when `create`. Raises JournalError."""
        from mlops_tui.journal.journal import Journal

        if create:
            self.make_home()
        return Journal.open(self.state, clock=self.clock, actor=self.actor, create=create)

    def make_home(self) -> None:
        """Makes `.runbook`, unless it is there. Raises JournalError."""
        home = self.root / ".runbook"
        try:
            home.mkdir(mode=0o700, exist_ok=True)
            ignore = home / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            reason = (error.strerror or "it cannot be written").lower()
            raise JournalError(
                f"cannot make .runbook: {reason}", where=str(home), hint="the journal needs a folder it can write"
            ) from error

    def _trained(self, model: str, moment: datetime) -> Window | None:
        """The span of rows that the version live at `moment` was trained on, as far as anyone recorded it."""
        from mlops_tui.inventory.changes import read_changes
        from mlops_tui.inventory.versions import live_at, versions
        from mlops_tui.logs.measure import versions_seen

        changes = read_changes(self.inventory, model, until=moment)
        seen = versions_seen(self.log(model), moment).value
        live = live_at(versions(self.inventory, model, seen=seen, changes=changes), moment)
        if live is None or live.trained_from is None or live.trained_to is None:
            return None
        start, end = (
            datetime(d.year, d.month, d.day, tzinfo=self.zone).astimezone(UTC) for d in (live.trained_from, live.trained_to)
        )
        return Window(start, end + timedelta(days=1))

    def _no_rows(self, log: Log, clock: datetime) -> NoRows:
        oldest = log.oldest()
        where = log.manifest.pattern
        if oldest is None:
            return NoRows("the log has no rows with a time", where=where)
        hint = f"its oldest row is of {both_zones(oldest, self.zone)}"
        return NoRows(f"no rows up to {both_zones(clock, self.zone)}", where=where, hint=hint)


def _agreed(log: Log, positive: str) -> None:
    """Raises LogError where a log without rows counts another decision as positive than the inventory does."""
    if log.positive is not None and log.positive != positive:
        message = f"its writers counted {log.positive!r} as the positive decision, and the inventory says {positive!r}"
        raise LogError(message, where=log.manifest.pattern, hint="say the same in both")
