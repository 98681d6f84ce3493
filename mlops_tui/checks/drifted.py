"""Columns in, Findings out: the drift of each column, overall or by a segment, judged together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.drift import Drift, Shape, compare
from mlops_tui.checks.judge import ALPHA, Evidence, judge
from mlops_tui.checks.moves import HourOfDay, history, q_values
from mlops_tui.checks.scope import Scope, provenance
from mlops_tui.checks.values import groups, hourly
from mlops_tui.core.errors import LogError, did_you_mean
from mlops_tui.core.finding import Finding, Kind, Plane, Provenance
from mlops_tui.core.threshold import Measure, Quantity, Threshold
from mlops_tui.core.window import Pair, Window
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

DEFAULT = (Threshold("psi", above=Quantity(0.25), warn_above=Quantity(0.1)),)
"""The credit industry's bands, held against PSI beyond its noise floor."""
MEASURES: tuple[Measure, ...] = ("value", "change", "psi", "js", "ks")


@dataclass(frozen=True, slots=True)
class Column:
    """A column to compare: its name, how it is read, whether its values must not be shown."""

    name: str
    shape: Shape
    private: bool = False


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
    a false-discovery rate over columns and segments) must both pass.
    """
    pair = subject.pair(ask.compare, ask.current)
    cases = [case for column in columns for case in _cases(subject, ask, scope, pair, column)]
    qs = q_values(None if c.drift is None else math.exp(c.drift.log_p) for c in cases)
    found = []
    for case, q in zip(cases, qs, strict=True):
        base = _base(subject, ask, pair, family, case)
        if case.drift is None or q is None:
            found.append(_untold(base, family, case))
            continue
        finding = _judged(ask, pair, family, base, case.drift, q)
        if finding.bad:
            finding = _looked_into(subject, scope, pair, case, finding)
        found.append(finding)
    return found


def _cases(subject: Subject, ask: Ask, scope: Scope, pair: Pair, column: Column) -> Iterator[_Case]:
    there = subject.log.columns
    if column.name not in there:
        hint = did_you_mean(column.name, there)
        why = f"the log has no such column{f' ({hint})' if hint else ''}"
        yield _Case(column, dict(scope.label), None, 0, 0, None, why)
        return
    names = [*scope.by, column.name] if column.name not in scope.by else [column.name]
    asked = [_read(subject, scope, names, w) for w in (pair.current, pair.baseline)]
    origin = provenance(subject, *asked)
    now, before = (a.value for a in asked)
    if not scope.by or column.name in scope.by:
        yield _case(ask, column, dict(scope.label), now.column(column.name), before.column(column.name), origin)
        return
    segment = scope.by[0]
    if ask.whole:
        yield _case(ask, column, dict(scope.label), now.column(column.name), before.column(column.name), origin)
    sides = [(t.column(column.name), *groups(t.column(segment))) for t in (now, before)]
    for value in sorted({*sides[0][1], *sides[1][1]}):
        part = [_part(c, names_, codes, value) for c, names_, codes in sides]
        yield _case(ask, column, dict(scope.label) | {segment: value}, part[0], part[1], origin)


def _read(subject: Subject, scope: Scope, names: Sequence[str], window: Window) -> measure.Measured[pa.Table]:
    return measure.columns(subject.log, names, window, where=scope.where, rows=scope.rows)


def _part(column: pa.ChunkedArray, names: list[str], codes: npt.NDArray[np.int64], value: str) -> pa.ChunkedArray:
    import pyarrow as pa

    code = names.index(value) if value in names else -2
    return column.filter(pa.array(codes == code))


def _case(
    ask: Ask, column: Column, where: dict[str, str], now: pa.ChunkedArray, before: pa.ChunkedArray, origin: Provenance
) -> _Case:
    n, m = len(now), len(before)
    if min(n, m) < ask.min_n:
        return _Case(column, where, None, n, m, origin, few=True)
    try:
        got = compare(now, before, column.name, column.shape, private=column.private)
    except LogError as error:
        got = words.reason(error)
    if isinstance(got, str):
        return _Case(column, where, None, n, m, origin, got)
    return _Case(column, where, got, n, m, origin)


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
    name = f"Drift of {family.noun} {base.target}" + (words.place(base.slice).replace(" of ", " in ", 1) if base.slice else "")
    if case.few:
        rows = f"{words.plural(case.n, 'row')} in the window and {case.n_reference:,} to compare with"
        return base.but(summary=f"{name} cannot be told: {rows}, too few.")
    return base.but(status="unknown", summary=f"{name} cannot be told: {case.why}.")


def _judged(ask: Ask, pair: Pair, family: Family, base: Finding, d: Drift, q: float) -> Finding:
    sizes = {"value": d.psi, "change": d.excess, "psi": d.excess, "js": d.js, "ks": d.ks}
    status, decisive = judge(ask.thresholds or DEFAULT, Evidence(sizes, q=q))  # type: ignore[arg-type]
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


def _looked_into(subject: Subject, scope: Scope, pair: Pair, case: _Case, finding: Finding) -> Finding:
    """A drift that is a warning or worse: is it the way back to the reference, and since when?"""
    from mlops_tui.stats.onset import onset

    assert case.drift is not None
    name, time = case.column.name, subject.log.spec.time
    inner = Scope((), {**scope.where, **{c: v for c, v in case.where.items() if c in scope.by}}, scope.rows, {})
    if pair.compare != "reference":
        sides = [_read(subject, inner, [name], w) for w in (subject.windows.reference, pair.current, pair.baseline)]
        reference, now, before = (s.value.column(0) for s in sides)
        if len(reference) and _returns(case.column, now, before, reference):
            text = finding.summary.replace("drifted from", "returned to the reference since", 1)
            return finding.but(status="ok", recovery=True, summary=text)
    span = history(subject.windows.reference, pair.baseline, subject.windows.now)
    table = _read(subject, inner, list(dict.fromkeys([time, name])), span).value
    series = hourly(table.column(time), case.drift.inside(table.column(name)))
    point = onset(series, season=HourOfDay(subject.project.zone), window=pair.current.start)
    if point is None or point.after < point.before:
        return finding
    bounds = {"onset_lo": point.lo.timestamp(), "onset_hi": point.hi.timestamp()}
    text = f"{finding.summary.rstrip('.')} since {words.moment(point.at)}."
    return finding.but(onset=point.at, summary=text, measures=dict(finding.measures) | bounds)


def _returns(column: Column, now: pa.ChunkedArray, before: pa.ChunkedArray, reference: pa.ChunkedArray) -> bool:
    """Whether the column is much nearer to the reference than the comparison window was."""
    here = compare(now, reference, column.name, column.shape, private=True)
    there = compare(before, reference, column.name, column.shape, private=True)
    if isinstance(here, str) or isinstance(there, str):
        return False
    return there.excess >= 0.1 and here.excess < there.excess / 2
