"""Since when: the moment from which a rate departs from its usual course."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

Bucket = tuple[datetime, int, int]
"""Start of the bucket, decisions, positives."""
Floats = npt.NDArray[np.float64]

_PRIOR = 20.0
"""Decisions' worth of the overall rate that an hour of the profile is shrunk towards."""
_LEAST_GAIN = 8.0
"""Log-likelihood that a change must gain (4 standard deviations at one moment) before any of the moments is named."""
_LEAST_BEFORE = 0.15
"""Share of the decisions that must lie before the change where the usual course is learned from them."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A change point. `at` is the start of the first bucket after the change, [`lo`, `hi`] holds 95 % of the posterior.

    `before` and `after` are the rates on both sides; `gain` is the log-likelihood gained by the change, discounted by
    the overdispersion of the time before it.
    """

    at: datetime
    lo: datetime
    hi: datetime
    before: float
    after: float
    gain: float


def profile(series: Sequence[Bucket], season: Callable[[datetime], int]) -> dict[int, float]:
    """The usual rate by season (such as the hour of the day), shrunk towards the overall rate; key -1 is the overall rate."""
    total = sum(n for _, n, _ in series)
    overall = (sum(k for _, _, k in series) + 0.5) / (total + 1)
    sums: dict[int, tuple[int, int]] = {}
    for at, n, k in series:
        here = sums.get(season(at), (0, 0))
        sums[season(at)] = (here[0] + n, here[1] + k)
    rates = {key: (k + _PRIOR * overall) / (n + _PRIOR) for key, (n, k) in sums.items()}
    return rates | {-1: overall}


def onset(
    series: Sequence[Bucket],
    *,
    baseline: float | None = None,
    season: Callable[[datetime], int] | None = None,
    window: datetime | None = None,
    least: int = 1,
) -> Onset | None:
    """The moment from which the rate stays away from its usual course, or None when no moment stands out.

    A binomial likelihood-ratio change point (D. V. Hinkley, 1970) with one shift of the log-odds after the change. The
    usual course is `baseline` where given, else the rate of the time before the change, by `season` (such as the hour of
    the day), fitted again as the change point moves. `window` is the start of a window that is known to be off: the
    shift is then that of the window, so that a wandering rate is not dated to where it first wandered. `series` is in
    order of time; the change has at least `least` buckets on both sides.
    """
    buckets = [b for b in series if b[1] > 0]
    if len(buckets) < 2 * least or len(buckets) < 2:
        return None
    n = np.array([b[1] for b in buckets], dtype=np.float64)
    k = np.array([b[2] for b in buckets], dtype=np.float64)
    keys = [season(b[0]) if season else 0 for b in buckets]
    first = least
    if baseline is None:
        first = max(least, int(np.searchsorted(np.cumsum(n), _LEAST_BEFORE * n.sum())) + 1)
    if first > len(n) - least:
        return None
    off = len(n) if window is None else sum(b[0] < window for b in buckets)
    off = 0 if off >= len(n) else off
    cut = max(first, off) if off else _first_guess(n, k, first)
    for _ in range(8):
        usual = np.full(len(n), _clip(baseline)) if baseline is not None else _course(buckets, keys, cut)
        gains, shift = _gains(n, k, usual, max(cut, off), first, least)
        new = int(np.argmax(gains))
        if new == cut:
            break
        cut = new
    dispersion = _dispersion(n[:cut], k[:cut], usual[:cut])
    gains = gains / dispersion
    # what is learned from few decisions is itself unsure: the difference of two rates has the variance of both
    sure = 1.0 if baseline is not None else float(n[:cut].sum() / n.sum())
    if not shift or gains[cut] * sure < _LEAST_GAIN:
        return None
    lo, hi = _credible(gains)
    before, after = float(np.average(usual, weights=n)), float(k[cut:].sum() / n[cut:].sum())
    return Onset(buckets[cut][0], buckets[lo][0], buckets[hi][0], before, after, float(gains[cut] * sure))


def _clip(rate: float) -> float:
    return min(max(rate, 1e-6), 1 - 1e-6)


def _course(buckets: Sequence[Bucket], keys: Sequence[int], cut: int) -> Floats:
    """The usual rate of every bucket, learned from those before the cut."""
    found = dict(zip([b[0] for b in buckets], keys, strict=True))
    rates = profile(buckets[:cut], found.__getitem__)
    return np.array([_clip(rates.get(key, rates[-1])) for key in keys])


def _first_guess(n: Floats, k: Floats, first: int) -> int:
    """The cut of two constant rates with the greatest likelihood, at `first` or later."""

    def likelihood(good: Floats, total: Floats) -> Floats:
        rate = np.clip(good / total, 1e-9, 1 - 1e-9)
        return good * np.log(rate) + (total - good) * np.log(1 - rate)

    head_n, head_k = np.cumsum(n)[:-1], np.cumsum(k)[:-1]
    both = likelihood(head_k, head_n) + likelihood(k.sum() - head_k, n.sum() - head_n)
    return int(np.argmax(both[first - 1 :])) + first


def _shift(n: Floats, k: Floats, usual: Floats) -> float:
    """The shift of the log-odds that fits these buckets best (Newton), kept finite by half a decision on both sides."""
    logit = np.log(usual / (1 - usual))
    delta = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(logit + delta)))
        p = np.clip(p, 1e-12, 1 - 1e-12)
        slope = float((k - n * p).sum() + 0.5 - p.mean())
        curve = float((n * p * (1 - p)).sum() + (p * (1 - p)).mean())
        step = max(-2.0, min(2.0, slope / max(curve, 1e-9)))
        delta += step
        if abs(step) < 1e-9 or abs(delta) > 30:
            break
    return delta


def _gains(n: Floats, k: Floats, usual: Floats, off: int, first: int, least: int) -> tuple[Floats, float]:
    """For each bucket, the log-likelihood gained when the shift fitted from `off` on begins there; -inf where it may not."""
    delta = _shift(n[off:], k[off:], usual[off:])
    shifted = np.clip(1 / (1 + np.exp(-(np.log(usual / (1 - usual)) + delta))), 1e-12, 1 - 1e-12)
    each = k * np.log(shifted / usual) + (n - k) * np.log((1 - shifted) / (1 - usual))
    gains = np.cumsum(each[::-1])[::-1].copy()
    gains[:first] = -math.inf
    gains[len(gains) - least + 1 :] = -math.inf
    return gains, delta


def _dispersion(n: Floats, k: Floats, usual: Floats) -> float:
    """Pearson's chi-squared by its degrees of freedom before the change: how much more rates vary than coins. At least 1."""
    if len(n) < 3:
        return 1.0
    return max(1.0, float(((k - n * usual) ** 2 / (n * usual * (1 - usual))).sum() / (len(n) - 1)))


def _credible(gains: Floats) -> tuple[int, int]:
    """The first and last bucket of the 95 % highest-posterior set, under a flat prior on the change point."""
    weight = np.exp(gains - gains.max())
    weight /= weight.sum()
    order = np.argsort(-weight, kind="stable")
    inside = order[: int(np.searchsorted(np.cumsum(weight[order]), 0.95)) + 1]
    return int(inside.min()), int(inside.max())
