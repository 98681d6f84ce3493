"""What every part of the app stands on: the state, the threads, and the status line."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.binding import Binding

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.tui import messages as told
from mlops_tui.tui.jobs import Jobs, libraries_stand_back
from mlops_tui.tui.page import Page
from mlops_tui.tui.themes import DARK, THEMES

if TYPE_CHECKING:
    from mlops_tui.engine.types import RunReport
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.project import Project
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.models import ModelReport, ModelsReport
    from mlops_tui.session.runbooks import RunbookLine
    from mlops_tui.session.walks import Walk
    from mlops_tui.tui.drive import Drive, Go

Opener = Callable[[], "Project"]
SAID = 5.0
"""Seconds for which something that was said is worth more than what runs now."""


@dataclass
class State:
    """What the app knows. Written by the app's handlers only; values inside are frozen."""

    project: Project | None = None
    models: ModelsReport | None = None
    runbooks: tuple[RunbookLine, ...] = ()
    checks: dict[str, ModelCheck] = field(default_factory=dict)
    chains: dict[str, ModelReport] = field(default_factory=dict)
    incidents: tuple[Incident, ...] | None = None
    walks: dict[tuple[str, str], Walk] = field(default_factory=dict)
    drafts: dict[str, told.Drafted] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """By job: why it gave nothing."""

    def open_incident(self, model: str) -> Incident | None:
        """The newest open incident of a model."""
        return next((i for i in self.incidents or () if i.model == model and i.status == "open"), None)

    def runbooks_of(self, model: str) -> tuple[RunbookLine, ...]:
        """The runbooks that apply to a model."""
        return tuple(r for r in self.runbooks if r.problem or model in r.models)


class Shell(App[None]):
    """An app with a state, jobs in threads, and a status line that says what runs. Nothing here asks or drives anything."""

    TITLE = "runbook"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+c", "stop", show=False, priority=True, system=True)]
    _said: tuple[str, str, float] = ("", "muted", 0.0)

    def __init__(
        self, opener: Opener, *, go: Go | None = None, name: str = "", environ: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._opener = opener
        self._go = go
        self._asked = name
        self._environ = dict(os.environ if environ is None else environ)
        self.state = State()
        self.drive: Drive | None = None
        self.reports: list[RunReport] = []
        self.fault: BaseException | None = None
        self.jobs = Jobs(self.hear, self.crash)
        self._turn = threading.Lock()
        """One model's checks at a time: two would only share the same cores."""
        self._again: set[str] = set()
        self._ticker: Any = None
        self._sure = ("", 0.0)
        self._leaving = False
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "runbook-dark"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours under any theme, so that the style sheet can always be read."""
        return dict(DARK)

    def hear(self, message: Any) -> None:
        """Take a message from any thread; once the app is gone, nobody needs it."""
        try:
            self.post_message(message)
        except RuntimeError:
            return

    def crash(self, text: str) -> str:
        """Keep a traceback in a file; gives its path, empty where there is no project that could keep it."""
        return str(self.state.project.crash_log(text)) if self.state.project is not None else ""

    # -- showing

    def render_state(self) -> None:
        """Let the screen on top show the state; the others catch up when they are on top again."""
        for page in reversed(self.screen_stack):
            if isinstance(page, Page):
                if page.is_mounted:
                    page.render_state()
                break
        self.show_status()

    def tell(self, text: str, tone: str = "muted") -> None:
        """Say something in the status line, until something else is worth saying."""
        self._said = (text, tone, time.monotonic())
        self.show_status()
        self.set_timer(SAID + 0.1, self.show_status)

    def show_status(self) -> None:
        """What runs now comes first, unless something was just said."""
        text, tone, at = self._said
        fresh = time.monotonic() - at < SAID
        running = self._doing()
        if running and not (fresh and tone != "muted"):
            text, tone = running, "ask"
        for page in self.screen_stack:
            if isinstance(page, Page):
                page.say(text, tone)

    def _doing(self) -> str:
        drive = self.drive
        if drive is not None and not drive.over:
            where = f"{drive.incident} · " if drive.incident else ""
            if drive.question is not None:
                waits = f"{where}{drive.question.step or drive.name} waits for your answer"
                return waits + ("" if self.walking() else " · w goes there")
            progress = drive.progress
            share = f" · {progress.text} {progress.done:.0f} of {progress.total:.0f}" if progress and progress.total else ""
            passed = time.monotonic() - drive.since
            return f"{where}{drive.step or drive.name} is running {passed:.0f} s{share} · x stops it"
        jobs = [j for j in self.jobs.running.values() if j.seconds > 0.3 or j.interrupt]
        if not jobs:
            return ""
        job = jobs[0]
        more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
        return f"{job.label} {job.seconds:.0f} s{more}" + (" · x stops it" if any(j.interrupt for j in jobs) else "")

    @property
    def driving(self) -> bool:
        """Whether a run is under way here."""
        return self.drive is not None and not self.drive.over

    def walking(self) -> bool:
        """Whether the screen on top is the walk that this app drives."""
        return getattr(self.screen, "driven", False)

    def tick(self) -> None:
        """Count seconds while something runs; at rest no timer does."""
        libraries_stand_back(self.drive.reader if self.drive is not None else "")
        self.show_status()
        if self._ticker is None:
            self._ticker = self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        busy = bool(self.jobs.running) or (self.driving and self.drive is not None and self.drive.question is None)
        if not busy and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        libraries_stand_back(self.drive.reader if self.drive is not None else "")
        self.show_status()

    def other_theme(self) -> None:
        """Dark or light."""
        self.theme = "runbook-light" if self.theme == "runbook-dark" else "runbook-dark"
        self.refresh_css(animate=False)


def in_words(error: BaseException, kept: str) -> str:
    """What went wrong as one line; a fault of ours says so, and where its details are kept."""
    if isinstance(error, RunbookError):
        return one_line(str(error), most=500)
    where = f" (details: {kept})" if kept else ""
    return one_line(f"this is a fault of ours: {type(error).__name__}: {error}{where}", most=500)
