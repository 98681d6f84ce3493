"""Rows in, a summary out: exact, whatever the batches are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.core.errors import LogError
from mlops_tui.summaries import cells, numbers, texts
from mlops_tui.summaries.days import EARLIEST, LATEST, MINUTE, Calendar
from mlops_tui.summaries.frame import Factor, Leaves, crossed, factor, stretches
from mlops_tui.summaries.grouping import distinct
from mlops_tui.summaries.layout import ALL, Layout
from mlops_tui.summaries.margins import Names, margin, names_of
from mlops_tui.summaries.summary import Name, Summary, added
from mlops_tui.summaries.tally import Plan

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AT_ONCE = 5 << 15
"""Rows up to which batches wait to be counted together: a day's last few rows cost as much as many by themselves."""
MOST_WAITING = 64 << 20
"""Bytes of partial tables beyond which, and beyond what they were added up to last, they are added up."""

_MOST_PARTS = 64


def batch_schema(layout: Layout) -> pa.Schema:
    """What `Adder.add` takes: time in UTC microseconds, dimensions as text (also dictionary-encoded; null is missing), whether
    the row has a decision and whether it is the positive one, numbers as float64 (of a text its length), categories as text
    (also dictionary-encoded), metric parts as DECIMAL(18,6), null where the row is not counted.
    """
    fields = [pa.field("at_us", pa.int64(), nullable=False)]
    fields += [pa.field(f"d{i}", pa.string()) for i in range(len(layout.dimensions))]
    fields += [pa.field(n, pa.bool_(), nullable=False) for n in ("decided", "positive")]
    fields += [pa.field(f"c{i}", pa.string() if c.kind == "category" else pa.float64()) for i, c in enumerate(layout.columns)]
    fields += [pa.field(f"m{i}", pa.decimal128(18, 6)) for i in range(len(layout.parts))]
    return pa.schema(fields)


class Adder:
    """Adds rows up. One thread adds to it; what several have added is `merge`d.

    With `pieces` (start and span in minutes since 1970, not overlapping) shapes are counted of exactly these instead of days,
    rows outside them are passed over, and there are neither cells nor hours of the score. `strange` is how many rows have a
    time before 1900 or after 2900: they are not counted.
    """

    def __init__(self, layout: Layout, *, pieces: Sequence[tuple[int, int]] | None = None) -> None:
        self._layout, self._calendar = layout, Calendar(layout.zone)
        self._schema = batch_schema(layout)
        self._pieces = None if pieces is None else sorted(pieces)
        self._vocabulary = {c.name: texts.vocabulary(c) for c in layout.columns if c.kind == "category"}
        self._waiting: list[pa.RecordBatch] = []
        self._parts: dict[Name, list[pa.Table]] = {"cells": [], "numbers": [], "categories": []}
        self._weight = self._settled = 0
        self.strange = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of `batch_schema`. Raises LogError where a column is not there or of another type."""
        fitted = _fitted(batch, self._schema)
        if sum(b.num_rows for b in self._waiting) + batch.num_rows > AT_ONCE:
            self._count()
        self._waiting.append(fitted)

    def summary(self) -> Summary:
        """The summary of all rows so far."""
        self._count()
        self._settle()
        empty = Summary.empty(self._layout)
        found = {n: parts[0] if parts else empty.table(n) for n, parts in self._parts.items()}
        return Summary(found["cells"], empty.labels, found["numbers"], found["categories"])

    def _count(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        whole = waiting[0] if len(waiting) == 1 else _concatenated(waiting)
        for start in range(0, whole.num_rows, cells.MOST_ROWS):
            self._count_rows(whole.slice(start, cells.MOST_ROWS))
        if self._weight > self._settled + MOST_WAITING:
            self._settle()

    def _settle(self) -> None:
        """Adds up what waits, so that it takes no more room than the answer."""
        for name, parts in self._parts.items():
            if parts:
                self._parts[name] = [added(name, parts)]
        self._weight = self._settled = sum(t.nbytes for parts in self._parts.values() for t in parts)

    def _keep(self, name: Name, table: pa.Table) -> None:
        if table.num_rows:
            self._parts[name].append(table)
            self._weight += table.nbytes

    def _count_rows(self, batch: pa.RecordBatch) -> None:
        found, minute = distinct(batch.column("at_us").to_numpy() // MINUTE)
        sane = (found >= EARLIEST) & (found < LATEST)
        if not sane.all():
            self.strange += int((~sane[minute]).sum())
            batch = batch.filter(pa.array(sane[minute]))
            found, minute = distinct(batch.column("at_us").to_numpy() // MINUTE)
        if not batch.num_rows:
            return
        leaf, leaves = crossed([factor(batch.column(f"d{i}")) for i in range(len(self._layout.dimensions))], batch.num_rows)
        if self._pieces is None:
            starts, spans = self._calendar.days_of(found)
            days, place = distinct(starts)
            pieces = [(int(d), int(spans[np.searchsorted(starts, d)])) for d in days]
            hours = self._calendar.hours_of(found)[minute]
            self._count_cells(batch, hours, leaf, leaves)
            self._count_score(batch, hours, place[minute], pieces)
        else:
            place, pieces = _within(found, self._pieces), self._pieces
        self._count_shapes(batch, place[minute], pieces, leaf, leaves)

    def _count_cells(self, batch: pa.RecordBatch, hours: Ints, leaf: Ints, leaves: Leaves) -> None:
        decided, positive = _bools(batch, "decided"), _bools(batch, "positive")
        parts = [batch.column(f"m{i}") for i in range(len(self._layout.parts))]
        counted = cells.counted(hours, self._calendar, leaf, leaves, decided, positive, parts)
        self._keep("cells", cells.coarsened("cells", counted, self._layout))

    def _count_shapes(
        self, batch: pa.RecordBatch, place: Ints, pieces: Sequence[tuple[int, int]], leaf: Ints, leaves: Leaves
    ) -> None:
        layout = self._layout
        sets = [tuple(layout.names.index(d) for d in dims) for dims in layout.sets]
        columns = [self._values(batch, i) for i, c in enumerate(layout.columns) if c.kind != "category"]
        words = [
            self._vocabulary[c.name].read(c.name, batch.column(f"c{i}"))
            for i, c in enumerate(layout.columns)
            if c.kind == "category"
        ]
        width = max((c.binning.size for c in columns), default=0)
        positive, cut = _bools(batch, "positive"), stretches(place, pieces, leaf, leaves)
        if len(cut) == 1:
            words = [w.capped() for w in words]
        for stretch in cut:
            margins = [margin(stretch, layout.names, dims) for dims in sets]
            if columns:
                plan = Plan(stretch, margins, width + numbers.BESIDE)
                names = names_of(stretch, plan.margins)
                self._keep("numbers", numbers.counted(plan, names, columns, layout.score, positive))
            plans = {w: Plan(stretch, margins, w) for w in sorted({texts.width_of(c) for c in words})}
            for column in words:
                plan = plans[texts.width_of(column)]
                self._keep("categories", texts.counted(plan, names_of(stretch, plan.margins), column))

    def _count_score(self, batch: pa.RecordBatch, hours: Ints, day: Ints, pieces: Sequence[tuple[int, int]]) -> None:
        """The score of all rows by the hour."""
        if self._layout.score is None:
            return
        score = self._values(batch, [c.name for c in self._layout.columns].index(self._layout.score))
        times, place = distinct(hours)
        leaf, leaves = crossed([Factor(place, tuple(map(str, times.tolist())))], batch.num_rows)
        for stretch in stretches(day, pieces, leaf, leaves):
            by_hour = margin(stretch, ["hour"], (0,))
            at = times[by_hour.present]
            sets = [ALL] * len(at)
            names = Names(at, self._calendar.hour_spans(at), sets, sets, by_hour.reduced(np.add, stretch.counts))
            plan = Plan(stretch, [by_hour], score.binning.size + numbers.BESIDE)
            self._keep("numbers", numbers.counted(plan, names, [score], score.name, _bools(batch, "positive")))

    def _values(self, batch: pa.RecordBatch, index: int) -> numbers.Values:
        column = self._layout.columns[index]
        if column.binning is None:
            raise LogError(f"the layout has no bins for the column {column.name!r}", hint="build the summaries again")
        return numbers.values_of(column.name, batch.column(f"c{index}"), column.binning, column.private)


def label_schema(layout: Layout) -> pa.Schema:
    """What `Labeller.add` takes: the time of the decision, its dimensions, whole days until its outcome was known (rounded
    down; below 0 counts as 0), and whether the outcome is positive.
    """
    fields = [pa.field("at_us", pa.int64(), nullable=False)]
    fields += [pa.field(f"d{i}", pa.string()) for i in range(len(layout.dimensions))]
    fields += [pa.field("age", pa.int64(), nullable=False), pa.field("positive", pa.bool_(), nullable=False)]
    return pa.schema(fields)


class Labeller:
    """Adds outcomes up, as `Adder` adds decisions up: by the decision's hour, the sets of the cells, and age."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._calendar = layout, Calendar(layout.zone)
        self._schema = label_schema(layout)
        self._parts: list[pa.Table] = []
        self.strange = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows of `label_schema`. Raises LogError where a column is not there or of another type."""
        batch = _fitted(batch, self._schema)
        minutes = batch.column("at_us").to_numpy() // MINUTE
        sane = (minutes >= EARLIEST) & (minutes < LATEST)
        if not sane.all():
            self.strange += int((~sane).sum())
            batch, minutes = batch.filter(pa.array(sane)), minutes[sane]
        if not batch.num_rows:
            return
        found, minute = distinct(minutes)
        leaf, leaves = crossed([factor(batch.column(f"d{i}")) for i in range(len(self._layout.dimensions))], batch.num_rows)
        age = np.clip(batch.column("age").to_numpy(), 0, np.iinfo(np.int16).max)
        hours = self._calendar.hours_of(found)[minute]
        labels = cells.labelled(hours, self._calendar, leaf, leaves, age, _bools(batch, "positive"))
        self._parts.append(cells.coarsened("labels", labels, self._layout))
        if len(self._parts) > _MOST_PARTS:
            self._parts = [added("labels", self._parts)]

    def summary(self) -> Summary:
        """The summary of all outcomes so far: labels only."""
        empty = Summary.empty(self._layout)
        return replace(empty, labels=added("labels", self._parts) if self._parts else empty.labels)


def _fitted(batch: pa.RecordBatch, wanted: pa.Schema) -> pa.RecordBatch:
    """The columns of a batch that are counted, in order, of the types that are counted."""
    columns = []
    for field in wanted:
        place = batch.schema.get_field_index(field.name)
        if place < 0:
            raise LogError(f"a batch to be summarised has no column {field.name!r}")
        column = batch.column(place)
        if column.type != field.type and not (pa.types.is_dictionary(column.type) and field.type == pa.string()):
            try:
                column = column.cast(field.type)
            except pa.ArrowException as error:
                message = f"column {field.name!r} of a batch to be summarised is {column.type}, not {field.type}: {error}"
                raise LogError(message) from None
        if not field.nullable and column.null_count:
            raise LogError(f"column {field.name!r} of a batch to be summarised has nulls")
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=wanted.names)


def _concatenated(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Batches as one; dictionaries become one as well."""
    types = [{b.schema.field(i).type for b in batches} for i in range(len(batches[0].schema))]
    if any(len(t) > 1 for t in types):  # text here, a dictionary there
        plain = pa.schema(
            [f if len(t) == 1 else f.with_type(pa.string()) for f, t in zip(batches[0].schema, types, strict=True)]
        )
        batches = [b.cast(plain) for b in batches]
    return pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().to_batches()[0]


def _within(minutes: Ints, pieces: Sequence[tuple[int, int]]) -> Ints:
    """The piece of each minute; -1 for none."""
    starts = np.array([at for at, _ in pieces], dtype=np.int64)
    ends = starts + np.array([span for _, span in pieces], dtype=np.int64)
    place = np.searchsorted(starts, minutes, "right") - 1
    return (
        np.where((place >= 0) & (minutes < ends[np.maximum(place, 0)]), place, -1) if len(pieces) else np.full_like(minutes, -1)
    )


def _bools(batch: pa.RecordBatch, name: str) -> Bools:
    return np.asarray(batch.column(name))
