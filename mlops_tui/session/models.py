"""`runbook models` and `runbook model NAME`: what runs, and who answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.window import iso
from mlops_tui.inventory.types import Feature, Model, Source, Team

if TYPE_CHECKING:
    from mlops_tui.inventory.versions import Version
    from mlops_tui.project import Project


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model in the list."""

    id: str
    description: str
    owner: str
    team: str
    on_call: tuple[str, ...]
    features: int
    alerts: int
    inputs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One of `models`."""
        return {
            "id": self.id,
            "description": self.description,
            "owner": {"team": self.team, "name": self.owner},
            "on_call": list(self.on_call),
            "inputs": list(self.inputs),
            "features": self.features,
            "alerts": self.alerts,
        }


@dataclass(frozen=True, slots=True)
class ModelsReport:
    """Every model of the inventory."""

    organisation: str
    models: tuple[ModelLine, ...]

    def as_json(self) -> dict[str, Any]:
        """`runbook/models/1`."""
        return {"schema": "runbook/models/1", "organisation": self.organisation, "models": [m.as_json() for m in self.models]}


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model with its chain: features, sources, versions, and how fresh its log is.

    `on_call` are the teams to call, by name; `now` is until when the log's data goes, `age` how old its newest row is, both
    None where the log cannot be read: `problems` says why.
    """

    id: str
    spec: Model
    features: dict[str, Feature]
    sources: dict[str, Source]
    on_call: dict[str, Team]
    runbooks: tuple[str, ...]
    versions: tuple[Version, ...]
    now: datetime | None
    age: timedelta | None
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """`runbook/model/1`: the model as declared, and what the log and the change feed add."""
        return {
            "schema": "runbook/model/1",
            "as_of": iso(self.now) if self.now else None,
            "id": self.id,
            "model": _builtins(self.spec),
            "features": {k: _builtins(v) for k, v in self.features.items()},
            "sources": {k: _builtins(v) for k, v in self.sources.items()},
            "on_call": {k: _builtins(v) for k, v in self.on_call.items()},
            "runbooks": list(self.runbooks),
            "versions": [plain({f: getattr(v, f) for f in v.__dataclass_fields__}) for v in self.versions],
            "problems": list(self.problems),
        }


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str)


def models(project: Project) -> ModelsReport:
    """The models of the inventory, as written there."""
    inventory = project.inventory
    lines = tuple(
        ModelLine(
            name,
            m.description,
            m.owner.name,
            m.owner.team,
            tuple(m.on_call),
            len(inventory.features_of(name)),
            len(m.alerts),
            tuple(inventory.sources_of(name)),
        )
        for name, m in inventory.models.items()
    )
    return ModelsReport(inventory.file.organisation, lines)


def model(project: Project, name: str) -> ModelReport:
    """One model. A log that cannot be read is a problem in the report, not an error: the people still stand there."""
    from mlops_tui.checks import log_health
    from mlops_tui.project.history import history

    inventory = project.inventory
    spec = inventory.model(name)
    problems: list[str] = []
    versions: tuple[Version, ...] = ()
    now, age = None, None
    try:
        subject = project.subject(name)
        now, age = subject.windows.now, subject.age
        problems += [f.summary for f in log_health(subject)]
        changes, versions = history(subject)
        problems += [str(p) for p in changes.problems]
    except RunbookError as error:
        problems.append(str(error))
    runbooks = dict.fromkeys(a.runbook for a in spec.watched_by if a.runbook)
    teams = inventory.file.teams
    return ModelReport(
        name,
        spec,
        inventory.features_of(name),
        inventory.sources_of(name),
        {t: teams[t] for t in spec.on_call if t in teams},
        tuple(runbooks),
        versions,
        now,
        age,
        tuple(problems),
    )
