"""How many rows were to be expected, learned from the same hours of earlier days and weeks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mlops_tui.stats.tails import student_log_p, surprise

_MAD = 1.4826
"""Makes the median absolute deviation of a normal variable its standard deviation."""
_LEAST_SAME = 4
"""Windows of the same weekday that are needed before the other weekdays are left out of the expectation."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a count is held against: the usual count, and its spread as a standard deviation of the logarithm.

    `z` is the surprise in standard deviations with the sign of the move, `log_p` the two-sided probability (Student's t
    with `df` degrees of freedom), [`lo`, `hi`] what 95 % of such windows hold.
    """

    count: float
    spread: float
    df: int
    samples: int
    z: float
    log_p: float
    lo: float
    hi: float


def expected(count: int, earlier: Sequence[tuple[int, int]]) -> Expected | None:
    """Hold a count against earlier windows of the same hours, given as (season, count), such as (weekday, rows).

    `season` 0 is that of the count itself. With four or more windows of that season its median is the expectation and
    the others only lend their spread around their own medians; else all windows count alike, with the wider spread that
    this means. Counts vary more than Poisson, so the spread is learned (a median absolute deviation of the logarithms,
    which a past incident does not inflate) and Poisson is only its floor. None below three windows.
    """
    if len(earlier) < 3:
        return None
    same = [n for season, n in earlier if season == 0]
    if len(same) >= _LEAST_SAME:
        groups: dict[int, list[float]] = {}
        for season, n in earlier:
            groups.setdefault(season, []).append(_log(n))
    else:
        same = [n for _, n in earlier]
        groups = {0: [_log(n) for n in same]}
    usual = median(same)
    residuals = [x - median(xs) for xs in groups.values() if len(xs) > 1 for x in xs]
    df = max(1, len(residuals) - sum(len(xs) > 1 for xs in groups.values()))
    learned = _MAD * median(abs(r) for r in residuals) * math.sqrt(len(residuals) / df)
    floor = 1 / (usual + 0.5) + 1 / (usual + 0.5) / len(same)
    spread = math.sqrt(max(learned**2 * (1 + 1 / len(same)), floor))
    t = (_log(count) - _log(usual)) / spread
    log_p = student_log_p(t, df)
    reach = _quantile(df) * spread
    return Expected(
        count=usual,
        spread=spread,
        df=df,
        samples=len(earlier),
        z=math.copysign(surprise(log_p), t),
        log_p=log_p,
        lo=max(0.0, math.exp(_log(usual) - reach) - 0.5),
        hi=math.exp(_log(usual) + reach) - 0.5,
    )


def _log(n: float) -> float:
    return math.log(n + 0.5)


def _quantile(df: int) -> float:
    """The 97.5 % point of Student's t, by bisection."""
    lo, hi = 0.0, 100.0
    for _ in range(60):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if student_log_p(middle, df) > math.log(0.05) else (lo, middle)
    return hi
