"""Performs steps and conditions: in a thread, within their time, with every way to go wrong turned into an outcome."""

from __future__ import annotations

import queue
import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from mlops_tui.core.errors import Cancelled, JournalError, QueryError, RunbookError
from mlops_tui.core.window import format_duration
from mlops_tui.engine.context import RunContext
from mlops_tui.engine.kinds.base import Call, Kind
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.talk import Interrupted, Talk
from mlops_tui.engine.types import Cancel, Outcome, Output, Progress, StepState
from mlops_tui.engine.watch import PATIENCE, Wish, Worked, watched

if TYPE_CHECKING:
    from mlops_tui.project import Project

T = TypeVar("T")
READ_TIMEOUT = timedelta(seconds=60)
WRITE_TIMEOUT = timedelta(minutes=10)


class Performer:
    """Performs for one run. `left_behind` says that some thread never ended: what it uses must not be closed under it."""

    def __init__(self, project: Project, context: RunContext, talk: Talk) -> None:
        self._project = project
        self._context = context
        self._talk = talk
        self.left_behind = False

    def condition(self, step: Step, when: str) -> bool | None:
        """Whether the step's condition holds. Raises QueryError, and Interrupted where the run should stop."""
        values = self._context.bind(when)
        limit = step.common.timeout or READ_TIMEOUT
        self._talk.settle()
        found = self._watched(
            step, lambda stopped: self._context.bench.condition(when, values, cancelled=stopped), limit, queue.SimpleQueue()
        )
        if found.why == "run" and (found.left or found.error is not None):
            raise Interrupted
        if found.left or isinstance(found.error, Cancelled):
            raise QueryError(_stopped(found.why, found.left, limit))
        if found.error is not None:
            raise found.error
        return found.value

    def perform(self, step: Step, kind: Kind, call: Call) -> Outcome:
        """The outcome of the last try: a read that fails is tried again as often as the step says.

        Raises Interrupted where the run should stop and the step may be begun anew later, and JournalError where what the
        step made cannot be kept.
        """
        retry = step.common.retry if kind.effect == "read" else None
        for left in reversed(range((retry.times if retry else 0) + 1)):
            if call.effect is None:
                self._talk.settle()
            outcome = self._once(step, kind, call)
            if outcome.state != "failed" or not left or retry is None:
                break
            self._talk.say(step.id, f"{outcome.error}; trying again")
            if isinstance(self._talk.next(retry.wait.total_seconds()), Cancel):
                raise Interrupted
        return outcome

    def placed(self, step: Step, key: str, error: RunbookError) -> str:
        """An error's words, with the runbook's line where it is about the step's SQL."""
        if not isinstance(error, QueryError):
            return str(error)
        runbook = self._context.runbook
        return f"{self._context.explained(error)} ({runbook.source}:{runbook.sql_line(step, key, error.line)})"

    def failed(self, step: Step, error: BaseException) -> Outcome:
        """The outcome of a step that raised this. A fault of ours is kept in a log file and must not take the run with it."""
        if isinstance(error, RunbookError):
            return Outcome("failed", error=self.placed(step, step.kind, error))
        path = self._project.crash_log("".join(traceback.format_exception(error)))
        text = f"internal error in step {step.id}: {type(error).__name__}: {error} (details: {path})"
        return Outcome("failed", error=text)

    def _once(self, step: Step, kind: Kind, call: Call) -> Outcome:
        signals: queue.SimpleQueue[Output | Progress] = queue.SimpleQueue()
        limit = step.common.timeout or (READ_TIMEOUT if kind.effect == "read" else WRITE_TIMEOUT)
        found = self._watched(step, lambda stopped: kind.perform(call, signals.put, stopped), limit, signals)
        outcome = self._outcome(step, call, found, limit)
        if found.why == "run" and call.effect is None and outcome.state in ("cancelled", "failed"):
            raise Interrupted
        return outcome

    def _outcome(self, step: Step, call: Call, found: Worked[Outcome], limit: timedelta) -> Outcome:
        """What came of it. A write that did not come to its own end is unknown, whatever went wrong."""
        wrong: StepState = "failed" if call.effect is None else "unknown"
        late = found.why == "timeout"
        if found.value is not None:
            cut = late and found.value.state in ("cancelled", "failed", "unknown")
            return replace(found.value, state=wrong, error=_stopped(found.why, False, limit)) if cut else found.value
        if found.left or isinstance(found.error, Cancelled):
            stopped: StepState = wrong if late or call.effect is not None else "cancelled"
            return Outcome(stopped, error=_stopped(found.why, found.left, limit))
        error = found.error
        if call.effect is None and isinstance(error, JournalError) and isinstance(error.__cause__, OSError | sqlite3.Error):
            raise error  # nothing can be kept now; the step is done again when there is room
        assert error is not None
        return replace(self.failed(step, error), state=wrong)

    def _watched(
        self,
        step: Step,
        work: Callable[[Callable[[], bool]], T],
        limit: timedelta,
        signals: queue.SimpleQueue[Output | Progress],
    ) -> Worked[T]:
        def look() -> Wish:
            while not signals.empty():
                self._talk.show(signals.get())
            return self._talk.wish()

        found = watched(
            work, name=step.id, limit=limit, look=look, interrupt=self._context.subject.interrupt, patience=PATIENCE
        )
        self._talk.stopping = self._talk.stopping or found.why == "run"
        self.left_behind = self.left_behind or found.left
        return found


def _stopped(why: Wish, left: bool, limit: timedelta) -> str:
    seconds = limit.total_seconds()
    text = "cancelled"
    if why == "timeout":
        spent = format_duration(limit) if seconds >= 10 else f"{seconds:g}s"
        text = f"timed out after {spent} (give the step a longer timeout:)"
    return f"{text}; it does not stop and is left behind" if left else text
