"""Columns of numbers, counted: bins, what is no number, moments, least and greatest, by every set of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.binning import Binning, Centred
from mlops_tui.summaries.frame import Chunk
from mlops_tui.summaries.margins import Margin, Names
from mlops_tui.summaries.summary import FARTHEST, LOW_BITS, SCALE, U16, U32, carried, lists, schema
from mlops_tui.summaries.tally import Filled, Plan, Tally

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

T = TypeVar("T", bound=np.generic)

BESIDE = 4
NULL, NAN, ABOVE, BELOW = range(BESIDE)
"""Codes, after those of the bins, of what lies in none."""
_EXACT = 2.0**53
_LOW_MASK = (1 << LOW_BITS) - 1


@dataclass(frozen=True, slots=True)
class Values:
    """A column of numbers: `values` (anything where `nulls`), and how they are counted."""

    name: str
    values: Floats
    nulls: Bools | None
    binning: Binning
    private: bool = False


def values_of(name: str, column: pa.Array, binning: Binning, private: bool) -> Values:
    """A column of float64, without a copy where it has no nulls."""
    raw = np.frombuffer(column.buffers()[1], dtype=np.float64)[column.offset : column.offset + len(column)]
    nulls = np.asarray(column.is_null()) if column.null_count else None
    return Values(name, raw, nulls, binning, private)


def counted(plan: Plan, names: Names, columns: Sequence[Values], score: str | None, positive: Bools) -> pa.Table:
    """Rows of the table `numbers`, planned for the widest of the columns' bins and `BESIDE` codes more.

    Of the column called `score` also how many rows of each bin are `positive`.
    """
    moments = _Moments(len(columns), plan.stretch.leaves.size)
    parts = [_column(plan, c, moments, i, positive if c.name == score else None) for i, c in enumerate(columns)]
    whole = names.columns([c.name for c in columns]) | moments.columns(plan.margins, [c.private for c in columns])
    beside = np.concatenate([p.beside for p in parts])
    whole |= {k: pa.array(beside[:, j]) for j, k in ((NULL, "nulls"), (NAN, "nans"), (ABOVE, "pos_inf"), (BELOW, "neg_inf"))}
    each, bins, counts = (np.concatenate([getattr(p.filled, k) for p in parts]) for k in ("each", "codes", "counts"))
    whole["bins"], whole["counts"] = lists(each, bins, U16), lists(each, counts, U32)
    without = np.repeat([p.positives is None for p in parts], len(names))
    hits = [np.zeros_like(p.filled.counts) if p.positives is None else p.positives for p in parts]
    whole["positives"] = lists(each, np.concatenate(hits), U32, without)
    wanted = schema("numbers")
    return pa.table([whole[f.name] for f in wanted], schema=wanted)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A column's rows: what lies in no bin, shape (rows, BESIDE); what lies in bins; how much of that is positive."""

    beside: Ints
    filled: Filled
    positives: Ints | None


def _column(plan: Plan, column: Values, moments: _Moments, place: int, positive: Bools | None) -> _Counted:
    bins = plan.width - BESIDE
    tally, scored = Tally(plan), Tally(plan)
    for i, chunk in enumerate(plan.stretch.chunks):
        codes, good, values, scaled = _coded(column, chunk, bins)
        moments.add(place, chunk, good, values, scaled)
        hits = None if positive is None else positive[chunk.rows]
        for cross in range(len(plan.crosses)):
            keys = plan.keyed(i, cross, codes)
            tally.add(cross, keys)
            if hits is not None:
                scored.add(cross, keys[hits])
    counts = tally.counts()
    filled = counts.filled(0, bins)
    return _Counted(counts.beside(bins, plan.width), filled, None if positive is None else scored.counts().at(filled))


class _Moments:
    """Integer moments, least and greatest values, by column and leaf."""

    def __init__(self, columns: int, leaves: int) -> None:
        self._z1, self._high, self._low = (np.zeros((columns, leaves), dtype=np.int64) for _ in range(3))
        self._least, self._most = (np.full((columns, leaves), end) for end in (np.inf, -np.inf))

    def add(self, column: int, chunk: Chunk, good: Bools | None, values: Floats, z: Floats) -> None:
        """Values of a chunk; where they are not `good` they are the centre, and `z` 0. Takes `z` over."""
        at = column, chunk.leaves
        least = np.minimum.reduceat(values if good is None else np.where(good, values, np.inf), chunk.starts)
        most = np.maximum.reduceat(values if good is None else np.where(good, values, -np.inf), chunk.starts)
        self._least[at], self._most[at] = np.minimum(self._least[at], least), np.maximum(self._most[at], most)
        farthest = float(max(z.max(), -z.min()))
        if farthest > FARTHEST:
            np.clip(z, -FARTHEST, FARTHEST, out=z)
        square = z * z
        self._z1[at] += np.add.reduceat(_rounded(z), chunk.starts).astype(np.int64)
        square = _rounded(square)
        if farthest * farthest * SCALE * chunk.size < _EXACT:
            sums = np.add.reduceat(square, chunk.starts).astype(np.int64)
            self._high[at] += sums >> LOW_BITS
            self._low[at] += sums & _LOW_MASK
        else:
            whole = square.astype(np.int64)
            self._high[at] += np.add.reduceat(whole >> LOW_BITS, chunk.starts)
            self._low[at] += np.add.reduceat(whole & _LOW_MASK, chunk.starts)

    def columns(self, margins: Sequence[Margin], private: Sequence[bool]) -> dict[str, pa.Array]:
        """The table's columns, for one column after the other."""

        def reduced(pick: np.ufunc, of_leaf: npt.NDArray[T]) -> npt.NDArray[T]:
            return np.concatenate([m.reduced(pick, of_leaf) for m in margins], axis=1)

        z1, high, low = (reduced(np.add, v).ravel() for v in (self._z1, self._high, self._low))
        high, low = carried(high, low)
        out = {"z1": pa.array(z1), "z2_hi": pa.array(high), "z2_lo": pa.array(low)}
        for name, pick, values in (("min", np.minimum, self._least), ("max", np.maximum, self._most)):
            ends = reduced(pick, values) + 0.0  # no minus zero: it equals zero, and its bytes do not
            ends[np.array(private, dtype=bool)] = np.nan
            ends[np.isinf(ends)] = np.nan
            out[name] = pa.array(ends.ravel(), from_pandas=True)
        return out


def _rounded(values: Floats) -> Floats:
    """floor(v * SCALE + 0.5), in place: half up, as every engine can."""
    values *= SCALE
    values += 0.5
    return np.floor(values, out=values)


def _coded(column: Values, chunk: Chunk, width: int) -> tuple[npt.NDArray[np.int16], Bools | None, Floats, Floats]:
    """Codes of a chunk's rows, which of them are finite (None: all), the values and the scaled values (0 where not)."""
    values, binning = column.values[chunk.rows], column.binning
    finite = np.isfinite(values)
    nulls = None if column.nulls is None else column.nulls[chunk.rows]
    good: Bools | None = None
    if nulls is not None or not finite.all():
        good = finite if nulls is None else finite & ~nulls
        raw, values = values, np.where(good, values, binning.m)
    scaled = binning.scaled(values)
    codes = binning.codes_at(scaled) if isinstance(binning, Centred) else binning.codes(values)
    if good is not None:
        bad = np.flatnonzero(~good)
        kind = np.where(raw[bad] > 0, ABOVE, BELOW)
        kind[np.isnan(raw[bad])] = NAN
        if nulls is not None:
            kind[nulls[bad]] = NULL
        codes[bad] = width + kind
    return codes, good, values, scaled
