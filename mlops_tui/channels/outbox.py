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

from mlops_tui.channels.desk import Desk
from mlops_tui.channels.sender import NOWHERE, Receipt, Sender
from mlops_tui.channels.texts import place, send_text
from mlops_tui.channels.uploads import send_files
from mlops_tui.core.settings import Clock
from mlops_tui.incidents.messages import Message, MessageState, Piece, fold_messages
from mlops_tui.incidents.vocabulary import PREFIX
from mlops_tui.journal import Event, Journal
from mlops_tui.journal.lock import open_lock
from mlops_tui.journal.store import shown

__all__ = ["Message", "MessageState", "Piece", "Receipt", "Sender", "flush", "messages", "queue"]

NO_SENDER = "no token"
PATIENCE = 30.0
"""Seconds that one flush waits in all when it is asked to slow down; after that the rest waits for the next flush."""


def queue(
    journal: Journal,
    stream: str,
    *,
    to: str,
    channel: str,
    text: str,
    layout: Sequence[Piece] = (),
    step: str = "",
    run: str = "",
    attachments: Sequence[str] = (),
    titles: Sequence[str] = (),
    thread: str = "",
    id: str | None = None,  # noqa: A002
) -> Event:
    """Puts a message into the outbox; it goes out with the next flush. The same `id` is queued once.

    `layout` is the text in paragraphs, for channels that can show them; `titles` are those of the attachments, in order.
    """
    body: dict[str, object] = {
        "to": to,
        "channel": channel,
        "text": text,
        "thread": thread or stream,
        "attachments": list(attachments),
    }
    if titles:
        body["titles"] = list(titles)
    if layout:
        body["layout"] = [p.as_json() for p in layout]
    return journal.append(stream, "message_queued", body, id=id, run=run, step=step, artefacts=tuple(attachments))


def messages(journal: Journal) -> tuple[Message, ...]:
    """Every message of every incident: by incident, in the order they were queued."""
    return _Mail(journal).all()


class _Mail:
    """The messages of a journal, each stream read again only where it has grown."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, tuple[int, tuple[Message, ...]]] = {}

    def all(self) -> tuple[Message, ...]:
        """Every message as it stands now: by incident, in the order they were queued."""
        found: list[Message] = []
        for stream in self._journal.streams(PREFIX):
            seq = self._journal.head(stream)[0]
            if stream not in self._known or self._known[stream][0] != seq:
                self._known[stream] = (seq, fold_messages(self._journal.events(stream)))
            found += self._known[stream][1]
        return tuple(found)


def flush(
    journal: Journal,
    sender: Sender | None,
    *,
    clock: Clock,
    pause: Callable[[float], None] = time.sleep,
    patience: float = PATIENCE,
    backoff: Sequence[float] = (),
) -> tuple[Message, ...]:
    """Sends what has not been sent, and gives all messages as they stand then.

    Without a sender the messages are marked as waiting for a token. One process (and one thread of it) sends at a time;
    where another does, nothing is done here. A refusal stops its thread, a channel that cannot be reached stops the
    flush (after one more try for each wait of `backoff`, in seconds): the next flush tries again. A file that is refused
    stops nothing. Raises JournalError where the journal cannot be written.
    """
    desk = None
    if sender is not None:
        desk = Desk(journal, sender, clock=clock, pause=pause, patience=patience, backoff=backoff)
    mail = _Mail(journal)
    worker = _Worker(journal, mail, desk)
    while worker.news():
        with _only_worker(journal) as alone:
            if not alone:
                break
            worker.work()
        # the loop looks again with the lock free: whoever queued meanwhile found it taken and went away
    return mail.all()


class _Worker:
    """One flush: what it has looked at."""

    def __init__(self, journal: Journal, mail: _Mail, desk: Desk | None) -> None:
        self._journal = journal
        self._mail = mail
        self._desk = desk
        self._seen: set[str] = set()

    @property
    def _stopped(self) -> bool:
        return self._desk is not None and self._desk.stopped

    def news(self) -> bool:
        """Whether there is anything to send that this flush has not looked at."""
        return not self._stopped and any(m.open and m.id not in self._seen for m in self._mail.all())

    def work(self) -> None:
        """Goes through all threads once."""
        threads: dict[tuple[str, str, str], list[Message]] = {}
        for message in self._mail.all():
            threads.setdefault((message.incident, message.thread, message.channel), []).append(message)
        for thread in threads.values():
            self._thread(thread)

    def _thread(self, thread: list[Message]) -> None:
        parent = next((place(m) for m in thread if m.ts), NOWHERE)
        blocked = False
        for message in thread:
            known = not message.open or message.id in self._seen
            self._seen.add(message.id)
            if known or blocked or self._stopped:
                blocked = blocked or not message.text_sent
            elif self._desk is None:
                self._wait_for_token(message)
            else:
                after = _send(self._desk, message, parent)
                parent = parent if parent.ts else place(after)
                blocked = not after.text_sent

    def _wait_for_token(self, message: Message) -> None:
        if (message.state, message.reason) != ("waiting", NO_SENDER) and message.state != "unsure":
            body = {"message": message.id, "state": "waiting", "reason": NO_SENDER}
            self._journal.append(message.incident, "message_settled", body, step=message.step)


def _send(desk: Desk, message: Message, parent: Receipt) -> Message:
    message = send_text(desk, message, parent)
    if not message.text_sent:
        return message
    return send_files(desk, message, parent if parent.ts else place(message))


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
