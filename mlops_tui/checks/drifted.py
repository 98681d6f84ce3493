"""Columns in, Findings out: the drift of each column, overall or by a segment, judged together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.drift import Drift, compare
from mlops_tui.checks.judge import ALPHA, Evidence, judge
from mlops_tui.checks.moves import HourOfDay, history, q_values
from mlops_tui.checks.scope import Scope
from mlops_tui.checks.sheet import Column, Columns, Side, columns_of, floats, origin, side
from mlops_tui.checks.slices import Chosen, choose, left_out
from mlops_tui.checks.summed import summed_sheets
from mlops_tui.checks.usual import course, usual_distance, usual_level
from mlops_tui.checks.values import hourly, hours_of
from mlops_tui.core.errors import LogError, did_you_mean
from mlops_tui.core.finding import Finding, Kind, Plane, Provenance
from mlops_tui.core.threshold import Measure, Quantity, Threshold
from mlops_tui.core.window import Pair
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject
from mlops_tui.stats.usual import Usual

if TYPE_CHECKING:
    from mlops_tui.stats.onset import Onset

DEFAULT = (Threshold("psi", above=Quantity(0.25), warn_above=Quantity(0.1)),)
"""The credit industry's bands, held against PSI beyond its noise floor."""
MEASURES: tuple[Measure, ...] = ("value", "change", "psi", "js", "ks")
_EVERY = "\0every"


@dataclass(frozen=True, slots=True)
class Family:
    """What the Findings of a check are called."""

    check: str
    kind: Kind
    plane: Plane
    noun: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One column in one slice: its drift, or why it cannot be told (`unknown`, or too few rows)."""

    column: Column
    where: dict[str, str]
    drift: Drift | None
    n: int
    n_reference: int
    origin: Provenance | None
    why: str = ""
    few: bool = False


def drifted(subject: Subject, ask: Ask, scope: Scope, family: Family, columns: Sequence[Column]) -> list[Finding]:
    """The drift of each column against the comparison window.

    Effect size (PSI beyond the noise floor, JS or KS) and significance (chi-squared homogeneity on the same bins, held to
    a false-discovery rate over columns and segments) must both pass. Of a segment with many values the largest are told.
    """
    pair = subject.pair(ask.compare, ask.current)
    cases, left = [], None
    for column in columns:
        some, chosen = _cases(subject, ask, scope, pair, column)
        cases += some
        left = chosen or left
    qs = q_values(None if c.drift is None else math.exp(c.drift.log_p) for c in cases)
    found = []
    for case, q in zip(cases, qs, strict=True):
        base = _base(subject, ask, pair, family, case)
        if case.drift is None or q is None:
            found.append(_untold(base, family, case))
            continue
        finding = _judged(ask, pair, family, base, case.drift, q)
        if finding.bad:
            finding = _looked_into(subject, ask, scope, pair, case, finding)
        found.append(finding)
    if left is not None and (left.left or left.left_few):
        found.append(left_out(found[0], scope.by[0], left.left, left.left_few, ask.min_n))
    return found


def _cases(subject: Subject, ask: Ask, scope: Scope, pair: Pair, column: Column) -> tuple[list[_Case], Chosen | None]:
    """The column as a whole and in each value of the segment that is told."""
    there = subject.log.columns
    if not subject.log.watches(column.name):
        hint = did_you_mean(column.name, there)
        why = f"the log has no such column{f' ({hint})' if hint else ''}"
        return [_Case(column, dict(scope.label), None, 0, 0, None, why)], None
    segment = scope.by[0] if scope.by and scope.by[0] != column.name else None
    names = [column.name] if segment is None else [segment, column.name]
    windows = (pair.current, pair.baseline)
    if column.name not in there and summed_sheets(subject, column, segment, windows, scope.where, scope.rows) is None:
        why = "it is only summarised as it is captured, and not as asked here"
        return [_Case(column, dict(scope.label), None, 0, 0, None, why)], None
    (now, before), read = columns_of(subject, column, segment, windows, scope.where, scope.rows)
    source = origin(subject, read, names, windows, scope.where, scope.rows)
    asked = (column, pair, *scope.key)
    cases = []
    if segment is None or ask.whole:
        whole = subject.once(("drift", *asked), lambda: _drifts(column, lambda s: {"": s.whole(column)}, now, before))
        cases.append(_case(ask, column, dict(scope.label), (now.n, before.n), whole, "", source))
    if segment is None or (cases and cases[0].why):
        return cases, None  # what cannot be told of the whole can be told of no part of it
    sizes = now.sizes(segment), before.sizes(segment)
    chosen = choose(*sizes, ask.min_n)
    parts = subject.once(
        ("drift", *asked, segment, chosen.told),
        lambda: _drifts(column, lambda s: s.parts(column, segment, chosen.told), now, before),
    )
    for value in sorted((*chosen.told, *chosen.few)):
        rows = (sizes[0].get(value, 0), sizes[1].get(value, 0))
        cases.append(_case(ask, column, dict(scope.label) | {segment: value}, rows, parts, value, source))
    return cases, chosen


def _drifts(
    column: Column, read: Callable[[Columns], Mapping[str, Side]], now: Columns, before: Columns
) -> Mapping[str, Drift | str]:
    """The drift of each part of a column, or why it cannot be told; under `_EVERY` why none can."""
    try:
        sides, held = read(now), read(before)
    except LogError as error:
        return {_EVERY: words.reason(error)}
    return {part: compare(side, held[part], column) for part, side in sides.items()}


def _case(
    ask: Ask,
    column: Column,
    where: dict[str, str],
    rows: tuple[int, int],
    drifts: Mapping[str, Drift | str],
    part: str,
    source: Provenance,
) -> _Case:
    if min(rows) < ask.min_n:
        return _Case(column, where, None, *rows, source, few=True)
    got = drifts.get(_EVERY) or drifts[part]
    return _Case(column, where, None, *rows, source, got) if isinstance(got, str) else _Case(column, where, got, *rows, source)


def _base(subject: Subject, ask: Ask, pair: Pair, family: Family, case: _Case) -> Finding:
    return Finding(
        status="insufficient",
        plane=family.plane,
        concern="monitoring",
        kind=family.kind,
        check_name=family.check,
        model=subject.model,
        target=case.column.name,
        slice=case.where,
        window=pair.current,
        reference=pair.baseline,
        unit="psi",
        n=case.n,
        n_reference=case.n_reference,
        threshold=(ask.thresholds or DEFAULT)[0],
        provenance=case.origin,
    )


def _untold(base: Finding, family: Family, case: _Case) -> Finding:
    called = base.target if base.target.lower() == family.noun else f"{family.noun} {base.target}"
    name = f"Drift of {called}" + (words.place(base.slice).replace(" of ", " in ", 1) if base.slice else "")
    if case.few:
        rows = f"{words.rows(case.n, 'row')} in the window and {words.told(case.n_reference)} to compare with"
        return base.but(summary=f"{name} cannot be told: {rows}, too few.")
    return base.but(status="unknown", summary=f"{name} cannot be told: {case.why}.")


def _judged(ask: Ask, pair: Pair, family: Family, base: Finding, d: Drift, q: float) -> Finding:
    sizes = {"value": d.psi, "change": d.excess, "psi": d.excess, "js": d.js, "ks": d.ks}
    status, decisive = judge(ask.thresholds or DEFAULT, Evidence(sizes, q=q, alpha=ask.alpha))  # type: ignore[arg-type]
    where = words.place(base.slice).replace(" of ", " in ", 1) if base.slice else ""
    verb = "drifted from" if status != "ok" else "differs a little from" if q < ALPHA else "is close to"
    numbers = f"PSI {d.psi:.3f}, of which {min(d.floor, d.psi):.3f} is noise"
    ks = f", KS {d.ks:.3f}" if d.ks is not None else ""
    infinite = f"; {words.plural(d.infinite, 'value')} infinite" if d.infinite else ""
    if abs(d.missing - d.missing_reference) >= 0.005:
        infinite += f"; missing {words.percent(d.missing_reference)} to {words.percent(d.missing)}"
    called = base.target if base.target.lower() == family.noun else f"{family.noun} {base.target}"
    name = f"{called[0].upper()}{called[1:]}{where}"
    return base.but(
        status=status,
        value=d.psi,
        baseline=d.floor,
        change=d.excess,
        direction=d.direction,
        p_value=math.exp(d.log_p),
        threshold=decisive,
        score=d.score,
        measures=dict(d.measures) | {"q_value": q},
        summary=f"{name} {verb} {words.AGAINST[pair.compare]}: {d.shown} ({numbers}, JS {d.js:.3f}{ks}{infinite};"
        f" {words.plural(d.n, 'row')}).",
    )


def _looked_into(subject: Subject, ask: Ask, scope: Scope, pair: Pair, case: _Case, finding: Finding) -> Finding:
    """A drift that is a warning or worse: is it the way back to the reference, is it usual, and since when?"""
    name = case.column.name
    if name not in subject.log.columns or subject.log.positive is not None:
        return finding  # only rows tell the hour, and what earlier windows did by themselves
    inner = Scope((), {**scope.where, **{c: v for c, v in case.where.items() if c in scope.by}}, scope.rows, {})
    if pair.compare != "reference":
        windows = (pair.current, pair.baseline, subject.windows.reference)
        raw = [measure.columns(subject.log, [name], w, where=inner.where, rows=inner.rows).value.column(0) for w in windows]
        if len(raw[2]) and _returns(case.column, *(side(r, case.column) for r in raw)):
            text = finding.summary.replace("drifted from", "returned to the reference since", 1)
            return finding.but(status="ok", recovery=True, summary=text)
    looked = ("looked", case.column, tuple(sorted(case.where.items())), pair, *inner.key)
    custom, point = subject.once(looked, lambda: _course(subject, ask, inner, pair, case))
    return course(finding, point, custom, ask.thresholds or DEFAULT)


def _course(subject: Subject, ask: Ask, inner: Scope, pair: Pair, case: _Case) -> tuple[Usual | None, Onset | None]:
    """How far earlier windows of the column drift by themselves, and since when it stays where it is now."""
    import numpy as np

    from mlops_tui.stats.onset import onset

    assert case.drift is not None
    name, time, drift = case.column.name, subject.log.spec.time, case.drift
    span = history(subject.windows.reference, pair.baseline, subject.windows.now)
    table = measure.columns(subject.log, list(dict.fromkeys([time, name])), span, where=inner.where, rows=inner.rows).value
    hours, codes = hours_of(table.column(time)), drift.codes(table.column(name))
    point = onset(hourly(hours, drift.grown[codes]), season=HourOfDay(subject.project.zone), window=pair.current.start)
    point = None if point is None or point.after < point.before else point
    share = 1 / drift.n + 1 / drift.n_reference
    custom = usual_distance(drift.psi, share, pair, hours, codes, len(drift.grown), point, ask.min_n)
    if custom is not None and case.column.shape != "categories":
        known = floats(table.column(name), case.column)
        finite = np.isfinite(known)
        level = usual_level(pair, hours[finite], known[finite], point, ask.min_n)
        custom = custom if level is None else min(custom, level, key=lambda u: u.log_p)
    return custom, point


def _returns(column: Column, now: Side, before: Side, reference: Side) -> bool:
    """Whether the column is much nearer to the reference than the comparison window was."""
    here, there = compare(now, reference, column), compare(before, reference, column)
    if isinstance(here, str) or isinstance(there, str):
        return False
    return there.excess >= 0.1 and here.excess < there.excess / 2
