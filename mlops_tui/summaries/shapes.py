"""How columns are spread in windows and groups, added up from pieces of time: histograms, categories, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries import grouping
from mlops_tui.summaries.histogram import Histogram
from mlops_tui.summaries.layout import JOIN, Layout, parted
from mlops_tui.summaries.spread import Categories, Distance, Group, Lists, Named, Numbers, Rows, lists
from mlops_tui.summaries.summary import Name, Summary, schema, together

Ints = npt.NDArray[np.int64]
Minutes = tuple[int, int]
"""A window: minutes since 1970 in UTC, half open."""
HOUR = 60
_WIDE = 1 << 20
_TEXTS = ("set", "value", "column")
_SUMS = ("n", "nulls", "nans", "pos_inf", "neg_inf", "z1", "z2_hi", "z2_lo")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of pieces (begin and end; no hours of the score): each row's place among them (-1: an hour), its set, its group
    and its column. `days` are the pieces of whole days, `parts` those of parts of days."""

    table: pa.Table
    pieces: list[Minutes]
    days: set[Minutes]
    parts: set[Minutes]
    piece: Ints
    sets: Ints
    set_names: list[str]
    values: Ints
    value_names: list[str]
    columns: Ints
    column_names: list[str]


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a log, of as many units as there are (equal keys may repeat: they are added here).

    Days come from `summaries`, parts of days from `edges`: pieces that were made for a window that begins or ends within a
    day. `empty` says whether a stretch of minutes is known to hold no row.
    """

    layout: Layout
    summaries: Sequence[Summary]
    edges: Sequence[Summary] = ()
    empty: Callable[[Minutes], bool] = lambda _: False
    _read: dict[str, _Table] = field(default_factory=dict, compare=False, repr=False)

    def cover(self, window: Minutes) -> tuple[list[Minutes], list[Minutes]]:
        """The pieces (begin and end) that make up the window, and the stretches of it that none covers: parts of days."""
        start, end = window
        days, parts = self._pieces()
        chosen: list[Minutes] = []
        gaps: list[Minutes] = []
        for day in days:
            first, last = max(start, day[0]), min(end, day[1])
            if first >= last:
                continue
            rest = [(day[0], first), (last, day[1])]
            if (first, last) == day or (first, last) in parts:
                chosen.append((first, last))
            elif all(a == b or self.empty((a, b)) for a, b in rest):
                chosen.append(day)
            elif not self.empty((first, last)):
                gaps.append((first, last))
        return chosen, gaps

    def histograms(self, window: Minutes, column: str, names: tuple[str, ...] = ()) -> dict[Group, Histogram]:
        """A numeric column of the window, by the values of some dimensions (a set of the layout). Of covered stretches only."""
        found = self._numbers([window], [column], [names])
        spec = self.layout.column(column)
        if found is None or spec is None or spec.binning is None:
            return {}
        return {parted(value) if names else (): found.histogram(0, i, spec) for i, (_, _, value) in enumerate(found.keys)}

    def categories(self, window: Minutes, column: str, names: tuple[str, ...] = ()) -> dict[Group, Categories]:
        """A categorical column of the window, by the values of some dimensions (a set of the layout)."""
        found = self._categories([window], [column], [names])
        return {} if found is None else {parted(v) if names else (): found.told(0, i) for i, (_, _, v) in enumerate(found.keys)}

    def missing(
        self, windows: Sequence[Minutes], column: str, names: tuple[str, ...] = ()
    ) -> list[dict[Group, tuple[int, int]]]:
        """Rows of the column, and how many of them are missing (null or NaN), by window and group."""
        spec = self.layout.column(column)
        kind = self._categories if spec is not None and spec.kind == "category" else self._numbers
        found = kind(windows, [column], [names])
        if found is None:
            return [{} for _ in windows]
        keys = [parted(value) if names else () for _, _, value in found.keys]
        return [
            {key: (int(found.n[w, i]), int(found.missing[w, i])) for i, key in enumerate(keys) if found.n[w, i]}
            for w in range(len(windows))
        ]

    def distances(self, current: Minutes, reference: Minutes, sets: Sequence[tuple[str, ...]]) -> list[Distance]:
        """Every column in every group of these sets, from the reference to the current window; of groups that either has."""
        numbers = [c.name for c in self.layout.columns if c.kind != "category"]
        others = [c.name for c in self.layout.columns if c.kind == "category"]
        windows = [reference, current]
        out: list[Distance] = []
        if (found := self._numbers(windows, numbers, sets)) is not None:
            out += found.distances(self.layout)
        if (named := self._categories(windows, others, sets)) is not None:
            out += named.distances()
        return out

    def _pieces(self) -> tuple[list[Minutes], set[Minutes]]:
        """Days in order, and parts of days."""
        tables = [self._table(kind) for kind in ("numbers", "categories")]
        return sorted(set().union(*(t.days for t in tables))), set().union(*(t.parts for t in tables))

    def _table(self, kind: Name) -> _Table:
        """The pieces of both sources as one table."""
        if kind not in self._read:
            parts = [s.table(kind) for s in (*self.summaries, *self.edges)]
            table = together(parts or [schema(kind).empty_table()])
            at, span = (table.column(c).to_numpy().astype(np.int64) for c in ("at", "span"))
            main = np.arange(len(at)) < sum(t.num_rows for t in parts[: len(self.summaries)])
            hours = main & (span <= HOUR)
            found, piece = grouping.distinct(at * _WIDE + span)
            pieces = [(k // _WIDE, k // _WIDE + k % _WIDE) for k in found.tolist()]
            days, rest = ({pieces[i] for i in grouping.distinct(piece[rows])[0].tolist()} for rows in (main & ~hours, ~main))
            coded = [grouping.ranks(table.column(c)) for c in _TEXTS]
            self._read[kind] = _Table(table, pieces, days, rest, np.where(hours, -1, piece), *coded[0], *coded[1], *coded[2])
        return self._read[kind]

    def _chosen(
        self, kind: Name, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]
    ) -> Rows | None:
        if not (self.summaries or self.edges):
            return None
        t = self._table(kind)
        asked = {JOIN.join(s) for s in sets}, set(columns)
        wanted = np.array([n in asked[0] for n in t.set_names], dtype=bool)[t.sets]
        wanted &= np.array([n in asked[1] for n in t.column_names], dtype=bool)[t.columns]
        per = []
        for window in windows:
            chosen = set(self.cover(window)[0])
            per.append(wanted & np.array([*(p in chosen for p in t.pieces), False])[t.piece])
        rows = np.flatnonzero(np.logical_or.reduce(per))
        if not len(rows):
            return None
        key = (t.columns * len(t.set_names) + t.sets) * len(t.value_names) + t.values
        found, group = grouping.distinct(key[rows])
        names = []
        for k in found.tolist():
            k, value = divmod(k, len(t.value_names))
            column, set_ = divmod(k, len(t.set_names))
            names.append((t.column_names[column], t.set_names[set_], t.value_names[value]))
        return Rows(t.table, rows, group, [p[rows] for p in per], names)

    def _numbers(self, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]) -> Numbers | None:
        chosen = self._chosen("numbers", windows, columns, sets)
        if chosen is None:
            return None
        size = max(c.binning.size for c in self.layout.columns if c.binning is not None)
        table, groups = chosen.table, len(chosen.keys)
        sums = {name: chosen.added(table.column(name).to_numpy()) for name in _SUMS}
        low, high = (chosen.extreme(table.column(c).to_numpy(), pick) for c, pick in (("min", np.fmin), ("max", np.fmax)))
        counts = chosen.dense(lists(table, "bins", "counts"), size)
        return Numbers(chosen.keys, sums, low, high, counts.reshape(len(windows), groups, size), chosen, size)

    def _categories(self, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]) -> Named | None:
        chosen = self._chosen("categories", windows, columns, sets)
        if chosen is None:
            return None
        table, groups = chosen.table, len(chosen.keys)
        known = {c.name: c.known for c in self.layout.columns}
        size = max((len(known[name]) for name, _, _ in chosen.keys), default=0)
        counts = chosen.dense(lists(table, "codes", "counts"), max(size, 1))
        counts = counts.reshape(len(windows), groups, max(size, 1))
        offsets, names = grouping.flat(table.column("names"))
        places, texts = grouping.ranks(names)
        _, new = grouping.flat(table.column("name_counts"))
        fresh = chosen.dense([Lists(offsets, places, new.to_numpy())], max(len(texts), 1))
        sums = {name: chosen.added(table.column(name).to_numpy()) for name in ("n", "missing", "other", "overflow")}
        return Named(chosen.keys, sums, counts, fresh.reshape(len(windows), groups, -1), texts, known)
