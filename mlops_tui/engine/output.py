"""What a command writes: line by line while it runs, capped, and never waited for once the command is over."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Callable

MOST_LINES = 2_000
MOST_BYTES = 1 << 20
LONG_LINE = 4_096
PIECE = 65_536
TICK_MS = 100
AFTER = 1.0
"""Seconds that output is still waited for when the command has ended: a child that it left behind may hold the pipe open."""


class Lines:
    """A context in which a process's output is read on a thread and handed to `say`, without its line ends.

    `text` is what was said up to 2,000 lines and 1 MB; more is read and dropped, so that the command never blocks.
    """

    def __init__(self, process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
        assert process.stdout is not None
        self._pipe = process.stdout
        self._say = say
        self._over = threading.Event()
        self._kept: list[bytes] = []
        self._lines = self._bytes = 0
        self._dropped = False
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(AFTER)
        self._over.set()
        self._thread.join()
        self._pipe.close()

    @property
    def text(self) -> str:
        """What was said, with a last line where some of it was dropped."""
        text = b"".join(self._kept).decode(errors="replace")
        return text + "\n(the rest was not kept)\n" if self._dropped else text

    def _read(self) -> None:
        """Reads without ever blocking, so that the thread ends when it should."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN | select.POLLHUP)
        rest = b""
        while not self._over.is_set():
            if not poll.poll(TICK_MS):
                continue
            piece = os.read(self._pipe.fileno(), PIECE)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._take(line + b"\n")
            if len(rest) > PIECE:
                self._take(rest)
                rest = b""
        if rest:
            self._take(rest)

    def _take(self, line: bytes) -> None:
        if self._dropped or self._lines >= MOST_LINES or self._bytes + len(line) > MOST_BYTES:
            self._dropped = True
            return
        self._lines, self._bytes = self._lines + 1, self._bytes + len(line)
        self._kept.append(line)
        self._say(line[:LONG_LINE].decode(errors="replace").rstrip("\r\n"))
