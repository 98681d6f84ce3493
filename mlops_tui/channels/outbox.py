"""The outbox: messages go out in order within their thread, at least once, and never in the way of a run.

A post is written down before it is tried and settled after. Where the answer was lost, the channel's history is
searched for the message's own id before it is posted again; where that history cannot be read it is posted again and
marked: it may be doubled.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mlops_tui.core.errors import ChannelError
from mlops_tui.core.leave import one_line
from mlops_tui.core.settings import Clock
from mlops_tui.incidents.messages import Message, MessageState, advance, fold_messages
from mlops_tui.incidents.vocabulary import PREFIX
from mlops_tui.journal import Event, Journal
from mlops_tui.journal.lock import open_lock
from mlops_tui.journal.store import shown

__all__ = ["Message", "MessageState", "Receipt", "Sender", "flush", "messages", "queue"]

NO_SENDER = "no token"
PATIENCE = 30.0
"""Seconds that one flush waits in all when it is asked to slow down; after that the rest waits for the next flush."""
LEAST_WAIT = 1.0
"""Seconds; a channel that asks for none would be asked without end."""
CLOCK_SLACK = timedelta(hours=1)
"""How far our clock may be ahead of the channel's, when its history is searched."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a part of a message stands: its time stamp, which is its name there, and the channel's id."""

    ts: str
    channel_id: str


NOWHERE = Receipt("", "")


class Sender(Protocol):
    """A way to post. Raises ChannelError: `permanent`, `ambiguous` (it may have arrived), or neither (try later)."""

    def split(self, text: str) -> Sequence[str]:
        """The text as parts that the channel takes, at least one."""

    def post(self, channel: str, text: str, *, thread_ts: str, key: str, part: int) -> Receipt:
        """Posts one part, in the thread of `thread_ts` where there is one; `key` and `part` go along as metadata."""

    def is_id(self, channel: str) -> bool:
        """Whether this names a channel by its id, which reading its history needs."""

    def find(self, channel_id: str, *, thread_ts: str, key: str, part: int, since: datetime) -> Receipt | None:
        """The part with that metadata if it stands in the history; ChannelError where the history cannot be read."""


def queue(
    journal: Journal,
    stream: str,
    *,
    to: str,
    channel: str,
    text: str,
    step: str = "",
    run: str = "",
    attachments: Sequence[str] = (),
    thread: str = "",
    id: str | None = None,  # noqa: A002
) -> Event:
    """Puts a message into the outbox; it goes out with the next flush. The same `id` is queued once."""
    body = {"to": to, "channel": channel, "text": text, "thread": thread or stream, "attachments": list(attachments)}
    return journal.append(stream, "message_queued", body, id=id, run=run, step=step, artefacts=tuple(attachments))


def messages(journal: Journal) -> tuple[Message, ...]:
    """Every message of every incident: by incident, in the order they were queued."""
    return tuple(m for stream in journal.streams(PREFIX) for m in fold_messages(journal.events(stream)))


def flush(
    journal: Journal,
    sender: Sender | None,
    *,
    clock: Clock,
    pause: Callable[[float], None] = time.sleep,
    patience: float = PATIENCE,
) -> tuple[Message, ...]:
    """Sends what has not been sent, and gives all messages as they stand then.

    Without a sender the messages are marked as waiting for a token. One process (and one thread of it) sends at a time;
    where another does, nothing is done here. A refusal stops its thread, a channel that cannot be reached stops the
    flush: the next flush tries again. Raises JournalError where the journal cannot be written.
    """
    worker = _Worker(journal, sender, clock, pause, patience)
    while worker.news():
        with _only_worker(journal) as alone:
            if not alone:
                break
            worker.work()
        # the loop looks again with the lock free: whoever queued meanwhile found it taken and went away
    return messages(journal)


class _Worker:
    """One flush: what it has looked at, and how long it may still wait."""

    def __init__(
        self, journal: Journal, sender: Sender | None, clock: Clock, pause: Callable[[float], None], patience: float
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._clock = clock
        self._pause = pause
        self._patience = patience
        self._seen: set[str] = set()
        self._stopped = False

    def news(self) -> bool:
        """Whether there is anything to send that this flush has not looked at."""
        return not self._stopped and any(m.open and m.id not in self._seen for m in messages(self._journal))

    def work(self) -> None:
        """Goes through all threads once."""
        threads: dict[tuple[str, str, str], list[Message]] = {}
        for message in messages(self._journal):
            threads.setdefault((message.incident, message.thread, message.channel), []).append(message)
        for thread in threads.values():
            self._thread(thread)

    def _thread(self, thread: list[Message]) -> None:
        parent = next((_place(m) for m in thread if m.ts), NOWHERE)
        blocked = False
        for message in thread:
            known = not message.open or message.id in self._seen
            self._seen.add(message.id)
            if known or blocked or self._stopped:
                blocked = blocked or message.open
            elif self._sender is None:
                if (message.state, message.reason) != ("waiting", NO_SENDER) and message.state != "unsure":
                    self._settle(message, "waiting", NO_SENDER)
            else:
                after = self._message(self._sender, message, parent)
                parent = parent if parent.ts else _place(after)
                blocked = after.open

    def _message(self, sender: Sender, message: Message, parent: Receipt) -> Message:
        parts = sender.split(message.text)
        while message.parts_sent < len(parts):
            after = self._part(sender, message, parts, parent if parent.ts else _place(message))
            if after.parts_sent == message.parts_sent:
                return after
            message = after
        return message

    def _part(self, sender: Sender, message: Message, parts: Sequence[str], parent: Receipt) -> Message:
        """The next part of a message: found, posted, or given up until the next flush."""
        part = message.parts_sent + 1
        while True:
            doubt = message.state == "unsure"
            receipt, readable = self._find(sender, message, part, parent) if doubt else (None, True)
            if receipt is not None:
                return self._arrived(message, receipt, part, len(parts))
            tried = {"message": message.id, "part": part}
            message = advance(message, self._journal.append(message.incident, "message_tried", tried))
            try:
                receipt = sender.post(message.channel, parts[part - 1], thread_ts=parent.ts, key=message.id, part=part)
            except ChannelError as error:
                message = self._refused(message, error, doubt)
                if (error.ambiguous and not doubt) or self._may_wait(error):
                    continue
                self._stopped = not error.permanent
                return message
            return self._arrived(message, receipt, part, len(parts), doubled=not readable)

    def _find(self, sender: Sender, message: Message, part: int, parent: Receipt) -> tuple[Receipt | None, bool]:
        """(the part where it stands in the channel's history, whether that history could be read)."""
        channel_id = parent.channel_id or (message.channel if sender.is_id(message.channel) else "")
        if not channel_id:
            return None, False
        since = message.queued - CLOCK_SLACK
        try:
            return sender.find(channel_id, thread_ts=parent.ts, key=message.id, part=part, since=since), True
        except ChannelError:
            return None, False

    def _arrived(self, message: Message, receipt: Receipt, part: int, parts: int, *, doubled: bool = False) -> Message:
        doubled = doubled or message.doubled
        reason = "may be doubled: an earlier post may have arrived" if doubled else ""
        return self._settle(
            message,
            "sent" if part == parts else "waiting",
            reason if part == parts else f"part {part} of {parts} is sent",
            parts_sent=part,
            ts=receipt.ts,
            channel_id=receipt.channel_id,
            doubled=doubled,
        )

    def _refused(self, message: Message, error: ChannelError, doubt: bool) -> Message:
        reason = f"{error.message} ({error.hint})" if error.hint else error.message
        if error.permanent:
            return self._settle(message, "failed", reason, doubled=doubt)
        if error.ambiguous or doubt:
            return self._settle(message, "unsure", reason)
        if error.retry_after is not None:
            again = self._clock() + timedelta(seconds=error.retry_after)
            reason = f"{reason}, again from {again:%H:%M:%S}Z"
        return self._settle(message, "waiting", reason)

    def _may_wait(self, error: ChannelError) -> bool:
        """Waits as long as the channel asks for, where this flush has the patience for it."""
        if error.retry_after is None:
            return False
        wait = max(error.retry_after, LEAST_WAIT)
        if wait > self._patience:
            return False
        self._patience -= wait
        self._pause(wait)
        return True

    def _settle(self, message: Message, state: MessageState, reason: str, **more: object) -> Message:
        body = {"message": message.id, "state": state, "reason": one_line(reason), **more}
        return advance(message, self._journal.append(message.incident, "message_settled", body, step=message.step))


def _place(message: Message) -> Receipt:
    return Receipt(message.ts, message.channel_id)


@contextmanager
def _only_worker(journal: Journal) -> Iterator[bool]:
    """Whether nobody else sends: a kernel lock that ends with its process."""
    path = journal.folder / "outbox.lock"
    with shown(path):
        fd = open_lock(path)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        yield alone
    finally:
        os.close(fd)
