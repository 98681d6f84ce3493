"""The rows of each upstream source over time, against the same hours of the weeks before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.report import words
from mlops_tui.report.builders import common
from mlops_tui.report.chart import Chart, Point, Series

if TYPE_CHECKING:
    from mlops_tui.logs.log import Log
    from mlops_tui.project import Subject

WEEK = timedelta(days=7)
WEEKS = 4
MOST = 3
MOST_HOURLY = timedelta(days=16)


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """A chart for each of (at most three) sources, the one with the worst volume finding first.

    Raises LogError where the model declares no source, or none of them can be read; a source that cannot be read
    while others can is named in the first chart's note.
    """
    names = _sources(subject, findings)
    if not names:
        raise LogError("the model declares no upstream source", where=subject.model, hint="write inputs: in inventory.yaml")
    moved = common.of_kind(findings, "decision_rate", where)
    span = common.shown_span(subject, moved)
    charts, errors = [], []
    for name in names[:MOST]:
        try:
            charts.append(_one(name, subject.source(name), span, subject, moved))
        except LogError as error:
            errors.append(error)
    if not charts:
        raise errors[0]
    said = [str(e) for e in errors]
    if len(names) > MOST:
        said.append(f"Not drawn: {', '.join(names[MOST:])}.")
    charts[0] = replace(charts[0], note=" ".join([charts[0].note, *said]).strip())
    return tuple(charts)


def _sources(subject: Subject, findings: tuple[Finding, ...]) -> list[str]:
    declared = [*subject.spec.inputs, *(f.source for f in subject.features.values() if f.source)]
    ranked = [f.target for f in findings if f.kind == "volume" and f.target in declared]
    return list(dict.fromkeys([*ranked, *declared]))


def _one(name: str, log: Log, span: Window, subject: Subject, moved: Finding | None) -> Chart:
    hours = 1 if span.length <= MOST_HOURLY else 24
    span = common.widened(span, hours)
    oldest = log.oldest()
    back = Window(span.start - WEEK * WEEKS, span.end)
    asked = measure.volume_series(log, back)
    rows: dict[datetime, int] = {}
    for at, n in asked.value:
        start = common.bucket_start(at, span, hours)
        rows[start] = rows.get(start, 0) + n
    now, usual = [], []
    at = span.start
    while at < span.end:
        end = at + common.HOUR * hours
        now.append(Point(at, float(rows.get(at, 0)), end))
        before = _before(at, span.start, oldest, rows)
        if before:
            usual.append(Point(at, float(median(before)), end, float(before[0]), float(before[-1])))
        at = end
    current = common.current_window(subject, moved)
    total = sum(p.y or 0.0 for p in now)
    series = [Series(name, "current", tuple(now))]
    if usual:
        same = f"the same {'hours' if hours == 1 else 'weekdays'} of the {WEEKS} weeks before"
        series.insert(0, Series(f"{same}, the middle", "reference", tuple(usual), f"{same}, lowest to highest"))
    return Chart(
        id=f"upstream_volume__{name}",
        form="lines",
        title=f"Rows of source {name} per {common.bucket_name(hours)}",
        subtitle=f"{words.span(span)}, n = {total:,.0f} rows",
        x_title=f"{log.spec.time} (UTC)",
        y_title=f"rows per {common.bucket_name(hours)}",
        unit="rows",
        series=tuple(series),
        marks=common.time_marks(moved, current),
        zero=True,
        note=_gaps(now, oldest),
        query=asked.query,
    )


def _before(at: datetime, start: datetime, oldest: datetime | None, rows: Mapping[datetime, int]) -> list[int]:
    """The volumes of the same hour in the four weeks before `start`, sorted; only weeks that the log holds."""
    first = max(math.ceil((at - start) / WEEK + 1e-9), 1)
    times = [at - WEEK * k for k in range(first, first + WEEKS)]
    return sorted(rows.get(t, 0) for t in times if oldest is not None and t >= oldest)


def _gaps(points: list[Point], oldest: datetime | None) -> str:
    """The stretches without a row, at most three of them."""
    stretches: list[Window] = []
    for p in points:
        if p.y or not isinstance(p.x, datetime) or not isinstance(p.x2, datetime) or (oldest is not None and p.x < oldest):
            continue
        if stretches and stretches[-1].end == p.x:
            stretches[-1] = Window(stretches[-1].start, p.x2)
        else:
            stretches.append(Window(p.x, p.x2))
    if not stretches:
        return ""
    longest = sorted(stretches, key=lambda w: (-w.length, w.start))[:3]
    shown = ", ".join(words.span(w) for w in sorted(longest))
    more = len(stretches) - len(longest)
    return f"Without a row: {shown}" + (f" and {more} shorter stretches." if more else ".")
