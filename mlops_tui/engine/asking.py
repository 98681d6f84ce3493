"""Questions on their way to the journal and back, and who may answer them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from mlops_tui.core.errors import UnknownName, did_you_mean
from mlops_tui.core.window import parse_instant
from mlops_tui.engine.types import Answer, Effect, Question, QuestionKind
from mlops_tui.incidents.run import SETTLE, AskedQuestion, IntendedEffect, StepRecord

if TYPE_CHECKING:
    from mlops_tui.inventory import Inventory

SETTLED = ("done", "not_done")


def question_body(question: Question) -> dict[str, Any]:
    """A question as the journal keeps it."""
    effect = question.effect
    return {
        "id": question.id,
        "kind": question.kind,
        "text": question.text,
        "choices": list(question.choices),
        "type_this": question.type_this,
        "by": question.by,
        "not_by": question.not_by,
        "expires": question.expires,
        "auto": question.auto,
        "effect": None if effect is None else {"plan": effect.plan, "sha256": effect.sha256, "key": effect.key},
    }


def question_of(asked: AskedQuestion) -> Question:
    """The Question as it was put, from its event."""
    body = asked.body
    expires: datetime | None = parse_instant(str(body["expires"])) if body.get("expires") else None
    return Question(
        asked.id,
        asked.step,
        cast("QuestionKind", asked.kind),
        str(body.get("text", "")),
        tuple(body.get("choices") or ()),
        type_this=body.get("type_this"),
        by=body.get("by"),
        not_by=body.get("not_by"),
        expires=expires,
        auto=body.get("auto"),
    )


def undecided(run: str, step: str, title: str) -> Question:
    """Whether to do a write whose condition is null: nobody knows, so a person says."""
    text = f"Whether to do {step} ({title}) could not be decided: its condition is null. Do it?"
    return Question(f"{run}/{step}/when", step, "confirm", text, ("yes", "no"))


def settling(run: str, effect: IntendedEffect, record: StepRecord, number: int) -> Question:
    """What became of an effect that nobody saw ending. Only a person can say; it is never silently done again.

    `number` counts how often it was asked.
    """
    plan = effect.body.get("plan") or {}
    what = plan.get("argv") if isinstance(plan, dict) else None
    shown = " ".join(map(str, what)) if what else str(plan)
    why = f" ({record.reason})" if record.state == "unknown" and record.reason else ""
    text = (
        f"{effect.step} began and nobody saw how it ended{why}:\n  {shown}\n"
        "Look, then say: was it done? After not_done you are asked again whether to do it."
    )
    return Question(f"{run}/{effect.step}/settle/{effect.id}/{number}", effect.step, SETTLE, text, SETTLED)


def approved(asked: AskedQuestion | None, effect: Effect) -> bool:
    """Whether what was confirmed is exactly what would be done now. A step that asks nobody needs no approval."""
    shown = (asked.body.get("effect") or {}) if asked is not None else {}
    return asked is None or shown.get("sha256") == effect.sha256


def refusal(question: Question, answer: Answer, inventory: Inventory, model: str, runner: str) -> str:
    """Why an answer does not count, in words; empty when it does. `runner` is the login of whoever drives the run."""
    if question.choices and answer.choice not in question.choices:
        return f"{answer.choice!r} is not an answer here; {did_you_mean(answer.choice, question.choices)}"
    if answer.choice != "yes" or question.kind not in ("confirm", "approve"):
        return ""
    if question.not_by == "runner" and answer.person == runner:
        return "the runner cannot confirm this step: it needs a second person"
    if question.by is None:
        return ""
    try:
        teams = inventory.teams_for(question.by, model)
    except UnknownName as error:
        return f"nobody can confirm this: {error}"
    logins = {m.login for t in teams if t in inventory.file.teams for m in inventory.file.teams[t].members}
    if answer.person not in logins:
        return f"{answer.person} is in none of the teams that may confirm this: {', '.join(teams)}"
    return ""
