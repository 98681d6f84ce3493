"""`runbook lint` and `runbook schema`: are the files that people write right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_tui.core.errors import InvalidFiles, Problem, UnknownName, UsageError
from mlops_tui.files import json_schema


@dataclass(frozen=True, slots=True)
class LintReport:
    """The files that were read and every problem in them, by place."""

    files: tuple[str, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """`runbook/lint/1`."""
        problems = [
            {"file": p.file, "line": p.line, "column": p.column, "message": p.message, "hint": p.hint} for p in self.problems
        ]
        return {"schema": "runbook/lint/1", "files": list(self.files), "problems": problems}


def lint(root: Path, names: Sequence[str] = ()) -> LintReport:
    """Reads `inventory.yaml` and the runbooks (those named, else all) and says everything that is wrong at once.

    Without an inventory that can be read, what the runbooks name in it stays unchecked; their own form does not.
    """
    from mlops_tui import checks, inventory
    from mlops_tui.engine.kinds import params_types
    from mlops_tui.engine.lint import lint_form, lint_runbook
    from mlops_tui.engine.runbook import load_runbook
    from mlops_tui.project import runbook_files
    from mlops_tui.report import CHARTS

    found = runbook_files(root)
    for name in names:
        if name not in found and name != "inventory":
            raise UnknownName("runbook", name, [*found, "inventory"])
    problems: list[Problem] = []
    files: list[str] = []
    known = None
    try:
        known = inventory.load(root)
    except InvalidFiles as error:
        problems += error.problems
    if not names or "inventory" in names:
        files.append("inventory.yaml")
        if known is not None:
            problems += inventory.lint(known, checks=checks.names(), runbooks=found, reads=checks.keys())
    for name, path in found.items():
        if names and name not in names:
            continue
        files.append(path.relative_to(root).as_posix())
        try:
            runbook = load_runbook(path, root=root, kinds=params_types())
        except InvalidFiles as error:
            problems += error.problems
            continue
        if known is None:
            problems += lint_form(runbook)
        else:
            problems += lint_runbook(runbook, known, checks=checks.names(), charts=CHARTS)
    return LintReport(tuple(files), tuple(sorted(set(problems))))


def schema(what: str) -> dict[str, Any]:
    """The JSON Schema of `inventory` or `runbook` files, for editors."""
    if what == "inventory":
        from mlops_tui.inventory.types import InventoryFile

        return json_schema(InventoryFile, title="inventory.yaml")
    if what == "runbook":
        return _runbook_schema()
    raise UsageError(f"there is no schema {what!r}", hint="inventory or runbook")


def _runbook_schema() -> dict[str, Any]:
    from mlops_tui.engine.kinds import kinds
    from mlops_tui.engine.runbook import Common, RunbookHead

    head = json_schema(RunbookHead, title="runbook")
    common = json_schema(Common, title="step")
    shared = dict(head.get("$defs", {})) | dict(common.get("$defs", {}))
    variants: dict[str, Any] = {}
    for name, kind in sorted(kinds().items()):
        params = json_schema(kind.params, title=name)
        shared |= params.pop("$defs", {})
        params.pop("$schema", None)
        doc = (kind.__class__.__doc__ or "").strip().split("\n")[0]
        variants[name] = {**params, "description": doc}
    step = {
        "type": "object",
        "properties": _properties(common) | variants,
        "required": ["id"],
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in variants],
    }
    top = _properties(head) | {"steps": {"type": "array", "minItems": 1, "items": step}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "runbook",
        "type": "object",
        "properties": top,
        "required": ["runbook", "title", "steps"],
        "additionalProperties": False,
        "$defs": shared,
    }


def _properties(found: dict[str, Any]) -> dict[str, Any]:
    if "properties" in found:
        return dict(found["properties"])
    return dict(found["$defs"][found["$ref"].rsplit("/", 1)[1]]["properties"])
