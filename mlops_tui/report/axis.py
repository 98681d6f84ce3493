"""Scales and the numbers beside them: domains, round ticks, values with their unit. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mlops_tui.report.chart import Chart

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def y_domain(chart: Chart, *, intervals: bool = True) -> tuple[float, float]:
    """The lowest and highest y that must be seen, with a little air; from zero where the chart says so.

    Rates stay within 0 and 1. Never an empty stretch. `intervals` says whether those of the loud series must be seen too.
    """
    values = list(_seen(chart, intervals))
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if chart.zero or chart.form != "lines":
        high = high * 1.06
        return 0.0, high if high > 0 else 1.0
    air = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    low, high = low - air, high + air
    return (max(low, 0.0), min(high, 1.0)) if chart.unit == "%" else (low, high)


def _seen(chart: Chart, intervals: bool) -> Iterable[float]:
    for series in chart.series:
        for p in series.points:
            if p.y is None:
                continue
            yield p.y
            # An interval far wider than the data would squeeze it flat: only the loud series' intervals set the scale.
            if intervals and series.role in ("worst", "reference") and chart.form == "lines":
                yield from (v for v in (p.lo, p.hi) if v is not None)
    if chart.band is not None:
        yield from (chart.band.lo, chart.band.hi)


def ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """At most `most` round numbers (steps of 1, 2, 2.5 or 5 times a power of ten) within `low..high`."""
    if most < 1 or high <= low:
        return ()
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _STEPS if s * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(i * step, 12) + 0.0 for i in range(first, last + 1))


def number(value: float, unit: str = "", step: float | None = None) -> str:
    """A value beside an axis: `61%`, `0.25`, `1,200`, `24k`, `1.5M`. `step` is the distance of ticks, for the decimals."""
    if unit == "%":
        digits = 0 if step is None else _decimals(step * 100)
        return f"{value * 100:.{digits}f}%"
    magnitude = max(abs(value), step or 0.0)
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if magnitude >= size:
            scale = 1e3 if letter == "k" else size
            return f"{value / scale:.{_decimals((step or scale) / scale)}f}{letter}" if value else "0"
    digits = _decimals(step) if step else (0 if float(value).is_integer() else 2)
    return f"{value:,.{digits}f}"


def _decimals(step: float) -> int:
    for digits in range(6):
        if abs(step * 10**digits - round(step * 10**digits)) < 1e-6:
            return digits
    return 6


def percent(value: float) -> str:
    """A share for people: `12.3%`; what is not zero never reads as zero."""
    if 0 < value < 0.0005:
        return "<0.1%"
    return f"{value * 100:.1f}%"


def measured(value: float, unit: str) -> str:
    """A value beside its bar: a share as `12.3%`, a distance to two digits, a count as on an axis."""
    if unit == "psi":
        return f"{value:.2f}" if value >= 0.095 or value <= 0 else f"{value:.1g}"
    return percent(value) if unit == "%" else number(value, unit)


def points(change: float) -> str:
    """A change of a share in points, with its sign: `+17.8 pp`."""
    shown = round(change * 100, 1) + 0.0
    return f"{shown:+.1f} pp" if shown else "0.0 pp"


def days(start: datetime, end: datetime, most: int) -> tuple[datetime, ...]:
    """At most `most` midnights (UTC) within `start..end`; hours 0, 6, 12, 18 where there are fewer than two midnights."""
    step = timedelta(days=1)
    if end - start < timedelta(days=2):
        step = timedelta(hours=6)
    while (end - start) / step > most:
        step = step * 2 if step >= timedelta(days=1) else timedelta(days=1)
    origin = datetime(1970, 1, 5, tzinfo=UTC)
    first = origin + step * math.ceil((start - origin) / step)
    out = []
    while first <= end:
        out.append(first)
        first += step
    return tuple(out)


def day_label(moment: datetime) -> str:
    """`Tue 13 Oct`, or `13 Oct 06h` within a day."""
    return f"{moment:%a} {moment.day} {moment:%b}" if moment.hour == 0 else f"{moment:%H}h"
