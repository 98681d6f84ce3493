"""Many histograms of one column at once: their deciles, and how far two sides of each lie apart.

Counts are matrices of shape (groups, bins), of one binning whose `bounds` have shape (bins + 1,). `low` and `high`, shape
(groups,), are the least and the greatest finite value of each group, NaN where they are not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BINS = 10


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, by group: counts by bin, values below and above all bins (infinities), missing ones."""

    counts: Ints
    low: Floats
    high: Floats
    below: Ints
    above: Ints
    missing: Ints

    @property
    def finite(self) -> Ints:
        """Values that are finite, shape (groups,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def known(self) -> Ints:
        """Values that are numbers, infinities included, shape (groups,)."""
        return np.asarray(self.finite + self.below + self.above)

    @property
    def n(self) -> Ints:
        """Rows, shape (groups,)."""
        return np.asarray(self.known + self.missing)


def edges(bounds: Floats, side: Side, bins: int = BINS) -> Floats:
    """Inner edges of about `bins` bins with open ends at the quantiles of each group, as `stats.bins.sorted_edges` cuts values:
    shape (groups, most), ascending, infinite where a group has fewer (all infinite without values).

    A bin of ours that alone holds 1/bins of the values or more stays one of its own, and with no more than `bins` filled ones
    each does; other edges are interpolated within their bin.
    """
    counts, total = side.counts, side.finite
    few = (counts > 0).sum(axis=1) <= bins
    own = (counts > 0) & (few[:, None] | (counts * bins >= total[:, None]))
    rest = np.where(own, 0, counts)
    upto = np.cumsum(rest, axis=1)
    weight = upto[:, -1]
    share = np.divide(weight, total, out=np.zeros(len(total)), where=total > 0)
    parts = np.where(own.any(axis=1), np.maximum(2, np.rint(share * bins)), bins)
    steps = np.arange(1, bins)
    wanted = steps / parts[:, None] * weight[:, None]
    rows = np.arange(len(counts))[:, None]
    place = _first(upto, wanted)
    start, end = _spans(bounds, side, place)
    held = np.maximum(rest[rows, place], 1)
    cuts = start + (end - start) * (wanted - (upto[rows, place] - rest[rows, place])) / held
    cuts[(steps >= parts[:, None]) | (weight[:, None] == 0)] = np.inf
    found = [cuts, *_atoms(bounds, own)]
    merged = np.sort(np.concatenate(found, axis=1), axis=1)
    merged[:, 1:][merged[:, 1:] == merged[:, :-1]] = np.inf
    merged[~np.isfinite(merged)] = np.inf
    return np.sort(merged, axis=1)


def _first(upto: Ints, wanted: Floats) -> Ints:
    """Where ascending rows (shape (groups, bins)) first reach each of these (shape (groups, any); 0 where they never do)."""
    groups, size = upto.shape
    apart = np.arange(groups)[:, None] * (float(upto[:, -1].max(initial=0)) + 1.0)  # one search in all rows, laid end to end
    found = (
        np.searchsorted((upto + apart).ravel(), np.minimum(wanted, upto[:, -1:]) + apart) - np.arange(groups)[:, None] * size
    )
    return np.where(wanted <= upto[:, -1:], found, 0)


def _atoms(bounds: Floats, own: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The bounds of the bins that stay of their own, infinite where a group has fewer."""
    groups, bins = np.nonzero(own)
    each = np.bincount(groups, minlength=len(own))
    place = np.arange(len(bins)) - np.repeat(np.cumsum(each) - each, each)
    start, end = (np.full((len(own), max(int(each.max(initial=0)), 1)), np.inf) for _ in range(2))
    start[groups, place], end[groups, place] = bounds[bins], bounds[bins + 1]
    return start, end


def upto(bounds: Floats, side: Side, at: Floats) -> Floats:
    """How many finite values of each group lie below each of these (shape (groups, any), as the answer's), values taken to be
    evenly spread within their bin."""
    size = len(bounds) - 1
    place = np.clip(np.searchsorted(bounds, at, side="right") - 1, 0, size - 1)
    start, end = _spans(bounds, side, place)
    rows = np.arange(len(side.counts))[:, None]
    before = np.concatenate([np.zeros((len(side.counts), 1), dtype=np.int64), np.cumsum(side.counts, axis=1)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(end > start, (at - start) / (end - start), at > start)
    inside = np.where(np.isposinf(at), 1.0, np.clip(inside, 0.0, 1.0))
    found: Floats = before[rows, place] + inside * side.counts[rows, place]
    return found


def binned(bounds: Floats, side: Side, cuts: Floats) -> Ints:
    """Rows between edges (shape (groups, k)), then those that are missing: shape (groups, k + 2). Infinities are in the open
    ends; bins beyond a group's own edges are empty."""
    below = np.rint(upto(bounds, side, cuts)).astype(np.int64)
    last = np.isposinf(cuts)
    below[last] = np.broadcast_to(side.finite[:, None], cuts.shape)[last]
    ends = np.concatenate([np.zeros((len(below), 1), np.int64), below, side.finite[:, None]], axis=1)
    parts = np.diff(ends, axis=1)
    parts[:, 0] += side.below
    parts[np.arange(len(parts)), (~last).sum(axis=1)] += side.above
    return np.concatenate([parts, side.missing[:, None]], axis=1)


def ks(bounds: Floats, reference: Side, current: Side) -> Floats:
    """The Kolmogorov-Smirnov statistic of each group, infinities in order; 0 where a side is empty. Shape (groups,).

    The distribution functions are compared at the bounds of the bins and where either side begins and ends (a distribution
    that is cut off within a bin shows there). Short of the values' own statistic by less than the mass of a bin.
    """
    ends = np.stack([reference.low, reference.high, current.low, current.high], axis=1)
    ends = np.concatenate([ends, np.nextafter(ends, np.inf)], axis=1)
    places = np.where(np.isnan(ends), np.inf, ends)
    told = []
    for side in (reference, current):
        inner = np.cumsum(side.counts, axis=1)[:, :-1]
        finite = np.concatenate([np.zeros((len(inner), 1)), inner, upto(bounds, side, places), side.finite[:, None]], axis=1)
        told.append((finite + side.below[:, None]) / np.maximum(side.known, 1)[:, None])
    found = np.abs(told[0] - told[1]).max(axis=1)
    return np.where((reference.known > 0) & (current.known > 0), found, 0.0)


def psi(reference: Ints, current: Ints, smoothing: float = 0.5) -> tuple[Floats, Ints]:
    """The population stability index of each group over its filled bins, as `stats.distances.psi` has it, and how many bins
    are filled. Counts of shape (groups, k); 0 where a side is empty."""
    filled = (reference + current) > 0
    width = filled.sum(axis=1)
    r = np.where(filled, reference + smoothing, 0.0)
    c = np.where(filled, current + smoothing, 0.0)
    r, c = (side / np.maximum(side.sum(axis=1), 1e-300)[:, None] for side in (r, c))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(filled, (c - r) * np.log(c / r), 0.0)
    there = (reference.sum(axis=1) > 0) & (current.sum(axis=1) > 0)
    return np.where(there, terms.sum(axis=1), 0.0), width


def js(reference: Ints, current: Ints) -> Floats:
    """The Jensen-Shannon distance of each group in nats, as `stats.distances.js` has it. Counts of shape (groups, k)."""
    p, q = (side / np.maximum(side.sum(axis=1), 1)[:, None] for side in (reference, current))
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = [np.where(side > 0, side * np.log(side / middle), 0.0).sum(axis=1) / 2 for side in (p, q)]
    there = (reference.sum(axis=1) > 0) & (current.sum(axis=1) > 0)
    return np.where(there, np.sqrt(np.maximum(0.0, halves[0] + halves[1])), 0.0)


def _spans(bounds: Floats, side: Side, place: Ints) -> tuple[Floats, Floats]:
    """Where the values of bins (shape (groups, any)) lie: their bounds, at the ends no further than the least and the
    greatest value."""
    start, end = bounds[place], bounds[place + 1]
    low, high = side.low[:, None], side.high[:, None]
    start, end = (np.where(np.isnan(low), b, np.clip(b, low, high)) for b in (start, end))
    start = np.where(np.isfinite(start), start, end)
    return start, np.where(np.isfinite(end), end, start)
