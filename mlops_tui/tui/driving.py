"""The run that this app drives: begin it, answer it, stop it, leave it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_tui.tui import messages as told
from mlops_tui.tui.asking import Asking
from mlops_tui.tui.shell import in_words

if TYPE_CHECKING:
    from mlops_tui.engine.types import RunReport
    from mlops_tui.tui.drive import Go

_ENDINGS = {"ended": "has reached its end", "failed": "failed", "interrupted": "was left", "waiting": "waits for an answer"}


class Driving(Asking):
    """At most one run is driven here; its engine works in a thread and hears of answers through an inbox."""

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

    def can_stop(self) -> bool:
        """Whether something runs that a person may stop."""
        return self.jobs.stoppable() is not None or (self.driving and self.drive is not None and bool(self.drive.step))

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
                self.tell(f"{self.drive.step} is running: x again stops it and the run; q leaves it resumable", "warn")
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
            self.tell(f"{drive.step} is running: q again stops it; `runbook resume` goes on from it", "warn")
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
