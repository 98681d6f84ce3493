"""Is a value beyond its usual course? What counts alone cannot say: rates and distributions vary more than coins do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mlops_tui.stats.tails import normal_log_sf, student_log_p

_MAD = 1.4826
"""Makes the median absolute deviation of a normal variable its standard deviation."""
_LEAST = 4
"""Earlier values that are needed before anything is called usual."""
_LEAST_SAME = 3
"""Earlier values of the same season that are needed before it is looked at."""
_ALIKE = 5.0
"""Spreads that the values of one season may lie apart and still tell one story (four normal values: 4.4 in 99 of 100)."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What earlier values say of one: `middle`, its `spread` as a standard deviation, how many `samples`, and the log of the
    two-sided probability that the usual course gives a value as far away."""

    middle: float
    spread: float
    samples: int
    log_p: float


def usual(
    value: float, earlier: Sequence[tuple[int, float]], *, noise: float, noise_earlier: float | None = None
) -> Usual | None:
    """Hold a value against earlier ones, given as (season, value), such as the weekday; season 0 is that of the value.

    `noise` is the standard deviation that sampling alone gives the value, `noise_earlier` an earlier one (None: the same).
    What earlier values vary beyond that is learned, robustly (a median absolute deviation, which a past incident does not
    inflate), and the tail is Student's where something was learned, normal where sampling explains it all. Values of the
    same season are taken alone where they agree among themselves, lie apart from the others and make the value more usual:
    a Sunday is like its Sundays; an incident of two weeks is not the usual course of its weekdays. None below four earlier
    values.
    """
    if len(earlier) < _LEAST:
        return None
    every = [x for _, x in earlier]
    floor = noise if noise_earlier is None else noise_earlier
    learned = _spread(every)
    extra = math.sqrt(max(0.0, learned**2 - floor**2))
    df = len(every) - 1 if extra else None
    found = _held(value, every, math.hypot(extra, noise), math.hypot(extra, floor), df)
    same = [x for season, x in earlier if season == 0]
    each = max(floor, learned)
    if len(same) >= _LEAST_SAME and max(same) - min(same) <= _ALIKE * each and abs(median(same) - found.middle) > each:
        alone = _held(value, same, math.hypot(extra, noise), math.hypot(extra, floor), df)
        found = max(found, alone, key=lambda u: u.log_p)
    return found


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return _MAD * median(abs(x - middle) for x in values) * math.sqrt(len(values) / (len(values) - 1))


def _held(value: float, values: Sequence[float], own: float, each: float, df: int | None) -> Usual:
    middle = median(values)
    spread = max(math.hypot(own, each / math.sqrt(len(values))), 1e-12)
    t = (value - middle) / spread
    log_p = math.log(2) + normal_log_sf(abs(t)) if df is None else student_log_p(t, df)
    return Usual(middle, spread, len(values), min(0.0, log_p))
