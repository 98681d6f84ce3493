"""Moves of a rate between windows: what decision_rate and missing_rate share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_tui.core.window import Window
from mlops_tui.stats.rates import benjamini_hochberg, newcombe, rate_deviance, two_proportion

_OFF = 0.01
"""p below which the comparison window counts as off the reference."""


@dataclass(frozen=True, slots=True)
class Counts:
    """`k` of `n`."""

    k: int
    n: int

    @property
    def rate(self) -> float | None:
        """The share; None where n is 0."""
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Move:
    """Two counts compared. `score` is the root of the likelihood-ratio statistic; `p` two-sided; `interval` 95 %."""

    change: float
    interval: tuple[float, float]
    p: float
    score: float


def move(now: Counts, before: Counts) -> Move:
    """How a rate moved; both sides must have rows."""
    assert now.rate is not None and before.rate is not None
    return Move(
        change=now.rate - before.rate,
        interval=newcombe(now.k, now.n, before.k, before.n),
        p=two_proportion(now.k, now.n, before.k, before.n)[1],
        score=math.sqrt(rate_deviance(now.k, now.n, before.k, before.n)),
    )


def recovers(now: Counts, before: Counts, reference: Counts) -> bool:
    """Whether the move from `before` to `now` leads back to the reference.

    The comparison window was off the reference by more than chance, by at least half of the move, on the side from which
    the rate now returns; and now it is nearer to the reference than it was.
    """
    if now.rate is None or before.rate is None or reference.rate is None:
        return False
    away, step = reference.rate - before.rate, now.rate - before.rate
    if away * step <= 0 or abs(away) < abs(step) / 2 or abs(now.rate - reference.rate) >= abs(away):
        return False
    return two_proportion(before.k, before.n, reference.k, reference.n)[1] < _OFF


def q_values(ps: Iterable[float | None]) -> list[float | None]:
    """q-values over the tests that were made; None stays None."""
    listed = list(ps)
    made = iter(benjamini_hochberg([p for p in listed if p is not None]))
    return [None if p is None else next(made) for p in listed]


def history(reference: Window, baseline: Window, now: datetime) -> Window:
    """The stretch in which an onset is looked for: from the reference (or the comparison window, if earlier) to now.

    A reference far in the past is not walked through: at most 60 days before now.
    """
    start = min(reference.start, baseline.start)
    earliest = min(baseline.start, now - timedelta(days=60)) if reference.end >= now - timedelta(days=60) else baseline.start
    return Window(min(max(start, earliest), now), now)


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """The season of a moment: its hour in the project's zone, as people live it."""

    zone: ZoneInfo

    def __call__(self, at: datetime) -> int:
        """0..23."""
        return at.astimezone(self.zone).hour
