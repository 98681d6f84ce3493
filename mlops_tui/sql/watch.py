"""A query that takes too long, or that nobody wants any more, is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from mlops_tui.core.errors import Cancelled, QueryError
from mlops_tui.core.window import format_duration

if TYPE_CHECKING:
    import duckdb

_TICK = 0.05
"""Seconds between interrupts: one that comes before the query has begun is lost, so it is repeated."""


def never() -> bool:
    """Nobody cancels."""
    return False


def too_long(timeout: timedelta) -> QueryError:
    """What is said of a query that took longer than it may."""
    seconds = timeout.total_seconds()
    spent = format_duration(timeout) if seconds >= 10 else f"{seconds:g}s"
    return QueryError(f"the query took longer than {spent}", hint="give the step a longer timeout, or read fewer rows")


class Watch:
    """A context in which a cursor's query is interrupted once `timeout` is over or `cancelled()` is true.

    `cancelled` is asked every 50 ms, from another thread. DuckDB answers within some 30 ms, a final sort or window
    within 1.6 s. `fired` says that the query was interrupted at least once.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, timeout: timedelta | None, cancelled: Callable[[], bool]) -> None:
        self._cursor = cursor
        self._timeout = timeout
        self._cancelled = cancelled
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.fired = False

    def __enter__(self) -> None:
        if self._timeout is not None or self._cancelled is not never:
            self._thread = threading.Thread(target=self._run, name="query watch", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def reason(self) -> BaseException:
        """Why the query was interrupted: Cancelled, or a QueryError that says how long it may take."""
        if self._stopped or self._timeout is None:
            return Cancelled()
        return too_long(self._timeout)

    def _run(self) -> None:
        end = None if self._timeout is None else monotonic() + self._timeout.total_seconds()
        while not self._done.wait(_TICK if end is None else max(0.001, min(_TICK, end - monotonic()))):
            late = end is not None and monotonic() >= end
            self._stopped = self._stopped or (not late and self._cancelled())
            if self._stopped or late:
                self.fired = True
                self._cursor.interrupt()
                self._done.wait(_TICK)
