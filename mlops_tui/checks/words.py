"""Numbers and moves in plain words, for the one sentence that a Finding says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import describe_slice
from mlops_tui.core.leave import SMALL_CELL, one_line
from mlops_tui.core.window import Compare

AGAINST: Mapping[Compare, str] = {
    "day_over_day": "the day before",
    "week_over_week": "a week before",
    "reference": "the reference",
}
"""What a comparison is made with, as the end of a sentence."""

_RATES = {
    "approved": "Approval rate",
    "approve": "Approval rate",
    "accepted": "Acceptance rate",
    "granted": "Grant rate",
    "rejected": "Rejection rate",
    "declined": "Decline rate",
    "operated": "Operation rate",
}
_PLAIN_TRUTHS = {"1", "true", "t", "yes", "y", "1.0", "positive"}


def rate_name(positive: str) -> str:
    """What the rate of a positive decision is called: `Approval rate`, or `Share of premium decisions`."""
    known = _RATES.get(positive.strip().lower())
    if known:
        return known
    plain = positive.strip().lower() in _PLAIN_TRUTHS
    return f"Share of {'positive' if plain else one_line(positive, most=30)} decisions"


def percent(rate: float) -> str:
    """A share: `61.2%`, `0.04%` where one decimal would hide it."""
    shown = f"{rate * 100:.1f}"
    return f"{rate * 100:.2g}%" if shown in ("0.0", "-0.0") and rate else f"{shown}%"


def points(change: float) -> str:
    """A difference of shares in points, with its sign and without the word: `-20.9`."""
    shown = f"{change * 100:+.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown


def number(value: float) -> str:
    """A measured value to four significant digits: `1,235`, `0.3517`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def moment(at: datetime) -> str:
    """A moment in UTC to the minute: `2026-10-13 09:00Z`."""
    return f"{at:%Y-%m-%d %H:%M}Z"


def place(where: Mapping[str, str]) -> str:
    """Where, within a sentence: ` of region=ES`, or ` overall`."""
    return f" of {one_line(describe_slice(where), most=120)}" if where else " overall"


def told(n: int) -> str:
    """A count of rows as a sentence may tell it, since sentences leave: `fewer than 10`, `2,611`."""
    return f"fewer than {SMALL_CELL}" if 0 < n < SMALL_CELL else f"{n:,}"


def rows(n: int, one: str) -> str:
    """`fewer than 10 decisions`, `2,611 decisions`."""
    return f"{told(n)} {one}s"


def plural(n: int, one: str, many: str = "") -> str:
    """`1 decision`, `2,611 decisions`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def reason(error: RunbookError) -> str:
    """An error as the end of a sentence, safe to show."""
    return one_line(str(error), most=240).rstrip(".")
