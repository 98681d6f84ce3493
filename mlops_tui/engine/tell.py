"""A run, told: the report that a front end prints and `--json` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.window import iso
from mlops_tui.engine.types import Artefact, RunReport, StepReport, StepState, Table
from mlops_tui.incidents.run import RunState, StepRecord

if TYPE_CHECKING:
    from mlops_tui.engine.context import RunContext

ReportState = Literal["ended", "failed", "interrupted", "waiting"]


def report_of(state: RunState, context: RunContext, incident: str) -> RunReport:
    """The report of a run from its folded state: every step of the runbook, also those that were not reached."""
    ended = (state.ended.body if state.ended else None) or {}
    word: ReportState = ended.get("state", "interrupted")
    steps = []
    for step in context.runbook.steps:
        record = state.steps.get(step.id)
        asks = any(q.step == step.id and q.answered is None for q in state.questions.values())
        steps.append(_step(record, step.id, step.kind, step.title, asks))
    artefacts = tuple(dict.fromkeys(a for s in steps for a in s.artefacts))
    return RunReport(
        incident,
        state.run,
        context.runbook.name,
        context.subject.model,
        word,
        str(ended.get("reason", "")),
        context.subject.windows.now,
        tuple(steps),
        artefacts,
    )


def _step(record: StepRecord | None, step: str, kind: str, title: str, asks: bool) -> StepReport:
    if record is None:
        return StepReport(step, kind, title, "waiting" if asks else "pending")
    body = record.body
    state: StepState = "waiting" if asks and not record.done else record.state  # type: ignore[assignment]
    return StepReport(
        step,
        kind,
        title,
        state,
        record.reason,
        record.findings,
        body.get("value"),
        table_of(body.get("table")),
        tuple(artefact_of(a) for a in body.get("artefacts") or ()),
        str(body.get("text") or ""),
    )


def table_of(body: Any) -> Table | None:
    """A Table from the journal's form."""
    if not body:
        return None
    rows = tuple(tuple(row) for row in body["rows"])
    return Table(tuple(body["columns"]), tuple(body["types"]), rows, int(body.get("more") or 0))


def artefact_of(body: Any) -> Artefact:
    """An Artefact from the journal's form."""
    return Artefact(str(body["kind"]), str(body["path"]), str(body["sha256"]), str(body.get("title", "")))


def run_json(report: RunReport) -> dict[str, Any]:
    """`runbook/run/1`: `{incident, run, state, steps: [{id, state, findings, result}], artefacts}`."""
    return {
        "schema": "runbook/run/1",
        "as_of": iso(report.as_of),
        "incident": report.incident,
        "run": report.run,
        "runbook": report.runbook,
        "model": report.model,
        "state": report.state,
        "reason": report.reason,
        "steps": [
            {
                "id": s.id,
                "kind": s.kind,
                "title": s.title,
                "state": s.state,
                "reason": s.reason,
                "text": s.text,
                "findings": [f.as_json() for f in s.findings],
                "result": s.value
                if s.table is None
                else {"columns": s.table.columns, "rows": s.table.rows, "more": s.table.more},
                "artefacts": [a.as_json() for a in s.artefacts],
            }
            for s in report.steps
        ],
        "artefacts": [a.as_json() for a in report.artefacts],
    }
