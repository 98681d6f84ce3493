"""`end`: the run is over here, as something."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Params
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome

CLOSING = ("false_alarm", "resolved")
"""Ends that close an incident which the same run opened."""


class EndParams(Params, kw_only=True, frozen=True):
    """`as` is a word such as false_alarm or resolved; both close an incident that this run opened."""

    as_: str = msgspec.field(name="as")
    text: str = ""


class EndKind(Kind):
    """Ends the run. No step after it is performed. The event's id makes a repeat of the closing harmless."""

    name = "end"
    params = EndParams

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The text."""
        yield "end.text", step.params.text

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Say how it ended."""
        given: EndParams = call.step.params
        text = call.values.text(given.text, where=call.where)
        if given.as_ in CLOSING and call.state.frozen.get("opened"):
            body = {"as": given.as_, "reason": text}
            call.journal.append(call.incident, "incident_closed", body, id=closing_id(call.run), run=call.run)
        return Outcome("ok", value=given.as_, text=f"{given.as_}: {text}" if text else given.as_, extra={"as": given.as_})


def closing_id(run: str) -> str:
    """The id of the event by which a run closes its incident."""
    return f"{run}:closed"


KIND = EndKind()
