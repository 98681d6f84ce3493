"""The thread that writes: what the buffer took goes to the sinks, and they to disk; what fails is kept and tried again."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import Protocol

from mlops_tui.capture.buffer import Buffer
from mlops_tui.capture.files import Names, sweep
from mlops_tui.capture.partitions import Partitions
from mlops_tui.capture.plan import Plan
from mlops_tui.capture.rows import Chunk, Row, timed
from mlops_tui.capture.trouble import Ledger

_AT_MOST = 5.0
"""Seconds that a fork waits for the thread to come to a rest."""
_PATIENCE = (1.0, 60.0)
"""Seconds until the first and, doubling, at most until another attempt after one that failed."""


class Sink(Protocol):
    """Where decisions go: rows in partitions, counts in summaries."""

    @property
    def rows(self) -> int:
        """Decisions that are in no file yet."""

    @property
    def size(self) -> int:
        """About how many bytes it holds."""

    def add(self, chunk: Chunk, *, hurry: bool) -> None:
        """Take a chunk; in no hurry, let other threads run meanwhile."""

    def write(self, *, closing: bool) -> None:
        """Write what it holds. Raises OSError; what was not written by then is kept."""

    def give_up(self) -> int:
        """Forget what is in no file, and say how many decisions that was."""


class Writer:
    """What one process writes with. Its thread begins with the first row; a fork's child needs a writer of its own."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._plan = plan
        self._ledger = ledger
        self._names = Names()
        self._sinks = _sinks(plan, self._names, ledger)
        self._wake = threading.Event()
        self._buffer = Buffer(self._wake, rows=plan.flush_rows, bytes=plan.flush_bytes, most=plan.most_bytes)
        self._since = 0.0
        self._failed = 0
        self._again = 0.0
        self._state = threading.Condition(threading.RLock())
        self._working = threading.Lock()
        self._asked = self._done = 0
        self._clean = True
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def taken(self) -> int:
        """Rows taken so far."""
        return self._buffer.taken

    def add(self, row: Row, size: int) -> bool:
        """Take a row of about so many bytes; False where there is no room for it."""
        taken = self._buffer.add(row, size)
        if self._thread is None:
            self._start()
        return taken

    def flush(self, timeout: float | None) -> bool:
        """Write what was taken so far. True when all of it is on disk."""
        if self._thread is None:
            return self._buffer.taken == 0
        with self._state:
            self._asked += 1
            ticket = self._asked
            self._wake.set()
            return self._state.wait_for(lambda: self._done >= ticket, timeout) and self._clean

    def close(self, timeout: float) -> None:
        """Take no more rows, write what there is, and end the thread; what could not be written by then is given up."""
        if os.getpid() != self._names.pid:
            return  # the parent's rows, seen by a child at its exit
        self._buffer.close()
        with self._state:
            if self._closing:
                return
            self._closing = True
        self._wake.set()
        if self._thread is None:
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._ledger.tell("slow", f"{self._what()} were still being written after {timeout:g} s when their log was closed")

    def rest(self) -> bool:
        """Keep the thread from beginning anything until `resume`; False where it does not come to a rest.

        A fork copies locks as they are: one that the thread holds, of an import or of an allocator, would never be released
        in the child.
        """
        return self._working.acquire(timeout=_AT_MOST)

    def resume(self) -> None:
        """Let the thread go on."""
        self._working.release()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        with self._state:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="runbook-capture", daemon=True)
            self._thread.start()
        atexit.register(self.close, self._plan.flush_seconds)
        if util := sys.modules.get("multiprocessing.util"):  # its children leave without atexit
            util.Finalize(None, self.close, (self._plan.flush_seconds,), exitpriority=10)

    def _run(self) -> None:
        sweep(self._plan.root, self._names.host)
        while not self._turn():
            pass

    def _turn(self) -> bool:
        """Wait until there is something to do, and do it. True at the end."""
        self._wake.wait(self._pause())
        self._wake.clear()
        with self._state:
            asked, closing = self._asked, self._closing
        try:
            self._absorb(hurry=closing)
            if self._held and (closing or asked > self._done or self._due()):
                self._write(closing=closing)
        except Exception as error:  # noqa: BLE001 (the border of a thread that nobody watches)
            self._later(error)
        if closing:
            self._give_up()
        with self._state:
            self._done, self._clean = asked, not self._held
            self._state.notify_all()
        return closing

    @property
    def _held(self) -> int:
        return max(s.rows for s in self._sinks)

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        if not self._held:
            return None
        due = self._again if self._failed else self._since + self._plan.flush_seconds
        return max(0.0, due - time.monotonic())

    def _due(self) -> bool:
        now = time.monotonic()
        if self._failed:
            return now >= self._again
        full = self._held >= self._plan.flush_rows or sum(s.size for s in self._sinks) >= self._plan.flush_bytes
        return full or now >= self._since + self._plan.flush_seconds

    def _absorb(self, *, hurry: bool) -> None:
        """What waits goes to the sinks, a chunk at a time, so that the serving threads get their turns."""
        chunks = self._buffer.take()
        if chunks and not self._held:
            self._since = time.monotonic()
        while chunks:
            rows = chunks.popleft()
            for sink in self._sinks:
                try:
                    with self._working:
                        sink.add(timed(rows, self._ledger), hurry=hurry)
                except Exception as error:  # noqa: BLE001 (a chunk that cannot be converted must not hold up the others)
                    self._ledger.failed(error)
                    self._lose(sink, len(rows))
        self._hold()

    def _write(self, *, closing: bool) -> None:
        try:
            for sink in self._sinks:
                with self._working:
                    sink.write(closing=closing)
            self._failed = 0
            self._since = time.monotonic()
        finally:
            self._hold()

    def _hold(self) -> None:
        self._buffer.hold(sum(s.size for s in self._sinks))

    def _later(self, error: Exception) -> None:
        """Try again after a while, twice as long each time."""
        self._failed += 1
        first, most = _PATIENCE
        self._again = time.monotonic() + min(most, first * 2 ** min(self._failed - 1, 10))
        self._ledger.failed(error)
        room = self._plan.most_bytes / 2**20
        self._ledger.tell(
            "write",
            f"{self._what()} cannot be written to {self._plan.root}: {self._ledger.last_error}; they wait in memory, up to "
            f"{room:,.0f} MiB, and are tried again; beyond that new ones are dropped and counted (stats.dropped)",
        )

    def _give_up(self) -> None:
        for sink in self._sinks:
            if rows := sink.give_up():
                self._lose(sink, rows)
        self._hold()

    def _lose(self, sink: Sink, rows: int) -> None:
        """Rows that no file will have; where others have them, they are missing from summaries only."""
        lost, why = sink is self._sinks[0], self._ledger.last_error
        self._ledger.count("lost" if lost else "unsummarised", rows)
        self._ledger.tell(
            "lost" if lost else "unsummarised",
            f"{rows:,} {self._what()} are {'lost' if lost else 'missing from summaries'}: {why}",
        )

    def _what(self) -> str:
        return f"decisions of {self._plan.model}"


def _sinks(plan: Plan, names: Names, ledger: Ledger) -> list[Sink]:
    sinks: list[Sink] = [Partitions(plan, names, ledger)] if plan.rows else []
    if plan.layout is not None:
        from mlops_tui.capture.summarised import Summariser  # only who summarises pays for its imports

        sinks.append(Summariser(plan, names, ledger))
    return sinks
