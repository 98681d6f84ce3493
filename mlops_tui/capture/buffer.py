"""Rows that wait for the thread that writes: bounded, many threads put in, one takes out."""

from __future__ import annotations

import threading
from collections import deque

from mlops_tui.capture.rows import Row

CHUNK = 2_048
"""Rows at which the writing thread is woken, whether or not a file is due: columns take a fifth of the room of rows. They are
handed over in such chunks, since to free many rows at once would stop every thread for as long."""


class Buffer:
    """At most `most` bytes: of rows that wait here, and of what the writer says that it still holds.

    `wake` is set when the first row comes, and when there is enough for a file: `rows` of them, or `bytes`.
    """

    def __init__(self, wake: threading.Event, *, rows: int, bytes: int, most: int) -> None:  # noqa: A002
        self._wake = wake
        self._chunk = min(CHUNK, rows)
        self._enough = bytes
        self._most = most
        self._lock = threading.RLock()  # a signal handler may log a decision while this thread is inside
        self._chunks: deque[list[Row]] = deque()
        self._last: list[Row] = []
        self._filling = self._bytes = self._held = 0
        self._closed = False
        self.taken = 0

    def add(self, row: Row, size: int) -> bool:
        """Take a row of about so many bytes; False where there is no room, or nobody who would write it any more."""
        with self._lock:
            if self._closed or self._bytes + self._held + size > self._most:
                return False
            if not self._last:
                self._chunks.append(self._last)
            self._last.append(row)
            self._bytes += size
            self.taken += 1
            count = len(self._last)
            self._filling = size + (self._filling if count > 1 else 0)
            full = count >= self._chunk or self._filling >= self._enough
            if full:
                self._last = []
        if full or count == 1:
            self._wake.set()
        return True

    def take(self) -> deque[list[Row]]:
        """All rows that wait, in the order they came, in chunks. Their bytes count until `hold` says what became of them."""
        with self._lock:
            chunks, self._chunks, self._last = self._chunks, deque(), []
            self._held += self._bytes
            self._bytes = 0
            return chunks

    def hold(self, size: int) -> None:
        """The writer holds so many bytes now, and nothing else of what was taken."""
        with self._lock:
            self._held = size

    def close(self) -> None:
        """Take no more rows."""
        with self._lock:
            self._closed = True
