"""Files of a message: three steps each (an address is asked for, the bytes go there, the file is shared), every one
written down, so that only the one that failed is done again.

The first two may be done twice: what is never shared is seen by nobody and thrown away by the channel. The third works
once for each file, so an answer that was lost is looked up in the thread, and else asked for again with the same id.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_tui.channels.desk import CLOCK_SLACK, Desk
from mlops_tui.channels.sender import Receipt, UploadGone
from mlops_tui.core.errors import ChannelError, JournalError
from mlops_tui.core.leave import one_line
from mlops_tui.incidents.messages import Message, MessageState, Upload

LEAVES = frozenset({".png", ".svg", ".md", ".html", ".pdf"})
"""Kinds of files that leave: charts and drafts. Tables of rows and the output of commands stay."""
MOST_ANEW = 2
"""How often one flush begins an upload anew that the channel no longer knows."""
LOOK_AGAIN = 2.0
"""Seconds after which a file that was shared may be seen: the channel looks through it first."""
MOST_TITLE = 150


def send_files(desk: Desk, message: Message, place: Receipt) -> Message:
    """Sends the files of a message whose text is sent, in order. A file that is refused does not stop the others."""
    for index in range(len(message.files)):
        if not message.files[index].done and not desk.stopped:
            message = _Carrier(desk, message, index, place).go()
    return message


class _Carrier:
    """Brings one file into the thread."""

    def __init__(self, desk: Desk, message: Message, index: int, place: Receipt) -> None:
        self._desk = desk
        self._message = message
        self._index = index
        self._place = place

    @property
    def _file(self) -> Upload:
        return self._message.files[self._index]

    def go(self) -> Message:
        """The message once the file is shared, refused, or left for the next flush (then the desk is stopped)."""
        try:
            path = self._desk.journal.artefact(self._file.sha256)
            data = path.read_bytes() if path.suffix in LEAVES else None
        except (JournalError, OSError):
            return self._settle(step="kept", refused="it is no longer here")
        if data is None:
            return self._settle(step="kept", refused=f"files of this kind ({path.suffix}) stay on this machine")
        anew, again = 0, True
        while not self._file.done:
            try:
                self._step(path, data)
            except UploadGone as error:
                anew += 1
                if anew > MOST_ANEW:
                    return self._settle(refused=self._desk.reason(error))
                self._begin_anew()
            except ChannelError as error:
                if error.permanent:
                    return self._settle(refused=self._desk.reason(error), doubt=self._file.doubt)
                self._settle(self._desk.reason(error), doubt=self._file.doubt)
                if error.ambiguous and again:
                    again = False
                elif not self._desk.may_wait(error):
                    self._desk.stopped = True
                    break
        return self._message

    def _step(self, path: Path, data: bytes) -> None:
        sender, file = self._desk.sender, self._file
        if file.step == "":
            ticket = sender.ask_upload(self._name(path), len(data), self._title(path))
            self._settle("an address was given", step="asked", file_id=ticket.file_id, url=ticket.url)
        elif file.step == "asked":
            sender.upload(file.url, data)
            self._settle("its bytes are there", step="uploaded", url="")
        else:
            self._share(path)

    def _share(self, path: Path) -> None:
        doubt = self._file.doubt
        if doubt and self._stands_there():
            self._settle(step="shared")
            return
        place = self._place
        self._message = self._desk.tried(self._message, file=self._index + 1)
        try:
            self._desk.sender.share(self._file.file_id, self._title(path), channel_id=place.channel_id, thread_ts=place.ts)
        except UploadGone:
            self._doubt(doubt)
            if not (doubt and self._desk.wait(LOOK_AGAIN) and self._stands_there()):
                raise
        except ChannelError as error:
            self._doubt(doubt or error.ambiguous)
            raise
        self._settle(step="shared")

    def _doubt(self, doubt: bool) -> None:
        """Whether, after an answer, it is still unknown if the file stands in the thread."""
        files = list(self._message.files)
        files[self._index] = replace(self._file, doubt=doubt)
        self._message = replace(self._message, files=tuple(files))

    def _stands_there(self) -> bool | None:
        """Whether the file is in the thread; None where nobody can look."""
        place, since = self._place, self._message.queued - CLOCK_SLACK
        try:
            return self._desk.sender.find_file(place.channel_id, self._file.file_id, thread_ts=place.ts, since=since)
        except ChannelError:
            return None

    def _begin_anew(self) -> None:
        maybe = self._file.doubt and self._stands_there() is None
        self._settle("the channel no longer knows the upload", step="", file_id="", url="", doubled=maybe)

    def _settle(self, reason: str = "", **known: object) -> Message:
        """Writes down what is known of the file, and with it how the whole message stands."""
        refused = str(known.get("refused", ""))
        step = known.get("step", self._file.step)
        others = [f for i, f in enumerate(self._message.files) if i != self._index and not f.done]
        missing = [*(f.refused for f in others), *([] if step in ("shared", "kept") else [refused])]
        state: MessageState = "sent"
        if missing:
            state = "failed" if all(missing) else "unsure" if known.get("doubt") else "waiting"
        said = reason or refused or next((m for m in missing if m), "")
        if said:
            said = f"file {self._index + 1} of {len(self._message.files)}: {said}"
        if state == "sent" and (self._message.doubled or known.get("doubled")):
            said = "may be doubled: an earlier post may have arrived"
        self._message = self._desk.settle(self._message, state, said, file=self._index + 1, **known)
        return self._message

    def _name(self, path: Path) -> str:
        """The file's name there: from its title, since here it is named by its hash."""
        words = "".join(c if c.isalnum() and c.isascii() else " " for c in self._file.title).split()
        return ("-".join(words)[:60].strip("-").lower() or f"file-{self._index + 1}") + path.suffix

    def _title(self, path: Path) -> str:
        return one_line(self._file.title, most=MOST_TITLE) or self._name(path)
