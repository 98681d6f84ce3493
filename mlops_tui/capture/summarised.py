"""Decisions added up by the hour, for columns whose values are not written: a day is one file, replaced until it is over."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.capture import private, units
from mlops_tui.capture.files import Names, publish
from mlops_tui.capture.kinds import Kind, as_text, column
from mlops_tui.capture.rows import Chunk, Row, pause
from mlops_tui.capture.trouble import Ledger
from mlops_tui.summaries.add import Adder, batch_schema
from mlops_tui.summaries.layout import MOST_VALUES, OTHER, Column, Layout
from mlops_tui.summaries.summary import NAMES, Summary

if TYPE_CHECKING:
    from mlops_tui.capture.plan import Plan

PATIENCE = 600.0
"""Seconds after which bins are learned from what has come by then."""
MOST_UNLEARNED = 100_000
"""Rows after which they are."""
_DAY = 86_400_000_000
_OPEN = 2
"""Days that are kept in memory, the newest among them; a decision that comes for an earlier one begins a file of its own."""


@dataclass
class _Day:
    """What was counted of a UTC day, by its hours."""

    name: str
    pieces: tuple[tuple[int, int], ...]
    shapes: Adder
    cells: Adder | None
    span: tuple[int, int]
    unwritten: int = 0
    size: int = 0
    summary: Summary | None = field(default=None)


class Summariser:
    """Adds decisions up; one thread uses it. Bins that nobody declared are learned from the first values."""

    def __init__(self, plan: Plan, names: Names, ledger: Ledger) -> None:
        assert plan.layout is not None
        self._plan, self._names, self._ledger = plan, names, ledger
        self._declared = plan.layout
        self._layout: Layout | None = None
        self._schema = batch_schema(plan.layout)
        self._waiting: list[pa.RecordBatch] = []
        self._since = time.monotonic()
        self._days: dict[int, _Day] = {}
        self._values: list[set[str]] = [set() for _ in plan.layout.dimensions]
        self._known = {*plan.layout.names, *(c.name for c in plan.layout.columns)}

    @property
    def rows(self) -> int:
        """Decisions that are in no file yet."""
        return sum(d.unwritten for d in self._days.values()) + sum(int(b.num_rows) for b in self._waiting)

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return sum(d.size for d in self._days.values()) + sum(int(b.nbytes) for b in self._waiting)

    def add(self, chunk: Chunk, *, hurry: bool) -> None:
        """Count the decisions of a chunk."""
        batch = self._batch(chunk, hurry=hurry)
        if self._layout is None:
            self._waiting.append(batch)
        else:
            self._count(batch)

    def write(self, *, closing: bool) -> None:
        """Replace the file of every day that has new decisions. Raises OSError; what was not written by then is kept."""
        if self._layout is None and not self._learn(closing=closing):
            return
        assert self._layout is not None
        for day, held in sorted(self._days.items()):
            if held.unwritten:
                summary = _together(held)
                held.size = sum(summary.table(n).nbytes for n in NAMES)
                data = units.encoded(self._layout, summary, held.pieces, held.span, self._plan.positive or "")
                publish(data, self._plan.root, units.target(self._plan.root, self._declared, day, held.name))
                if not self._plan.rows:
                    self._ledger.count("written", held.unwritten)
                self._ledger.count("files")
                held.unwritten = 0
        newest = max(self._days, default=0)
        self._days = {day: held for day, held in self._days.items() if day > newest - _OPEN}

    def give_up(self) -> int:
        """Forget what is in no file, and say how many decisions that was."""
        rows = self.rows
        self._waiting.clear()
        self._days.clear()
        return rows

    # -- layout ------------------------------------------------------------------------------------------------------

    def _learn(self, *, closing: bool) -> bool:
        """Agree with the other writers on a layout, if there is enough to learn it from; then count what has waited."""
        layout = units.shared(self._plan.root, self._declared)
        if layout is None:
            bare = private.unlearned(self._declared)
            values = {c.name: self._numbers(c) for c in bare}
            enough = all(np.isfinite(v).sum() >= private.LEARN for v in values.values())
            if not (enough or closing or self.rows >= MOST_UNLEARNED or time.monotonic() > self._since + PATIENCE):
                return False
            layout, few = private.learned(self._declared, values)
            layout = units.share(self._plan.root, self._declared, layout)
            for name in few:
                message = f"{name!r} had too few values to learn bins from: tell them by Around(...)"
                self._ledger.tell(f"few {name}", message)
        self._layout = layout
        waiting, self._waiting = self._waiting, []
        for batch in waiting:
            self._count(batch)
        return True

    def _numbers(self, one: Column) -> npt.NDArray[np.float64]:
        place = f"c{self._declared.columns.index(one)}"
        return np.concatenate([np.empty(0), *(_floats(b.column(place)) for b in self._waiting)])

    # -- counting ----------------------------------------------------------------------------------------------------

    def _count(self, batch: pa.RecordBatch) -> None:
        assert self._layout is not None
        batch = self._coarse(batch)
        ats = np.asarray(batch.column("at_us"))
        days = ats // _DAY
        for day in sorted(set(days.tolist())):
            part = batch.take(pa.array(np.flatnonzero(days == day)))
            mine = ats[days == day]
            span = int(mine.min()), int(mine.max())
            held = self._days.get(day) or self._begun(day, span)
            held.span = min(held.span[0], span[0]), max(held.span[1], span[1])
            held.shapes.add(part)
            if held.cells is not None:
                held.cells.add(part)
            held.unwritten += part.num_rows
            held.size += part.nbytes

    def _begun(self, day: int, span: tuple[int, int]) -> _Day:
        layout = self._layout
        assert layout is not None
        pieces = tuple((day * 1440 + hour * 60, 60) for hour in range(24))
        cells = None if self._plan.rows else Adder(replace(layout, columns=(), score=None))
        held = _Day(self._names.next(), pieces, Adder(layout, pieces=pieces), cells, span)
        self._days[day] = held
        return held

    def _coarse(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        assert self._layout is not None
        arrays = list(batch.columns)
        for i, one in enumerate(self._layout.columns):
            if one.kind != "category":
                place = self._schema.get_field_index(f"c{i}")
                missing = arrays[place].is_null().to_numpy(zero_copy_only=False)
                arrays[place] = pa.array(private.coarse(one, _floats(arrays[place])), pa.float64(), mask=missing)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _batch(self, chunk: Chunk, *, hurry: bool) -> pa.RecordBatch:
        rows = chunk.rows
        if not self._plan.rows:
            self._refuse(rows)
        made: list[pa.Array] = [pa.array(chunk.ats)]
        for i, dimension in enumerate(self._declared.dimensions):
            values = [row[4] for row in rows] if dimension.role == "version" else _given(rows, dimension.name)
            made.append(pa.array(self._bounded(i, dimension.name, [as_text(v) for v in values]), pa.string()))
        decisions = [as_text(row[6]) for row in rows]
        made.append(pa.array([d is not None for d in decisions]))
        made.append(pa.array([d is not None and d == self._plan.positive for d in decisions]))
        for one in self._declared.columns:
            values = [row[5] for row in rows] if one.name == private.SCORE else _given(rows, one.name)
            made.append(self._column(one, values))
            pause(hurry=hurry)
        for i, name in ((7, "latency_ms"), (8, "cost_usd"))[: len(self._declared.parts)]:
            made.append(_decimals(self._typed(name, "number", [row[i] for row in rows])))
        return pa.RecordBatch.from_arrays(made, schema=self._schema)

    def _refuse(self, rows: Sequence[Row]) -> None:
        """Names that nobody declared are in no file, where there are no rows."""
        given = Counter(itertools.chain.from_iterable(itertools.chain(row[1], row[2]) for row in rows))
        for name in given.keys() - self._known:
            message = (
                f"{str(name)[:100]!r} is not counted: of a log without rows, what is counted is declared in types or segments"
            )
            self._ledger.refused(str(name)[:100], given[name], message)

    def _column(self, one: Column, values: Sequence[Any]) -> pa.Array:
        array = self._typed(one.name, "number" if one.name == private.SCORE else self._plan.types[one.name], values)
        if one.kind == "number":
            return array.cast(pa.float64(), safe=False)
        if one.kind == "length":
            return pa.array([None if v is None else float(len(v)) for v in array.to_pylist()], pa.float64())
        texts = [as_text(v) for v in array.to_pylist()]
        known = set(one.known)
        if known:
            texts = [v if v is None or v in known else OTHER for v in texts]
        return pa.array(texts, pa.string())

    def _typed(self, name: str, kind: Kind, values: Sequence[Any]) -> pa.Array:
        array, others = column(values, kind)
        if others:
            told = ", ".join(sorted(others))
            message = f"{name!r} is of type {kind}; values of type {told} count as missing (stats.mistyped)"
            self._ledger.mistyped(name, sum(others.values()), message)
        return array

    def _bounded(self, place: int, name: str, values: list[str | None]) -> list[str | None]:
        """A segment of very many values would need a summary for each."""
        seen = self._values[place]
        new = {v for v in values if v is not None} - seen
        room = MOST_VALUES - len(seen)
        if len(new) <= room:
            seen |= new
            return values
        seen |= set(sorted(new)[:room])
        kept = [v if v is None or v in seen else None for v in values]
        missed = sum(a is not None and b is None for a, b in zip(values, kept, strict=True))
        message = f"{name!r} has more than {MOST_VALUES:,} values: further ones count as missing in summaries"
        self._ledger.refused(name, missed, message)
        return kept


def _given(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[2][name] if name in row[2] else row[1].get(name) for row in rows]


def _floats(array: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _decimals(array: pa.Array) -> pa.Array:
    """Numbers of six digits after the point; what is too large or no number is missing."""
    values = _floats(array)
    fits = np.isfinite(values) & (np.abs(values) < 1e12)
    whole = np.rint(np.where(fits, values, 0.0) * 1e6).astype(np.int64)
    words = np.stack([whole, whole >> 63], axis=1).astype("<i8")
    bits = np.packbits(fits, bitorder="little")
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(values), [pa.py_buffer(bits), pa.py_buffer(words)])


def _together(held: _Day) -> Summary:
    shapes = held.shapes.summary()
    return shapes if held.cells is None else replace(shapes, cells=held.cells.summary().cells)
