"""Messages of an incident: a fold of `message_*` events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from mlops_tui.core.canonical import plain
from mlops_tui.journal import Event

MessageState = Literal["queued", "sent", "waiting", "failed", "unsure"]
"""queued: never tried; waiting: tried, will be again; failed: refused as it is; unsure: nobody knows whether it arrived."""
Style = Literal["head", "text", "code", "small"]
UploadStep = Literal["", "asked", "uploaded", "shared", "kept"]
"""How far a file came: nowhere, the channel gave it an id, its bytes are there, it stands in the thread; or it is of a
kind that stays on this machine."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph of a message, for channels that can tell a heading from a command."""

    style: Style
    text: str

    def as_json(self) -> dict[str, str]:
        """The JSON form."""
        return {"style": self.style, "text": self.text}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes along. `url` takes its bytes once, and is worthless afterwards. `doubt` says that it was shared and
    that no answer came; `refused` why it is not sent."""

    sha256: str
    title: str = ""
    step: UploadStep = ""
    file_id: str = ""
    url: str = ""
    doubt: bool = False
    refused: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.step in ("shared", "kept")


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the journal knows it.

    `to` is a team, `channel` where it goes, `thread` what it belongs to (the incident). `tried` counts posts.
    `parts_sent` of its parts have arrived, the first as `ts` in the channel with the id `channel_id`; `text_sent` says
    that these are all, and that only `files` may be missing. `doubled` means that it may stand there twice. `reason` says
    in words why it is not sent, or what is odd. `layout` is the same text in paragraphs, where it was written so.
    """

    id: str
    incident: str
    to: str
    channel: str
    text: str
    thread: str
    files: tuple[Upload, ...]
    queued: datetime
    layout: tuple[Piece, ...] = ()
    step: str = ""
    run: str = ""
    state: MessageState = "queued"
    tried: int = 0
    reason: str = ""
    parts_sent: int = 0
    text_sent: bool = False
    ts: str = ""
    channel_id: str = ""
    settled: datetime | None = None
    doubled: bool = False

    @property
    def open(self) -> bool:
        """Whether it, or a file of it, has yet to be sent."""
        return self.state != "sent"

    @property
    def attachments(self) -> tuple[str, ...]:
        """The SHA-256 of each file."""
        return tuple(f.sha256 for f in self.files)

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
            "files": [
                {"sha256": f.sha256, "title": f.title, "step": f.step, "file_id": f.file_id, "refused": f.refused}
                for f in self.files
            ],
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
    body = event.body or {}
    return _tried(message, body) if event.type == "message_tried" else _settled(message, event, body)


def _queued(event: Event, body: Mapping[str, Any]) -> Message:
    attached = [str(sha256) for sha256 in body.get("attachments") or ()]
    titles = [str(title) for title in body.get("titles") or ()]
    titles += [""] * (len(attached) - len(titles))
    styles = get_args(Style)
    return Message(
        id=event.id,
        incident=event.stream,
        to=str(body.get("to", "")),
        channel=str(body.get("channel", "")),
        text=str(body.get("text", "")),
        thread=str(body.get("thread") or event.stream),
        files=tuple(Upload(sha256, title) for sha256, title in zip(attached, titles, strict=False)),
        queued=event.at,
        layout=tuple(
            Piece(p["style"] if p.get("style") in styles else "text", str(p.get("text", ""))) for p in body.get("layout") or ()
        ),
        step=event.step,
        run=event.run,
    )


def _tried(message: Message, body: Mapping[str, Any]) -> Message:
    # until it is settled nobody knows: the process may have died between the post and its answer
    if body.get("file"):
        message = _file(message, int(body["file"]) - 1, {"doubt": True})
    return replace(message, state="unsure", tried=message.tried + 1, reason="posted, and no answer was recorded")


def _settled(message: Message, event: Event, body: Mapping[str, Any]) -> Message:
    if body.get("file"):
        message = _file(message, int(body["file"]) - 1, body)
    first = message.parts_sent == 0
    state = body.get("state", "unsure")
    return replace(
        message,
        state=state,
        reason=str(body.get("reason", "")),
        parts_sent=int(body.get("parts_sent", message.parts_sent)),
        text_sent=message.text_sent or bool(body.get("text_sent")) or state == "sent",
        ts=str(body.get("ts", "")) if first else message.ts,
        channel_id=str(body.get("channel_id") or message.channel_id),
        settled=event.at,
        doubled=message.doubled or bool(body.get("doubled")),
    )


def _file(message: Message, index: int, body: Mapping[str, Any]) -> Message:
    """The message with what is known anew of one of its files."""
    if not 0 <= index < len(message.files):
        return message
    was = message.files[index]
    now = replace(
        was,
        step=body.get("step", was.step),
        file_id=str(body.get("file_id", was.file_id)),
        url=str(body.get("url", was.url)),
        doubt=bool(body.get("doubt")),
        refused=str(body.get("refused", "")),
    )
    return replace(message, files=(*message.files[:index], now, *message.files[index + 1 :]))
