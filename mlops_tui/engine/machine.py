"""What to do next: a pure function of the runbook and the folded journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mlops_tui.incidents.run import AskedQuestion, RunState

DRAFT = "postmortem"
STOPPING = frozenset({"failed", "unknown", "cancelled"})


class StepLike(Protocol):
    """What the machine needs to know of a step."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def continue_on_error(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Do:
    """Perform these steps (side by side where there are several)."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Wait for the answer to a question that was put."""

    question: AskedQuestion


@dataclass(frozen=True, slots=True)
class Settle:
    """An effect was intended and nobody knows whether it happened: a person must say."""

    step: str
    effect: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """How an effect ended is known, and the step's own end was never written down: write it, and do nothing again."""

    step: str
    effect: str


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    state: Literal["ended", "failed"]
    reason: str


Next = Do | Ask | Settle | Conclude | End


def decide(steps: Sequence[StepLike], state: RunState) -> Next:
    """The next thing to do.

    Steps run in the order written. A step that failed, was cancelled or is unknown stops the run, unless it says
    `continue_on_error` (which never passes an `unknown`); an unattended run writes its draft even then. An `end` that
    was performed ends the run. A step whose effect nobody saw ending is settled by a person first: it was done, or it
    was not and the step begins anew.
    """
    for step in steps:
        record = state.steps.get(step.id)
        settled = record is not None and record.done and record.state != "unknown"
        effect = None if settled else state.effect_of(step.id)
        if record is not None and record.done and effect is None:
            if record.state in STOPPING and not (step.continue_on_error and record.state != "unknown"):
                why = record.reason if record.reason != record.state else ""
                return _stop(steps, state, f"step {step.id} {record.state}: {why}".rstrip(": "))
            if step.kind == "end" and record.state == "ok":
                return End("ended", str(record.body.get("text", "")))
            continue
        question = state.open_question(step.id)
        if question is not None:
            return Ask(question)
        if effect is None or effect.not_done:
            return Do((step.id,))
        return Settle(step.id, effect.id) if effect.state is None else Conclude(step.id, effect.id)
    return End("ended", "")


def _stop(steps: Sequence[StepLike], state: RunState, reason: str) -> Do | End:
    """The run fails here. Nobody watches an unattended one, so that its draft, if it has one, is all that will tell."""
    if state.frozen.get("auto"):
        for step in steps:
            record = state.steps.get(step.id)
            if step.kind == DRAFT and (record is None or not record.done):
                return Do((step.id,))
    return End("failed", reason)
