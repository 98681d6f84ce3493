"""`volume`: are there as many rows as at the same hours of earlier days and weeks?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.judge import ALPHA, Evidence, judge
from mlops_tui.checks.moves import q_values
from mlops_tui.checks.registry import ON_ROWS, check
from mlops_tui.checks.scope import provenance, scope_of
from mlops_tui.checks.slices import MOST_TOLD
from mlops_tui.checks.upstream import Asked, asked_logs, settled
from mlops_tui.checks.usual import step_of
from mlops_tui.core.errors import UnknownName
from mlops_tui.core.finding import Finding, Provenance
from mlops_tui.core.threshold import Quantity, Threshold
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.logs.log import Log
from mlops_tui.project.subject import Subject
from mlops_tui.stats.expected import Expected, expected

_DEFAULT = Threshold(
    "change",
    below=Quantity(-0.5, "%"),
    above=Quantity(1.0, "%"),
    warn_below=Quantity(-0.25, "%"),
    warn_above=Quantity(0.5, "%"),
)
_DAY = timedelta(days=1)
_MEMORY = 56
"""Days that are looked back on; a window longer than a day needs more of them."""


@dataclass(frozen=True, slots=True)
class _Count:
    """Rows of one slice of one log in its window, and what was to be expected (None: too little history)."""

    target: str
    where: Mapping[str, str]
    window: Window
    past: Window
    n: int
    expected: Expected | None
    why: str
    origin: Provenance


@check(
    "volume",
    plane="data",
    kind="volume",
    measures=("value", "change", "ratio"),
    default=(_DEFAULT,),
    keys=ON_ROWS | {"of"},
)
def volume(subject: Subject, ask: Ask) -> list[Finding]:
    """Are there as many rows as at the same hours of earlier days and weeks?

    The expectation is the median of the same weekday's windows, its spread what earlier windows show (counts vary more
    than Poisson). `change` is relative to it.
    """
    found: list[Finding] = []
    counts: list[_Count] = []
    for asked in asked_logs(subject, ask):
        if asked.log is None:
            found.append(_unknown(subject, asked.target, asked.problem))
            continue
        try:
            counts += _counts(subject, ask, asked, asked.log)
        except UnknownName as error:
            if asked.log is subject.log:
                raise
            found.append(_unknown(subject, asked.target, words.reason(error)))
    qs = q_values(None if c.expected is None else math.exp(c.expected.log_p) for c in counts)
    return found + [_judged(subject, ask, c, q) for c, q in zip(counts, qs, strict=True)]


def _counts(subject: Subject, ask: Ask, asked: Asked, log: Log) -> list[_Count]:
    """The counts of a log, as a whole and by the values of the segment that have most rows."""
    if ask.slice is not None and log is not subject.log:
        raise UnknownName("slice", ask.slice, (), where=f"slices are of the model's log, not of {asked.target}")
    scope = scope_of(subject, ask) if log is subject.log else None
    where = {c: v for c, v in ask.where.items() if v is not None}
    rows = scope.rows if scope else None
    label = dict(scope.label) if scope else where
    current = settled(subject, log, subject.pair(ask.compare, ask.current)).current
    past = _past(current, subject.once(("oldest", log.name), log.oldest))
    step = step_of(current)
    cycles = past.length // step
    parts: list[tuple[Mapping[str, str], Mapping[int, int], str]] = []
    # a whole day holds the same hours on either side of a change of the clocks; a part of one does not
    zone = subject.project.zone if current.length < step else None
    by = measure.volume_cycles(log, current, step, cycles, by=ask.segment, where=where, rows=rows, zone=zone)
    if ask.segment is None or ask.whole:
        total: Counter[int] = Counter()
        for seen in by.value.values():
            total.update(seen)
        parts.append((label, total, by.query))
    if ask.segment is not None:
        known = [(v, seen) for v, seen in by.value.items() if v is not None]
        known.sort(key=lambda part: (-max(part[1].values()), part[0]))
        parts += [(label | {ask.segment: v}, seen, by.query) for v, seen in sorted(known[:MOST_TOLD])]
    return [_count(asked.target, w, current, past, seen, _origin(subject, q, log), ask.min_n) for w, seen, q in parts]


def _origin(subject: Subject, query: str, log: Log) -> Provenance:
    """The query that counted, and what it read."""
    return provenance(subject, measure.Measured(None, query, log.inputs))


def _past(current: Window, oldest: datetime | None) -> Window:
    """The history: whole windows of the same length before the current one, not before the log begins."""
    step = step_of(current)
    most = max(1, timedelta(days=_MEMORY if step <= 7 * _DAY else 4 * step.days) // step)
    if oldest is not None:
        most = min(most, max(0, (current.start - oldest) // step))
    return Window(current.start - most * step, current.start)


def _count(
    target: str,
    label: Mapping[str, str],
    current: Window,
    past: Window,
    seen: Mapping[int, int],
    origin: Provenance,
    min_n: int,
) -> _Count:
    step = step_of(current)
    n = seen.get(0, 0)
    earlier = [((i * step.days) % 7, seen.get(i, 0)) for i in range(1, past.length // step + 1)]
    held = expected(n, earlier)
    why = ""
    if held is None:
        why = f"only {words.plural(len(earlier), 'earlier window')} of the same hours, where 3 are needed"
    elif max(n, held.count) < min_n:
        why, held = f"{words.rows(n, 'row')} where {held.count:,.0f} are usual, and {min_n} are needed on a side", None
    return _Count(target, label, current, past, n, held, why, origin)


def _judged(subject: Subject, ask: Ask, c: _Count, q: float | None) -> Finding:
    thresholds = ask.thresholds or volume.default
    base = Finding(
        status="insufficient",
        plane="data" if c.target != subject.model else "model",
        concern="monitoring",
        kind="volume",
        check_name="volume",
        model=subject.model,
        target=c.target,
        slice=c.where,
        window=c.window,
        reference=c.past,
        value=float(c.n),
        unit="rows",
        n=c.n,
        threshold=thresholds[0],
        provenance=c.origin,
    )
    name = f"Rows of {c.target}" + (words.place(c.where).replace(" of ", " with ", 1) if c.where else "")
    if c.expected is None or q is None:
        return base.but(summary=f"{name} cannot be judged: {c.why}.")
    e = c.expected
    change = c.n / e.count - 1 if e.count else None
    ratio = c.n / e.count if e.count else None
    evidence = Evidence({"value": float(c.n), "change": change, "ratio": ratio}, q=q, alpha=ask.alpha)
    status, decisive = judge(thresholds, evidence)
    if change is None and q < ALPHA:
        status = "warn"
    usual = (
        f"{e.count:,.0f} usual at these hours (95% {e.lo:,.0f}..{e.hi:,.0f}, from {words.plural(e.samples, 'earlier window')})"
    )
    told = f"{change:+.0%}, " if change is not None else ""
    verb = "are" if status == "ok" else "fell to" if e.z < 0 else "rose to"
    return base.but(
        status=status,
        baseline=e.count,
        change=change,
        interval=_interval(c.n, e),
        direction="up" if e.z > 0 else "down" if e.z < 0 else "change",
        p_value=math.exp(e.log_p),
        n_reference=e.samples,
        threshold=decisive,
        score=abs(e.z),
        measures={"q_value": q, "expected": e.count, "expected_lo": e.lo, "expected_hi": e.hi, "spread": e.spread},
        summary=f"{name} {verb} {words.told(c.n)} in {_hours(c.window)} ({told}{usual}).",
    )


def _interval(n: int, e: Expected) -> tuple[float, float] | None:
    """The 95 % interval of the relative change, from how far usual windows lie from their expectation."""
    if not e.count:
        return None
    reach = (e.hi + 0.5) / (e.count + 0.5)
    return n / e.count / reach - 1, n / e.count * reach - 1


def _hours(window: Window) -> str:
    from mlops_tui.core.window import format_duration

    return f"the {format_duration(window.length)} to {words.moment(window.end)}"


def _unknown(subject: Subject, target: str, why: str) -> Finding:
    return Finding(
        status="unknown",
        plane="data",
        concern="monitoring",
        kind="volume",
        check_name="volume",
        model=subject.model,
        target=target,
        window=subject.windows.current,
        summary=f"Rows of {target} could not be counted: {why}.",
    )
