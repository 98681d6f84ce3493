"""The share of positive decisions by segment over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mlops_tui.core.errors import NoRows
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.report import axis, words
from mlops_tui.report.builders import common
from mlops_tui.report.chart import Band, Chart, Point, Role, Series
from mlops_tui.stats.rates import wilson

if TYPE_CHECKING:
    from mlops_tui.project import Subject

LEAST = 400
MOST_OTHERS = 7
_TRUE = ("true", "1")
Hourly = Sequence[tuple[datetime, measure.Rate]]


@dataclass(frozen=True, slots=True)
class _Cut:
    """What is asked: the dimension that makes the lines, the one to highlight, and what holds for all of them."""

    by: str | None
    loud: str | None
    place: common.Place

    @property
    def name(self) -> str:
        """The name of the loud line."""
        return self.loud if self.loud is not None else "all"


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """One chart: a line for each value of the slice's dimension, the slice itself highlighted against its usual range.

    Without a slice the lines are those of the model's first segment, and all decisions together are the loud one.
    Raises NoRows.
    """
    finding = common.of_kind(findings, "decision_rate", where)
    cut = _cut(subject, where)
    span = common.shown_span(subject, finding)
    current = common.current_window(subject, finding)
    asked = measure.rate_series(
        subject.log, subject.spec.decision, span, by=cut.by, where=cut.place.columns, rows=cut.place.rows
    )
    lines = dict(asked.value)
    if not lines:
        raise NoRows("no decisions in the time to show", where=subject.model, hint=words.span(span))
    total = sum(r.n for line in lines.values() for _, r in line)
    loud = lines.pop(cut.loud, []) if cut.by and cut.loud is not None else _together(lines.values())
    others = sorted(lines, key=lambda k: (-sum(r.n for _, r in lines[k]), k or "")) if cut.by else []
    hours = common.bucket_hours(span, current, [r.n for _, r in loud], LEAST)
    wide = common.widened(span, hours)
    role: Role = "worst" if cut.loud is not None or (finding is not None and finding.bad) else "current"
    series = [_one(k, "other", lines[k], wide, hours, current) for k in others[:MOST_OTHERS]]
    series += [_one(cut.name, role, loud, wide, hours, current)] if loud else []
    band, reference = _band(subject, cut, hours)
    notes = [f"Beside each line: the rate in the current window ({words.span(current)})."]
    if len(others) > MOST_OTHERS:
        notes.append(f"{len(others) - MOST_OTHERS} smaller segments are not drawn.")
    return (
        Chart(
            id="decision_rate",
            form="lines",
            title=_title(subject, finding, cut),
            subtitle=f"{subject.model}{f', by {cut.by}' if cut.by else ''}, per {common.bucket_name(hours)},"
            f" {words.span(span)}, n = {total:,} decisions",
            x_title=f"{subject.spec.log.time} (UTC)",
            y_title=f"{_word(subject)}, share of decisions",
            unit="%",
            series=tuple(series),
            band=band if loud else None,
            marks=common.time_marks(finding, current),
            note=" ".join(notes),
            query="\n;\n".join((asked.query, reference)),
        ),
    )


def _together(lines: Iterable[Hourly]) -> list[tuple[datetime, measure.Rate]]:
    found: dict[datetime, list[measure.Rate]] = {}
    for line in lines:
        for at, rate in line:
            found.setdefault(at, []).append(rate)
    return [(at, _added(rates)) for at, rates in sorted(found.items())]


def _word(subject: Subject) -> str:
    decision = subject.spec.decision
    return f"{decision.column}={decision.positive}" if decision.positive.lower() in _TRUE else decision.positive


def _cut(subject: Subject, where: Mapping[str, str]) -> _Cut:
    place = common.place_of(subject, where)
    by = next((d for d in subject.dimensions if d in place.columns), None) or next(iter(place.columns), None)
    if by is not None:
        rest = {k: v for k, v in place.columns.items() if k != by}
        return _Cut(by, place.columns[by], replace(place, columns=rest))
    if place.name or not subject.dimensions:
        return _Cut(None, None, place)
    return _Cut(subject.dimensions[0], None, place)


def _title(subject: Subject, finding: Finding | None, cut: _Cut) -> str:
    word = _word(subject)
    loud = cut.place.read(cut.by, cut.loud) if cut.by and cut.loud is not None else ""
    of = ", ".join(p for p in (loud, cut.place.shown) if p) or "all decisions"
    if finding is None or finding.value is None or finding.baseline is None:
        return f"Share {word} in {of}"
    went = "fell" if finding.value < finding.baseline else "rose" if finding.value > finding.baseline else "stayed"
    held = words.against(finding)
    numbers = f"from {axis.percent(finding.baseline)}{f' ({held})' if held else ''} to {axis.percent(finding.value)}"
    return f"Share {word} in {of} {went} {numbers}"


def _one(name: str | None, role: Role, line: Hourly, span: Window, hours: int, current: Window) -> Series:
    shown = "(missing)" if name is None else name
    inside = _added(r for at, r in line if current.start <= at < current.end)
    label = shown if inside.rate is None else f"{shown} {axis.percent(inside.rate)}"
    return Series(shown, role, _points(line, span, hours), label)


def _added(rates: Iterable[measure.Rate]) -> measure.Rate:
    listed = list(rates)
    return measure.Rate(sum(r.n for r in listed), sum(r.positives for r in listed))


def _bucketed(line: Hourly, span: Window, hours: int) -> dict[datetime, measure.Rate]:
    found: dict[datetime, list[measure.Rate]] = {}
    for at, rate in line:
        found.setdefault(common.bucket_start(at, span, hours), []).append(rate)
    return {at: _added(rates) for at, rates in sorted(found.items())}


def _points(line: Hourly, span: Window, hours: int) -> tuple[Point, ...]:
    """Every bucket of the span; those without decisions are gaps."""
    rates = _bucketed(line, span, hours)
    points = []
    at = span.start
    while at < span.end:
        end = at + common.HOUR * hours
        rate = rates.get(at)
        if rate is None or rate.rate is None:
            points.append(Point(at, None, end, n=0))
        else:
            low, high = wilson(rate.positives, rate.n)
            points.append(Point(at, rate.rate, end, low, high, rate.n))
        at = end
    return tuple(points)


def _band(subject: Subject, cut: _Cut, hours: int) -> tuple[Band | None, str]:
    """The 5th to the 95th percentile of the highlighted slice's buckets in the reference window."""
    window = subject.windows.reference
    where = dict(cut.place.columns) | ({cut.by: cut.loud} if cut.by and cut.loud is not None else {})
    asked = measure.rate_series(subject.log, subject.spec.decision, window, where=where, rows=cut.place.rows)
    buckets = _bucketed(asked.value.get(None, []), common.widened(window, hours), hours)
    rates = [r.rate for r in buckets.values() if r.rate is not None]
    if len(rates) < 10:
        return None, asked.query
    low, high = common.percentile(rates, 0.05), common.percentile(rates, 0.95)
    label = f"usual for {cut.name}: {axis.percent(low)} to {axis.percent(high)} (5-95 % of reference)"
    return Band(low, high, label), asked.query
