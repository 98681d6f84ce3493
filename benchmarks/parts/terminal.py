"""A program on a pseudo-terminal: what it paints, and how long it takes to."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path


class Terminal:
    """A program in a terminal of 80x24, from its exec on. Ends with the context, which leaves its `spent` behind."""

    def __init__(self, argv: Sequence[str], cwd: Path) -> None:
        self.started = time.perf_counter()
        self.spent = 0.0
        """CPU seconds of the program, once it was closed."""
        self._pid, self._side = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, as Textual's here has
            os.execv(argv[0], list(argv))
        fcntl.ioctl(self._side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, 9)
        os.close(self._side)
        used = os.wait4(self._pid, 0)[2]
        self.spent = used.ru_utime + used.ru_stime

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._side, keys.encode())

    def until(self, *words: str, seconds: float = 120) -> None:
        """Wait until it painted one of the words since the last wait.

        Raises TimeoutError with what it painted instead, OSError where the program has ended.
        """
        seen, end = b"", time.monotonic() + seconds
        while not any(w.encode() in seen for w in words):
            if time.monotonic() > end:
                raise TimeoutError(f"no {' or '.join(words)} in {seen[-500:]!r}")
            seen += self._read(0.2)

    def quiet(self, seconds: float) -> None:
        """Read until it paints nothing for so long."""
        while self._read(seconds):
            pass

    def press(self, keys: str, mark: str) -> float:
        """Seconds from pressing keys to a repaint that writes the mark."""
        self.quiet(0.02)
        started = time.perf_counter()
        self.type(keys)
        self.until(mark, seconds=10)
        return time.perf_counter() - started

    def _read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self._side], [], [], seconds)
        return os.read(self._side, 65536) if ready else b""
