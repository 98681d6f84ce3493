"""A run as people look at it: its steps with what each said, and the incident around it. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import parse_instant
from mlops_tui.engine.tell import artefact_of, table_of
from mlops_tui.engine.types import Artefact, Table
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import AskedQuestion, RunState, StepRecord, fold_run, runs_of
from mlops_tui.session.incidents import opened

if TYPE_CHECKING:
    from mlops_tui.project import Project
    from mlops_tui.report.chart import Chart


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as the run's frozen runbook has it."""

    id: str
    kind: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class WalkStep:
    """A step of a run, looked at. `state` is a word of the engine's; `asked` is its last question, answered or not."""

    plan: PlannedStep
    state: str
    said: str = ""
    seconds: float = 0.0
    started: datetime | None = None
    findings: tuple[Finding, ...] = ()
    table: Table | None = None
    charts: tuple[Chart, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    query: str = ""
    asked: AskedQuestion | None = None

    @property
    def id(self) -> str:
        """The step's id."""
        return self.plan.id


@dataclass(frozen=True, slots=True)
class Walk:
    """A run with its incident. `state` is `open` until the run ended, failed, waits or was interrupted; `seq` is that of the
    newest event it was made from."""

    incident: Incident
    run: str
    runbook: str
    title: str
    model: str
    at: datetime | None
    replayed: bool
    state: str
    reason: str
    steps: tuple[WalkStep, ...]
    seq: int

    @property
    def finished(self) -> bool:
        """Whether nothing of the run is left to do."""
        return self.state in ("ended", "failed")

    @property
    def current(self) -> int:
        """The index of the step that people are at: the one that runs or waits, else the last one that was performed."""
        for at, step in enumerate(self.steps):
            if step.state in ("running", "waiting"):
                return at
        done = [at for at, step in enumerate(self.steps) if step.state not in ("pending", "skipped")]
        return done[-1] if done else 0


def walk(project: Project, incident: str, run: str = "", *, known: Walk | None = None) -> Walk:
    """The run of an incident (its newest by default). `known` is an earlier look, whose unchanged parts are taken over.

    Raises UnknownName for an incident that nobody has, RunbookError where nothing ran in it.
    """
    with opened(project, incident) as journal:
        events = journal.events(incident)
    runs = runs_of(events)
    if not runs:
        raise RunbookError(f"no runbook ran in {incident} yet", hint="runbook run NAME --incident " + incident)
    run = run or runs[-1]
    state = fold_run(events, run)
    before = {s.id: s for s in known.steps} if known is not None and known.run == run else {}
    plans = tuple(s.plan for s in before.values()) or _plan(state.frozen)
    ended: Mapping[str, Any] = (state.ended.body if state.ended else None) or {}
    frozen = state.frozen
    return Walk(
        fold(events),
        run,
        str(frozen.get("runbook", "")),
        str(frozen.get("title", "")),
        str(frozen.get("model", "")),
        parse_instant(str(frozen["at"])) if frozen.get("at") else None,
        bool(frozen.get("replayed")),
        str(ended.get("state", "open")),
        str(ended.get("reason", "")),
        tuple(_step(p, state, before.get(p.id)) for p in plans),
        events[-1].seq,
    )


def newest(project: Project, incident: str) -> int:
    """The `seq` of the newest event of an incident: a cheap way to see that something happened."""
    with opened(project, incident) as journal:
        return int(journal.head(incident)[0])


def _plan(frozen: Mapping[str, Any]) -> tuple[PlannedStep, ...]:
    from mlops_tui.engine.kinds import params_types
    from mlops_tui.engine.runbook import parse_runbook

    try:
        runbook = parse_runbook(str(frozen["text"]), source=str(frozen["source"]), kinds=params_types())
    except RunbookError:  # an older tool froze it: its list of steps is enough to look at
        return tuple(PlannedStep(s["id"], s["kind"], s["title"], "") for s in frozen.get("steps") or ())
    return tuple(PlannedStep(s.id, s.kind, s.title, s.common.why) for s in runbook.steps)


def _step(plan: PlannedStep, state: RunState, before: WalkStep | None) -> WalkStep:
    record = state.steps.get(plan.id)
    asked = state.question_of(plan.id)
    waits = asked is not None and asked.answered is None
    if record is None:
        return WalkStep(plan, "waiting" if waits else "pending", asked=asked)
    if not record.done:
        return WalkStep(plan, "waiting" if waits else record.state, started=record.started, asked=asked)
    if before is not None and (before.state, before.started, before.asked) == (record.state, record.started, asked):
        return before
    return replace(_ended(plan, record), asked=asked)


def _ended(plan: PlannedStep, record: StepRecord) -> WalkStep:
    from mlops_tui.report.chart import from_json

    body = record.body
    extra: Mapping[str, Any] = body.get("extra") or {}
    return WalkStep(
        plan,
        record.state,
        str(record.reason or body.get("text") or ""),
        float(body.get("seconds") or 0.0),
        record.started,
        record.findings,
        table_of(body.get("table")),
        tuple(from_json(c) for c in extra.get("charts") or ()),
        tuple(artefact_of(a) for a in body.get("artefacts") or ()),
        str(body.get("query") or ""),
    )
