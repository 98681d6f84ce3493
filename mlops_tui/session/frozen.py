"""What a run freezes when it begins, and how a resume stands on it again."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_tui import __version__
from mlops_tui.core.canonical import canonical, digest, plain
from mlops_tui.core.errors import JournalError, LogError, RunbookError
from mlops_tui.core.leave import one_line, visible
from mlops_tui.core.window import Windows, iso
from mlops_tui.engine.kinds import params_types
from mlops_tui.engine.runbook import Runbook, parse_runbook
from mlops_tui.journal.store import shown
from mlops_tui.logs.manifest import Manifest, find

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project, Subject

NEEDED = ("text", "source", "inventory", "model", "sets", "windows", "files", "at_given", "future_rows", "age")
"""What a run cannot go on without."""
MOST_LINES = 30
"""Lines of a changed runbook's difference that are shown."""
MOST_FILES = 3
"""Changed files of a log that are named."""


@dataclass(frozen=True, slots=True)
class Thawed:
    """A run's start again: what it looks at, by which runbook, and what has changed since, in words."""

    runbook: Runbook
    subject: Subject
    changed: tuple[str, ...]


def freeze(
    project: Project, journal: Journal, runbook: Runbook, subject: Subject, sets: Mapping[str, str], *, auto: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body of `run_started`, and the artefacts that it names: the list of files that each log means.

    Frozen are the bytes of runbook and inventory, the inputs, the moment and every window's dates, each log's pattern,
    fingerprint and files (path, size, rows), and the tool's version. Raises JournalError where it cannot be kept.
    """
    manifests = {name: _files(manifest) for name, manifest in _manifests(subject)}
    files = journal.keep(canonical(manifests), "json")
    inputs = [subject.log.inputs, *(s.inputs for _, s in _sources(subject))]
    windows = subject.windows
    body = {
        "runbook": runbook.name,
        "title": runbook.title,
        "source": runbook.source,
        "text": runbook.text,
        "sha256": runbook.sha256,
        "inventory": project.inventory.text,
        "inventory_sha256": digest(project.inventory.text.encode()),
        "model": subject.model,
        "sets": dict(sets),
        "clock": iso(windows.clock),
        "at": iso(windows.now),
        "at_given": subject.at_given,
        "replayed": subject.at_given and windows.clock < project.clock(),
        "windows": windows.as_json(),
        "age": subject.age.total_seconds(),
        "future_rows": subject.future_rows,
        "manifest": [plain(i) for i in inputs],
        "files": files,
        "auto": auto,
        "tool": __version__,
        "steps": [{"id": s.id, "kind": s.kind, "title": s.title} for s in runbook.steps],
    }
    return body, (files,)


def thaw(project: Project, journal: Journal, frozen: Mapping[str, Any]) -> Thawed:
    """Stands on a frozen start: its runbook, its inventory, its windows, and no files but its own.

    People are those of now: who left must not confirm, and a message goes to the channel that is read today. Raises
    RunbookError where too little is known of the start, InvalidFiles where this version cannot read what was frozen,
    LogError where the files are gone.
    """
    from mlops_tui.inventory.inventory import parse

    lacking = [n for n in NEEDED if n not in frozen]
    if lacking:
        what = "its start was purged" if len(lacking) == len(NEEDED) else f"it was begun by version {frozen.get('tool')}"
        raise RunbookError(f"this run cannot go on: {what}", hint="begin a new one with runbook run NAME --incident ID")
    runbook = parse_runbook(str(frozen["text"]), source=str(frozen["source"]), kinds=params_types())
    model = str(frozen["model"])
    then = parse(str(frozen["inventory"]), project.root)
    file = msgspec.structs.replace(then.file, teams=project.inventory.file.teams)
    files = _kept_files(journal, str(frozen["files"]))
    held = {("model", model) if name == "log" else ("source", name): frozenset(f) for name, f in files.items()}
    as_then = replace(project, inventory=replace(then, file=file), zone=then.zone, held=held, _logs={})
    windows = Windows.from_json(frozen["windows"])
    try:
        subject = as_then.subject(model, at=windows.clock)
    except LogError as error:
        hints = (*_logs_changed(as_then, model, files), error.hint)
        raise LogError(error.message, where=error.where, hint="; ".join(filter(None, hints))) from error
    subject = replace(
        subject,
        windows=windows,
        at_given=bool(frozen["at_given"]),
        future_rows=int(frozen["future_rows"]),
        age=timedelta(seconds=float(frozen["age"])),
    )
    changed = (*_texts_changed(project, runbook, frozen), *_logs_changed(as_then, model, files))
    return Thawed(runbook, subject, changed)


def _sources(subject: Subject) -> Iterator[tuple[str, Any]]:
    for name in sorted(subject.project.inventory.sources_of(subject.model)):
        try:
            yield name, subject.source(name)
        except RunbookError:  # it cannot be read: then nothing of it is frozen, and queries of it say why
            continue


def _manifests(subject: Subject) -> Iterator[tuple[str, Manifest]]:
    yield "log", subject.log.manifest
    for name, source in _sources(subject):
        yield name, source.manifest


def _files(manifest: Manifest) -> dict[str, list[Any]]:
    """Size in bytes, rows where known, and what is wrong, by path."""
    return {f.shown: [f.size, f.rows, f.problem] for f in (*manifest.files, *manifest.unreadable)}


def _kept_files(journal: Journal, sha256: str) -> dict[str, dict[str, list[Any]]]:
    path = journal.artefact(sha256)
    with shown(path):
        data = path.read_bytes()
    if digest(data) != sha256:
        raise JournalError("the kept list of log files was changed", where=str(path), hint="begin a new run")
    files: dict[str, dict[str, list[Any]]] = json.loads(data)
    return files


def _texts_changed(project: Project, runbook: Runbook, frozen: Mapping[str, Any]) -> Iterator[str]:
    path = project.runbooks.get(runbook.name)
    try:
        now = path.read_text("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        now = ""
    if not now:
        yield f"{runbook.source} is gone since this run began; the run goes on as it was then"
    elif digest(now.encode()) != frozen.get("sha256"):
        yield f"{runbook.source} changed since this run began; the run goes on as it was then. The difference:"
        yield from _difference(runbook.text, now)
    if digest(project.inventory.text.encode()) != frozen.get("inventory_sha256"):
        yield "inventory.yaml changed since this run began; what is measured is as it was then, people are those of now"
        yield from _difference(str(frozen["inventory"]), project.inventory.text)
    if frozen.get("tool") != __version__:
        yield f"this run was begun by version {frozen.get('tool')}, and this is {__version__}"


def _difference(then: str, now: str) -> Iterator[str]:
    lines = list(difflib.unified_diff(then.splitlines(), now.splitlines(), "then", "now", lineterm="", n=1))
    yield from ("  " + visible(line, most=300) for line in lines[2 : 2 + MOST_LINES])
    if len(lines) - 2 > MOST_LINES:
        yield f"  ... and {len(lines) - 2 - MOST_LINES} more lines"


def _logs_changed(project: Project, model: str, files: Mapping[str, Mapping[str, list[Any]]]) -> Iterator[str]:
    """What became of each log's files, one line each, where anything did."""
    specs = {"log": project.inventory.model(model).log}
    specs |= {name: source.log for name, source in project.inventory.sources_of(model).items()}
    for name, then in files.items():
        pattern = specs[name].path or ""
        now = {f.shown: f.size for f in _every(find(pattern, project.root, project.environ))}
        parts = [
            _named([f for f in then if f not in now], "gone", ""),
            _named([f for f in then if f in now and now[f] != then[f][0]], "of another size", ", read as now"),
            _named([f for f in now if f not in then], "new", ", not read"),
        ]
        if any(parts):
            yield f"the files of {name} changed since this run began: {'; '.join(filter(None, parts))}"


def _every(manifest: Manifest) -> tuple[Any, ...]:
    return (*manifest.files, *manifest.unreadable)


def _named(files: Collection[str], what: str, then: str) -> str:
    if not files:
        return ""
    shown = ", ".join(one_line(f) for f in list(files)[:MOST_FILES])
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    return f"{what}{then}: {shown}{more}"
