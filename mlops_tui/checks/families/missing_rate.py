"""`missing_rate`: are more values missing than there used to be?"""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.judge import ALPHA, Evidence, judge_move
from mlops_tui.checks.moves import Counts, HourOfDay, Move, history, move, q_values, recovers
from mlops_tui.checks.registry import ON_ROWS, check
from mlops_tui.checks.scope import Scope, provenance, scope_of
from mlops_tui.checks.slices import shortened
from mlops_tui.checks.usual import looked_into
from mlops_tui.checks.values import absent, hourly, hours_of
from mlops_tui.core.errors import did_you_mean
from mlops_tui.core.finding import Finding, Provenance
from mlops_tui.core.leave import one_line
from mlops_tui.core.threshold import Quantity, Threshold
from mlops_tui.core.window import Pair, Window
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject

_DEFAULT = Threshold("change", above=Quantity(0.05, "pp"), warn_above=Quantity(0.02, "pp"))


@check(
    "missing_rate",
    plane="feature",
    kind="data_quality",
    measures=("value", "change", "ratio"),
    default=(_DEFAULT,),
    keys=ON_ROWS | {"feature"},
)
def missing_rate(subject: Subject, ask: Ask) -> list[Finding]:
    """Are more values missing than there used to be, in features, score, decision or segments?

    NaN counts as missing, empty text does not. Bounds written beside a feature (`checks: {missing: ...}`) hold as well.
    The answer by a segment begins with the whole, unless asked otherwise. A move that earlier windows show too is `ok`.
    """
    pair, scope = subject.pair(ask.compare, ask.current), scope_of(subject, ask)
    names, absent = _columns(subject, ask, scope)
    found = [_absent(subject, scope, pair, name) for name in absent]
    if not names:
        return found
    windows = (pair.current, pair.baseline, subject.windows.reference)
    asked = _nulls(subject, names, windows, scope)
    origin = provenance(subject, asked)
    whole = ask.whole or not scope.by
    cells = []
    for group in _groups(asked.value, whole=whole):
        for name in names:
            counts = [Counts(*reversed(asked.value.get((w, group, name), (0, 0)))) for w in windows]
            # a segment is never missing in its own groups, and what is always missing is said once
            if not group or not (name in scope.by or (whole and _never(asked.value, windows, name))):
                cells.append((group, name, counts))
    moves = [move(now, before) if min(now.n, before.n) >= ask.min_n else None for _, _, (now, before, _) in cells]
    qs = q_values(None if m is None else m.p for m in moves)
    told = []
    for (group, name, counts), m, q in zip(cells, moves, qs, strict=True):
        base = _base(subject, pair, scope.slice(group) if group else dict(scope.label), name, counts, origin)
        if m is None or q is None:
            told.append(base.but(summary=_too_few(base, pair, ask)))
        else:
            told.append(_judged(subject, ask, pair, base, counts, m, q))
    kept = shortened(told, ask.segment, ask.min_n)
    return found + [_dated(subject, ask, scope, pair, f) if f.status in ("warn", "crit") else f for f in kept]


_Group = tuple[str | None, ...]
_Nulls = dict[tuple[Window, _Group, str], tuple[int, int]]


def _nulls(subject: Subject, names: Sequence[str], windows: Sequence[Window], scope: Scope) -> measure.Measured[_Nulls]:
    """Rows and missing values by window, group and column; the group () is the whole."""
    distinct = tuple(dict.fromkeys(windows))

    def ask() -> measure.Measured[_Nulls]:
        asked = measure.nulls(subject.log, names, distinct, by=scope.by, where=scope.where, rows=scope.rows)
        value = {(distinct[i], group, name): counts for (i, group, name), counts in asked.value.items()}
        sums: _Nulls = {}
        for (window, _, name), (n, missing) in value.items():
            so_far = sums.get((window, (), name), (0, 0))
            sums[window, (), name] = (so_far[0] + n, so_far[1] + missing)
        return measure.Measured(sums | value, asked.query, asked.inputs)

    return subject.once(("nulls", tuple(names), distinct, scope.by, *scope.key), ask)


def _never(value: _Nulls, windows: Sequence[Window], name: str) -> bool:
    """Whether a column had no value at all in the window and in what it is compared with."""
    sides = [value.get((w, (), name), (0, 0)) for w in windows[:2]]
    return all(n == missing for n, missing in sides)


def _groups(value: _Nulls, *, whole: bool) -> list[_Group]:
    """The groups that are told, in order: those with a null value are not."""
    found = dict.fromkeys(g for _, g, _ in value if g and None not in g)
    return [*([()] if whole else []), *found]


def _dated(subject: Subject, ask: Ask, scope: Scope, pair: Pair, finding: Finding) -> Finding:
    """The finding with its onset, where a moment stands out; `ok` where earlier windows vary as much."""
    name, time = finding.target, subject.log.spec.time
    if name not in subject.log.columns or subject.log.positive is not None:
        return finding  # only rows tell the hour, and what earlier windows did by themselves
    where = {**scope.where, **{c: finding.slice[c] for c in scope.by if c in finding.slice}}
    span = history(subject.windows.reference, pair.baseline, subject.windows.now)
    table = measure.columns(subject.log, list(dict.fromkeys([time, name])), span, where=where, rows=scope.rows).value
    series = hourly(hours_of(table.column(time)), absent(table.column(name)))
    season, missing = HourOfDay(subject.project.zone), int(finding.measures["missing"] or 0)
    return looked_into(finding, pair, series, season, _thresholds(subject, ask, name), missing, ask.min_n)


def _columns(subject: Subject, ask: Ask, scope: Scope) -> tuple[list[str], list[str]]:
    """The columns to look at, and declared features that the log lacks."""
    if ask.feature is not None:
        wanted = [ask.feature]
    else:
        spec = subject.spec
        score = [spec.log.score.column] if spec.log.score else []
        wanted = [*subject.features, *score, spec.decision.column, *spec.log.segments]
    kept = [n for n in dict.fromkeys(wanted) if ask.whole or n not in scope.by]
    removed = {n for n, f in subject.features.items() if f.status == "removed"}
    there = [n for n in kept if subject.log.watches(n)]
    return there, [n for n in kept if n not in there and n not in removed]


def _base(
    subject: Subject, pair: Pair, where: dict[str, str], name: str, counts: Sequence[Counts], origin: Provenance | None
) -> Finding:
    now, before = counts[0], counts[1]
    return Finding(
        status="insufficient",
        plane="feature" if name in subject.features else "data",
        concern="monitoring",
        kind="data_quality",
        check_name="missing_rate",
        model=subject.model,
        target=name,
        slice=where,
        window=pair.current,
        reference=pair.baseline,
        value=now.rate,
        baseline=before.rate,
        unit="pp",
        n=now.n,
        n_reference=before.n,
        provenance=origin,
    )


def _absent(subject: Subject, scope: Scope, pair: Pair, name: str) -> Finding:
    nothing = [Counts(0, 0)] * 3
    hint = did_you_mean(name, subject.log.columns)
    text = f"Missing values of {name} cannot be told: the log has no such column{f' ({hint})' if hint else ''}."
    return _base(subject, pair, dict(scope.label), name, nothing, None).but(status="unknown", summary=text)


def _too_few(f: Finding, pair: Pair, ask: Ask) -> str:
    against = words.AGAINST[pair.compare]
    return (
        f"Missing values of {f.target}{words.place(f.slice)} cannot be told: {words.rows(f.n or 0, 'row')}"
        f" and {words.told(f.n_reference or 0)} in {against}, where {ask.min_n} are needed on both sides."
    )


def _thresholds(subject: Subject, ask: Ask, name: str) -> tuple[Threshold, ...]:
    feature = subject.features.get(name)
    own = feature.checks.missing if feature and feature.checks else None
    if ask.thresholds or own is None:
        return ask.thresholds or missing_rate.default
    return (Threshold("value", own.below, own.above, own.warn_below, own.warn_above), *missing_rate.default)


def _judged(subject: Subject, ask: Ask, pair: Pair, base: Finding, counts: Sequence[Counts], m: Move, q: float) -> Finding:
    now, before, reference = counts
    name = f"{base.target}{words.place(base.slice)}"
    against = words.AGAINST[pair.compare]
    if now.k == now.n and before.k == before.n:
        text = f"Every value of {name} is missing, in {against} too: nothing can be watched."
        return base.but(status="unknown", summary=text)
    ratio = base.value / base.baseline if base.value is not None and base.baseline else None
    sizes = {"value": base.value, "change": m.change, "ratio": ratio}
    thresholds = _thresholds(subject, ask, base.target)
    evidence = Evidence(sizes, base.baseline, q, (now.k, now.n), ask.alpha)  # type: ignore[arg-type]
    back = pair.compare != "reference" and q < ALPHA and recovers(now, before, reference)
    status, decisive, back = judge_move(thresholds, evidence, back)
    lo, hi = m.interval
    verb = "recovered" if back else "is" if status == "ok" else "rose" if m.change > 0 else "fell" if m.change < 0 else "is"
    told, was = words.percent(base.value or 0), words.percent(base.baseline or 0)
    course = f"is {told}, was {was} in {against}" if verb == "is" else f"{verb} from {was} to {told}"
    return base.but(
        status=status,
        change=m.change,
        interval=m.interval,
        p_value=m.p,
        direction="up" if m.change > 0 else "down" if m.change < 0 else "change",
        threshold=decisive,
        score=m.score,
        recovery=back,
        measures={"q_value": q, "missing": float(now.k)},
        summary=f"Share of missing {one_line(name)} {course} ({words.points(m.change)} points, 95% {words.points(lo)}.."
        f"{words.points(hi)}; {words.plural(now.n, 'row')}).",
    )
