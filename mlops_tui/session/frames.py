"""Results as Polars frames, for those who go on in Python. Polars is imported by the first call; nothing inside needs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlops_tui.core.errors import RunbookError, UnknownName
from mlops_tui.core.finding import Finding
from mlops_tui.session.drift import DriftReport

if TYPE_CHECKING:
    import polars as pl

    from mlops_tui.project import Project


def findings(found: Iterable[Finding]) -> pl.DataFrame:
    """A row a Finding, as a runbook's SQL sees those of a step: one text column per dimension, null where it stands for all."""
    from mlops_tui.engine.outcomes import findings_table
    from mlops_tui.sql.results import frame

    every = tuple(found)
    return frame(findings_table(every, sorted({name for f in every for name in f.slice})))


def compared(report: DriftReport) -> pl.DataFrame:
    """A row a column and slice, farthest from the reference first: rows, missing values, PSI, JS and KS; slices as columns."""
    import polars as pl

    rows = [{k: v for k, v in c.as_json().items() if k not in ("slice", "why")} for c in report.comparison.columns]
    told = [{by: c.slice.get(by) for by in report.by} for c in report.comparison.columns]
    kinds = {"column": pl.String, **dict.fromkeys(report.by, pl.String), "n": pl.Int64, "n_reference": pl.Int64}
    floats = ("missing", "missing_reference", "psi", "psi_floor", "js", "ks")
    whole = kinds | dict.fromkeys(floats, pl.Float64) | {"why": pl.String}
    why = [{"why": c.why or None} for c in report.comparison.columns]
    return pl.DataFrame([t | r | w for t, r, w in zip(told, rows, why, strict=True)], schema=whole)


def step(project: Project, incident: str, name: str) -> pl.DataFrame:
    """The whole result of an incident's step, of the newest run that has one: a query's rows, a check's Findings.

    Raises UnknownName for an incident or a step, RunbookError for a step that gives no rows, JournalError where the kept rows
    are gone or were changed.
    """
    from mlops_tui.engine.outcomes import read_relation
    from mlops_tui.incidents.run import fold_run, runs_of
    from mlops_tui.session.incidents import opened
    from mlops_tui.sql.results import frame

    with opened(project, incident) as journal:
        events = journal.events(incident)
        states = [fold_run(events, run) for run in reversed(runs_of(events))]
        records = [state.steps[name] for state in states if name in state.steps and state.steps[name].done]
        if not records:
            known = dict.fromkeys(s for state in states for s in state.steps)
            raise UnknownName("step", name, known, where=incident)
        for record in records:
            if kept := record.body.get("relation"):
                return frame(read_relation(journal.artefact(str(kept)), str(kept)))
            if record.findings:
                return findings(record.findings)
    hint = "queries have rows, and checks have findings"
    raise RunbookError(f"the step {name} gave no rows", where=incident, hint=hint)
