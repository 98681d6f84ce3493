"""`confirm`: a person says yes before the run goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from mlops_tui.core.errors import did_you_mean
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params, question_id
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Question
from mlops_tui.inventory.inventory import ON_CALL, OWNER

SELF = (ON_CALL, OWNER)
"""What `by:` and `to:` may name beside a team."""


class ConfirmParams(Params, kw_only=True, frozen=True):
    """`by` is a team, `on_call` or `owner`; `not_by: runner` asks for a second person; `expires` counts from the question."""

    text: str
    by: str | None = None
    not_by: str | None = None
    expires: timedelta | None = None


class ConfirmKind(Kind):
    """A no stops the run."""

    name = "confirm"
    asks = True
    params = ConfirmParams
    result = "answer"
    needs_person = True

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """The team exists."""
        yield from lint_confirm("confirm", step.params.by, step.params.not_by, names)

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The text."""
        yield "confirm.text", step.params.text

    def question(self, call: Call) -> Question | None:
        """The confirmation, for whom, until when."""
        given: ConfirmParams = call.step.params
        text = call.values.text(given.text, where=call.where)
        expires = call.project.clock() + given.expires if given.expires else None
        return Question(
            question_id(call),
            call.step.id,
            "confirm",
            text,
            ("yes", "no"),
            by=given.by,
            not_by=given.not_by,
            expires=expires,
        )

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Yes goes on, anything else stops."""
        return confirmed(call) or Outcome("ok", value="yes", text=f"confirmed by {call.answer.person if call.answer else ''}")


def lint_confirm(key: str, by: str | None, not_by: str | None, names: Names) -> Iterable[Note]:
    """What is wrong with who may confirm."""
    if by is not None and by not in names.teams | set(SELF):
        yield Note(f"{key}.by", f"unknown team {by!r}", did_you_mean(by, names.teams | set(SELF)))
    if not_by is not None and not_by != "runner":
        yield Note(f"{key}.not_by", f"not_by: {not_by!r} is not known", "only `runner` can be excluded")


def confirmed(call: Call) -> Outcome | None:
    """None when the answer was yes, else the Outcome that says who refused."""
    answer = call.answer
    if answer is None or answer.choice == "yes":
        return None
    why = f": {answer.why}" if answer.why else ""
    refused = f"refused by {answer.person}{why}" if answer.person else f"not confirmed{why}"
    return Outcome("cancelled", value="no", error=refused, text=refused)


KIND = ConfirmKind()
