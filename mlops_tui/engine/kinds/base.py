"""What a step kind is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from mlops_tui.core.canonical import digest
from mlops_tui.engine.names import Values
from mlops_tui.engine.runbook import Runbook, Step
from mlops_tui.engine.types import Effect, EffectClass, Outcome, Output, Progress, Question
from mlops_tui.incidents.run import AskedQuestion, RunState

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project, Subject
    from mlops_tui.report.png import Painter
    from mlops_tui.sql.workbench import Workbench

Emit = Callable[[Output | Progress], None]
Cancelled = Callable[[], bool]
Result = Literal["findings", "cell", "answer", "none"]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of a step kind: no unknown keys, immutable."""


@dataclass(frozen=True, slots=True)
class Names:
    """What lint knows at a step: the file's context, and what each earlier name gives."""

    step: Step
    runbook: Runbook
    results: Mapping[str, Result]
    """Earlier steps by id."""
    checks: frozenset[str]
    charts: frozenset[str]
    alerts: Mapping[str, str]
    """Alert ids of the models that this runbook is for, with the model's name."""
    teams: frozenset[str]
    sources: frozenset[str]
    features: frozenset[str]
    segments: frozenset[str]


@dataclass(frozen=True, slots=True)
class Note:
    """Something lint found at a key of the step."""

    key: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One performance of a step: everything that a kind may use, as values and opened rooms."""

    step: Step
    attempt: int
    run: str
    incident: str
    epoch: int
    project: Project
    subject: Subject
    runbook: Runbook
    at: datetime
    values: Values
    bind: Callable[[str], Mapping[str, Any]]
    """The typed values that a SQL text names."""
    bench: Workbench
    painter: Painter
    journal: Journal
    state: RunState
    answer: AskedQuestion | None
    auto: bool
    keep: Callable[[bytes, str, str, str], Any]
    """keep(data, kind, file name, title) -> Artefact: stored by hash, with a readable copy in the incident's folder."""
    effect: Effect | None = None
    """The very write that was planned, confirmed and written down, which `perform` does; None before that."""

    @property
    def where(self) -> str:
        """How errors name this step."""
        return f"step {self.step.id}"


class Kind:
    """A step kind. Subclasses set the class values and override what they need."""

    name: ClassVar[str]
    params: ClassVar[Any]
    effect: ClassVar[EffectClass] = "read"
    result: ClassVar[Result] = "none"
    asks: ClassVar[bool] = False
    """Whether a person is asked before it is performed, who may take an hour to answer."""
    needs_person: ClassVar[bool] = False
    """Whether an unattended run (`--auto`) skips it: it changes production, or only a person can do it."""

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """What is wrong with the step's parameters, as far as the files alone can tell."""
        return ()

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """(key, text) of every parameter in which `${x}` may stand or that may be a `$x`."""
        return ()

    def sql(self, step: Step) -> Iterable[tuple[str, str, bool]]:
        """(key, SQL, whether it is a condition) of every parameter that is SQL."""
        return ()

    def question(self, call: Call) -> Question | None:
        """What a person must say before the step is performed."""
        return None

    def refused(self, call: Call) -> Outcome | None:
        """How the step ends where the answer to its question means that it is not to be performed; else None."""
        return None

    def plan(self, call: Call) -> Effect | None:
        """The write that `perform` will do, exactly; None for reads and for what only touches the journal."""
        return None

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Do it. Runs in a worker thread; raises RunbookError, or Cancelled when asked to stop."""
        raise NotImplementedError


def question_id(call: Call) -> str:
    """The id of the one question that an attempt of a step puts."""
    return f"{call.run}/{call.step.id}/{call.attempt}"


def effect_of(call: Call, kind: str, plan: Mapping[str, Any], undo: Mapping[str, Any] | None = None) -> Effect:
    """An Effect whose id names the run, step, attempt and exact plan."""
    sha256 = digest(plan)
    key = digest([call.run, call.step.id, sha256])[:32]
    return Effect(digest([key, call.attempt])[:16], call.step.id, call.attempt, kind, plan, sha256, key, undo)
