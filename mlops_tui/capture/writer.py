"""The thread that writes: rows from the buffer become columns, columns become files, and what fails is kept and tried again."""

from __future__ import annotations

import atexit
import io
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mlops_tui.capture.buffer import Buffer
from mlops_tui.capture.files import Names, publish, sweep
from mlops_tui.capture.kinds import Kind
from mlops_tui.capture.rows import Columns, Every, Row, folder
from mlops_tui.capture.trouble import Ledger

FORMAT = 1
_AT_MOST = 5.0
"""Seconds that a fork waits for the thread to come to a rest."""
_PATIENCE = (1.0, 60.0)
"""Seconds until the first and, doubling, at most until another attempt after one that failed."""


@dataclass(frozen=True)
class Plan:
    """What a `DecisionLog` was told: see there."""

    root: Path
    model: str
    types: Mapping[str, Kind]
    every: Every
    flush_rows: int
    flush_bytes: int
    flush_seconds: float
    most_bytes: int


class Writer:
    """What one process writes with. Its thread begins with the first row; a fork's child needs a writer of its own."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._plan = plan
        self._ledger = ledger
        self._names = Names()
        self._wake = threading.Event()
        self._buffer = Buffer(self._wake, rows=plan.flush_rows, bytes=plan.flush_bytes, most=plan.most_bytes)
        self._columns = Columns(plan.types, plan.every, ledger)
        self._tables: dict[int, list[pa.Table]] = {}
        self._since = 0.0
        self._failed = 0
        self._again = 0.0
        self._state = threading.Condition(threading.RLock())
        self._working = threading.Lock()
        self._asked = self._done = 0
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
            done = self._state.wait_for(lambda: self._done >= ticket, timeout)
            return done and not self._failed

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
            if self._tables and (closing or asked > self._done or self._due()):
                self._write()
        except Exception as error:  # noqa: BLE001 (the border of a thread that nobody watches)
            self._later(error)
        if closing:
            self._give_up()
        with self._state:
            self._done = asked
            self._state.notify_all()
        return closing

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing waits."""
        if not self._tables:
            return None
        due = self._again if self._failed else self._since + self._plan.flush_seconds
        return max(0.0, due - time.monotonic())

    def _due(self) -> bool:
        now = time.monotonic()
        if self._failed:
            return now >= self._again
        tables = [t for group in self._tables.values() for t in group]
        full = sum(t.num_rows for t in tables) >= self._plan.flush_rows or _size(tables) >= self._plan.flush_bytes
        return full or now >= self._since + self._plan.flush_seconds

    def _absorb(self, *, hurry: bool) -> None:
        """Rows become columns, a chunk at a time, so that the serving threads get their turns."""
        chunks = self._buffer.take()
        if chunks and not self._tables:
            self._since = time.monotonic()
        while chunks:
            chunk = chunks.popleft()
            try:
                with self._working:
                    for partition, table in self._columns.tables(chunk, hurry=hurry).items():
                        self._tables.setdefault(partition, []).append(table)
            except Exception as error:  # noqa: BLE001 (one chunk that cannot be converted must not hold up the others)
                self._lose(len(chunk), error)
        self._hold()

    def _write(self) -> None:
        """A file for each partition. Raises OSError; what was not written by then is kept."""
        for partition in sorted(self._tables):
            with self._working:
                table = pa.concat_tables(self._tables[partition], promote_options="default")
                target = self._plan.root / folder(self._plan.every, partition) / f"{self._names.next()}.parquet"
                publish(self._encoded(table), self._plan.root, target)
            del self._tables[partition]
            self._ledger.count("written", table.num_rows)
            self._ledger.count("files")
            self._hold()
        self._failed = 0

    def _encoded(self, table: pa.Table) -> memoryview:
        told = {"format": FORMAT, "model": self._plan.model, "host": self._names.host, "pid": self._names.pid}
        table = table.replace_schema_metadata({"runbook.capture": json.dumps(told)})
        repeated = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "id"]
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", use_dictionary=repeated, write_page_checksum=True)
        return sink.getbuffer()

    def _hold(self) -> None:
        self._buffer.hold(sum(map(_size, self._tables.values())))

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
        rows = sum(t.num_rows for group in self._tables.values() for t in group)
        if rows:
            self._tables.clear()
            self._hold()
            self._ledger.count("lost", rows)
            self._ledger.tell("lost", f"{rows:,} {self._what()} are lost: {self._ledger.last_error}")

    def _lose(self, rows: int, error: Exception) -> None:
        self._ledger.failed(error)
        self._ledger.count("lost", rows)
        self._ledger.tell("lost", f"{rows:,} {self._what()} are lost: {self._ledger.last_error}")

    def _what(self) -> str:
        return f"decisions of {self._plan.model}"


def _size(tables: list[pa.Table]) -> int:
    return sum(t.nbytes for t in tables)
