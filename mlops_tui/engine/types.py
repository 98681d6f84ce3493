"""The engine's words: what it decides, what it shows, what it asks, what a step gives back.

`decide` gives a `Next`; `drive` shows `Event`s (journalled, see `mlops_tui.journal`) and `Signal`s (never stored) and
reads one inbox of `Answer | Cancel`. A front end is a `show(item)` and an inbox, nothing else.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from mlops_tui.core.finding import Finding
from mlops_tui.journal import Event

StepState = Literal["pending", "waiting", "running", "ok", "attention", "failed", "skipped", "unknown", "cancelled"]
QuestionKind = Literal["ask", "confirm", "approve", "settle", "changed", "input"]
EffectClass = Literal["read", "write", "irreversible"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One write, planned: exactly what will be done. `plan` is the argv, URL or message; `sha256` is of it.

    Dry run, the confirm screen and the intent all show the same `plan`; an approval names the `sha256`.
    """

    id: str
    step: str
    attempt: int
    kind: str
    plan: Mapping[str, Any]
    sha256: str
    key: str
    undo: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can say. `choices` is empty for free text; `type_this` must be typed to the letter.

    `auto` is the answer of an unattended run, None when it needs a person.
    """

    id: str
    step: str
    kind: QuestionKind
    text: str
    choices: tuple[str, ...] = ()
    effect: Effect | None = None
    type_this: str | None = None
    by: str | None = None
    not_by: str | None = None
    expires: datetime | None = None
    auto: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to a question. `person` is a login."""

    question: str
    choice: str
    person: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A person's wish to stop: the current `step`, or the whole `run` (which stays resumable)."""

    what: Literal["step", "run"]


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file kept beside the journal by its hash. `path` is relative to the project; `kind` is `png`, `markdown`, ..."""

    kind: str
    path: str
    sha256: str
    title: str = ""

    def as_json(self) -> dict[str, str]:
        """`{"kind", "path", "sha256", "title"}`."""
        return {"kind": self.kind, "path": self.path, "sha256": self.sha256, "title": self.title}


@dataclass(frozen=True, slots=True)
class Table:
    """A result small enough to show and to journal: column names, their SQL types, rows of scalars."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: int = 0
    """Rows that were left out."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step gives back. `value` is the step's single value, `text` what it says in one line."""

    state: StepState
    findings: tuple[Finding, ...] = ()
    table: Table | None = None
    value: Any = None
    artefacts: tuple[Artefact, ...] = ()
    error: str = ""
    text: str = ""
    query: str = ""
    """The SQL behind the numbers, with the values it was run with."""
    relation: Any = None
    """The whole result as an Arrow table, when the step has one; kept as an artefact, not in the journal's body."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further JSON for the journal, such as what a draft was made from."""


@dataclass(frozen=True, slots=True)
class Output:
    """A line that a running step wrote."""

    step: str
    text: str
    stream: Literal["out", "err", "chart"] = "out"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running step is; `total` is None when nobody knows."""

    step: str
    done: float
    total: float | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits for an answer to this question."""

    question: Question


Signal = Output | Progress | Waiting
Item = Event | Signal


class FrontEnd(Protocol):
    """A front end: shows items, and owns the inbox that the engine reads."""

    inbox: queue.Queue[Answer | Cancel]

    def show(self, item: Item) -> None:
        """Show one item. Called from the engine's thread; must not block for long and must not raise."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step as the run's report tells it."""

    id: str
    kind: str
    title: str
    state: StepState
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    value: Any = None
    table: Table | None = None
    artefacts: tuple[Artefact, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run, told. `state` is `ended` (reached the end or an `end:`), `failed`, `interrupted` or `waiting`."""

    incident: str
    run: str
    runbook: str
    model: str
    state: Literal["ended", "failed", "interrupted", "waiting"]
    reason: str
    as_of: datetime
    steps: tuple[StepReport, ...] = ()
    artefacts: tuple[Artefact, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 reached the end, 1 a step failed, 3 interrupted or waiting."""
        return {"ended": 0, "failed": 1}.get(self.state, 3)
