"""What a channel can do, as the outbox sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mlops_tui.core.errors import ChannelError
from mlops_tui.incidents.messages import Piece


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a part of a message stands: its time stamp, which is its name there, and the channel's id."""

    ts: str
    channel_id: str


NOWHERE = Receipt("", "")


@dataclass(frozen=True, slots=True)
class Part:
    """What one post carries: its text, escaped, and the blocks that show it better where there are any."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to upload one file: the id that the channel gave it, and the address for its bytes."""

    file_id: str
    url: str


class UploadGone(ChannelError):
    """The channel no longer knows this upload: it begins anew. What was never shared nobody has seen."""


class Sender(Protocol):
    """A way to post. Raises ChannelError: `permanent`, `ambiguous` (it may have arrived), or neither (try later)."""

    def split(self, text: str, layout: Sequence[Piece] = ()) -> Sequence[Part]:
        """The message as parts that the channel takes, at least one."""

    def post(self, channel: str, part: Part, *, thread_ts: str, key: str, number: int) -> Receipt:
        """Posts one part, in the thread of `thread_ts` where there is one; `key` and `number` go along as metadata."""

    def locate(self, channel: str) -> str:
        """The channel's id, which reading its history needs; empty where no channel has this name. ChannelError where that
        cannot be told."""

    def find(self, channel_id: str, *, thread_ts: str, key: str, number: int, since: datetime) -> Receipt | None:
        """The part with that metadata if it stands in the history; ChannelError where the history cannot be read."""

    def ask_upload(self, name: str, size: int, description: str) -> Ticket:
        """Begins the upload of a file of `size` bytes; done twice, the first is forgotten."""

    def upload(self, url: str, data: bytes) -> None:
        """Sends the bytes to a ticket's address. UploadGone where the address is not taken (any more)."""

    def share(self, file_id: str, title: str, *, channel_id: str, thread_ts: str) -> None:
        """Puts an uploaded file into a thread, once for each file. UploadGone where the upload is not known (any more)."""

    def find_file(self, channel_id: str, file_id: str, *, thread_ts: str, since: datetime) -> bool:
        """Whether the file stands in the thread; ChannelError where the history cannot be read."""
