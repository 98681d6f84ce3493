"""`decision_rate`: did the share of positive decisions move, where, since when?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_tui.checks import words
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.judge import ALPHA, Evidence, judge_move
from mlops_tui.checks.moves import Counts, HourOfDay, Move, history, move, q_values, recovers
from mlops_tui.checks.registry import check
from mlops_tui.checks.scope import Scope, provenance, scope_of
from mlops_tui.checks.slices import shortened
from mlops_tui.checks.usual import as_usual, looked_into
from mlops_tui.core.finding import Finding, Provenance
from mlops_tui.core.threshold import Quantity, Threshold
from mlops_tui.core.window import Pair
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject

_DEFAULT = Threshold(
    "change",
    below=Quantity(-0.10, "pp"),
    above=Quantity(0.10, "pp"),
    warn_below=Quantity(-0.05, "pp"),
    warn_above=Quantity(0.05, "pp"),
)
Group = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Slice:
    """One slice's counts in the current window, the comparison window and the reference."""

    group: Group
    now: Counts
    before: Counts
    reference: Counts

    def move(self, min_n: int) -> Move | None:
        """The move, or None where either side has too few rows."""
        return move(self.now, self.before) if min(self.now.n, self.before.n) >= min_n else None


@check("decision_rate", plane="model", kind="decision_rate", measures=("value", "change", "ratio"), default=(_DEFAULT,))
def decision_rate(subject: Subject, ask: Ask) -> list[Finding]:
    """Did the share of positive decisions move, overall or in a segment?

    The answer by a segment begins with the whole (slice {}), unless asked otherwise. Decisions that are null are not counted.
    A move is a warning or worse only beyond what earlier windows of the same length and weekday show: rates differ from day
    to day by more than chance.
    """
    pair, scope = subject.pair(ask.compare, ask.current), scope_of(subject, ask)
    windows = (pair.current, pair.baseline, subject.windows.reference)
    distinct = tuple(dict.fromkeys(windows))
    asked = subject.once(
        ("rates", distinct, scope.by, *scope.key),
        lambda: measure.rates(subject.log, subject.spec.decision, distinct, by=scope.by, where=scope.where, rows=scope.rows),
    )
    places = [distinct.index(w) for w in windows]
    slices = _slices(asked.value, places, whole=ask.whole or not scope.by, grouped=bool(scope.by))
    origin = provenance(subject, asked)
    moves = [s.move(ask.min_n) for s in slices]
    qs = q_values(None if m is None else m.p for m in moves)
    found = [
        _few(subject, ask, scope, pair, s, origin)
        if m is None or q is None
        else _moved(subject, ask, scope, pair, s, m, q, origin)
        for s, m, q in zip(slices, moves, qs, strict=True)
    ]
    kept = shortened(found, ask.segment, ask.min_n)
    return _dated(subject, ask, scope, pair, kept)


def _slices(value: Mapping[measure.Key, measure.Rate], places: Sequence[int], *, whole: bool, grouped: bool) -> list[_Slice]:
    groups = sorted({g for _, g in value}, key=lambda g: tuple((v is None, v or "") for v in g))

    def counts(index: int, group: Group) -> Counts:
        rate = value.get((index, group))
        return Counts(rate.positives, rate.n) if rate else Counts(0, 0)

    found = [_Slice(g, *(counts(i, g) for i in places)) for g in groups if grouped and None not in g]
    if whole:
        sums = [[counts(i, g) for g in groups] for i in places]
        found.insert(0, _Slice((), *(Counts(sum(c.k for c in side), sum(c.n for c in side)) for side in sums)))
    return found


def _moved(subject: Subject, ask: Ask, scope: Scope, pair: Pair, s: _Slice, m: Move, q: float, origin: Provenance) -> Finding:
    thresholds = ask.thresholds or decision_rate.default
    value, baseline = s.now.rate, s.before.rate
    sizes = {"value": value, "change": m.change, "ratio": value / baseline if value is not None and baseline else None}
    evidence = Evidence(sizes, baseline, q, (s.now.k, s.now.n), ask.alpha)  # type: ignore[arg-type]
    back = pair.compare != "reference" and q < ALPHA and recovers(s.now, s.before, s.reference)
    status, decisive, back = judge_move(thresholds, evidence, back)
    finding = _base(subject, scope, pair, s, origin).but(
        status=status,
        change=m.change,
        interval=m.interval,
        p_value=m.p,
        direction="up" if m.change > 0 else "down" if m.change < 0 else "change",
        threshold=decisive,
        score=m.score,
        recovery=back,
        measures={"q_value": q, "reference_rate": s.reference.rate, "positives": float(s.now.k)},
    )
    return finding.but(summary=_sentence(subject, pair, finding))


def _base(subject: Subject, scope: Scope, pair: Pair, s: _Slice, origin: Provenance) -> Finding:
    return Finding(
        status="insufficient",
        plane="model",
        concern="monitoring",
        kind="decision_rate",
        check_name="decision_rate",
        model=subject.model,
        target=subject.spec.decision.column,
        slice=scope.slice(s.group) if s.group else dict(scope.label),
        window=pair.current,
        reference=pair.baseline,
        value=s.now.rate,
        baseline=s.before.rate,
        unit="pp",
        n=s.now.n,
        n_reference=s.before.n,
        provenance=origin,
    )


def _few(subject: Subject, ask: Ask, scope: Scope, pair: Pair, s: _Slice, origin: Provenance) -> Finding:
    finding = _base(subject, scope, pair, s, origin)
    name = words.rate_name(subject.spec.decision.positive) + words.place(finding.slice)
    against = words.AGAINST[pair.compare]
    if not s.now.n and not s.before.n:
        why = f"no decisions in the window nor in {against}"
    elif not s.now.n:
        why = f"no decisions in the window ({words.told(s.before.n)} in {against})"
    elif not s.before.n:
        why = f"{words.rows(s.now.n, 'decision')}, and none in {against} to compare with"
    else:
        sides = f"{words.rows(s.now.n, 'decision')} and {words.told(s.before.n)} in {against}"
        why = f"{sides}, where {ask.min_n} are needed on both sides"
    return finding.but(threshold=(ask.thresholds or decision_rate.default)[0], summary=f"{name} cannot be told: {why}.")


def _sentence(subject: Subject, pair: Pair, f: Finding) -> str:
    name = words.rate_name(subject.spec.decision.positive) + words.place(f.slice)
    value, baseline, change, usual = f.value or 0.0, f.baseline or 0.0, f.change or 0.0, f.measures["reference_rate"]
    now, before = words.percent(value), words.percent(baseline)
    lo, hi = f.interval or (0.0, 0.0)
    numbers = f"{words.points(change)} points, 95% {words.points(lo)}..{words.points(hi)}; {words.plural(f.n, 'decision')}"
    against = words.AGAINST[pair.compare]
    reference = f"; the reference is {words.percent(usual)}" if pair.compare != "reference" and usual is not None else ""
    if f.recovery:
        half = usual is not None and abs(value - usual) <= abs(baseline - usual) / 2
        return f"{name} {'recovered' if half else 'is recovering'} from {before} to {now} ({numbers}{reference})."
    if f.status == "ok":
        return f"{name} is {now}, was {before} in {against} ({numbers}{reference})."
    return f"{name} {'fell' if change < 0 else 'rose'} from {before} to {now} ({numbers}; against {against}{reference})."


def _dated(subject: Subject, ask: Ask, scope: Scope, pair: Pair, found: list[Finding]) -> list[Finding]:
    """The onset of every move that is a warning or worse, from one series by hour; `ok` where earlier windows vary as much."""
    moved = [f for f in found if f.change is not None and (f.status in ("warn", "crit") or f.recovery)]
    if not moved:
        return found
    span = history(subject.windows.reference, pair.baseline, subject.windows.now)
    by = scope.by[0] if scope.by else None
    # the whole needs every value's hours, and a segment of thousands has too many of them
    only = None if by is None else [f.slice[by] for f in moved if by in f.slice]
    asked, decision = measure.rate_series, subject.spec.decision
    series: Mapping[str | None, list[tuple[datetime, measure.Rate]]] = {}
    if only != []:
        series = asked(subject.log, decision, span, by=by, only=only, where=scope.where, rows=scope.rows).value
    season = HourOfDay(subject.project.zone)
    out = []
    for f in found:
        if f not in moved:
            out.append(f)
            continue
        if by is not None and by in f.slice:
            hours = series.get(f.slice[by], [])
        else:
            hours = asked(subject.log, decision, span, where=scope.where, rows=scope.rows).value.get(None, [])
        counted = [(at, r.n, r.positives) for at, r in hours]
        bounds, positives = ask.thresholds or decision_rate.default, int(f.measures["positives"] or 0)
        seen = looked_into(f, pair, counted, season, bounds, positives, ask.min_n)
        if f.recovery and not seen.recovery:
            seen = seen.but(summary=as_usual(_sentence(subject, pair, seen), seen))
        out.append(seen)
    return out
