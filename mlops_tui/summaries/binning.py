"""Numbers into fixed bins that never change, so that counts of any two days add up."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int16]

SIDE = 384
"""Bins on each side of the centre: 16 to an octave, from 2^-8 to 2^16 scales away."""
_LOW, _HIGH, _STEPS = -8, 16, 16
_BITS = np.int16((1023 + _LOW) * _STEPS)
_MINUS_ZERO = np.iinfo(np.int64).min
_TOP = 3 if sys.byteorder == "little" else 0
"""Where the 16 highest bits of a double lie: its sign, its exponent and the four bits after it."""
SAMPLE = 20_000
"""Values of a sample that a binning is chosen by."""
COARSE = 0.05
"""The share of a sample that a bin may hold beside its most frequent value; above it the values' own quantiles are used."""
MOST_EDGES = 512


@dataclass(frozen=True)
class Centred:
    """768 bins around `m`, 16 to an octave of |x - m| / s: fine near the centre, coarse far away, clamped at both ends.

    The bin is the top of the bits of |x - m| / s, as in HdrHistogram (G. Tene); the relative width of a bin is at most 1/16
    of the distance to the centre. Bins ascend with the values. `s` is above 0.
    """

    m: float
    s: float

    @property
    def size(self) -> int:
        """How many bins there are."""
        return 2 * SIDE

    def codes(self, values: Floats) -> Codes:
        """The bin of each finite value, 0 to `size` - 1. Shape as the values'."""
        return self.codes_at(self.scaled(values))

    def codes_at(self, scaled: Floats) -> Codes:
        """`codes` of values that are `scaled` already; their memory is contiguous."""
        bits = scaled.view(np.int64)
        lower = np.maximum(bits, _MINUS_ZERO + 1)
        lower += bits >> 63  # below the centre a bin holds its upper bound, which is its lower one in value
        codes = lower.view(np.int16)[_TOP::4].copy()
        below = codes >> 15
        codes &= 0x7FFF
        codes -= _BITS
        np.clip(codes, 0, SIDE - 1, out=codes)
        codes ^= below
        codes += SIDE
        return codes

    def scaled(self, values: Floats) -> Floats:
        """(x - m) / s."""
        with np.errstate(over="ignore"):
            away = values - self.m
            away += 0.0  # minus zero is not below zero
            away /= self.s
        return away

    @cached_property
    def bounds(self) -> Floats:
        """The lower bound of each bin, and infinity: shape (size + 1,), the first is minus infinity."""
        octaves = np.repeat(np.arange(_LOW, _HIGH), _STEPS)
        steps = np.tile(np.arange(_STEPS), _HIGH - _LOW)
        starts = np.ldexp(1.0 + steps / _STEPS, octaves)
        starts[0] = 0.0
        right = self.m + starts * self.s
        left = self.m - np.append(starts[1:], np.inf)[::-1] * self.s
        return np.concatenate([left, right, [np.inf]])


@dataclass(frozen=True)
class Edges:
    """Bins cut at quantiles of a sample, for values that `Centred` tells apart too coarsely: narrow modes that lie far apart.

    `values` are the inner edges, ascending and distinct; bin i holds values[i-1] <= x < values[i]. `m` and `s` serve the
    moments only.
    """

    values: tuple[float, ...]
    m: float = 0.0
    s: float = 1.0

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.values) + 1

    def codes(self, values: Floats) -> Codes:
        """The bin of each finite value, 0 to `size` - 1. Shape as the values'."""
        return np.searchsorted(self.bounds[1:-1], values, side="right").astype(np.int16)

    def scaled(self, values: Floats) -> Floats:
        """(x - m) / s."""
        return Centred(self.m, self.s).scaled(values)

    @cached_property
    def bounds(self) -> Floats:
        """The lower bound of each bin, and infinity: shape (size + 1,), the first is minus infinity."""
        return np.concatenate([[-np.inf], self.values, [np.inf]])


Binning = Centred | Edges


def choose(values: npt.ArrayLike, *, private: bool = False) -> Binning:
    """The binning for values like these: around their median in units of their interquartile range, unless that is too coarse.

    Infinite and missing values say nothing. Of many values a sample is taken by a hash of all of them: the same values, the
    same bins. A bin may hold at most 5 % of the sample beside its most frequent value (that share bounds the error of a
    Kolmogorov-Smirnov distance); otherwise the sample's own quantiles are the edges. Of a `private` column no value is kept:
    its centre and scale are rounded to quarters of a power of two, and its own quantiles are never edges.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Centred(0.0, 1.0)
    if len(known) > SAMPLE:
        seed = int.from_bytes(hashlib.sha256(np.ascontiguousarray(known).tobytes()).digest()[:8], "big")
        known = np.random.default_rng(seed).choice(known, SAMPLE, replace=False)
    centred = Centred(*_centre(known))
    if private:
        return _rounded(centred)
    return centred if coarseness(centred, known) <= COARSE else _quantiles(known, centred)


def coarseness(binning: Binning, known: Floats) -> float:
    """The largest share of the values that one bin holds beside its most frequent value: what it cannot tell apart."""
    distinct, counts = np.unique(known, return_counts=True)
    codes = binning.codes(distinct)
    mass = np.bincount(codes, weights=counts, minlength=binning.size)
    most = np.zeros(binning.size)
    np.maximum.at(most, codes, counts)
    return float((mass - most).max()) / len(known)


def _centre(known: Floats) -> tuple[float, float]:
    """The median, and the interquartile range; where half of the values are one, the median distance of the others from it;
    where all are, a sixteenth of it. Halved on the way, since the distance of the largest doubles is none; 1 / s is finite.
    """
    low, m, high = (float(q) for q in np.quantile(known / 2, [0.25, 0.5, 0.75]))
    s = 2 * (high - low)
    if not s > 0:
        away = np.abs(known / 2 - m)
        away = away[away > 0]
        s = 2 * float(np.median(away)) if len(away) else abs(m) / 8 or 0.25
    return 2 * m + 0.0, min(max(s, 1e-290), 1e290)


def _rounded(centred: Centred) -> Centred:
    s = 2.0 ** round(math.log2(centred.s))
    quarters = centred.m / s * 4
    return Centred(round(quarters) * (s / 4) if abs(quarters) < 2**52 else centred.m, s)


def _quantiles(known: Floats, centred: Centred) -> Edges:
    """Edges at quantiles of the sample, each frequent value in a bin of its own."""
    cuts = np.unique(np.quantile(known, np.arange(1, MOST_EDGES // 2) / (MOST_EDGES // 2), method="inverted_cdf"))
    distinct, counts = np.unique(known, return_counts=True)
    atoms = distinct[counts * MOST_EDGES >= 2 * len(known)]
    edges = np.unique(np.concatenate([cuts, atoms, np.nextafter(atoms, np.inf)]) + 0.0)
    return Edges(tuple(edges.tolist()), centred.m, centred.s)
