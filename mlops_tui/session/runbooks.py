"""The runbooks of a project: which there are, and for which model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.core.errors import RunbookError

if TYPE_CHECKING:
    from mlops_tui.project import Project


@dataclass(frozen=True, slots=True)
class InputLine:
    """What a runbook takes: `needed` says that a run cannot begin without it."""

    name: str
    type: str
    help: str
    default: str
    needed: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunbookLine:
    """A runbook in a list. `problem` says why it cannot be run, empty when it can."""

    name: str
    title: str
    description: str
    severity: str
    steps: int
    alerts: tuple[str, ...]
    models: tuple[str, ...]
    inputs: tuple[InputLine, ...] = ()
    problem: str = ""


def runbooks(project: Project, model: str = "") -> tuple[RunbookLine, ...]:
    """The runbooks by name; with `model` only those that apply to it, and those that cannot be read."""
    found = [_line(project, name) for name in project.runbooks]
    return tuple(r for r in found if not model or r.problem or model in r.models)


def _line(project: Project, name: str) -> RunbookLine:
    from mlops_tui.engine.kinds import params_types
    from mlops_tui.engine.lint import models_for
    from mlops_tui.engine.runbook import load_runbook

    try:
        book = load_runbook(project.runbooks[name], root=project.root, kinds=params_types())
    except RunbookError as error:
        return RunbookLine(name, name, "", "", 0, (), (), problem=str(error))
    inputs = tuple(
        InputLine(key, s.type, s.help, s.default or "", s.default is None and not s.optional, tuple(s.choices))
        for key, s in book.inputs.items()
    )
    models = tuple(models_for(book, project.inventory))
    alerts = tuple(book.applies_to.alerts)
    return RunbookLine(name, book.title, book.description, book.severity, len(book.steps), alerts, models, inputs)
