"""How a log behaves from day to day: what windows fit its length, and what thresholds its own spread."""

# ruff: noqa: S608 (names pass through `ident`)
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_tui.core.window import Compare, Window, floor_hour
from mlops_tui.govern.guess import Guess, listed
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.literals import ident
from mlops_tui.logs.log import Log

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_DAY = timedelta(days=1)
_LEAST = 30
"""Rows on both sides below which no check tells a move."""
_ENOUGH = 300
"""Rows of a current window that let a move of a few points be told."""
_BINS = 10
_MODERATE = 0.10
"""The credit industry's lower band for PSI (N. Siddiqi, 2006): no bound is learned below it, however still a log lies."""


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of a log: first and newest row not after the clock, the last complete hour, rows by day up to there."""

    first: datetime
    newest: datetime
    now: datetime
    daily: tuple[int, ...]

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.now - self.first) / _DAY

    @property
    def per_day(self) -> int:
        """The median of rows a day over the last five weeks, days without rows aside."""
        some = sorted(n for n in self.daily[-35:] if n)
        return some[len(some) // 2] if some else 0


@dataclass(frozen=True, slots=True)
class Learned:
    """A threshold learned from the log's past: the bound, and what it would have said there."""

    bound: float
    why: str
    by: str | None = None
    compare: Compare = "reference"


def span_of(log: Log, clock: datetime) -> Span | None:
    """The stretch of an opened log up to the clock; None where it has no row before it."""
    newest, first = log.newest(clock), log.oldest()
    if newest is None or first is None:
        return None
    now = max(floor_hour(newest), floor_hour(first) + timedelta(hours=1))
    days = max(1, -((first - now) // _DAY))
    window = Window(now - days * _DAY, now)
    counts = dict(measure.volume_series(log, window, grain="day").value)
    return Span(first, newest, now, tuple(counts.get(window.start + i * _DAY, 0) for i in range(days)))


def windows(span: Span | None) -> tuple[Guess[timedelta], Guess[timedelta]]:
    """The current and the reference window that fit the log's length and its rows a day."""
    if span is None:
        future = "no row lies before this machine's clock, so the length is the usual one"
        return Guess(_DAY, future, sure=False), Guess(28 * _DAY, future, sure=False)
    days, per_day = span.days, span.per_day
    told = f"{per_day:,} rows a day" if per_day else "hardly any rows"
    if days < 2:
        current = max(timedelta(hours=1), timedelta(hours=int(days * 24 / 6)))
        rest = max(timedelta(hours=1), timedelta(hours=int(days * 24)) - current)
        hours = round(days * 24)
        short = f"the log is only {hours} hours long" if hours > 1 else "the log is hardly an hour long"
        return Guess(current, f"{short}: grow it with the log", sure=False), Guess(rest, "the rest of it", sure=False)
    weeks = [d for d in (1, 7, 28) if d + 4 * max(d, 7) <= days and d * per_day >= _ENOUGH]
    fits = [d for d in (1, 7, 28) if d + 4 * max(d, 7) <= days]
    if days < 8:
        whole = max(1, int(days) - 1)
        return Guess(_DAY, told), Guess(whole * _DAY, f"the log is {days:.1f} days long: write 28d when it is", sure=False)
    current_days = weeks[0] if weeks else fits[-1] if fits and per_day * fits[-1] > per_day else 1
    if current_days == 28 and fits and per_day * 7 >= _ENOUGH / 3:
        current_days = 7
    reference_days = min(4 * max(current_days, 7), max(7, int((days - current_days) // 7) * 7))
    if reference_days + current_days > days:
        reference_days = max(1, int(days - current_days))
    plenty = f"{told}: " + (
        "a day is enough to tell a move" if current_days == 1 else f"{current_days} days give {per_day * current_days:,}"
    )
    how = "whole weeks, so that weekdays weigh the same" if reference_days % 7 == 0 else "what the log has"
    return Guess(current_days * _DAY, plenty), Guess(reference_days * _DAY, f"{how}; the log is {days:,.0f} days long")


def learn_rate(
    log: Log, decision: Decision, span: Span, segments: Sequence[str], current: timedelta, reference: timedelta
) -> Learned | None:
    """A threshold for moves of the decision rate, by the segment that serves best; None where the log is too short."""
    days = len(span.daily)
    if days < 3:
        return None
    window = Window(span.now - days * _DAY, span.now)
    whole: dict[str | None, Series] = {}
    by, parts = None, whole
    choices: list[str | None] = [*segments] or [None]
    for segment in choices:
        split = _daily(measure.rate_series(log, decision, window, by=segment, grain="day").value, window, days)
        whole = {None: _sum(split.values())}
        named: dict[str | None, Series] = {k: v for k, v in split.items() if k is not None}
        by, parts = None, whole
        if segment and _served(named, max(1, current // _DAY)):
            by, parts = segment, named | whole
            break
    typical = min((int(np_median(n)) for n, _ in _largest(parts)), default=0)
    compare: Compare = "day_over_day" if current <= _DAY and typical >= 100 else "reference"
    now, back = (1, 1) if compare == "day_over_day" else (max(1, current // _DAY), max(1, reference // _DAY))
    moves = [m for n, k in parts.values() if (m := _moves(n, k, now, back)) is not None]
    if not moves or min(len(m) for m in moves) < 2:
        return None
    return _threshold(moves, compare, by, span)


def learn_psi(
    log: Log, score: str, sample: npt.NDArray[np.float64], span: Span, current: timedelta, reference: timedelta
) -> Learned | None:
    """A threshold for the drift of the score (PSI beyond its noise), cut at quantiles of `sample`; None where the log is too
    short."""
    import numpy as np

    from mlops_tui.stats.bins import quantile_edges
    from mlops_tui.stats.distances import psi, psi_noise

    days, now, back = len(span.daily), max(1, current // _DAY), max(1, reference // _DAY)
    if days < now + back + 2:
        return None
    window = Window(span.now - days * _DAY, span.now)
    name = ident(score)
    edges = quantile_edges(sample, _BINS)
    code = " + ".join(f"({name} >= {float(e)!r})::INT" for e in edges) or "0"
    start = f"epoch_us(TIMESTAMPTZ '{window.start.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00')"
    query = (
        f"SELECT (epoch_us({ident(log.spec.time)}) - {start}) // 86400000000 AS day, {code} AS bin, count(*)"
        f" FROM {ident(log.name)} WHERE {name} IS NOT NULL GROUP BY 1, 2"
    )
    counts = np.zeros((days, len(edges) + 1))
    for day, bin_, n in log.rows(query, [window]):
        if day is not None and 0 <= day < days:
            counts[int(day), int(bin_)] += n
    sums = np.concatenate([np.zeros((1, counts.shape[1])), np.cumsum(counts, axis=0)])
    found = []
    for end in range(now + back, days + 1, max(1, now)):
        here, there = sums[end] - sums[end - now], sums[end - now] - sums[end - now - back]
        n, m = float(here.sum()), float(there.sum())
        if min(n, m) >= _LEAST:
            noise = psi_noise(int(np.sum((here + there) > 0)), int(m), int(n))
            found.append((end, max(0.0, psi(there, here) - noise)))
    if len(found) < 3:
        return None
    usual = float(np.quantile([p for _, p in found], 0.9))
    bound = max(_MODERATE, np.ceil(usual * 1.5 / 0.05) * 0.05)
    beyond = [_date(span, days - end) for end, p in found if p >= bound]
    each = "days" if now == 1 else f"stretches of {now} days"
    why = f"nine in ten of {len(found)} {each} stay under {max(usual, 0.01):.2f}{_fired(beyond)}"
    return Learned(float(bound), why)


# -- inside ----------------------------------------------------------------------------------------------------------------

Series = tuple["npt.NDArray[np.int64]", "npt.NDArray[np.int64]"]
"""Decisions and positives of each day."""


def _daily(
    series: Mapping[str | None, Sequence[tuple[datetime, measure.Rate]]], window: Window, days: int
) -> dict[str | None, Series]:
    import numpy as np

    found: dict[str | None, Series] = {}
    for value, points in series.items():
        n, k = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64)
        for at, rate in points:
            day = (at - window.start) // _DAY
            if 0 <= day < days:
                n[day], k[day] = rate.n, rate.positives
        found[value] = n, k
    return found


def _sum(parts: Iterable[Series]) -> Series:
    import numpy as np

    decisions, positives = zip(*parts, strict=True)
    return np.sum(decisions, axis=0), np.sum(positives, axis=0)


def _largest(parts: Mapping[str | None, Series]) -> list[Series]:
    """The series that hold nine tenths of the rows."""
    ordered = sorted(parts.items(), key=lambda item: (-int(item[1][0].sum()), str(item[0])))
    total, held, found = sum(int(s[0].sum()) for _, s in ordered), 0, []
    for _, s in ordered:
        found.append(s)
        held += int(s[0].sum())
        if held >= 0.9 * total:
            break
    return found


def np_median(values: npt.NDArray[np.int64]) -> float:
    """The median of the days with rows; 0 where there are none."""
    import numpy as np

    some = values[values > 0]
    return float(np.median(some)) if len(some) else 0.0


def _served(split: Mapping[str | None, Series], current: int) -> bool:
    """Whether a segment has enough rows a window in the values that hold nine tenths of them."""
    large = _largest(split)
    return len(split) >= 2 and len(large) <= 20 and min(np_median(n) * current for n, _ in large) >= 2 * _LEAST


def _moves(n: npt.NDArray[np.int64], k: npt.NDArray[np.int64], now: int, back: int) -> list[tuple[int, float, float]] | None:
    """(end day, change of the rate, its standard error) of each stretch of `now` days against the `back` days before it."""
    import numpy as np

    sums = [np.concatenate([[0], np.cumsum(a)]) for a in (n, k)]
    found = []
    for end in range(now + back, len(n) + 1):
        n1, k1 = (int(s[end] - s[end - now]) for s in sums)
        n0, k0 = (int(s[end - now] - s[end - now - back]) for s in sums)
        if min(n1, n0) >= _LEAST:
            p = (k1 + k0 + 1) / (n1 + n0 + 2)
            error = float(np.sqrt(p * (1 - p) * (1 / n1 + 1 / n0)))
            found.append((end, k1 / n1 - k0 / n0, error))
    return found or None


def _threshold(moves: Sequence[Sequence[tuple[int, float, float]]], compare: Compare, by: str | None, span: Span) -> Learned:
    """Four robust standard deviations of the moves (from their median size), or the largest move of 19 in 20 days where that
    is more; in whole points, 2 at least and 50 at most."""
    import numpy as np

    sizes = np.abs([change for m in moves for _, change, _ in m])
    spread = float(np.median(sizes)) / 0.6745
    largest: dict[int, float] = {}
    for end, change, _ in (move for m in moves for move in m):
        largest[end] = max(largest.get(end, 0.0), abs(change))
    rare = float(np.quantile(list(largest.values()), 0.95))
    bound = float(np.clip(np.ceil(100 * max(4 * spread, rare) - 1e-9), 2, 50)) / 100
    fired = sorted({end for m in moves for end, change, error in m if abs(change) >= bound and abs(change) > 3 * error})
    days = len(span.daily)
    half = float(np.median(sizes)) * 100
    usual = f"half of all moves stay under {half:.1f} points" if half >= 0.05 else "the rate hardly moves"
    over = "day over day" if compare == "day_over_day" else "against the reference"
    of = f" of {len(largest)} days" if largest else ""
    told = _fired([_date(span, days - end) for end in fired], of)
    return Learned(bound, f"{over} {usual}{told}", by, compare)


def _date(span: Span, before: int) -> str:
    """The day that ends `before` days ahead of the log's end (its last moment's date)."""
    return f"{span.now - before * _DAY - timedelta(seconds=1):%Y-%m-%d}"


def _fired(dates: Sequence[str], of: str = "") -> str:
    if not dates:
        return f"; beyond the bound on none{of or ' of them'}"
    return f"; beyond the bound on {len(dates)}{of or ' of them'}: {listed(dates, 3)}"
