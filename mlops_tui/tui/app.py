"""The app: opens a project and shows its screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_tui.tui import messages as told
from mlops_tui.tui.asking import LOOK
from mlops_tui.tui.driving import Driving
from mlops_tui.tui.jobs import Job

if TYPE_CHECKING:
    from mlops_tui.tui.palette import Palette


def palette() -> type[Palette]:
    """The palette's commands, loaded once it is opened."""
    from mlops_tui.tui.palette import Palette

    return Palette


class RunbookApp(Driving):
    """Screens over a project. `opener` opens it, in a thread; `go` drives a run from the start, named `name`."""

    COMMANDS = {palette}

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

    def open_model(self, name: str) -> None:
        """Show a model."""
        from mlops_tui.tui.screens.model import ModelPage

        self.push_screen(ModelPage(name))

    def open_incident(self, name: str) -> None:
        """Show an incident."""
        from mlops_tui.tui.screens.incident import IncidentPage

        self.push_screen(IncidentPage(name))
