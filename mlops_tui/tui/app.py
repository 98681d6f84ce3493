"""The app: owns the state, starts the threads, and lets the screens show what their messages brought."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.tui import messages as told
from mlops_tui.tui.actions import actions, shown
from mlops_tui.tui.jobs import Job, Jobs
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
_ENDINGS = {"ended": "has reached its end", "failed": "failed", "interrupted": "was left", "waiting": "waits for an answer"}
LOOK = 4.0
"""Seconds between two looks at whether somebody else wrote into the incident on the screen."""


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


class RunbookApp(App[None]):
    """Screens over a project. `opener` opens it, in a thread; `go` drives a run from the start, named `name`."""

    TITLE = "runbook"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+c", "stop", show=False, priority=True, system=True)]

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

    # -- the start

    def on_mount(self) -> None:
        """Show the first screen; nothing is read before it was drawn."""
        from mlops_tui.tui.screens.fleet import Fleet

        self.push_screen(Fleet())
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.set_interval(LOOK, self._look)
        self.jobs.start("open", "reading inventory.yaml", self._open)

    def _open(self, _job: Job) -> told.Opened:
        from mlops_tui.session.models import models
        from mlops_tui.session.runbooks import runbooks

        project = self._opener()
        return told.Opened(project, models(project), runbooks(project))

    def on_opened(self, message: told.Opened) -> None:
        """The fleet is known: list it, and ask each model's checks; a run that was asked for begins first."""
        state = self.state
        state.project, state.models, state.runbooks = message.project, message.models, message.runbooks
        if self._go is not None:
            go, self._go = self._go, None
            self.begin(self._asked, go)
        else:
            self.check_missing()
        self.read_incidents()
        self.render_state()

    # -- asking

    def check_missing(self, *models: str) -> None:
        """Run the checks of these models (all by default) that were not run yet, one after the other."""
        known = tuple(m.id for m in self.state.models.models) if self.state.models else ()
        for name in models or known:
            if name not in self.state.checks and f"check {name}" not in self.state.failed:
                self.check(name)

    def check(self, model: str) -> None:
        """Run a model's checks, on logs of its own, so that stopping them stops nothing else."""
        project = self.state.project
        if project is None:
            return
        apart, turn = project.apart(), self._turn

        def work(job: Job) -> told.Checked | None:
            from mlops_tui.session.check import check

            with turn:
                if job.stopped.is_set():
                    return None
                return told.Checked(model, check(apart, [model]).models[0])

        self.state.failed.pop(f"check {model}", None)
        self.jobs.start(f"check {model}", f"checking {model}", work, apart.interrupt)
        self.tick()

    def describe(self, model: str) -> None:
        """Read a model's chain: versions, features, problems."""
        project = self.state.project
        if project is None or model in self.state.chains:
            return
        apart = project.apart()

        def work(_job: Job) -> told.Described:
            from mlops_tui.session.models import model as chain

            return told.Described(chain(apart, model))

        self.jobs.start(f"model {model}", f"reading {model}", work, apart.interrupt)
        self.tick()

    def read_incidents(self) -> None:
        """Read the journal's incidents."""

        def work(project: Project) -> told.Listed:
            from mlops_tui.session.incidents import incidents

            return told.Listed(incidents(project))

        self._read("incidents", "reading the journal", work)

    def read_walk(self, incident: str, run: str = "") -> None:
        """Read a run as it stands."""
        known = self.state.walks.get((incident, run))

        def work(project: Project) -> told.Walked:
            from mlops_tui.session.walks import walk

            return told.Walked(walk(project, incident, run, known=known))

        self._read(f"walk {incident} {run}", f"reading {incident}", work)

    def read_draft(self, incident: str) -> None:
        """Make the draft of an incident."""

        def work(project: Project) -> told.Drafted:
            from mlops_tui.session.incidents import postmortem

            try:
                return told.Drafted(incident, postmortem(project, incident), "")
            except RunbookError as error:
                return told.Drafted(incident, None, str(error))

        self._read(f"draft {incident}", f"writing the draft of {incident}", work)

    def note(self, incident: str, text: str) -> None:
        """Keep a note."""

        def work(project: Project) -> told.Noted:
            from mlops_tui.session.notes import note

            note(project, incident, text)
            return told.Noted(incident)

        self._read(f"note {incident} {time.monotonic()}", "keeping the note", work)

    def _read(self, key: str, label: str, work: Callable[[Project], Any]) -> None:
        """Read from the journal in a thread; once more where something happened meanwhile."""
        project = self.state.project
        if project is None:
            return
        if not self.jobs.start(key, label, lambda _job: work(project)):
            self._again.add(key)

    def _look(self) -> None:
        """Whether somebody else wrote into the incident on the screen."""
        from mlops_tui.tui.screens.incident import IncidentPage
        from mlops_tui.tui.screens.walk import WalkPage

        page = self.screen
        if isinstance(page, WalkPage) and page.walk is not None:
            self._newer(page.walk.incident.id, page.walk.run, page.walk.seq)
        elif isinstance(page, IncidentPage):
            self.read_incidents()

    def _newer(self, incident: str, run: str, seq: int) -> None:
        known = self.state.walks.get((incident, run))

        def work(project: Project) -> Any:
            from mlops_tui.session.walks import newest, walk

            if newest(project, incident) <= seq:
                return None
            return told.Walked(walk(project, incident, run, known=known))

        self._read(f"walk {incident} {run}", f"reading {incident}", work)

    def ask_again(self) -> None:
        """Ask again what the screen shows."""
        page = self.screen
        if self.state.models is None:
            return
        models = getattr(page, "models", None)
        for name in models() if models else ():
            self.state.chains.pop(name, None)
            self.check(name)
        self.read_incidents()
        self.render_state()

    # -- what threads bring

    def on_checked(self, message: told.Checked) -> None:
        """A model's row fills in."""
        self.state.checks[message.model] = message.check
        self.render_state()

    def on_described(self, message: told.Described) -> None:
        """A model's chain is known."""
        self.state.chains[message.report.id] = message.report
        self.render_state()

    def on_listed(self, message: told.Listed) -> None:
        """The incidents as they stand."""
        if message.incidents != self.state.incidents:
            self.state.incidents = message.incidents
            self.render_state()

    def on_walked(self, message: told.Walked) -> None:
        """A run moved on."""
        walk = message.walk
        self.state.walks[walk.incident.id, walk.run] = walk
        self.render_state()

    def on_drafted(self, message: told.Drafted) -> None:
        """A draft was made."""
        self.state.drafts[message.incident] = message
        self.render_state()

    def on_noted(self, message: told.Noted) -> None:
        """A note stands in the timeline."""
        self.tell("noted", "okay")
        self.read_incidents()
        for incident, run in self.state.walks:
            if incident == message.incident:
                self.read_walk(incident, run)

    def on_job_ended(self, message: told.JobEnded) -> None:
        """Say what went wrong; nothing else waits for it."""
        self.jobs.ended(message.key)
        if message.error is not None:
            self.state.failed[message.key] = str(message.error)
            if message.key == "open":
                self.fault = message.error
                self.exit()
                return
            self.tell(f"{message.key}: {in_words(message.error, message.kept)}", "crit")
        elif message.stopped:
            self.state.failed[message.key] = "stopped"
            self.tell(f"{message.key}: stopped", "warn")
        if message.key in self._again:
            self._again.discard(message.key)
            kind, _, rest = message.key.partition(" ")
            if kind == "walk":
                self.read_walk(*rest.split(" "))
            elif kind == "incidents":
                self.read_incidents()
        self.render_state()

    # -- the run that this app drives

    @property
    def driving(self) -> bool:
        """Whether a run is under way here."""
        return self.drive is not None and not self.drive.over

    def begin(self, name: str, go: Go) -> None:
        """Drive a run, and show its walk."""
        if self.driving:
            assert self.drive is not None
            self.tell(f"{self.drive.incident or self.drive.name} is under way here: finish it, or leave it with q", "warn")
            return
        from mlops_tui.tui.drive import start as start_drive
        from mlops_tui.tui.screens.walk import WalkPage

        first = bool(self._asked) and self.drive is None
        self.drive = start_drive(name, go, self.hear, self.crash)
        self.drive.asked = first
        self.push_screen(WalkPage(driven=True))
        self.tick()

    def begin_run(self, name: str, sets: Mapping[str, str], incident: str | None = None) -> None:
        """Run a runbook on logs of its own."""
        project = self.state.project
        if project is None:
            return
        apart = project.apart()

        def go(front: Any) -> RunReport:
            from mlops_tui.session.runs import run

            return run(apart, name, sets=sets, incident=incident, front=front)

        self.begin(name, go)

    def begin_resume(self, incident: str) -> None:
        """Take up the run of an incident that was left."""
        project = self.state.project
        if project is None:
            return
        apart = project.apart()

        def go(front: Any) -> RunReport:
            from mlops_tui.session.runs import resume

            return resume(apart, incident, front=front)

        self.begin(incident, go)

    def on_happened(self, message: told.Happened) -> None:
        """The engine showed something."""
        if self.drive is None:
            return
        fresh = not self.drive.incident
        if self.drive.take(message.item) and self.drive.incident:
            self.read_walk(self.drive.incident, self.drive.run)
            if fresh:
                self.read_incidents()
        self.tick()
        self.render_state()

    def on_drive_ended(self, message: told.DriveEnded) -> None:
        """The engine is done with the run, for now."""
        drive = self.drive
        if drive is None:
            return
        drive.over, drive.report, drive.question, drive.step = True, message.report, None, ""
        drive.kept = message.kept
        if message.report is not None:
            self.reports.append(message.report)
        if message.error is not None and not drive.incident:
            self._never_began(message.error)
        elif message.error is not None:
            self.tell(in_words(message.error, drive.kept), "crit")
        if drive.incident:
            self.read_walk(drive.incident, drive.run)
        if message.report is not None:
            self.tell(f"{message.report.incident} · the run {_ENDINGS[message.report.state]}")
        self.read_incidents()
        if drive.leaving or self._leaving:
            self.exit()
        self.render_state()

    def _never_began(self, error: BaseException) -> None:
        """A run that could not start: the command line says why; within the app, the screen before does."""
        if self.drive is not None and self.drive.asked:
            self.fault = error
            self.exit()
            return
        from mlops_tui.tui.screens.walk import WalkPage

        if isinstance(self.screen, WalkPage):
            self.pop_screen()
        self.tell(in_words(error, self.drive.kept if self.drive else ""), "crit")

    def answer(self, choice: str, why: str) -> None:
        """Answer the question that waits, as the person who runs this app."""
        if self.drive is not None and self.state.project is not None:
            project = self.state.project
            self.drive.answer(choice, why, project.actor.login, project.clock())
            self.tick()
            self.render_state()

    def to_walk(self) -> None:
        """Show the walk that this app drives."""
        from mlops_tui.tui.screens.walk import WalkPage

        if self.drive is None:
            self.tell("no runbook is being walked here; r starts one")
            return
        for page in self.screen_stack:
            if isinstance(page, WalkPage) and page.driven:
                while self.screen is not page:
                    self.pop_screen()
                return
        self.push_screen(WalkPage(driven=True))

    # -- stopping and leaving

    def action_stop(self) -> None:
        """Ctrl-C."""
        self.cancel()

    def cancel(self) -> None:
        """Stop the query that runs now. A step of a run wants it said twice, since its run stops with it."""
        from mlops_tui.engine.types import Cancel

        job = self.jobs.stoppable()
        if self.driving and self.drive is not None and self.drive.step:
            if self._twice(f"cancel {self.drive.step}"):
                self.drive.front.inbox.put(Cancel("step"))
                self.tell(f"stopping step {self.drive.step}", "warn")
            else:
                self.tell(
                    f"step {self.drive.step} is running: x again stops it, and the run with it; q leaves it resumable", "warn"
                )
        elif job is not None:
            self.jobs.stop(job)
            self.tell(f"{job.label}: stopping", "warn")
        else:
            self.tell("nothing is running; q leaves")

    def leave(self) -> None:
        """Leave; a run under way is left where it can be resumed, and a step that runs is asked about first."""
        if not self.driving or self.drive is None:
            self._leaving = True
            self.exit()
            return
        drive = self.drive
        if drive.step and not drive.leaving and not self._twice(f"leave {drive.step}"):
            self.tell(f"step {drive.step} is running: q again stops it where the run can be resumed, or wait for it", "warn")
            return
        if drive.leaving:
            self.exit()
            return
        drive.leave()
        self.tell("stopping where the run can be resumed; q again leaves at once", "warn")

    def _twice(self, what: str) -> bool:
        """Whether the same thing was asked a moment ago."""
        before, at = self._sure
        self._sure = (what, time.monotonic())
        return before == what and time.monotonic() - at < 5

    def on_unmount(self) -> None:
        """Stop every query, so that the process can end."""
        for job in list(self.jobs.running.values()):
            self.jobs.stop(job)
        for job in list(self.jobs.running.values()):
            job.over.wait(3.0)

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

    _said: tuple[str, str, float] = ("", "muted", 0.0)

    def show_status(self) -> None:
        """What runs now comes first, unless something was just said."""
        text, tone, at = self._said
        fresh = time.monotonic() - at < 5
        running = self._doing()
        if running and not (fresh and tone in ("warn", "crit")):
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
                return waits + ("" if self._walking() else " · w goes there")
            progress = drive.progress
            share = f" · {progress.text} {progress.done:.0f} of {progress.total:.0f}" if progress and progress.total else ""
            return f"{where}{drive.step or drive.name} is running{share} · x stops it"
        jobs = [j for j in self.jobs.running.values() if j.seconds > 0.3 or j.interrupt]
        if not jobs:
            return ""
        job = jobs[0]
        more = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
        return f"{job.label} {job.seconds:.0f} s{more}" + (" · x stops it" if any(j.interrupt for j in jobs) else "")

    def _walking(self) -> bool:
        from mlops_tui.tui.screens.walk import WalkPage

        return isinstance(self.screen, WalkPage) and self.screen.driven

    def tick(self) -> None:
        """Count seconds while something runs; at rest no timer does."""
        self.show_status()
        if self._ticker is None:
            self._ticker = self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        busy = bool(self.jobs.running) or (self.driving and self.drive is not None and self.drive.question is None)
        if not busy and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        self.show_status()

    def other_theme(self) -> None:
        """Dark or light."""
        self.theme = "runbook-light" if self.theme == "runbook-dark" else "runbook-dark"
        self.refresh_css(animate=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every action of the screen by name, from the table of actions."""
        if not isinstance(screen, Page):
            return
        for action in actions(screen.NAME):
            if action.id == "palette":
                continue

            def run(name: str = action.id) -> Any:
                return self.call_later(screen.run_action, name)

            yield SystemCommand(f"{action.label}  ({shown(action.keys[0])})", action.help, run)
        if self.state.models is not None:
            yield from self._places()

    def _places(self) -> Iterable[SystemCommand]:
        """Models and incidents by name."""
        assert self.state.models is not None
        for line in self.state.models.models:
            yield SystemCommand(line.id, f"Open the model: {line.description}", lambda name=line.id: self.open_model(name))
        for incident in (self.state.incidents or ())[:50]:
            yield SystemCommand(
                incident.id, f"Open the incident: {incident.title}", lambda name=incident.id: self.open_incident(name)
            )

    def can_stop(self) -> bool:
        """Whether something runs that a person may stop."""
        return self.jobs.stoppable() is not None or (self.driving and self.drive is not None and bool(self.drive.step))

    def open_model(self, name: str) -> None:
        """Show a model."""
        from mlops_tui.tui.screens.model import ModelPage

        self.push_screen(ModelPage(name))

    def open_incident(self, name: str) -> None:
        """Show an incident."""
        from mlops_tui.tui.screens.incident import IncidentPage

        self.push_screen(IncidentPage(name))


def in_words(error: BaseException, kept: str) -> str:
    """What went wrong as one line; a fault of ours says so, and where its details are kept."""
    if isinstance(error, RunbookError):
        return one_line(str(error), most=500)
    where = f" (details: {kept})" if kept else ""
    return one_line(f"this is a fault of ours: {type(error).__name__}: {error}{where}", most=500)
