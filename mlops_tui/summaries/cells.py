"""Cells and labels counted: decisions, metric sums and outcomes by hour and leaf, and the same more coarsely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries import wide
from mlops_tui.summaries.days import Calendar
from mlops_tui.summaries.frame import Leaves
from mlops_tui.summaries.grouping import distinct, ranks
from mlops_tui.summaries.layout import LEAF, Grain, Layout, joined, parted, set_name
from mlops_tui.summaries.summary import Name, added, named, schema

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_CELLS = 0.05
"""Of the rows: what more cells than that would be kept by a coarser grain."""
MOST_ROWS = 1 << 20
"""Rows that may be summed at once: 32-bit parts of them stay exact in a double."""


def counted(
    at: Ints, calendar: Calendar, leaf: Ints, leaves: Leaves, decided: Bools, positive: Bools, parts: Sequence[pa.Array]
) -> pa.Table:
    """Cells of rows: `at` is the hour's start of each (cut at midnight), `leaf` its leaf. At most MOST_ROWS rows."""
    times, hour = distinct(at)
    found, place = distinct(hour * leaves.size + leaf)
    begin, which = np.divmod(found, leaves.size)
    wanted = schema("cells", len(parts))
    columns = {
        "at": pa.array(times[begin], pa.int32()),
        "span": pa.array(calendar.hour_spans(times)[begin], pa.int32()),
        "set": pa.array([LEAF] * len(found), pa.string()),
        "value": named(which, leaves.names),
        "n": pa.array(np.bincount(place)),
        **{k: pa.array(np.bincount(place[v], minlength=len(found))) for k, v in (("decided", decided), ("positive", positive))},
    }
    for i, part in enumerate(parts):
        columns[f"m{i}_n"], columns[f"m{i}_sum"] = _summed(part, place, len(found))
    return pa.table([columns[f.name] for f in wanted], schema=wanted)


def _summed(part: pa.Array, place: Ints, size: int) -> tuple[pa.Array, pa.Array]:
    """How many values each cell has, and their exact sum."""
    _, values = wide.words(part.cast(pa.decimal128(18, 6)))
    if part.null_count:
        known = np.asarray(part.is_valid())
        values, place = values[known], place[known]
    low, high = values & 0xFFFFFFFF, values >> 32
    sums = [np.bincount(place, half.astype(np.float64), minlength=size).astype(np.int64) for half in (low, high)]
    return pa.array(np.bincount(place, minlength=size)), wide.from_parts((sums[0], sums[1], np.zeros(size, dtype=np.int64)))


def labelled(at: Ints, calendar: Calendar, leaf: Ints, leaves: Leaves, age: Ints, positive: Bools) -> pa.Table:
    """Labels by hour, leaf and age in days, of decisions whose outcome is known; `at` as for `counted`."""
    times, hour = distinct(at)
    oldest = int(age.max(initial=0)) + 1
    found, place = distinct((hour * leaves.size + leaf) * oldest + age)
    cell, days = np.divmod(found, oldest)
    begin, which = np.divmod(cell, leaves.size)
    wanted = schema("labels")
    columns = {
        "at": pa.array(times[begin], pa.int32()),
        "span": pa.array(calendar.hour_spans(times)[begin], pa.int32()),
        "set": pa.array([LEAF] * len(found), pa.string()),
        "value": named(which, leaves.names),
        "age": pa.array(days, pa.int16()),
        "n": pa.array(np.bincount(place)),
        "positive": pa.array(np.bincount(place[positive], minlength=len(found))),
    }
    return pa.table([columns[f.name] for f in wanted], schema=wanted)


def coarsened(name: Name, table: pa.Table, layout: Layout) -> pa.Table:
    """Cells or labels of the grain "hour" in the layout's grain: leaves by the day, margins and pairs by the hour."""
    if layout.grain == "hour" or not table.num_rows:
        return table
    place, leaves = ranks(table.column("value"))
    values = [parted(v) if layout.dimensions else () for v in leaves]
    parts = []
    for dims in layout.sets:
        where = [layout.names.index(d) for d in dims]
        texts = [joined([v[i] for i in where]) if where else "" for v in values]
        sets = pa.array([set_name(dims)] * table.num_rows, pa.string())
        parts.append(_replaced(table, set=sets, value=named(place, texts)))
    if layout.grain == "day":
        starts, spans = Calendar(layout.zone).days_of(table.column("at").to_numpy().astype(np.int64))
        parts.append(_replaced(table, at=pa.array(starts, pa.int32()), span=pa.array(spans, pa.int32())))
    return added(name, parts)


def _replaced(table: pa.Table, **columns: pa.Array) -> pa.Table:
    return pa.table([columns.get(f.name, table.column(f.name)) for f in table.schema], schema=table.schema)


def fitting(rows: int, cells: pa.Table, zone: str) -> Grain:
    """The finest grain in which cells are at most 5 % of the rows, from the cells of the grain "hour"."""
    if cells.num_rows <= MOST_CELLS * rows:
        return "hour"
    starts, _ = Calendar(zone).days_of(cells.column("at").to_numpy().astype(np.int64))
    place, _ = ranks(cells.column("value"))
    by_day, _ = distinct(starts * (int(place.max(initial=0)) + 1) + place)
    return "day" if len(by_day) <= MOST_CELLS * rows else "margins"
