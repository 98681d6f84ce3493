"""`freshness`: has a log gone silent for longer than it does at this hour?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import quantiles

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.judge import Evidence, judge
from mlops_tui.checks.registry import check
from mlops_tui.checks.scope import provenance
from mlops_tui.checks.upstream import asked_logs
from mlops_tui.core.finding import Finding, Status
from mlops_tui.core.threshold import Threshold
from mlops_tui.core.window import Window, floor_hour, format_duration
from mlops_tui.logs import measure
from mlops_tui.logs.log import Log
from mlops_tui.project.subject import Subject
from mlops_tui.stats.tails import surprise

_HOUR = timedelta(hours=1)
_MEMORY = timedelta(days=35)
_LEAST_DAYS = 3


@check("freshness", plane="data", kind="data_quality", measures=("value", "ratio"), default=(), keys=frozenset({"of"}))
def freshness(subject: Subject, ask: Ask) -> list[Finding]:
    """Has a log gone silent for longer than it usually is at this hour of the day, and than `complete_after` allows?

    Measured against the clock. Without thresholds: a warning beyond the allowance (usual silence at this hour, plus
    `complete_after`, plus the hour's resolution), a fire beyond twice of it.
    """
    found = []
    for asked in asked_logs(subject, ask):
        if asked.log is None:
            text = f"The age of {asked.target} could not be told: {asked.problem}."
            found.append(_base(subject, asked.target).but(status="unknown", summary=text))
        else:
            found.append(_age(subject, ask, asked.target, asked.log))
    return found


@dataclass(frozen=True, slots=True)
class Silence:
    """What is usual at this hour: `longest` silence, and the log-probability that so many hours in a row stay empty."""

    longest: timedelta
    days: int
    log_p: float


def usual_silence(
    filled: Sequence[datetime], begin: datetime, clock: datetime, newest: datetime, zone: tzinfo = UTC
) -> Silence:
    """How long the log was silent at the same hour of earlier days in `zone`, where people open and close, as known then.

    `filled` are the starts of hours with rows, in order, from `begin` on, up to `newest`. The longest usual silence is the
    95th percentile over the days, and at least that of the same weekday a week ago. The probability is the product, over
    the hours silent now, of how often that hour of the day was empty.
    """
    hours = set(filled)
    ages: list[timedelta] = []
    week: timedelta | None = None
    # a day counts once the log had begun a day before, and only up to where the present silence starts
    day = 1
    local = clock.astimezone(zone)
    while (at := (local - timedelta(days=day)).astimezone(UTC)) >= begin + timedelta(days=1):
        last = next((h for h in reversed(filled) if h + _HOUR <= at or h <= at), None)
        if last is not None and at <= newest:
            age = max(timedelta(0), by_the_clock(last + _HOUR, at, zone))
            ages.append(age)
            week = age if day == 7 else week
        day += 1
    longest = timedelta(0)
    if ages:
        seconds = sorted(a.total_seconds() for a in ages)
        cut = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
        longest = max(timedelta(seconds=cut), week or timedelta(0))
    log_p, hour, end = 0.0, floor_hour(newest) + _HOUR, floor_hour(clock)
    days = max(1, (newest - begin) // timedelta(days=1))
    profile: dict[int, int] = {}
    for h in hours:
        place = h.astimezone(zone).hour
        profile[place] = profile.get(place, 0) + 1
    while hour < end:
        share = min(1.0, (profile.get(hour.astimezone(zone).hour, 0) + 0.5) / (days + 1))
        log_p += math.log(max(1 - share, 0.5 / (days + 1)))
        hour += _HOUR
    return Silence(longest, len(ages), log_p)


def by_the_clock(start: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """How long it is between two moments by the clock on the wall: the night on which it is set back is as long as any."""
    return end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)


def _base(subject: Subject, target: str) -> Finding:
    return Finding(
        status="insufficient",
        plane="data",
        concern="monitoring",
        kind="data_quality",
        check_name="freshness",
        model=subject.model,
        target=target,
        unit="s",
        direction="up",
    )


def _age(subject: Subject, ask: Ask, target: str, log: Log) -> Finding:
    clock, base = subject.windows.clock, _base(subject, target)
    newest = log.newest(clock)
    if newest is None:
        return base.but(status="unknown", summary=f"{target} has no rows before {words.moment(clock)}.")
    start = floor_hour(newest - _MEMORY)
    series = measure.volume_series(log, Window(start, max(newest + timedelta(microseconds=1), start)))
    begin = series.value[0][0] if series.value else newest
    usual = usual_silence([at for at, _ in series.value], begin, clock, newest, subject.project.zone)
    age, origin = clock - newest, provenance(subject, series)
    lived = by_the_clock(newest, clock, subject.project.zone).total_seconds()
    allowance = usual.longest + log.spec.complete_after + _HOUR
    n = sum(count for _, count in series.value)
    seconds, allowed = age.total_seconds(), allowance.total_seconds()
    base = base.but(value=seconds, n=n, window=Window(newest, clock), provenance=origin)
    told = f"The newest row of {target} is {format_duration(age)} old ({words.moment(newest)})"
    if usual.days < _LEAST_DAYS and not ask.thresholds:
        days = words.plural(usual.days, "earlier day")
        return base.but(summary=f"{told}; whether that is usual cannot be told from {days}, {_LEAST_DAYS} are needed.")
    status, decisive = _status(ask, seconds, lived, allowed)
    return base.but(
        status=status,
        baseline=allowed,
        change=seconds - allowed,
        threshold=decisive,
        p_value=math.exp(usual.log_p),
        score=surprise(usual.log_p) if status != "ok" else 0.0,
        measures={"usual_silence": usual.longest.total_seconds(), "complete_after": log.spec.complete_after.total_seconds()},
        summary=f"{told}; at this hour {format_duration(allowance)} is usual.",
    )


def _status(ask: Ask, seconds: float, lived: float, allowed: float) -> tuple[Status, Threshold | None]:
    if ask.thresholds:
        return judge(ask.thresholds, Evidence({"value": seconds, "ratio": seconds / allowed}))
    return ("crit" if lived > 2 * allowed else "warn" if lived > allowed else "ok"), None
