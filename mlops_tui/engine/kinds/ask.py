"""`ask`: a question whose answer later steps use as `$id`."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.core.errors import did_you_mean
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params, question_id
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Question


class AskParams(Params, kw_only=True, frozen=True):
    """`answers` empty means free text; `auto` is the answer of an unattended run."""

    question: str
    answers: list[str] = []
    auto: str | None = None


class AskKind(Kind):
    """Waits for a person."""

    name = "ask"
    asks = True
    params = AskParams
    result = "answer"

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """The unattended answer is one of the answers; no answer stands twice."""
        given: AskParams = step.params
        if given.auto is not None and given.answers and given.auto not in given.answers:
            yield Note("ask.auto", f"auto: {given.auto!r} is not one of the answers", did_you_mean(given.auto, given.answers))
        if len(set(given.answers)) != len(given.answers):
            yield Note("ask.answers", "an answer stands twice")

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The question."""
        yield "ask.question", step.params.question

    def question(self, call: Call) -> Question | None:
        """The question with its values filled in."""
        given: AskParams = call.step.params
        text = call.values.text(given.question, where=call.where)
        return Question(question_id(call), call.step.id, "ask", text, tuple(given.answers), auto=given.auto)

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """The answer is the step's value."""
        assert call.answer is not None
        return Outcome("ok", value=call.answer.choice, text=f"{call.answer.person}: {call.answer.choice}")


KIND = AskKind()
