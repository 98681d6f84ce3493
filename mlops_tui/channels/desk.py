"""What every try to send needs: writing it down before and after, and how long one flush may still wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from mlops_tui.channels.sender import Sender
from mlops_tui.core.errors import ChannelError
from mlops_tui.core.leave import one_line
from mlops_tui.core.settings import Clock
from mlops_tui.incidents.messages import Message, MessageState, advance
from mlops_tui.journal import Journal

LEAST_WAIT = 1.0
"""Seconds; a channel that asks for none would be asked without end."""
CLOCK_SLACK = timedelta(hours=1)
"""How far our clock may be ahead of the channel's, when its history is searched."""


class Desk:
    """One flush's means. `patience` is the seconds that it may wait in all; `backoff` the waits before a channel that does
    not work is tried once more; `stopped` is set when nothing more can be sent now."""

    def __init__(
        self,
        journal: Journal,
        sender: Sender,
        *,
        clock: Clock,
        pause: Callable[[float], None],
        patience: float,
        backoff: Sequence[float] = (),
    ) -> None:
        self.journal = journal
        self.sender = sender
        self.clock = clock
        self.stopped = False
        self._pause = pause
        self._patience = patience
        self._backoff = list(backoff)

    def tried(self, message: Message, **about: object) -> Message:
        """Writes down that the message (or a file of it) is about to be posted. It is on the disk when this returns."""
        return advance(message, self.journal.append(message.incident, "message_tried", {"message": message.id, **about}))

    def settle(self, message: Message, state: MessageState, reason: str, **more: object) -> Message:
        """Writes down how things stand with the message."""
        body = {"message": message.id, "state": state, "reason": one_line(reason), **more}
        return advance(message, self.journal.append(message.incident, "message_settled", body, step=message.step))

    def reason(self, error: ChannelError) -> str:
        """An error in words, with the moment from which it may be tried again where the channel said so."""
        said = f"{error.message} ({error.hint})" if error.hint else error.message
        if error.retry_after is None:
            return said
        return f"{said}, again from {self.clock() + timedelta(seconds=error.retry_after):%H:%M:%S}Z"

    def may_wait(self, error: ChannelError) -> bool:
        """Waits as long as the channel asks for, or before one more try, where this flush has the patience for it."""
        if error.permanent:
            return False
        if error.retry_after is None:
            return bool(self._backoff) and self.wait(self._backoff.pop(0))
        return self.wait(max(error.retry_after, LEAST_WAIT))

    def wait(self, seconds: float) -> bool:
        """Waits, or says that there is no patience left for it."""
        if seconds > self._patience:
            return False
        self._patience -= seconds
        self._pause(seconds)
        return True
