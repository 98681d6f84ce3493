"""The scores over time: how decisions are spread over the score, bucket by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, NoRows
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.logs import over_time
from mlops_tui.report import axis, words
from mlops_tui.report.builders import common
from mlops_tui.report.chart import Chart, Mark, Point, Series

if TYPE_CHECKING:
    from mlops_tui.project import Subject

ROWS = 10
LEAST = 200


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """One chart: a row for each stretch of the score, a column for each bucket, shaded by the share of its decisions.

    Raises LogError for a log without a score, NoRows.
    """
    score = subject.spec.log.score
    if score is None:
        raise LogError("the log declares no score", where=subject.model, hint="write log.score in inventory.yaml")
    moved = common.of_kind(findings, "score_drift", where) or common.of_kind(findings, "decision_rate", where)
    current, place = common.current_window(subject, moved), common.place_of(subject, where)
    span = common.shown_span(subject, moved)
    known = over_time.number_range(subject.log, score.column, span, where=place.columns, rows=place.rows)
    if known.value is None:
        raise NoRows("no scores in the time to show", where=subject.model, hint=words.span(span))
    edges = _edges(*known.value)
    hourly = over_time.bin_series(subject.log, score.column, edges, span, 1, where=place.columns, rows=place.rows)
    hours = common.bucket_hours(span, current, [sum(c) for c in hourly.value.values()], LEAST)
    wide = common.widened(span, hours)
    asked = over_time.bin_series(subject.log, score.column, edges, wide, hours, where=place.columns, rows=place.rows)
    total = sum(sum(c) for c in asked.value.values())
    cuts = [(word, at) for word, at in (("from", score.approve_from), ("up to", score.approve_to)) if at is not None]
    return (
        Chart(
            id="score_heatmap",
            form="heat",
            title=f"Scores{f' of {place.shown}' if place.shown else ''} over time",
            subtitle=f"{subject.model}{f', {score.means}' if score.means else ''}, {words.span(wide)}, n = {total:,} decisions",
            x_title=f"{subject.spec.log.time} (UTC)",
            y_title=score.column,
            unit="%",
            series=tuple(_row(i, edges, asked.value, wide, hours) for i in range(len(edges) - 1)),
            marks=(
                *common.time_marks(moved, current),
                *(Mark(at, f"{subject.spec.decision.positive} {word} {at:g}", "cut") for word, at in cuts),
            ),
            note="Each column adds up to 100%.",
            query="\n;\n".join((known.query, asked.query)),
        ),
    )


def _edges(least: float, most: float, low: float, high: float) -> list[float]:
    """Ten rows over 0..1 where all values lie there, else rows of round height over what nearly all lie within."""
    if least >= 0 and most <= 1 and high - low > 0.2:
        return [i / ROWS for i in range(ROWS + 1)]
    if high <= low:
        low, high = low - 0.5, low + 0.5
    marks = axis.ticks(low, high, ROWS)
    step = marks[1] - marks[0] if len(marks) > 1 else (high - low) / 2
    first = marks[0] - step if marks and marks[0] > low else (marks[0] if marks else low)
    count = 1
    while first + count * step < high:
        count += 1
    return [round(first + i * step, 12) for i in range(count + 1)]


def _row(i: int, edges: list[float], counts: Mapping[datetime, tuple[int, ...]], span: Window, hours: int) -> Series:
    points, at = [], span.start
    while at < span.end:
        end = at + common.HOUR * hours
        found = counts.get(at)
        n = sum(found) if found else 0
        share = found[i] / n if found and n else None
        points.append(Point(at, share, end, edges[i], edges[i + 1], found[i] if found else 0))
        at = end
    step = edges[1] - edges[0]
    return Series(f"{axis.number(edges[i], '', step)} to {axis.number(edges[i + 1], '', step)}", "current", tuple(points))
