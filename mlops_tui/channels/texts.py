"""The text of a message: its parts, one after the other, each looked for before it is posted again."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.channels.desk import CLOCK_SLACK, Desk
from mlops_tui.channels.sender import NOWHERE, Part, Receipt
from mlops_tui.core.errors import ChannelError
from mlops_tui.incidents.messages import Message

DOUBLED = "may be doubled: an earlier post may have arrived"


def place(message: Message) -> Receipt:
    """Where the message stands; nowhere before its first part is sent."""
    return Receipt(message.ts, message.channel_id) if message.ts else NOWHERE


def send_text(desk: Desk, message: Message, parent: Receipt) -> Message:
    """Sends what is missing of the text; `parent` is the first message of the thread, or nowhere."""
    parts = desk.sender.split(message.text, message.layout)
    while not message.text_sent:
        after = _part(desk, message, parts, parent if parent.ts else place(message))
        if after.parts_sent == message.parts_sent:
            return after
        message = after
    return message


def _part(desk: Desk, message: Message, parts: Sequence[Part], parent: Receipt) -> Message:
    """The next part of a message: found, posted, or given up until the next flush."""
    number = message.parts_sent + 1
    while True:
        doubt = message.state == "unsure"
        receipt, readable = _find(desk, message, number, parent) if doubt else (None, True)
        if receipt is not None:
            return _arrived(desk, message, receipt, number, len(parts))
        message = desk.tried(message, part=number)
        try:
            receipt = desk.sender.post(message.channel, parts[number - 1], thread_ts=parent.ts, key=message.id, number=number)
        except ChannelError as error:
            message = _refused(desk, message, error, doubt)
            if (error.ambiguous and not doubt) or desk.may_wait(error):
                continue
            desk.stopped = not error.permanent
            return message
        return _arrived(desk, message, receipt, number, len(parts), doubled=not readable)


def _find(desk: Desk, message: Message, number: int, parent: Receipt) -> tuple[Receipt | None, bool]:
    """(the part where it stands in the channel's history, whether that history could be read)."""
    since = message.queued - CLOCK_SLACK
    try:
        channel_id = parent.channel_id or desk.sender.locate(message.channel)
        if not channel_id:
            return None, False
        return desk.sender.find(channel_id, thread_ts=parent.ts, key=message.id, number=number, since=since), True
    except ChannelError:
        return None, False


def _arrived(desk: Desk, message: Message, receipt: Receipt, number: int, parts: int, *, doubled: bool = False) -> Message:
    doubled = doubled or message.doubled
    whole = number == parts
    files = sum(not f.done for f in message.files)
    reason = DOUBLED if doubled else ""
    if not whole:
        reason = f"part {number} of {parts} is sent"
    elif files:
        reason = f"the text is sent, {files} file{'s' * (files != 1)} to go"
    return desk.settle(
        message,
        "sent" if whole and not files else "waiting",
        reason,
        parts_sent=number,
        text_sent=whole,
        ts=receipt.ts,
        channel_id=receipt.channel_id,
        doubled=doubled,
    )


def _refused(desk: Desk, message: Message, error: ChannelError, doubt: bool) -> Message:
    reason = desk.reason(error)
    if error.permanent:
        return desk.settle(message, "failed", reason, doubled=doubt)
    if error.ambiguous or doubt:
        return desk.settle(message, "unsure", reason)
    return desk.settle(message, "waiting", reason)
