"""What a run stands on: its relations and its named values, made from the frozen start and the folded journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import JournalError, QueryError, RunbookError
from mlops_tui.core.finding import Finding, ranked
from mlops_tui.core.headline import began
from mlops_tui.core.window import Window
from mlops_tui.engine.inputs import INPUT_TYPES
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.kinds.base import Call
from mlops_tui.engine.names import BUILT_IN, Values
from mlops_tui.engine.outcomes import findings_table, read_relation, row_types
from mlops_tui.engine.runbook import Runbook, Step
from mlops_tui.engine.types import Outcome
from mlops_tui.incidents.run import RunState, StepRecord
from mlops_tui.project.history import history
from mlops_tui.report.png import Painter
from mlops_tui.sql.names import parameters
from mlops_tui.sql.values import Value, of, struct

if TYPE_CHECKING:
    from mlops_tui.inventory.changes import Changes
    from mlops_tui.inventory.versions import Version
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Subject
    from mlops_tui.sql.workbench import Workbench

LONGEST = 100_000
"""Characters of a text that `$x` hands on; it is written into every query that is cited."""


class RunContext:
    """Looks names up for one run, as values for text and as typed values for SQL. Holds the run's DuckDB."""

    def __init__(
        self, subject: Subject, runbook: Runbook, inputs: Mapping[str, Any], incident: Mapping[str, str], journal: Journal
    ) -> None:
        self.subject = subject
        self.runbook = runbook
        self.inputs = inputs
        self.incident = incident
        self.journal = journal
        self.state = RunState()
        self.changes: Changes
        self.versions: tuple[Version, ...]
        self.changes, self.versions = history(subject)
        self.values = Values(self.value, self.known, subject.project.zone)
        self.painter = Painter()
        self._absent: dict[str, str] = {}
        self.bench = self._bench()

    def close(self, *, busy: bool = False) -> None:
        """End the child that draws, and close the run's DuckDB unless it is `busy`: closing waits for a query to end."""
        self.painter.close()
        if not busy:
            self.bench.close()

    def call(self, **given: Any) -> Call:
        """A performance of a step: what the drive gives, and what the run stands on."""
        return Call(
            subject=self.subject,
            runbook=self.runbook,
            at=self.subject.windows.now,
            values=self.values,
            bind=self.bind,
            bench=self.bench,
            painter=self.painter,
            journal=self.journal,
            **given,
        )

    def known(self) -> list[str]:
        """Every name that text may use now."""
        return [*BUILT_IN, *self.inputs, "incident", *self.state.steps]

    def restore(self, state: RunState) -> None:
        """Take over the folded state, and make the relations of steps that an earlier driver performed."""
        self.state = state
        for record in state.steps.values():
            if record.done and record.id not in self.bench.relations:
                self._relation(record)

    def settle(self, step: Step, outcome: Outcome | None) -> None:
        """Make the relation of a step that was just performed (or skipped: with its columns and no rows)."""
        result = kinds()[step.kind].result
        if result == "findings":
            self.bench.put(step.id, self._findings_table(outcome.findings if outcome else ()))
        elif result == "cell" and outcome is not None and outcome.relation is not None:
            self.bench.put(step.id, outcome.relation)
        elif result == "cell" and step.kind == "query":
            self._put_empty(step)

    def _relation(self, record: StepRecord) -> None:
        step = next((s for s in self.runbook.steps if s.id == record.id), None)
        if step is None:
            return
        kept = record.body.get("relation")
        if kept and record.state != "skipped":
            try:
                table = read_relation(self.journal.artefact(str(kept)), str(kept))
            except JournalError as error:
                hint = f"what step {record.id} gave is needed to go on; begin anew with runbook run {self.runbook.name}"
                raise JournalError(error.message, where=error.where, hint=hint) from error
            self.bench.put(record.id, table)
        elif kinds()[step.kind].result == "findings":
            self.bench.put(record.id, self._findings_table(record.findings))
        elif step.kind == "query":
            self._put_empty(step)

    def _put_empty(self, step: Step) -> None:
        text: str = step.params
        try:
            columns = self.bench.columns(text, self.bind(text))
        except RunbookError:
            return
        self.bench.put_empty(step.id, columns)

    def _findings_table(self, findings: tuple[Finding, ...]) -> Any:
        return findings_table(findings, self.subject.dimensions)

    def _row_types(self) -> dict[str, str]:
        return row_types(self.subject.dimensions)

    def value(self, name: str) -> Any:
        """The value of a name; a Finding as a mapping of its row. Raises KeyError for a name that nobody has."""
        if name in self.inputs:
            return self.inputs[name]
        if name == "incident":
            return self.incident
        if name in BUILT_IN:
            return self._built_in(name)
        record = self.state.steps.get(name)
        if record is None:
            raise KeyError(name)
        step = self.runbook.step(name)
        result = kinds()[step.kind].result
        if result == "findings":
            findings = record.findings
            row = findings[0].row(self.subject.dimensions) if findings else {}
            return {k: row.get(k) for k in self._row_types()}
        if result == "cell" and step.kind == "query":
            return self._cell(record)
        return record.body.get("value")

    def _cell(self, record: StepRecord) -> Any:
        if record.state == "skipped" or record.id not in self.bench.relations:
            return None
        columns = self.bench.relations[record.id]
        table = record.body.get("table") or {}
        rows = len(table.get("rows") or ()) + int(table.get("more") or 0)
        if len(columns) != 1 or rows > 1:
            gave = f"{_count(rows, 'row')} of {_count(len(columns), 'column')}"
            raise RunbookError(
                f"${record.id} needs a single cell, and step {record.id} gave {gave}",
                hint=f"use the relation {record.id} in SQL, or select one value",
            )
        value = self.bench.cell(record.id).value
        if isinstance(value, str) and len(value) > LONGEST:
            raise RunbookError(
                f"${record.id} is a text of {len(value):,} characters; a value has at most {LONGEST:,}",
                hint=f"use the relation {record.id} in SQL, or select a part of it",
            )
        return value

    def _built_in(self, name: str) -> Any:
        windows = self.subject.windows
        if name == "model":
            return self.subject.model
        if name == "at":
            return windows.now
        if name == "window_start":
            return windows.current.start
        if name == "reference_start":
            return windows.reference.start
        from mlops_tui.inventory.versions import last_good, live_at

        if name == "model_version":
            found = live_at(self.versions, windows.now)
        else:
            found = last_good(self.versions, self.onset() or windows.now, self.subject.project.zone)
        return found.id if found else None

    def onset(self) -> datetime | None:
        """When it began, by the findings so far: the same moment that the draft says."""
        return began(ranked(f for record in self.state.steps.values() for f in record.findings))

    def bind(self, text: str) -> dict[str, Value]:
        """The typed values that a SQL text names."""
        return {name: self._typed(name) for name in sorted(parameters(text))}

    def explained(self, error: QueryError) -> str:
        """A query's error; where it asks for a source that cannot be read, with the reason."""
        text = str(error)
        said = [f"{name} cannot be read: {why}" for name, why in self._absent.items() if f"unknown relation {name!r}" in text]
        return "; ".join([text, *said])

    def _typed(self, name: str) -> Value:
        try:
            value = self.value(name)
        except KeyError:
            from mlops_tui.core.errors import did_you_mean

            raise QueryError(f"nothing is named ${name} here", hint=did_you_mean(name, self.known())) from None
        if name in self.inputs:
            return Value(INPUT_TYPES[self.runbook.inputs[name].type], value)
        if name in BUILT_IN:
            return Value("TIMESTAMPTZ" if name in ("at", "window_start", "reference_start") else "VARCHAR", value)
        if name == "incident":
            raise QueryError("$incident can stand in text only", hint="use ${incident.id} in a note or a message")
        step = self.runbook.step(name)
        if kinds()[step.kind].result == "findings":
            absent = not value.get("id")
            return struct(self._row_types(), None if absent else value)
        if step.kind == "query":
            types = list(self.bench.relations.get(name, {}).values())
            return Value(types[0] if types else "VARCHAR", value)
        if kinds()[step.kind].result == "answer":
            return Value("VARCHAR", value)
        return of(value)

    def _bench(self) -> Workbench:
        from mlops_tui.sql.workbench import Workbench

        subject = self.subject
        windows = subject.windows
        starts = (windows.reference.start, windows.current.start, windows.pair("week_over_week").baseline.start)
        span = Window(min(starts), windows.now)
        after = Window(windows.now, max(windows.clock, windows.now))
        views = {
            "log": subject.log.view_sql(span, hide=subject.spec.log.sensitive),
            "log_now": subject.log.view_sql(after, hide=subject.spec.log.sensitive),
        }
        folders: list[Path] = list(subject.log.folders)
        for name in sorted(subject.project.inventory.sources_of(subject.model)):
            try:
                source = subject.source(name)
            except RunbookError as error:
                self._absent[name] = str(error)
                continue
            views[name] = source.view_sql(span, hide=source.spec.sensitive)
            folders += source.folders
        return Workbench(views, tables=self._tables(), folders=folders, spill=subject.project.spill())

    def _tables(self) -> dict[str, Any]:
        import pyarrow as pa

        text, time = pa.string(), pa.timestamp("us", tz="UTC")
        changes = [
            {"ts": c.ts, "kind": c.kind, "target": c.target, "what": c.what, "who": c.who, "ref": c.ref}
            for c in self.changes.rows
        ]
        change_schema = pa.schema([("ts", time), *((n, text) for n in ("kind", "target", "what", "who", "ref"))])
        columns = [
            ("id", text),
            ("role", text),
            ("deployed", time),
            ("deployed_by", text),
            ("trained_from", pa.date32()),
            ("trained_to", pa.date32()),
            ("first_seen", time),
            ("last_seen", time),
        ]
        versions = [{name: getattr(v, name) for name, _ in columns} for v in self.versions]
        alerts = [
            {"id": a.id, "check_name": a.check, "dimension": a.by, "compare": a.compare, "runbook": a.runbook}
            for a in self.subject.spec.watched_by
        ]
        alert_schema = pa.schema([(n, text) for n in ("id", "check_name", "dimension", "compare", "runbook")])
        return {
            "changes": pa.Table.from_pylist(changes, schema=change_schema),
            "versions": pa.Table.from_pylist(versions, schema=pa.schema(columns)),
            "alerts": pa.Table.from_pylist(alerts, schema=alert_schema),
        }


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
