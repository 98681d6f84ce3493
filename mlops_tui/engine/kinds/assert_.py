"""`assert`: a condition that must hold, or the step fails with its text."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Params
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome


class AssertParams(Params, kw_only=True, frozen=True):
    """`that` is a SQL condition; `text` is said when it is not met."""

    that: str
    text: str = ""


class AssertKind(Kind):
    """Reads. An unknown (null) condition is not met."""

    name = "assert"
    params = AssertParams

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The text."""
        yield "assert.text", step.params.text

    def sql(self, step: Step) -> Iterable[tuple[str, str, bool]]:
        """The condition."""
        yield "assert.that", step.params.that, True

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Evaluate the condition."""
        given: AssertParams = call.step.params
        values = call.bind(given.that)
        met = call.bench.condition(given.that, values, cancelled=cancelled)
        query = call.bench.shown(given.that, values)
        text = call.values.text(given.text, where=call.where) or f"not met: {given.that}"
        if met:
            return Outcome("ok", value=True, text="holds", query=query)
        reason = text if met is not None else f"{text} (the condition is null: it could not be decided)"
        return Outcome("failed", value=met, error=reason, text=reason, query=query)


KIND = AssertKind()
