"""Lines that a person types, or that are piped in: read without holding a lock that would stop the process from ending."""

from __future__ import annotations

import os
import selectors
import sys
from collections.abc import Callable
from typing import IO


class Lines:
    """The lines of a stream, one at a time, with a way to give up waiting.

    A stream with a file descriptor is read by `os.read` below Python's own buffer: a thread that waits there can be
    woken, and an exiting interpreter does not trip over it. Any other stream (tests) is read by `readline`.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._rest = b""
        self._ended = False
        try:
            self._descriptor: int | None = stream.fileno()
        except (OSError, ValueError):
            self._descriptor = None
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)

    @property
    def interactive(self) -> bool:
        """Whether a person sits at the other end."""
        return self._stream.isatty()

    def wake(self) -> None:
        """Make a `line` that waits look at `wanted` again. Safe from any thread."""
        try:
            os.write(self._wake_out, b"x")
        except OSError:
            return  # closed already: nobody waits

    def forget_typed(self) -> None:
        """Drop what was typed before the question stood there; answers that were piped in stay."""
        if self._descriptor is None or not self.interactive:
            return
        import termios

        self._rest = b""
        try:
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
        except termios.error:
            return

    def line(self, wanted: Callable[[], bool]) -> str | None:
        """The next line without its newline; None at the end of input, or as soon as `wanted` says no."""
        if self._descriptor is None:
            text = self._stream.readline() if wanted() else ""
            return text.rstrip("\n") if text else None
        while wanted():
            if b"\n" in self._rest:
                found, self._rest = self._rest.split(b"\n", 1)
                return found.decode(errors="replace").rstrip("\r")
            if self._ended:
                found, self._rest = self._rest, b""
                return found.decode(errors="replace") if found else None
            self._fill()
        return None

    @property
    def at_end(self) -> bool:
        """Whether nothing more can come."""
        return self._descriptor is None or (self._ended and not self._rest)

    def close(self) -> None:
        """Free the wake-up pipe; the stream itself stays open."""
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _fill(self) -> None:
        assert self._descriptor is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ)
            try:
                selector.register(self._descriptor, selectors.EVENT_READ)
                ready = {key.fd for key, _ in selector.select()}
            except PermissionError:  # a regular file cannot be waited for: it is always ready
                ready = {self._descriptor}
        if self._wake_in in ready:
            os.read(self._wake_in, 4096)
        if self._descriptor in ready:
            try:
                got = os.read(self._descriptor, 65536)
            except OSError:
                got = b""
            self._rest += got
            self._ended = not got


def stdin() -> Lines:
    """The lines of this process's stdin; none where it is closed."""
    if sys.stdin is None:
        import io

        return Lines(io.StringIO())
    return Lines(sys.stdin)
