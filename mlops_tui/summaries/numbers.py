"""Columns of numbers, counted: bins, what is no number, moments, least and greatest, by every set of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.binning import Binning, Centred
from mlops_tui.summaries.frame import Chunk, Stretch
from mlops_tui.summaries.margins import Margin, Names, crosses
from mlops_tui.summaries.summary import FARTHEST, LOW_BITS, SCALE, U16, U32, carried, lists, schema
from mlops_tui.summaries.tally import Filled, Tally, cell_keys

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NULL, NAN, ABOVE, BELOW = range(4)
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


class NumberCount:
    """Counts columns of numbers of one stretch by its margins; gives rows of the table `numbers`, margin after margin."""

    def __init__(self, stretch: Stretch, margins: Sequence[Margin], names: Names, width: int) -> None:
        self._stretch, self._margins, self._names = stretch, margins, names
        self._bins, self._width = width, width + BELOW + 1
        self._crosses = crosses(stretch.leaves, margins, stretch.rows, self._width)
        self._keys = [[cell_keys(c, chunk, self._width) for c in self._crosses] for chunk in stretch.chunks]

    def table(self, columns: Sequence[Values], score: str | None, positive: Bools) -> pa.Table:
        """The rows of all columns; of the one called `score` also how many rows of each bin are `positive`."""
        counted = [self._counted(c, positive if c.name == score else None) for c in columns]
        whole = self._names.columns([c.name for c in columns])
        whole |= {k: pa.array(np.concatenate([c.sums[k] for c in counted])) for k in counted[0].sums}
        whole |= {k: pa.array(np.concatenate([c.ends[k] for c in counted]), from_pandas=True) for k in counted[0].ends}
        each, bins, counts = (np.concatenate([getattr(c.filled, k) for c in counted]) for k in ("each", "codes", "counts"))
        whole["bins"], whole["counts"] = lists(each, bins, U16), lists(each, counts, U32)
        without = np.repeat([c.positives is None for c in counted], len(self._names))
        hits = [np.zeros_like(c.filled.counts) if c.positives is None else c.positives for c in counted]
        whole["positives"] = lists(each, np.concatenate(hits), U32, without)
        wanted = schema("numbers")
        return pa.table([whole[f.name] for f in wanted], schema=wanted)

    def _counted(self, column: Values, positive: Bools | None) -> _Counted:
        tallies = [Tally(c, self._width) for c in self._crosses]
        scored = [Tally(c, self._width) for c in self._crosses if positive is not None]
        moments = _Moments(self._stretch.leaves.size)
        for chunk, keys in zip(self._stretch.chunks, self._keys, strict=True):
            codes, good, values, scaled = _coded(column, chunk, self._bins)
            moments.add(chunk, good, values, scaled)
            hits = None if positive is None else positive[chunk.rows]
            for i, key in enumerate(keys):
                both = codes if key is None else key + codes
                tallies[i].add(both)
                if hits is not None:
                    scored[i].add(both[hits])
        sums, filled, positives = self._by_margin(tallies, scored)
        sums |= moments.sums(self._margins)
        return _Counted(sums, moments.ends(self._margins, column.private), filled, positives)

    def _by_margin(self, tallies: list[Tally], scored: list[Tally]) -> tuple[dict[str, Ints], Filled, Ints | None]:
        """What is in no bin, what is in bins, and how much of that is positive, margin after margin."""
        beside, hits = ([np.empty(0, dtype=np.int64)] * len(self._margins) for _ in range(2))
        filled: list[Filled] = [Filled(*([np.empty(0, dtype=np.int64)] * 3))] * len(self._margins)
        for i, cross in enumerate(self._crosses):
            for place in cross.margins:
                counts = tallies[i].margin(self._margins[place])
                beside[place], filled[place] = counts.beside(self._bins, self._width), counts.filled(0, self._bins)
                if scored:
                    hits[place] = scored[i].margin(self._margins[place]).at(filled[place])
        others = np.concatenate(beside)
        sums = {k: others[:, j] for j, k in ((NULL, "nulls"), (NAN, "nans"), (ABOVE, "pos_inf"), (BELOW, "neg_inf"))}
        together = Filled(*(np.concatenate([getattr(f, k) for f in filled]) for k in ("each", "codes", "counts")))
        return sums, together, np.concatenate(hits) if scored else None


@dataclass(frozen=True, slots=True)
class _Counted:
    """A column's rows of the table, margin after margin."""

    sums: dict[str, Ints]
    ends: dict[str, Floats]
    filled: Filled
    positives: Ints | None


class _Moments:
    """Integer moments, least and greatest values of each leaf."""

    def __init__(self, leaves: int) -> None:
        self._z1, self._high, self._low = (np.zeros(leaves, dtype=np.int64) for _ in range(3))
        self._least, self._most = np.full(leaves, np.inf), np.full(leaves, -np.inf)

    def add(self, chunk: Chunk, good: Bools | None, values: Floats, z: Floats) -> None:
        """Values of a chunk; where they are not `good` they are the centre, and `z` 0."""
        starts, leaves = chunk.starts, chunk.leaves
        least = np.minimum.reduceat(values if good is None else np.where(good, values, np.inf), starts)
        most = np.maximum.reduceat(values if good is None else np.where(good, values, -np.inf), starts)
        self._least[leaves] = np.minimum(self._least[leaves], least)
        self._most[leaves] = np.maximum(self._most[leaves], most)
        farthest = float(max(z.max(), -z.min()))
        if farthest > FARTHEST:
            np.clip(z, -FARTHEST, FARTHEST, out=z)
        square = z * z
        square *= SCALE
        square += 0.5
        np.floor(square, out=square)
        z *= SCALE
        z += 0.5
        np.floor(z, out=z)
        self._z1[leaves] += np.add.reduceat(z, starts).astype(np.int64)
        if farthest * farthest * SCALE * chunk.size < _EXACT:
            sums = np.add.reduceat(square, starts).astype(np.int64)
            self._high[leaves] += sums >> LOW_BITS
            self._low[leaves] += sums & _LOW_MASK
        else:
            whole = square.astype(np.int64)
            self._high[leaves] += np.add.reduceat(whole >> LOW_BITS, starts)
            self._low[leaves] += np.add.reduceat(whole & _LOW_MASK, starts)

    def sums(self, margins: Sequence[Margin]) -> dict[str, Ints]:
        z1, high, low = (np.concatenate([m.total(v) for m in margins]) for v in (self._z1, self._high, self._low))
        high, low = carried(high, low)
        return {"z1": z1, "z2_hi": high, "z2_lo": low}

    def ends(self, margins: Sequence[Margin], private: bool) -> dict[str, Floats]:
        out = {}
        for name, pick, values in (("min", np.fmin, self._least), ("max", np.fmax, self._most)):
            known = np.where(np.isfinite(values) & (not private), values + 0.0, np.nan)
            out[name] = np.concatenate([m.extreme(pick, known) for m in margins])
        return out


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
