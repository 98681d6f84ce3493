"""Messages of an incident: a fold of `message_*` events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from mlops_tui.core.canonical import plain
from mlops_tui.journal import Event

MessageState = Literal["queued", "sent", "waiting", "failed", "unsure"]
"""queued: never tried; waiting: tried, will be again; failed: refused as it is; unsure: nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the journal knows it.

    `to` is a team, `channel` where it goes, `thread` what it belongs to (the incident). `tried` counts posts.
    `parts_sent` of its parts have arrived, the first as `ts` in the channel with the id `channel_id`. `doubled` means
    that it may stand there twice. `reason` says in words why it is not sent, or what is odd.
    """

    id: str
    incident: str
    to: str
    channel: str
    text: str
    thread: str
    attachments: tuple[str, ...]
    queued: datetime
    step: str = ""
    run: str = ""
    state: MessageState = "queued"
    tried: int = 0
    reason: str = ""
    parts_sent: int = 0
    ts: str = ""
    channel_id: str = ""
    settled: datetime | None = None
    doubled: bool = False

    @property
    def open(self) -> bool:
        """Whether it has yet to be sent."""
        return self.state != "sent"

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        body = {
            "id": self.id,
            "incident": self.incident,
            "to": self.to,
            "channel": self.channel,
            "text": self.text,
            "attachments": list(self.attachments),
            "step": self.step,
            "state": self.state,
            "reason": self.reason,
            "tried": self.tried,
            "may_be_doubled": self.doubled,
            "queued_at": self.queued,
            "settled_at": self.settled,
        }
        out: dict[str, Any] = plain(body)
        return out


def fold_messages(events: Iterable[Event]) -> tuple[Message, ...]:
    """The messages that the events of a stream tell of, in the order they were queued."""
    known: dict[str, Message] = {}
    for event in events:
        body = event.body or {}
        if event.type == "message_queued":
            known[event.id] = _queued(event, body)
        elif event.type in ("message_tried", "message_settled"):
            message = known.get(str(body.get("message")))
            if message is not None:
                known[message.id] = advance(message, event)
    return tuple(known.values())


def advance(message: Message, event: Event) -> Message:
    """The message after one more event of its own (`message_tried` or `message_settled`)."""
    return _tried(message) if event.type == "message_tried" else _settled(message, event, event.body or {})


def _queued(event: Event, body: Mapping[str, Any]) -> Message:
    return Message(
        id=event.id,
        incident=event.stream,
        to=str(body.get("to", "")),
        channel=str(body.get("channel", "")),
        text=str(body.get("text", "")),
        thread=str(body.get("thread") or event.stream),
        attachments=tuple(body.get("attachments") or ()),
        queued=event.at,
        step=event.step,
        run=event.run,
    )


def _tried(message: Message) -> Message:
    # until it is settled nobody knows: the process may have died between the post and its answer
    return replace(message, state="unsure", tried=message.tried + 1, reason="posted, and no answer was recorded")


def _settled(message: Message, event: Event, body: Mapping[str, Any]) -> Message:
    first = message.parts_sent == 0
    return replace(
        message,
        state=body.get("state", "unsure"),
        reason=str(body.get("reason", "")),
        parts_sent=int(body.get("parts_sent", message.parts_sent)),
        ts=str(body.get("ts", "")) if first else message.ts,
        channel_id=str(body.get("channel_id") or message.channel_id),
        settled=event.at,
        doubled=message.doubled or bool(body.get("doubled")),
    )
