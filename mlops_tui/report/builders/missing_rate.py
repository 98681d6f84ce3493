"""What is missing: the share of missing values of each column against the reference, and over time where one moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, NoRows
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.logs import measure, over_time
from mlops_tui.report import axis, words
from mlops_tui.report.builders import common
from mlops_tui.report.chart import Chart, Point, Role, Series
from mlops_tui.stats.rates import wilson

if TYPE_CHECKING:
    from mlops_tui.project import Subject

MOST, MOST_LINES = 12, 5
LEAST = 150
LEAST_CHANGE = 0.01


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """Bars of the columns that miss most, now and in the reference; then, where a finding says that one moved, lines of
    the columns that moved over time. Raises LogError, NoRows."""
    found = [f for f in findings if f.check_name == "missing_rate" and f.value is not None]
    moved = [f for f in found if f.status in ("crit", "warn") and not f.recovery]
    moved.sort(key=lambda f: (dict(f.slice) != dict(where), f.rank))
    first = moved[0] if moved else next((f for f in found if dict(f.slice) == dict(where)), None)
    place = common.place_of(subject, first.slice if first else where)
    names = _names(subject, place)
    current = common.current_window(subject, first)
    reference = first.reference if first is not None and first.reference is not None else subject.windows.reference
    asked = measure.nulls(subject.log, names, [reference, current], where=place.columns, rows=place.rows)
    counts = [(n, asked.value.get((0, (), n), (0, 0)), asked.value.get((1, (), n), (0, 0))) for n in names]
    if not counts[0][1][0] or not counts[0][2][0]:
        raise NoRows("no rows in the windows to compare", where=subject.model, hint=words.span(current))
    charts = [_bars(subject, place, counts, (reference, current), asked.query)]
    targets = list(dict.fromkeys(f.target for f in moved if dict(f.slice) == dict(moved[0].slice)))
    if targets:
        charts.append(_lines(subject, place, targets, moved[0], current))
    return tuple(charts)


def _names(subject: Subject, place: common.Place) -> list[str]:
    score = subject.spec.log.score
    wanted = [*subject.features, *([score.column] if score else []), subject.spec.decision.column, *subject.dimensions]
    names = [n for n in dict.fromkeys(wanted) if n in subject.log.columns and n not in place.columns]
    if not names:
        raise LogError("the log has none of the declared columns", where=subject.model)
    return names


_Counted = tuple[str, tuple[int, int], tuple[int, int]]


def _share(counts: tuple[int, int]) -> float:
    return counts[1] / counts[0] if counts[0] else 0.0


def _bars(
    subject: Subject, place: common.Place, counts: Sequence[_Counted], windows: tuple[Window, Window], query: str
) -> Chart:
    ranked = sorted(counts, key=lambda c: (-abs(_share(c[2]) - _share(c[1])), -_share(c[2]), c[0]))
    some = [c for c in ranked if c[1][1] or c[2][1]]
    shown, left = (some or ranked)[:MOST], len(ranked) - min(len(some or ranked), MOST)
    before, now, loud = [], [], []
    for name, was, today in shown:
        low, high = wilson(today[1], today[0])
        before.append(Point(name, _share(was), n=was[1]))
        now.append(Point(name, _share(today), lo=low, hi=high, n=today[1]))
        if not low <= _share(was) <= high and abs(_share(today) - _share(was)) >= LEAST_CHANGE:
            loud.append(name)
    of = f" in {place.shown}" if place.shown else ""
    told = (
        f"{loud[0]} is missing more often{of}"
        if loud and now[0].y and (now[0].y > (before[0].y or 0))
        else f"Missing values{of}"
    )
    note = f"{left} columns without a missing value or with less change are not drawn." if left else ""
    return Chart(
        id="missing_rate",
        form="bars",
        title=told if loud else f"Missing values{of}: no column moved",
        subtitle=f"{subject.model}, share of rows; n = {shown[0][2][0]:,} now, {shown[0][1][0]:,} in the reference",
        x_title="",
        y_title="share of rows without a value",
        unit="%",
        series=(
            Series(f"reference {words.span(windows[0])}", "reference", tuple(before)),
            Series(f"current {words.span(windows[1])}", "current", tuple(now)),
        ),
        highlight=tuple(loud),
        zero=True,
        note=note,
        query=query,
    )


def _lines(subject: Subject, place: common.Place, targets: Sequence[str], finding: Finding, current: Window) -> Chart:
    span = common.shown_span(subject, finding)
    names = [t for t in targets if t in subject.log.columns][:MOST_LINES]
    hourly = over_time.missing_series(subject.log, names, span, 1, where=place.columns, rows=place.rows)
    hours = common.bucket_hours(span, current, [c[0] for c in hourly.value.values()], LEAST)
    wide = common.widened(span, hours)
    asked = over_time.missing_series(subject.log, names, wide, hours, where=place.columns, rows=place.rows)
    series = []
    for i, name in reversed(list(enumerate(names))):
        role: Role = "worst" if i == 0 else "other"
        points, at = [], wide.start
        while at < wide.end:
            end, counts = at + common.HOUR * hours, asked.value.get(at)
            if counts and counts[0]:
                low, high = wilson(counts[1 + i], counts[0])
                points.append(Point(at, counts[1 + i] / counts[0], end, low, high, counts[0]))
            else:
                points.append(Point(at, None, end, n=0))
            at = end
        inside = [c for at, c in asked.value.items() if current.start <= at < current.end]
        rate = sum(c[1 + i] for c in inside) / max(sum(c[0] for c in inside), 1)
        series.append(Series(name, role, tuple(points), f"{name} {axis.percent(rate)}"))
    of = f" in {place.shown}" if place.shown else ""
    total = sum(c[0] for c in asked.value.values())
    return Chart(
        id=f"missing_rate__{names[0]}",
        form="lines",
        title=f"Missing {names[0]}{of} over time",
        subtitle=f"{subject.model}, per {common.bucket_name(hours)}, {words.span(wide)}, n = {total:,} rows",
        x_title=f"{subject.spec.log.time} (UTC)",
        y_title="share of rows without a value",
        unit="%",
        series=tuple(series),
        marks=common.time_marks(finding, current),
        note=f"Beside each line: the share in the current window ({words.span(current)}).",
        query=asked.query,
    )
