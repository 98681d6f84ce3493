"""`note`: a line for the timeline."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome


class NoteKind(Kind):
    """Writes to the journal only."""

    name = "note"
    params = str

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The note."""
        yield "note", step.params

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Append the note; the event's id makes a repeat harmless."""
        text = call.values.text(call.step.params, where=call.where)
        call.journal.append(
            call.incident,
            "note",
            {"text": text, "from": call.step.id},
            id=f"{call.run}:{call.step.id}:note",
            run=call.run,
            step=call.step.id,
        )
        return Outcome("ok", text=text)


KIND = NoteKind()
