"""The state of one run: a fold of its incident's events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from mlops_tui.core.finding import Finding, from_json
from mlops_tui.journal.event import Event

TERMINAL = frozenset({"ok", "attention", "failed", "skipped", "unknown", "cancelled"})
SETTLE: Final = "settle"
"""The kind of the question whether an effect happened; it belongs to the effect and not to the step's own doing."""

NOT_STARTED = "not_started"
"""How an effect ended that was intended and then not begun, because somebody stopped the run just then."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it was put, and its answer where one came. `attempt` is the step's, 0 for a question before it began."""

    id: str
    step: str
    kind: str
    body: Mapping[str, Any]
    asked: datetime
    choice: str | None = None
    person: str = ""
    why: str = ""
    answered: datetime | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class IntendedEffect:
    """A write that was about to happen, and how it ended; `state` is None while nobody knows.

    `settled` says that a person, and not the driver that made it, said how it ended. `outcome` is the body of the
    step's end that the driver was about to write, and `artefacts` what that names.
    """

    id: str
    step: str
    attempt: int
    body: Mapping[str, Any]
    intended: datetime
    state: str | None = None
    settled: bool = False
    person: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    artefacts: tuple[str, ...] = ()

    @property
    def not_done(self) -> bool:
        """Whether it is known not to have happened, so that it may be asked for again: a person said so, or it never began."""
        return self.state == NOT_STARTED or (self.settled and self.state != "ok")


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
        """What `run_started` froze: runbook, inventory, inputs, `at`, windows, manifest."""
        return (self.started.body if self.started else None) or {}

    @property
    def finished(self) -> bool:
        """Whether the run reached its end; an interrupted run did not."""
        return self.ended is not None and (self.ended.body or {}).get("state") in ("ended", "failed")

    def question_of(self, step: str, kind: str | None = None) -> AskedQuestion | None:
        """The last question that the step asked (of that kind)."""
        found = [q for q in self.questions.values() if q.step == step and kind in (None, q.kind)]
        return found[-1] if found else None

    def own_question(self, step: str, attempt: int) -> AskedQuestion | None:
        """The question that this attempt of the step put: neither whether to do it at all, nor what became of it."""
        found = [q for q in self.questions.values() if q.step == step and q.attempt == attempt and q.kind != SETTLE]
        return found[-1] if found else None

    def open_question(self, step: str) -> AskedQuestion | None:
        """The question of the step that nobody has answered."""
        return next((q for q in self.questions.values() if q.step == step and q.answered is None), None)

    def effect_of(self, step: str) -> IntendedEffect | None:
        """The effect of the step's newest attempt, whatever became of it."""
        attempt = self.steps[step].attempt if step in self.steps else 0
        return next((e for e in reversed(tuple(self.effects.values())) if e.step == step and e.attempt >= attempt), None)


class RunFold:
    """A run's state, kept as events come in: each event costs the same, however many there were before."""

    def __init__(self, run: str) -> None:
        self._state = RunState(run=run)
        self._steps: dict[str, StepRecord] = {}
        self._questions: dict[str, AskedQuestion] = {}
        self._effects: dict[str, IntendedEffect] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Takes in the incident's next events, in the order of `seq`; those of other runs say nothing here."""
        for event in events:
            if event.run == self._state.run:
                self._add(event, event.body or {})

    @property
    def state(self) -> RunState:
        """The state now: a value that later events do not change."""
        return replace(self._state, steps=dict(self._steps), questions=dict(self._questions), effects=dict(self._effects))

    def _add(self, event: Event, body: Mapping[str, Any]) -> None:
        match event.type:
            case "run_started":
                self._state = replace(self._state, started=event, epoch=event.epoch, ended=None)
            case "run_joined":
                self._state = replace(self._state, epoch=event.epoch, ended=None)
            case "run_ended":
                self._state = replace(self._state, ended=event)
            case "step_started":
                self._steps[event.step] = _began(self._steps.get(event.step), event, body)
            case "step_ended" | "step_skipped":
                self._steps[event.step] = _ended(self._steps.get(event.step), event, body)
            case "question_asked":
                name, kind = str(body.get("id", "")), str(body.get("kind", ""))
                asked = AskedQuestion(name, event.step, kind, body, event.at, attempt=event.attempt)
                self._questions.setdefault(name, asked)
            case "answered" | "question_expired":
                known = self._questions.get(str(body.get("question")))
                if known is not None and known.answered is None:  # the first answer stands, whoever gave a second one
                    self._questions[known.id] = _answered(known, event, body)
            case "effect_intended":
                name = str(body.get("id", ""))
                self._effects[name] = IntendedEffect(name, event.step, event.attempt, body, event.at)
            case "effect_ended" | "effect_settled":
                effect = self._effects.get(str(body.get("id")))
                if effect is not None:
                    self._effects[effect.id] = _known(effect, event, body)


def fold_run(events: Iterable[Event], run: str) -> RunState:
    """The state of `run` from its incident's events, in the order of `seq`."""
    fold = RunFold(run)
    fold.add(events)
    return fold.state


def runs_of(events: Iterable[Event]) -> tuple[str, ...]:
    """The ids of the runs of an incident, oldest first."""
    return tuple(dict.fromkeys(e.run for e in events if e.type == "run_started"))


def _began(earlier: StepRecord | None, event: Event, body: Mapping[str, Any]) -> StepRecord:
    started = earlier.started if earlier is not None and earlier.started is not None else event.at
    return StepRecord(
        event.step,
        str(body.get("kind", "")),
        str(body.get("title", "")),
        "running",
        attempt=event.attempt,
        started=started,
    )


def _ended(earlier: StepRecord | None, event: Event, body: Mapping[str, Any]) -> StepRecord:
    skipped = event.type == "step_skipped"
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


def _answered(asked: AskedQuestion, event: Event, body: Mapping[str, Any]) -> AskedQuestion:
    expired = event.type == "question_expired"
    return replace(
        asked,
        choice="" if expired else str(body.get("choice", "")),
        person=str(body.get("person", "")),
        why=str(body.get("why") or "expired") if expired else str(body.get("why", "")),
        answered=event.at,
    )


def _known(effect: IntendedEffect, event: Event, body: Mapping[str, Any]) -> IntendedEffect:
    return replace(
        effect,
        state=str(body.get("state", "")),
        settled=event.type == "effect_settled",
        person=str(body.get("person", "")),
        outcome=body.get("outcome") or {},
        artefacts=event.artefacts,
    )
