"""Decisions as Parquet files, by day or by hour."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from mlops_tui.capture.files import Names, publish
from mlops_tui.capture.plan import Plan
from mlops_tui.capture.rows import Chunk, Columns, folder
from mlops_tui.capture.trouble import Ledger

FORMAT = 1


class Partitions:
    """Rows become columns as they come, and columns a file of each partition when they are written. One thread uses it."""

    def __init__(self, plan: Plan, names: Names, ledger: Ledger) -> None:
        self._plan, self._names, self._ledger = plan, names, ledger
        types = {n: k for n, k in plan.types.items() if n not in plan.hidden}
        self._columns = Columns(types, plan.every, ledger, hidden=plan.hidden)
        self._tables: dict[int, list[pa.Table]] = {}

    @property
    def rows(self) -> int:
        """Decisions that are in no file yet."""
        return sum(t.num_rows for tables in self._tables.values() for t in tables)

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return sum(t.nbytes for tables in self._tables.values() for t in tables)

    def add(self, chunk: Chunk, *, hurry: bool) -> None:
        """Take the rows of a chunk."""
        for partition, table in self._columns.tables(chunk, hurry=hurry).items():
            self._tables.setdefault(partition, []).append(table)

    def write(self, *, closing: bool) -> None:  # noqa: ARG002 (other sinks ask)
        """A file for each partition. Raises OSError; what was not written by then is kept."""
        for partition in sorted(self._tables):
            table = pa.concat_tables(self._tables[partition], promote_options="default")
            target = self._plan.root / folder(self._plan.every, partition) / f"{self._names.next()}.parquet"
            publish(self._encoded(table), self._plan.root, target)
            del self._tables[partition]
            self._ledger.count("written", table.num_rows)
            self._ledger.count("files")

    def give_up(self) -> int:
        """Forget what is in no file, and say how many decisions that was."""
        rows = self.rows
        self._tables.clear()
        return rows

    def _encoded(self, table: pa.Table) -> memoryview:
        told = {"format": FORMAT, "model": self._plan.model, "host": self._names.host, "pid": self._names.pid}
        table = table.replace_schema_metadata({"runbook.capture": json.dumps(told)})
        repeated = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "id"]
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", use_dictionary=repeated, write_page_checksum=True)
        return sink.getbuffer()
