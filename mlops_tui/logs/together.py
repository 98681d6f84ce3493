"""Several threads that count the rows of one reader: what each has counted is added up in the end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import Summary, merge

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_tui.summaries.add import Adder

_WAITING = 2
"""Batches that wait for each thread: more would only take memory."""


class Adds(Protocol):
    """Counts batches of rows; `summary` ends it."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts the rows, now or soon."""

    def summary(self) -> Summary:
        """The summary of all rows. Raises what counting raised."""

    @property
    def strange(self) -> int:
        """Rows whose time no calendar has: they are not counted."""


@contextmanager
def adding(layout: Layout, threads: int) -> Iterator[Adds]:
    """An adder, or several that take turns, each on a thread of its own; the threads end with the context."""
    from mlops_tui.summaries.add import Adder

    if threads < 2:
        yield Adder(layout)
        return
    team = _Team([Adder(layout) for _ in range(threads)])
    try:
        yield team
    finally:
        team.close()


class _Team:
    def __init__(self, adders: list[Adder]) -> None:
        self._adders = adders
        self._batches: queue.Queue[pa.RecordBatch | None] = queue.Queue(_WAITING * len(adders))
        self._failed: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(a,), name="adder", daemon=True) for a in adders]
        for thread in self._threads:
            thread.start()

    def add(self, batch: pa.RecordBatch) -> None:
        self._batches.put(batch)

    def summary(self) -> Summary:
        self.close()
        if self._failed:
            raise self._failed[0]
        return merge(*(a.summary() for a in self._adders))

    @property
    def strange(self) -> int:
        return sum(a.strange for a in self._adders)

    def close(self) -> None:
        """Waits until all that was handed over is counted; done twice, it does nothing."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._batches.put(None)
        for thread in threads:
            thread.join()

    def _run(self, adder: Adder) -> None:
        while (batch := self._batches.get()) is not None:
            if self._failed:
                continue
            try:
                adder.add(batch)
            except BaseException as error:  # noqa: BLE001 - raised where the rows are read
                self._failed.append(error)
