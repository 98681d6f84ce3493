"""How far two distributions lie apart, and how far they would by chance alone.

Counts are one-dimensional and aligned: bin i of both sides is the same bin, those of missing and unseen values included.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mlops_tui.stats.tails import chi2_log_sf

Counts = npt.ArrayLike
LAPLACE = 0.5


def filled(reference: Counts, current: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Both sides without the bins that are empty on both: such a bin says nothing until it is smoothed."""
    r, c = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    some = (r + c) > 0
    return r[some], c[some]


def _shares(counts: Counts, smoothing: float) -> npt.NDArray[np.float64]:
    values = np.asarray(counts, dtype=np.float64) + smoothing
    total = values.sum()
    return values / total if total > 0 else values


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index, sum((c - r) ln(c / r)) over bins filled on a side, each count smoothed by Laplace 0.5.

    Bands of the credit industry: 0.1 moderate, 0.25 major (N. Siddiqi, 2006). 0 where a side is empty.
    """
    if np.sum(reference) == 0 or np.sum(current) == 0:
        return 0.0
    r, c = (_shares(side, LAPLACE) for side in filled(reference, current))
    return float(np.sum((c - r) * np.log(c / r)))


def psi_noise(bins: int, n_reference: int, n_current: int) -> float:
    """PSI expected with no drift at all, over `bins` filled bins: (bins - 1)(1/n_reference + 1/n_current) (B. Yurdakul, 2018).

    0 where a side is empty.
    """
    if n_reference <= 0 or n_current <= 0:
        return 0.0
    return max(0, bins - 1) * (1 / n_reference + 1 / n_current)


def homogeneity(reference: Counts, current: Counts) -> tuple[float, int]:
    """(statistic, degrees of freedom) of Pearson's chi-squared test that both sides come from one distribution.

    Bins in which the smaller side expects fewer than 5 are first pooled into one (W. G. Cochran, 1954): the statistic
    of a thousand near-empty bins does not follow chi-squared. (0, 0) where nothing can be tested.
    """
    r, c = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    n, m = r.sum(), c.sum()
    if n == 0 or m == 0:
        return 0.0, 0
    both = r + c
    rare = both * min(n, m) / (n + m) < 5
    if rare.any():
        r = np.append(r[~rare], r[rare].sum())
        c = np.append(c[~rare], c[rare].sum())
    both = r + c
    r, c, both = r[both > 0], c[both > 0], both[both > 0]
    if len(both) < 2:
        return 0.0, 0
    expected_r, expected_c = both * n / (n + m), both * m / (n + m)
    statistic = np.sum((r - expected_r) ** 2 / expected_r) + np.sum((c - expected_c) ** 2 / expected_c)
    return float(statistic), len(both) - 1


def psi_log_p(reference: Counts, current: Counts) -> float:
    """log of the p-value of "nothing drifted", by `homogeneity`; 0 where nothing can be tested."""
    statistic, df = homogeneity(reference, current)
    return chi2_log_sf(statistic, df) if df else 0.0


def psi_test(reference: Counts, current: Counts) -> float:
    """p-value of "nothing drifted", by `homogeneity`; 1 where nothing can be tested."""
    return math.exp(psi_log_p(reference, current))


def kl(current: Counts, reference: Counts, *, smoothing: float = LAPLACE) -> float:
    """Kullback-Leibler divergence KL(current || reference) in nats, smoothed by Laplace 0.5 unless told otherwise.

    Infinite without smoothing where the current side has a bin that the reference lacks.
    """
    if np.sum(reference) == 0 or np.sum(current) == 0:
        return 0.0
    q, p = (_shares(side, smoothing) for side in filled(reference, current))
    seen = p > 0
    if np.any(q[seen] == 0):
        return math.inf
    return max(0.0, float(np.sum(p[seen] * np.log(p[seen] / q[seen]))))


def js(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance: the root of the divergence, in nats (at most sqrt(ln 2) = 0.8326). No smoothing needed.

    0 where a side is empty. Source: J. Lin, 1991; D. M. Endres and J. E. Schindelin, 2003 (the root is a metric).
    """
    if np.sum(reference) == 0 or np.sum(current) == 0:
        return 0.0
    p, q = _shares(reference, 0), _shares(current, 0)
    middle = (p + q) / 2
    total = 0.0
    for side in (p, q):
        seen = side > 0
        total += float(np.sum(side[seen] * np.log(side[seen] / middle[seen]))) / 2
    return math.sqrt(max(0.0, total))


def ks_two_sample(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """The Kolmogorov-Smirnov statistic of two samples: the greatest distance of their distribution functions. NaN must be gone.

    0 where a side is empty; infinities are ordered like any value.
    """
    return ks_sorted(np.sort(np.asarray(a, dtype=np.float64)), np.sort(np.asarray(b, dtype=np.float64)))


def ks_sorted(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """`ks_two_sample` of values in ascending order, in time of the smaller sample.

    Between two neighbours of the smaller sample its distribution function stands still and the other's only rises, so
    that the greatest distance lies at a neighbour or just before it.
    """
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    n, m = len(few), len(many)
    if not n:
        return 0.0
    steps = np.arange(n + 1, dtype=np.float64) / n
    above = steps[1:] - np.searchsorted(many, few, "right") / m
    below = np.searchsorted(many, few, "left") / m - steps[:-1]
    return float(max(above.max(), below.max()))


def ks_from_counts(reference: Counts, current: Counts) -> float:
    """The Kolmogorov-Smirnov statistic of two aligned, ordered histograms: a lower bound of that of the values."""
    if np.sum(reference) == 0 or np.sum(current) == 0:
        return 0.0
    gap = np.cumsum(_shares(reference, 0)) - np.cumsum(_shares(current, 0))
    return float(np.abs(gap).max())
