"""The state of one run: a fold of its incident's events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mlops_tui.core.finding import Finding, from_json
from mlops_tui.journal.event import Event

TERMINAL = frozenset({"ok", "attention", "failed", "skipped", "unknown", "cancelled"})


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it was put, and its answer where one came."""

    id: str
    step: str
    kind: str
    body: Mapping[str, Any]
    asked: datetime
    choice: str | None = None
    person: str = ""
    why: str = ""
    answered: datetime | None = None


@dataclass(frozen=True, slots=True)
class IntendedEffect:
    """A write that was about to happen, and how it ended; `state` is None while nobody knows."""

    id: str
    step: str
    attempt: int
    body: Mapping[str, Any]
    intended: datetime
    state: str | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as the journal knows it. `body` is the outcome's JSON; `state` is `running` until there is one."""

    id: str
    kind: str
    title: str
    state: str
    reason: str = ""
    attempt: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    artefacts: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the step needs nothing more."""
        return self.state in TERMINAL

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The Findings that the step gave, worst first."""
        return tuple(from_json(f) for f in self.body.get("findings") or ())


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as its events tell it."""

    run: str = ""
    started: Event | None = None
    epoch: int = 0
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    questions: Mapping[str, AskedQuestion] = field(default_factory=dict)
    effects: Mapping[str, IntendedEffect] = field(default_factory=dict)
    ended: Event | None = None

    @property
    def frozen(self) -> Mapping[str, Any]:
        """What `run_started` froze: runbook, inputs, `at`, windows."""
        return (self.started.body if self.started else None) or {}

    @property
    def finished(self) -> bool:
        """Whether the run reached its end; an interrupted run did not."""
        return self.ended is not None and (self.ended.body or {}).get("state") in ("ended", "failed")

    def question_of(self, step: str, kind: str | None = None) -> AskedQuestion | None:
        """The last question that the step asked (of that kind)."""
        found = [q for q in self.questions.values() if q.step == step and kind in (None, q.kind)]
        return found[-1] if found else None

    def open_effect(self, step: str) -> IntendedEffect | None:
        """An effect of the step that was intended and never told to have ended."""
        return next((e for e in self.effects.values() if e.step == step and e.state is None), None)


def fold_run(events: Iterable[Event], run: str) -> RunState:
    """The state of `run` from its incident's events, in the order of `seq`."""
    state = RunState(run=run)
    for event in events:
        if event.run == run:
            state = _apply(state, event)
    return state


def runs_of(events: Iterable[Event]) -> tuple[str, ...]:
    """The ids of the runs of an incident, oldest first."""
    return tuple(dict.fromkeys(e.run for e in events if e.type == "run_started"))


def _apply(state: RunState, event: Event) -> RunState:
    body = event.body or {}
    match event.type:
        case "run_started":
            return replace(state, started=event, epoch=event.epoch, ended=None)
        case "run_joined":
            return replace(state, epoch=event.epoch, ended=None)
        case "run_ended":
            return replace(state, ended=event)
        case "step_started":
            record = StepRecord(
                event.step,
                str(body.get("kind", "")),
                str(body.get("title", "")),
                "running",
                attempt=event.attempt,
                started=event.at,
            )
            earlier = state.steps.get(event.step)
            if earlier is not None and earlier.started is not None:
                record = replace(record, started=earlier.started)
            return replace(state, steps={**state.steps, event.step: record})
        case "step_ended" | "step_skipped":
            return replace(state, steps={**state.steps, event.step: _ended(state, event)})
        case "question_asked":
            asked = AskedQuestion(str(body["id"]), event.step, str(body["kind"]), body, event.at)
            return replace(state, questions={**state.questions, asked.id: asked})
        case "answered" | "question_expired":
            return _answered(state, event)
        case "effect_intended":
            effect = IntendedEffect(str(body["id"]), event.step, event.attempt, body, event.at)
            return replace(state, effects={**state.effects, effect.id: effect})
        case "effect_ended" | "effect_settled":
            known = state.effects.get(str(body.get("id")))
            if known is None:
                return state
            return replace(state, effects={**state.effects, known.id: replace(known, state=str(body.get("state", "")))})
    return state


def _ended(state: RunState, event: Event) -> StepRecord:
    body = event.body or {}
    skipped = event.type == "step_skipped"
    earlier = state.steps.get(event.step)
    return StepRecord(
        event.step,
        str(body.get("kind") or (earlier.kind if earlier else "")),
        str(body.get("title") or (earlier.title if earlier else "")),
        "skipped" if skipped else str(body.get("state", "unknown")),
        reason=str(body.get("reason") or body.get("error") or ""),
        attempt=event.attempt,
        started=earlier.started if earlier else event.at,
        ended=event.at,
        body=body,
        artefacts=event.artefacts,
    )


def _answered(state: RunState, event: Event) -> RunState:
    body = event.body or {}
    asked = state.questions.get(str(body.get("question")))
    if asked is None:
        return state
    expired = event.type == "question_expired"
    given = replace(
        asked,
        choice="" if expired else str(body.get("choice", "")),
        person=str(body.get("person", "")),
        why="expired" if expired else str(body.get("why", "")),
        answered=event.at,
    )
    return replace(state, questions={**state.questions, asked.id: given})
