"""What the app asks in threads, and what it does with what they bring."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import RunbookError
from mlops_tui.tui import messages as told
from mlops_tui.tui.jobs import Job
from mlops_tui.tui.shell import Shell, in_words

if TYPE_CHECKING:
    from mlops_tui.project import Project

LOOK = 4.0
"""Seconds between two looks at whether somebody else wrote into the incident on the screen."""


class Asking(Shell):
    """Checks, chains, incidents, walks and drafts: each asked in a thread, each brought back as one message."""

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

    def look(self) -> None:
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
