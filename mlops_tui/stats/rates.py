"""Rates with their uncertainty: intervals, tests, and many tests at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from mlops_tui.stats.tails import normal_sf

_SMALL = 5.0
"""Below this many expected counts in a cell the normal approximation is left for Fisher's test."""


def wilson(k: int, n: int, conf: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a rate (E. B. Wilson, 1927). (0, 1) where n is 0."""
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + conf / 2)
    p, zz = k / n, z * z
    middle = (p + zz / (2 * n)) / (1 + zz / n)
    half = z / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return (0.0 if k == 0 else max(0.0, middle - half)), (1.0 if k == n else min(1.0, middle + half))


def newcombe(k1: int, n1: int, k0: int, n0: int, conf: float = 0.95) -> tuple[float, float]:
    """The interval of p1 - p0 from two Wilson intervals (R. G. Newcombe, 1998, method 10). (-1, 1) where a side is empty."""
    if n1 <= 0 or n0 <= 0:
        return -1.0, 1.0
    p1, p0 = k1 / n1, k0 / n0
    (l1, u1), (l0, u0) = wilson(k1, n1, conf), wilson(k0, n0, conf)
    diff = p1 - p0
    return (
        diff - math.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2),
        diff + math.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2),
    )


def two_proportion(k1: int, n1: int, k0: int, n0: int) -> tuple[float, float]:
    """(z, p) of "p1 and p0 are the same", two-sided. (0, 1) where a side is empty.

    z is the pooled score statistic; where an expected count is below 5, p is Fisher's exact test with the mid-p
    correction (H. O. Lancaster, 1961), which the normal tail would flatter.
    """
    if n1 <= 0 or n0 <= 0:
        return 0.0, 1.0
    pooled = (k1 + k0) / (n1 + n0)
    spread = pooled * (1 - pooled) * (1 / n1 + 1 / n0)
    if spread <= 0:
        return 0.0, 1.0
    z = (k1 / n1 - k0 / n0) / math.sqrt(spread)
    if min(n1, n0) * min(pooled, 1 - pooled) < _SMALL:
        return z, _fisher_mid_p(k1, n1, k0, n0)
    return z, 2 * normal_sf(abs(z))


def _fisher_mid_p(k1: int, n1: int, k0: int, n0: int) -> float:
    """Two-sided mid-p: tables less likely than the one seen, and half of those equally likely."""
    total = k1 + k0
    if total > n1 + n0 - total:
        k1, k0 = n1 - k1, n0 - k0
        total = k1 + k0

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    whole = log_choose(n1 + n0, total)

    def log_table(k: int) -> float:
        return log_choose(n1, k) + log_choose(n0, total - k) - whole

    seen = log_table(k1)
    less = equal = 0.0
    for k in range(max(0, total - n0), min(n1, total) + 1):
        here = log_table(k)
        if here < seen - 1e-7:
            less += math.exp(here)
        elif here <= seen + 1e-7:
            equal += math.exp(here)
    return min(1.0, less + equal / 2)


def beyond(k: int, n: int, bound: float) -> float:
    """One-sided p of "the rate is no further from the bound than the bound itself", by Wilson's score statistic.

    Small when k/n lies significantly beyond `bound`, on whichever side it lies.
    """
    if n <= 0:
        return 1.0
    if bound <= 0 or bound >= 1:
        return 0.0 if k / n != bound else 1.0
    return normal_sf(abs(k / n - bound) / math.sqrt(bound * (1 - bound) / n))


def _entropy_part(k: float, mean: float) -> float:
    return k * math.log(k / mean) if k > 0 else 0.0


def rate_deviance(k1: int, n1: int, k0: int, n0: int) -> float:
    """The likelihood-ratio statistic G² of two rates being one (1 degree of freedom); 0 where a side is empty.

    It adds up over independent slices, so that the slice in which a move lies carries nearly all of it
    and a coarser slice that dilutes the move carries less.
    """
    if n1 <= 0 or n0 <= 0:
        return 0.0
    pooled = (k1 + k0) / (n1 + n0)
    total = sum(_entropy_part(k, n * pooled) + _entropy_part(n - k, n * (1 - pooled)) for k, n in ((k1, n1), (k0, n0)))
    return max(0.0, 2 * total)


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """q-values: the false-discovery rate at which each hypothesis falls (Benjamini & Hochberg, 1995), in the given order."""
    m = len(ps)
    order = sorted(range(m), key=lambda i: ps[i])
    out = [1.0] * m
    least = 1.0
    for rank in range(m, 0, -1):
        i = order[rank - 1]
        least = min(least, ps[i] * m / rank)
        out[i] = least
    return out
