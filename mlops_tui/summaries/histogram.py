"""One column's counts over a stretch of time: what can be told of its values without having them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_tui.summaries import many
from mlops_tui.summaries.binning import Binning

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOMENT_BITS = 20
"""Moments are sums of round(z * 2^20) and round(z^2 * 2^20) with z = (x - m) / s."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each bin (shape (binning.size,)), and how many lie in none: null, NaN, infinite.

    `low` and `high` are the least and the largest finite value (None: private, or there is none); `z1` and `z2` the integer
    moments (None: not counted). `positives` are the rows of each bin with a positive decision, of the score.
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
        start, end = float(self.binning.bounds[at]), float(self.binning.bounds[at + 1])
        if self.low is not None and self.high is not None:
            start, end = max(start, self.low), min(end, self.high)
        start, end = (start if math.isfinite(start) else end), (end if math.isfinite(end) else start)
        inside = (q * total - (upto[at] - self.counts[at])) / self.counts[at]
        return float(start + (end - start) * min(max(inside, 0.0), 1.0))

    @property
    def mean(self) -> float | None:
        """The mean of the finite values, by the integer moments; exact to 2^-20 scales (clipped values aside)."""
        if self.z1 is None or not self.finite:
            return None
        return self.binning.m + self.binning.s * (self.z1 / self.finite / (1 << MOMENT_BITS))

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the finite values (of the population), by the integer moments."""
        if self.z1 is None or self.z2 is None or not self.finite:
            return None
        scale = 1 << MOMENT_BITS
        mean = self.z1 / self.finite / scale
        return self.binning.s * math.sqrt(max(0.0, self.z2 / self.finite / scale - mean * mean))

    def edges(self, bins: int = many.BINS) -> Floats:
        """Inner edges of about `bins` bins with open ends at the quantiles of these values; see `many.edges`."""
        found: Floats = many.edges(self.binning.bounds, self.side, bins)[0]
        return found[np.isfinite(found)]

    def binned(self, edges: Floats) -> Ints:
        """Rows between edges, then those that are missing: shape (len(edges) + 2,), as `stats.bins.bin_counts` gives it."""
        found: Ints = many.binned(self.binning.bounds, self.side, edges[None, :])[0]
        return found

    @property
    def side(self) -> many.Side:
        """The histogram as the one group of a side."""
        ends = (np.array([np.nan if x is None else x]) for x in (self.low, self.high))
        counts = (np.array([x], dtype=np.int64) for x in (self.below, self.above, self.missing))
        return many.Side(self.counts[None, :], *ends, *counts)


def ks(reference: Histogram, current: Histogram) -> float:
    """The Kolmogorov-Smirnov statistic of two histograms of one binning; see `many.ks`."""
    return float(many.ks(reference.binning.bounds, reference.side, current.side)[0])
