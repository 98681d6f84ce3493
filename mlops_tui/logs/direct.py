"""Parquet columns that are counted as they lie there, read without SQL: texts stay places in a dictionary.

DuckDB is asked only for what must be computed (slices, metrics), batch by batch. Half of a build's reading is saved.
"""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.core.errors import QueryError
from mlops_tui.inventory.types import Decision, LabelSpec
from mlops_tui.logs.literals import ident
from mlops_tui.logs.projection import items, listed
from mlops_tui.logs.shape import AWARE
from mlops_tui.summaries.layout import Layout

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_tui.logs.log import Log

_PLAIN = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    *("FLOAT", "DOUBLE", "BOOLEAN"),
}
"""Types whose values are doubles in DuckDB and in Arrow alike."""
_MICROSECONDS = {"us": 1, "ms": 1_000}
Take = Callable[["pa.RecordBatch"], "pa.Array"]


class Unfit(Exception):
    """The file must be read by SQL."""


@dataclass(frozen=True, slots=True)
class Direct:
    """How a log's files are read: `columns` of them; `taken` as they lie there, the rest by `sql` over those `asked` for."""

    log: Log
    time: str
    order: tuple[str, ...]
    taken: Mapping[str, tuple[str, Take]]
    sql: str
    computed: tuple[str, ...]
    asked: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[str, ...]

    def batches(self, path: Path, size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a file that have a time, as `projection` gives them. Raises Unfit, QueryError, Cancelled."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        there = self.log.as_they_lie(path)
        if any(self.log.columns[c] != there.get(c) for c in self.columns):
            raise Unfit
        try:
            with pq.ParquetFile(path, read_dictionary=list(self.texts), pre_buffer=False) as file:
                if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
                    raise Unfit
                for batch in file.iter_batches(size, columns=list(self.columns), use_threads=False):
                    yield self._made(batch)
        except (pa.ArrowException, OSError, KeyError) as error:  # KeyError: the file spells a column otherwise
            raise Unfit from error

    def _made(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        if batch.num_columns < len(self.columns):
            raise Unfit
        time = batch.column(batch.schema.get_field_index(self.time))
        if time.null_count:
            batch = batch.filter(time.is_valid())
        found = {name: take(batch.column(batch.schema.get_field_index(c))) for name, (c, take) in self.taken.items()}
        if self.computed:
            table = self.log.over(self.sql, batch.select(list(self.asked))).combine_chunks()
            for name in self.computed:
                chunks = table.column(name).chunks
                found[name] = chunks[0] if chunks else pa.nulls(0, table.schema.field(name).type)
        return pa.RecordBatch.from_arrays([found[n] for n in self.order], names=list(self.order))


def direct(log: Log, layout: Layout, decision: Decision | None, labels: LabelSpec | None) -> Direct | None:
    """How files can be read directly; None where the log's times are not what Arrow has."""
    if log.columns.get(log.spec.time) != AWARE:
        return None
    made = items(log, layout, decision, labels)
    taken: dict[str, tuple[str, Take]] = {"at_us": (log.spec.time, _micros)}
    texts = set()
    for i, dimension in enumerate(layout.dimensions):
        if dimension.role != "slice" and log.columns.get(dimension.name) == "VARCHAR":
            taken[f"d{i}"] = dimension.name, _as_it_is
            texts.add(dimension.name)
    for i, column in enumerate(layout.columns):
        type_ = log.columns[column.name]
        if column.kind == "number" and type_ in _PLAIN:
            taken[f"c{i}"] = column.name, _doubles
        elif column.kind == "category" and type_ == "VARCHAR" and not column.private:
            taken[f"c{i}"] = column.name, _as_it_is
            texts.add(column.name)
    if decision is not None and log.columns.get(decision.column) == "VARCHAR":
        taken |= {"decided": (decision.column, _valid), "positive": (decision.column, _Is(decision.positive))}
        texts.add(decision.column)
    rest = {name: sql for name, sql in made.items() if name not in taken}
    read = tuple(dict.fromkeys(_read_by(log, rest))) or (log.spec.time,)
    columns = tuple(dict.fromkeys([*(c for c, _ in taken.values()), *read]))
    query = f"SELECT {listed(rest)} FROM {ident(log.name)}"
    return Direct(log, log.spec.time, tuple(made), taken, query, tuple(rest), read, columns, tuple(sorted(texts)))


def _read_by(log: Log, made: Mapping[str, str]) -> list[str]:
    """The log's columns that SQL reads, by DuckDB's own parser; all of them where it does not say."""
    from mlops_tui.sql.tree import walk

    if not made:
        return []
    try:
        tree = log.parsed(f"SELECT {listed(made)}")
    except QueryError:
        return list(log.columns)
    spelling = {c.casefold(): c for c in log.columns}
    found = [n for node in walk(tree) if node.get("type") == "COLUMN_REF" for n in node["column_names"]]
    star = any(node.get("type") == "STAR" for node in walk(tree))
    return list(log.columns) if star else [spelling[n.casefold()] for n in found if n.casefold() in spelling]


def _as_it_is(column: pa.Array) -> pa.Array:
    return column


def _micros(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type) or column.type.tz is None or column.type.unit not in _MICROSECONDS:
        raise Unfit
    scale = _MICROSECONDS[column.type.unit]
    whole = column.cast(pa.int64())
    return whole if scale == 1 else pa.array(whole.to_numpy() * scale)


def _doubles(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    return column if column.type == pa.float64() else column.cast(pa.float64(), safe=False)


def _valid(column: pa.Array) -> pa.Array:
    return column.is_valid()


@dataclass(frozen=True, slots=True)
class _Is:
    """Whether a text is this one; not where it is missing."""

    text: str

    def __call__(self, column: pa.Array) -> pa.Array:
        import numpy as np
        import pyarrow as pa

        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        good = np.array([t == self.text for t in column.dictionary.to_pylist()] + [False])
        return pa.array(good[column.indices.cast(pa.int64()).fill_null(-1).to_numpy()])
