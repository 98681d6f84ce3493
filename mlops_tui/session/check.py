"""`runbook check`: what moved, and which alerts fire. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.core.finding import Finding, describe_slice, ranked
from mlops_tui.core.window import Windows, iso
from mlops_tui.session.moments import read_at

if TYPE_CHECKING:
    from mlops_tui.alerts import AlertResult
    from mlops_tui.project import Project, Subject


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What one model's checks said. `windows` is None when its log could not be read at all: `problems` says why.

    `answered_from` says whether summaries of the log were asked first, or its rows alone.
    """

    model: str
    windows: Windows | None
    age: timedelta | None
    findings: tuple[Finding, ...]
    alerts: tuple[AlertResult, ...]
    problems: tuple[str, ...] = ()
    answered_from: Literal["summaries", "rows"] = "rows"

    def as_json(self) -> dict[str, Any]:
        """The model's part of `runbook/check/1`."""
        return {
            "id": self.model,
            "windows": self.windows.as_json() if self.windows else None,
            "answered_from": self.answered_from if self.windows else None,
            "alerts": [a.as_json() for a in self.alerts],
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What every model's checks said, worst finding first."""

    as_of: datetime | None
    models: tuple[ModelCheck, ...]

    @property
    def fired(self) -> bool:
        """Whether an alert fires, whatever the Findings' status."""
        return any(a.fired for m in self.models for a in m.alerts)

    @property
    def unreadable(self) -> bool:
        """Whether some model could not be looked at."""
        return any(m.windows is None for m in self.models)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every model's Findings together, worst first."""
        return ranked(f for m in self.models for f in m.findings)

    def as_json(self) -> dict[str, Any]:
        """`runbook/check/1`."""
        return {
            "schema": "runbook/check/1",
            "as_of": iso(self.as_of) if self.as_of else None,
            "fired": self.fired,
            "models": [m.as_json() for m in self.models],
            "findings": [f.as_json() for f in self.findings],
        }


def check(project: Project, models: Sequence[str] = (), *, at: str | None = None) -> CheckReport:
    """Every check of the models (all where none is named) and their alerts.

    One model whose log cannot be read does not take the others with it. Raises UnknownName for a model nobody has.
    """
    known = project.inventory.models
    for name in models:
        if name not in known:
            raise UnknownName("model", name, known)
    moment = read_at(at, project.zone)
    reports = tuple(_model(project, name, moment) for name in (models or list(known)))
    times = [m.windows.now for m in reports if m.windows]
    return CheckReport(max(times) if times else None, reports)


def follow_ups(project: Project, report: CheckReport) -> tuple[str, ...]:
    """What to run now: `run NAME` for each runbook of an alert that fires, with the model where several share it."""
    shared: dict[str, set[str]] = {}
    for name, spec in project.inventory.models.items():
        for declared in spec.watched_by:
            shared.setdefault(declared.runbook or "", set()).add(name)
    found = []
    for part in report.models:
        for alert in part.alerts:
            if alert.fired and alert.runbook:
                which = f" --set model={part.model}" if len(shared[alert.runbook]) > 1 else ""
                found.append(f"run {alert.runbook}{which}")
    return tuple(dict.fromkeys(found))


def _model(project: Project, name: str, at: datetime | None) -> ModelCheck:
    try:
        subject = project.subject(name, at=at)
    except LogError as error:
        return unreadable(project, name, error)
    return check_subject(subject)


def unreadable(project: Project, name: str, error: LogError) -> ModelCheck:
    """A model whose log could not be read: its alerts are unknown, and say so."""
    from mlops_tui.alerts import unmeasurable

    blind = tuple(unmeasurable(a, "the model's log could not be read.") for a in project.inventory.model(name).watched_by)
    return ModelCheck(name, None, None, (), blind, (str(error),))


def check_subject(subject: Subject) -> ModelCheck:
    """The suite and the alerts of one opened model."""
    from mlops_tui import checks
    from mlops_tui.alerts import verdict

    found: list[Finding] = list(checks.log_health(subject))
    results = []
    for alert in subject.spec.watched_by:
        findings, result = verdict(subject, alert)
        results.append(result)
        found += findings
    for ask in checks.suite(subject.spec, subject.features):
        found += checks.run(subject, ask)
    told = once(found), tuple(results)
    return ModelCheck(subject.model, subject.windows, subject.age, *told, answered_from=subject.answered_from)


def once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The Findings, worst first; of those that measured the same thing (an alert's and the suite's), the worse one."""
    seen: dict[tuple[object, ...], Finding] = {}
    for f in ranked(findings):
        key = (f.check_name, f.target, describe_slice(f.slice), f.window, f.reference)
        seen.setdefault(key, f)
    return tuple(seen.values())
