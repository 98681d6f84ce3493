"""One column's counts over a stretch of time: what can be told of its values without having them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_tui.summaries.binning import Binning

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOMENT_BITS = 20
"""Moments are sums of round(z * 2^20) and round(z^2 * 2^20) with z = (x - m) / s."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each bin (shape (binning.size,)), and how many lie in none: null, NaN, infinite.

    `low` and `high` are the least and the largest finite value (None: private, or there is none); `z1` and `z2` the integer
    moments (None for bins that are no `Centred`). `positives` are the rows of each bin with a positive decision, of the score.
    """

    binning: Binning
    counts: Ints
    nulls: int = 0
    nans: int = 0
    above: int = 0
    below: int = 0
    low: float | None = None
    high: float | None = None
    z1: int | None = None
    z2: int | None = None
    positives: Ints | None = None

    @property
    def finite(self) -> int:
        """Values that are finite numbers."""
        return int(self.counts.sum())

    @property
    def known(self) -> int:
        """Values that are numbers, infinities included."""
        return self.finite + self.above + self.below

    @property
    def missing(self) -> int:
        """Nulls and NaN."""
        return self.nulls + self.nans

    @property
    def infinite(self) -> int:
        """Infinite values."""
        return self.above + self.below

    @property
    def n(self) -> int:
        """Rows."""
        return self.known + self.missing

    @property
    def filled(self) -> Ints:
        """The bins that hold values."""
        return np.flatnonzero(self.counts).astype(np.int64)

    def quantile(self, q: float) -> float | None:
        """The value below which a share `q` of the finite values lies, interpolated within its bin; None without values.

        It lies in the bin that holds the true quantile: off by at most the bin's width, 1/16 of its distance to the centre.
        """
        total = self.finite
        if not total:
            return None
        upto = np.cumsum(self.counts)
        at = int(np.searchsorted(upto, max(q, 0.0) * total, "left"))
        at = min(at, int(self.filled[-1]))
        (low,), (high,) = self._spans(np.array([at]))
        inside = (q * total - (upto[at] - self.counts[at])) / self.counts[at]
        return float(low + (high - low) * min(max(inside, 0.0), 1.0))

    @property
    def mean(self) -> float | None:
        """The mean of the finite values, by the integer moments; exact to 2^-20 scales (clipped values aside)."""
        from mlops_tui.summaries.binning import Centred

        if self.z1 is None or not self.finite or not isinstance(self.binning, Centred):
            return None
        return self.binning.m + self.binning.s * (self.z1 / self.finite / (1 << MOMENT_BITS))

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the finite values (of the population), by the integer moments."""
        from mlops_tui.summaries.binning import Centred

        if self.z1 is None or self.z2 is None or not self.finite or not isinstance(self.binning, Centred):
            return None
        scale = 1 << MOMENT_BITS
        mean = self.z1 / self.finite / scale
        return self.binning.s * math.sqrt(max(0.0, self.z2 / self.finite / scale - mean * mean))

    def edges(self, bins: int = 10) -> Floats:
        """Inner edges of about `bins` bins with open ends at the quantiles of these values, as `stats.bins.sorted_edges` cuts
        the values themselves: each edge is a bound of our bins.

        A bin that alone holds 1/bins of the values or more stays a bin of its own, and with no more than `bins` filled bins
        each does; other edges are interpolated within their bins.
        """
        filled = self.filled
        if not len(filled):
            return np.empty(0)
        counts, bounds, total = self.counts[filled], self.binning.bounds, self.finite
        own = filled if len(filled) <= bins else filled[counts * bins >= total]
        cuts = [bounds[own], bounds[own + 1]]
        mine = np.isin(filled, own)
        rest, weights = filled[~mine], counts[~mine]
        if len(rest):
            parts = bins if not len(own) else max(2, round(float(weights.sum()) / total * bins))
            wanted = np.arange(1, parts) / parts * weights.sum()
            upto = np.cumsum(weights)
            at = np.searchsorted(upto, wanted, "left")
            low, high = self._spans(rest[at])
            cuts.append(low + (high - low) * (wanted - (upto[at] - weights[at])) / weights[at])
        found = np.unique(np.concatenate(cuts))
        return found[np.isfinite(found)]

    def binned(self, edges: Floats) -> Ints:
        """Rows between edges, interpolated within bins; the last entry counts what is missing, infinities fall into the open
        ends. Shape (len(edges) + 2,), as `stats.bins.bin_counts` gives it."""
        upto = np.rint(self._upto(edges)).astype(np.int64)
        parts = np.diff(np.concatenate([[0], upto, [self.finite]]))
        parts[0] += self.below
        parts[-1] += self.above
        return np.append(parts, self.missing)

    def _upto(self, at: Floats) -> Floats:
        """How many finite values lie below each of these, values evenly spread within their bin. Shape as `at`'s."""
        place = np.clip(np.searchsorted(self.binning.bounds, at, "right") - 1, 0, self.binning.size - 1)
        low, high = self._spans(place)
        before = np.concatenate([[0], np.cumsum(self.counts)])[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.where(high > low, (at - low) / (high - low), at > low)
        return np.asarray(before + np.clip(inside, 0.0, 1.0) * self.counts[place], dtype=np.float64)

    def _spans(self, place: Ints) -> tuple[Floats, Floats]:
        """Where the values of these bins lie: their bounds, at the ends no further than the least and the largest value."""
        low, high = self.binning.bounds[place], self.binning.bounds[place + 1]
        if self.low is not None and self.high is not None:
            low, high = np.clip(low, self.low, self.high), np.clip(high, self.low, self.high)
        low = np.where(np.isfinite(low), low, high)
        return low, np.where(np.isfinite(high), high, low)


def ks(reference: Histogram, current: Histogram) -> float:
    """The Kolmogorov-Smirnov statistic of two histograms of one binning, infinities in order; 0 where a side is empty.

    The distribution functions are compared at the bounds of the bins and where either side begins and ends (a distribution
    that is cut off within a bin shows there). Short of the values' own statistic by less than the mass of a bin.
    """
    if not reference.known or not current.known:
        return 0.0
    ends = [x for side in (reference, current) for x in (side.low, side.high) if x is not None]
    bounds = reference.binning.bounds[1:-1]
    at = np.concatenate([bounds, ends, np.nextafter(ends, np.inf)]) if ends else bounds
    here, there = (
        (np.concatenate([[0.0], side._upto(at), [side.finite]]) + side.below) / side.known for side in (reference, current)
    )
    return float(np.abs(here - there).max())
