"""`check`: one declared question, or one of the model's alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mlops_tui.core.errors import RunbookError, UnknownName, did_you_mean
from mlops_tui.core.finding import Finding, describe_slice, ranked
from mlops_tui.core.window import Compare
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, StepState
from mlops_tui.inventory.types import Alert, Fire


class CheckParams(Params, kw_only=True, frozen=True):
    """`alert` names one of the model's alerts; otherwise `name` is the check and the rest are an alert's keys."""

    alert: str | None = None
    name: str | None = None
    by: str | None = None
    of: str | None = None
    feature: str | None = None
    metric: str | None = None
    slice: str | None = None
    where: dict[str, str | None] = {}
    compare: Compare | None = None
    current: timedelta | None = None
    fire: Fire = {}
    min_n: int | None = None
    seasonality: bool = False


class CheckKind(Kind):
    """Gives Findings. `$id` is the worst one."""

    name = "check"
    params = CheckParams
    result = "findings"

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """Alert or check, not both; names that exist."""
        given: CheckParams = step.params
        if (given.alert is None) == (given.name is None):
            yield Note("check", "a check names either an alert or a check", "check: {alert: ID} or check: {name: CHECK, ...}")
        if given.alert is not None and given.alert not in names.alerts:
            hint = did_you_mean(given.alert, names.alerts) or "no model of this runbook declares alerts"
            yield Note("check.alert", f"no model that this runbook applies to has an alert {given.alert!r}", hint)
        if given.name is not None and given.name not in names.checks:
            yield Note("check.name", f"unknown check {given.name!r}", did_you_mean(given.name, names.checks))
        if given.by is not None and given.by not in names.segments | {"all"}:
            yield Note("check.by", f"unknown segment {given.by!r}", did_you_mean(given.by, names.segments))
        if given.feature is not None and not given.feature.startswith("$") and given.feature not in names.features:
            yield Note("check.feature", f"unknown feature {given.feature!r}", did_you_mean(given.feature, names.features))

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The values of `where`, and the feature."""
        given: CheckParams = step.params
        for value in given.where.values():
            if value is not None:
                yield "check.where", value
        if given.feature is not None:
            yield "check.feature", given.feature

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Ask the check; for an alert, also say whether it fires."""
        from mlops_tui import checks
        from mlops_tui.alerts import evaluate

        given: CheckParams = call.step.params
        where = {k: _text(call, v) for k, v in given.where.items()}
        alert = _alert(call, given)
        ask = checks.ask_from_alert(alert, call.subject.spec)
        if where:
            ask = replace(ask, where={**ask.where, **where})
        findings = ranked(checks.run(call.subject, ask))
        text = _headline(findings)
        extra: dict[str, Any] = {"where": {k: v for k, v in where.items() if v is not None}}
        if given.alert is not None:
            result = evaluate(alert, findings)
            verdict = "fires" if result.fired else "does not fire"
            text = f"alert {alert.id} {verdict}: {result.reason or text}"
            extra |= {"alert": alert.id, "fired": result.fired}
        state: StepState = "attention" if any(f.bad for f in findings) else "ok"
        queries = dict.fromkeys(f.provenance.query for f in findings if f.provenance)
        return Outcome(state, findings=findings, text=text, query="\n".join(queries), extra=extra)


def _alert(call: Call, given: CheckParams) -> Alert:
    if given.alert is not None:
        known = {a.id: a for a in call.subject.spec.watched_by}
        if given.alert not in known:
            raise UnknownName("alert", given.alert, known, where=call.where)
        return known[given.alert]
    if given.name is None:
        raise RunbookError("the check has no name", where=call.where)
    same = {f: getattr(given, f) for f in ("by", "of", "metric", "slice", "compare", "current", "fire", "min_n", "seasonality")}
    feature = None if given.feature is None else _text(call, given.feature)
    return Alert(id=call.step.id, check=given.name, feature=feature, **same)


def _text(call: Call, value: str | None) -> str | None:
    if value is None:
        return None
    found = call.values.resolve(value, where=call.where)
    return None if found is None else call.values.shown(found)


def _headline(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "nothing to report"
    worst = findings[0]
    count = sum(1 for f in findings if f.status in ("warn", "crit"))
    if not count:
        few = sum(1 for f in findings if f.status == "insufficient")
        unknown = sum(1 for f in findings if f.status == "unknown")
        rest = [f"{few} with too few rows"] * bool(few) + [f"{unknown} unknown"] * bool(unknown)
        return "nothing moved beyond its threshold" + (f" ({', '.join(rest)})" if rest else "")
    return worst.summary or f"{worst.target} of {describe_slice(worst.slice)} moved"


KIND = CheckKind()
