"""The names of a project that a shell completes: read fast and kindly, without opening logs.

A broken inventory still has names: they are taken from the text as it is, and where nothing can be read there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_tui.core.errors import JournalError, UsageError
from mlops_tui.core.settings import Actor
from mlops_tui.incidents.vocabulary import PREFIX

_NOBODY = Actor("", 0, "", 0)


def models(start: Path) -> dict[str, str]:
    """The models by name, with what they do."""
    return {name: _text(_part(about).get("description")) for name, about in _part(_inventory(start).get("models")).items()}


def runbooks(start: Path) -> dict[str, str]:
    """The runbooks by name, with their titles."""
    from mlops_tui.project import runbook_files

    found = runbook_files(_root(start) or start)
    return {name: _text(_yaml(path).get("title")) for name, path in found.items()}


def incidents(start: Path) -> dict[str, str]:
    """The incidents, newest first, with their titles."""
    from mlops_tui.incidents.incident import fold
    from mlops_tui.journal.journal import Journal

    root = _root(start)
    state = root / ".runbook" / "state" if root else None
    try:
        if state is None or not Journal.exists(state):
            return {}
        with Journal.open(state, clock=lambda: datetime.now(UTC), actor=_NOBODY, create=False) as journal:
            return {stream: fold(journal.events(stream)).title for stream in reversed(journal.streams(PREFIX))}
    except JournalError:
        return {}


def inputs(start: Path, runbook: str) -> dict[str, str]:
    """What `--set` may name for a runbook: its inputs and `model`, with what they mean."""
    from mlops_tui.project import runbook_files

    path = runbook_files(_root(start) or start).get(runbook)
    declared = _part(_yaml(path).get("inputs")) if path else {}
    return {"model": "which model"} | {n: _text(_part(spec).get("help")) for n, spec in declared.items()}


def values(start: Path, runbook: str, name: str) -> dict[str, str]:
    """What an input may be: the models, the choices of a choice, the named values of a segment (`names:` of a log)."""
    from mlops_tui.project import runbook_files

    if name == "model":
        return models(start)
    path = runbook_files(_root(start) or start).get(runbook)
    spec = _part(_part(_yaml(path).get("inputs")).get(name)) if path else {}
    choices = spec.get("choices")
    if isinstance(choices, list):
        return {str(choice): "" for choice in choices}
    return dict(_named(_inventory(start), str(spec.get("of") or name)))


def _named(inventory: Mapping[str, Any], segment: str) -> Iterator[tuple[str, str]]:
    for about in (*_part(inventory.get("models")).values(), *_part(inventory.get("sources")).values()):
        named = _part(_part(_part(about).get("log")).get("names"))
        yield from ((value, _text(word)) for value, word in _part(named.get(segment)).items())


def _root(start: Path) -> Path | None:
    from mlops_tui.project import root_of

    try:
        return root_of(start)
    except UsageError:
        return None


def _inventory(start: Path) -> Mapping[str, Any]:
    root = _root(start)
    return _yaml(root / "inventory.yaml") if root else {}


def _yaml(path: Path) -> Mapping[str, Any]:
    """The top of a YAML file, every scalar as text; nothing where it cannot be read."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _part(yaml.load(path.read_text("utf-8"), loader))  # noqa: S506 - the base loader makes text only
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}


def _part(value: Any) -> Mapping[str, Any]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
