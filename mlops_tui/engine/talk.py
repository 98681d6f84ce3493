"""The front end at arm's length: what it is shown, what it says, and what happens where it fails."""

from __future__ import annotations

import queue
import traceback
from typing import TYPE_CHECKING

from mlops_tui.engine.types import Answer, Cancel, FrontEnd, Item, Output
from mlops_tui.engine.watch import Wish

if TYPE_CHECKING:
    from mlops_tui.project import Project


class Interrupted(BaseException):
    """The run stops here and stays resumable."""


class Talk:
    """A front end that cannot tear a run in the middle of a write: where it fails, the run stops at the next safe place.

    `stopping` says that the run should stop there; `fault` says what went wrong with the front end, empty while all is well.
    """

    def __init__(self, front: FrontEnd, project: Project) -> None:
        self._front = front
        self._project = project
        self.stopping = False
        self.fault = ""

    def show(self, item: Item) -> None:
        """Shows one item."""
        try:
            self._front.show(item)
        except Exception as error:  # noqa: BLE001 - the border to code that is not the engine's
            if not self.fault:
                path = self._project.crash_log(traceback.format_exc())
                self.fault = f"what shows the run failed: {type(error).__name__}: {error} (details: {path})"
            self.stopping = True

    def say(self, step: str, text: str) -> None:
        """Shows a line about a step that a person should not miss."""
        self.show(Output(step, text, "err"))

    def next(self, seconds: float = 0.0) -> Answer | Cancel | None:
        """What the front end said, waiting up to `seconds` for it; None where it said nothing."""
        try:
            item = self._front.inbox.get(timeout=seconds) if seconds > 0 else self._front.inbox.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, Cancel) and item.what == "run":
            self.stopping = True
        return item

    def wish(self) -> Wish:
        """Whether somebody wants what runs now to stop. Answers that nobody asked for are dropped."""
        item = self.next()
        if self.stopping:
            return "run"
        return item.what if isinstance(item, Cancel) else ""

    def settle(self) -> None:
        """Drops what was said before it was asked. Raises Interrupted where the run should stop."""
        while self.next() is not None:
            pass
        if self.stopping:
            raise Interrupted
