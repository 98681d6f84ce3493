"""The app: opens a project, shows its screens, and finds everything by name in the palette."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import SystemCommand
from textual.screen import Screen

from mlops_tui.tui import messages as told
from mlops_tui.tui.actions import actions, shown
from mlops_tui.tui.asking import LOOK
from mlops_tui.tui.driving import Driving
from mlops_tui.tui.jobs import Job
from mlops_tui.tui.page import Page


class RunbookApp(Driving):
    """Screens over a project. `opener` opens it, in a thread; `go` drives a run from the start, named `name`."""

    def on_mount(self) -> None:
        """Show the first screen; nothing is read before it was drawn."""
        from mlops_tui.tui.screens.fleet import Fleet

        self.push_screen(Fleet())
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.set_interval(LOOK, self.look)
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

    def on_unmount(self) -> None:
        """Stop every query, so that the process can end."""
        for job in list(self.jobs.running.values()):
            self.jobs.stop(job)
        for job in list(self.jobs.running.values()):
            job.over.wait(3.0)

    # -- where to go

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

    def open_model(self, name: str) -> None:
        """Show a model."""
        from mlops_tui.tui.screens.model import ModelPage

        self.push_screen(ModelPage(name))

    def open_incident(self, name: str) -> None:
        """Show an incident."""
        from mlops_tui.tui.screens.incident import IncidentPage

        self.push_screen(IncidentPage(name))
