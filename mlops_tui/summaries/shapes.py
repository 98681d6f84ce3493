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
from mlops_tui.summaries.spread import Categories, Distance, Group, Named, Numbers, Rows, flat_lists
from mlops_tui.summaries.summary import Summary

Ints = npt.NDArray[np.int64]
Minutes = tuple[int, int]
"""A window: minutes since 1970 in UTC, half open."""
HOUR = 60
_SUMS = ("n", "nulls", "nans", "pos_inf", "neg_inf", "z1", "z2_hi", "z2_lo")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of pieces: where each row lies in time, its set, its group and its column, and its lists laid flat."""

    table: pa.Table
    at: Ints
    span: Ints
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
            if (first, last) == day or all(a == b or self.empty((a, b)) for a, b in rest):
                chosen.append(day)
            elif (first, last) in parts:
                chosen.append((first, last))
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
        days: set[Minutes] = set()
        parts: set[Minutes] = set()
        for kind in ("numbers", "categories"):
            for some, found in ((self.summaries, days), (self.edges, parts)):
                for summary in some:
                    table = summary.table(kind)
                    at, span = (table.column(c).to_numpy().astype(np.int64) for c in ("at", "span"))
                    for a, s in np.unique(np.stack([at, span], axis=1), axis=0).tolist():
                        if some is self.edges or s != HOUR:
                            found.add((a, a + s))
        return sorted(days), parts

    def _table(self, kind: str) -> _Table:
        """The pieces of both sources as one table: hours (of the score alone) left out."""
        if kind not in self._read:
            main = [_without_hours(s.table(kind)) for s in self.summaries]  # type: ignore[arg-type]
            tables = [*main, *(s.table(kind) for s in self.edges)]  # type: ignore[arg-type]
            table = pa.concat_tables(tables).combine_chunks()
            coded = [grouping.ranks(table.column(c)) for c in ("set", "value", "column")]
            at, span = (table.column(c).to_numpy().astype(np.int64) for c in ("at", "span"))
            self._read[kind] = _Table(table, at, span, *coded[0], *coded[1], *coded[2])
        return self._read[kind]

    def _chosen(
        self, kind: str, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]
    ) -> Rows | None:
        if not (self.summaries or self.edges):
            return None
        t = self._table(kind)
        wanted = np.isin(t.sets, [i for i, n in enumerate(t.set_names) if n in {JOIN.join(s) for s in sets}])
        wanted &= np.isin(t.columns, [i for i, n in enumerate(t.column_names) if n in set(columns)])
        pieces = t.at * (1 << 20) + t.span
        per = [wanted & np.isin(pieces, [a * (1 << 20) + (b - a) for a, b in self.cover(w)[0]]) for w in windows]
        rows = np.flatnonzero(np.logical_or.reduce(per))
        if not len(rows):
            return None
        key = (t.columns * len(t.set_names) + t.sets) * len(t.value_names) + t.values
        found, group = np.unique(key[rows], return_inverse=True)
        names = []
        for k in found.tolist():
            k, value = divmod(k, len(t.value_names))
            column, set_ = divmod(k, len(t.set_names))
            names.append((t.column_names[column], t.set_names[set_], t.value_names[value]))
        return Rows(t.table, rows, group.astype(np.int64), [p[rows] for p in per], names)

    def _numbers(self, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]) -> Numbers | None:
        chosen = self._chosen("numbers", windows, columns, sets)
        if chosen is None:
            return None
        size = max(c.binning.size for c in self.layout.columns if c.binning is not None)
        table, groups = chosen.table, len(chosen.keys)
        sums = {name: chosen.added(table.column(name).to_numpy()) for name in _SUMS}
        low, high = (chosen.extreme(table.column(c).to_numpy(), pick) for c, pick in (("min", np.fmin), ("max", np.fmax)))
        counts = chosen.dense(*flat_lists(table, "bins", "counts"), size)
        return Numbers(chosen.keys, sums, low, high, counts.reshape(len(windows), groups, size), chosen, size)

    def _categories(self, windows: Sequence[Minutes], columns: Sequence[str], sets: Sequence[tuple[str, ...]]) -> Named | None:
        chosen = self._chosen("categories", windows, columns, sets)
        if chosen is None:
            return None
        table, groups = chosen.table, len(chosen.keys)
        known = {c.name: c.known for c in self.layout.columns}
        size = max((len(known[name]) for name, _, _ in chosen.keys), default=0)
        counts = chosen.dense(*flat_lists(table, "codes", "counts"), max(size, 1)).reshape(len(windows), groups, max(size, 1))
        offsets, names = grouping.flat(table.column("names"))
        places, texts = grouping.ranks(names)
        _, new = grouping.flat(table.column("name_counts"))
        fresh = chosen.dense(offsets, places, new.to_numpy(), max(len(texts), 1))
        sums = {name: chosen.added(table.column(name).to_numpy()) for name in ("n", "missing", "other", "overflow")}
        return Named(chosen.keys, sums, counts, fresh.reshape(len(windows), groups, -1), texts, known)


def _without_hours(table: pa.Table) -> pa.Table:
    hours = table.column("span").to_numpy() == HOUR
    return table.filter(pa.array(~hours)) if hours.any() else table
