"""Sums of shapes by window and group, laid out densely: what is told of many columns at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries import grouping, many
from mlops_tui.summaries.histogram import Histogram
from mlops_tui.summaries.layout import JOIN, Column, Layout, parted

Ints = npt.NDArray[np.int64]
Group = tuple[str | None, ...]
_STRIP = 1 << 20
Key = tuple[str, str, str]
"""A column, a set of dimensions, their values."""


@dataclass(frozen=True, slots=True)
class Categories:
    """How often each category occurs: by name, how often one that is not kept by name (known, or a newcomer beyond the most),
    and how often none."""

    counts: Mapping[str, int]
    other: int = 0
    overflow: int = 0
    missing: int = 0

    @property
    def n(self) -> int:
        """Rows."""
        return sum(self.counts.values()) + self.other + self.overflow + self.missing


@dataclass(frozen=True, slots=True)
class Distance:
    """A column in one group: rows and missing values on both sides, and how far they lie apart. `ks` only of numbers."""

    column: str
    set: tuple[str, ...]
    group: Group
    n: int
    n_reference: int
    missing: int
    missing_reference: int
    psi: float
    bins: int
    js: float
    ks: float | None


@dataclass(frozen=True, slots=True)
class Lists:
    """Two lists a row, laid flat: those of row i lie from `offsets[i]` to `offsets[i + 1]`."""

    offsets: npt.NDArray[np.int32]
    codes: npt.NDArray[np.integer[Any]]
    counts: npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table that are asked for: each one's group (a place in `keys`: column, set, value), and for each window which
    of them lie in it."""

    table: pa.Table
    rows: Ints
    group: Ints
    windows: list[npt.NDArray[np.bool_]]
    keys: list[Key]

    def added(self, values: npt.NDArray[np.int64]) -> Ints:
        """Sums by window and group: shape (windows, groups)."""
        out = np.zeros((len(self.windows), len(self.keys)), dtype=np.int64)
        for sums, inside in zip(out, self.windows, strict=True):
            np.add.at(sums, self.group[inside], values[self.rows[inside]])
        return out

    def extreme(self, values: npt.NDArray[np.float64], pick: np.ufunc) -> npt.NDArray[np.float64]:
        """The least or greatest by window and group, NaN where none is known: shape (windows, groups)."""
        out = np.full((len(self.windows), len(self.keys)), np.nan)
        for found, inside in zip(out, self.windows, strict=True):
            pick.at(found, self.group[inside], values[self.rows[inside]])
        return out

    def dense(self, lists: Sequence[Lists], size: int) -> Ints:
        """Lists of codes with their counts, of all rows of the table, added by window, group and code: flat, of windows x
        groups x size. Rows that are not asked for may hold greater codes.

        Sums of doubles here are of integers below 2^53, and exact.
        """
        spare = max((int(some.codes.max()) + 1 for some in lists if len(some.codes)), default=1)
        width = len(self.keys) * size
        apart = len(self.windows) == 2 and not (self.windows[0] & self.windows[1]).any()
        out = []
        for windows in [self.windows] if apart else [[w] for w in self.windows]:
            end = len(windows) * width
            base = np.full(self.table.num_rows, end, dtype=np.int64)  # what lies in no window is counted behind the last one
            for i, inside in enumerate(windows):
                base[self.rows[inside]] = i * width + self.group[inside] * size
            out.append(_added(base, lists, end + spare)[:end])
        return np.concatenate(out).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numeric columns by window and group."""

    keys: list[Key]
    sums: dict[str, Ints]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    counts: Ints
    rows: Rows
    size: int

    @property
    def n(self) -> Ints:
        """Rows, shape (windows, groups)."""
        return self.sums["n"]

    @property
    def missing(self) -> Ints:
        """Null and NaN, shape (windows, groups)."""
        return self.sums["nulls"] + self.sums["nans"]

    def histogram(self, window: int, group: int, spec: Column) -> Histogram:
        """One of them."""
        assert spec.binning is not None
        told = {name: int(values[window, group]) for name, values in self.sums.items()}
        ends = (float(x[window, group]) for x in (self.low, self.high))
        low, high = (None if np.isnan(x) else x for x in ends)
        return Histogram(
            spec.binning,
            self.counts[window, group, : spec.binning.size],
            told["nulls"],
            told["nans"],
            told["pos_inf"],
            told["neg_inf"],
            low,
            high,
            told["z1"],
            (told["z2_hi"] << 26) + told["z2_lo"],
        )

    def distances(self, layout: Layout) -> list[Distance]:
        """Of window 0 (the reference) and window 1, column by column."""
        out: list[Distance] = []
        names = np.array([name for name, _, _ in self.keys])
        for column in layout.columns:
            mine = np.flatnonzero(names == column.name)
            if column.binning is None or not len(mine):
                continue
            reference, current = (self._side(w, mine, column.binning.size) for w in (0, 1))
            bounds = column.binning.bounds
            cuts = many.edges(bounds, reference)
            before, now = (many.binned(bounds, side, cuts) for side in (reference, current))
            psi, bins = many.psi(before, now)
            js, ks = many.js(before, now), many.ks(bounds, reference, current)
            out += [
                self._distance(i, float(psi[j]), int(bins[j]), float(js[j]), float(ks[j])) for j, i in enumerate(mine.tolist())
            ]
        return out

    def _side(self, window: int, groups: Ints, size: int) -> many.Side:
        sums = {name: values[window, groups] for name, values in self.sums.items()}
        missing = sums["nulls"] + sums["nans"]
        low, high = self.low[window, groups], self.high[window, groups]
        return many.Side(self.counts[window, groups, :size], low, high, sums["neg_inf"], sums["pos_inf"], missing)

    def _distance(self, i: int, psi: float, bins: int, js: float, ks: float | None) -> Distance:
        return _distance(self.keys[i], self.n[:, i], self.missing[:, i], (psi, bins, js, ks))


@dataclass(frozen=True, slots=True)
class Named:
    """Categorical columns by window and group: known categories by their place, newcomers by name."""

    keys: list[Key]
    sums: dict[str, Ints]
    counts: Ints
    fresh: Ints
    texts: list[str]
    known: dict[str, tuple[str, ...]]

    @property
    def n(self) -> Ints:
        """Rows, shape (windows, groups)."""
        return self.sums["n"]

    @property
    def missing(self) -> Ints:
        """Those without a value, shape (windows, groups)."""
        return self.sums["missing"]

    def told(self, window: int, group: int) -> Categories:
        """One of them."""
        known = self.known[self.keys[group][0]]
        counts = {name: int(n) for name, n in zip(known, self.counts[window, group], strict=False) if n}
        for text, n in zip(self.texts, self.fresh[window, group], strict=False):
            if n:
                counts[text] = counts.get(text, 0) + int(n)
        told = {name: int(values[window, group]) for name, values in self.sums.items()}
        return Categories(counts, told["other"], told["overflow"], told["missing"])

    def distances(self) -> list[Distance]:
        """Of window 0 (the reference) and window 1: the reference's categories, missing, and all that it lacks as one."""
        rest = np.stack([self.sums["other"], self.sums["overflow"]], axis=2)
        every = np.concatenate([self.counts, self.fresh, rest], axis=2)
        seen = every[0] > 0
        unseen = np.where(seen, 0, every[1]).sum(axis=1)
        tails = ((self.missing[0], np.zeros_like(unseen)), (self.missing[1], unseen))
        before, now = (
            np.concatenate([np.where(seen, side, 0), np.stack(tail, axis=1)], axis=1)
            for side, tail in zip(every, tails, strict=True)
        )
        psi, bins = many.psi(before, now)
        js = many.js(before, now)
        return [
            _distance(self.keys[i], self.n[:, i], self.missing[:, i], (float(psi[i]), int(bins[i]), float(js[i]), None))
            for i in range(len(self.keys))
        ]


def _distance(key: Key, n: Ints, missing: Ints, told: tuple[float, int, float, float | None]) -> Distance:
    column, set_, value = key
    names = tuple(set_.split(JOIN)) if set_ else ()
    psi, bins, js, ks = told
    group = parted(value) if names else ()
    return Distance(column, names, group, int(n[1]), int(n[0]), int(missing[1]), int(missing[0]), psi, bins, js, ks)


def lists(table: pa.Table, codes: str, counts: str) -> list[Lists]:
    """Two list columns of a table that go together, chunk by chunk."""
    found = []
    for some, weights in zip(table.column(codes).chunks, table.column(counts).chunks, strict=True):
        offsets, flat = grouping.flat(some)
        _, of_flat = grouping.flat(weights)
        found.append(Lists(offsets, flat.to_numpy(), of_flat.to_numpy()))
    return found


def _added(base: Ints, lists: Sequence[Lists], size: int) -> npt.NDArray[np.float64]:
    """The counts of each base + code, in strips: memory that is used again costs less than new memory."""
    out = np.zeros(size)
    row = 0
    for some in lists:
        rows = len(some.offsets) - 1
        ends = np.searchsorted(some.offsets, np.arange(_STRIP, len(some.codes), _STRIP), side="right") - 1
        for first, last in pairwise([0, *ends.tolist(), rows]):
            low, high = some.offsets[first], some.offsets[last]
            place = np.repeat(base[row + first : row + last], np.diff(some.offsets[first : last + 1]))
            place += some.codes[low:high]
            out += np.bincount(place, weights=some.counts[low:high], minlength=size)
        row += rows
    return out
