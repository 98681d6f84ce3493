"""`runbook run` and `runbook resume`: from a name to a driven run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui import __version__
from mlops_tui.core.canonical import digest, plain
from mlops_tui.core.errors import InvalidFiles, RunbookError, UnknownName, UsageError
from mlops_tui.core.window import iso, parse_instant
from mlops_tui.engine.kinds import params_types
from mlops_tui.engine.lint import lint_runbook, models_for
from mlops_tui.engine.runbook import Runbook, load_runbook, parse_runbook
from mlops_tui.engine.types import Answer, Artefact, FrontEnd, Output, Question, RunReport, Waiting
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import RunState, fold_run, runs_of
from mlops_tui.session.moments import read_at

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project, Subject

CLOSING = ("false_alarm", "resolved")
"""Ends that close an incident which the same run opened."""


def run(
    project: Project,
    name: str,
    *,
    sets: Mapping[str, str],
    at: str | None = None,
    incident: str | None = None,
    front: FrontEnd,
    auto: bool = False,
) -> RunReport:
    """Runs a runbook: joins the open incident of the same model and alert, else opens one, and drives to an end or a wait.

    `sets` are the inputs (`model` among them) as text, `at` the moment to look from, `incident` an id or `new`.
    Raises InvalidFiles, UnknownName and UsageError before anything is written.
    """
    runbook = _load(project, name)
    moment = read_at(at, project.zone)
    known = _incident(project, incident)
    model = _model(project, runbook, sets, known, front, auto)
    subject = project.subject(model, at=moment)
    inputs = _inputs(runbook, sets, subject)
    with project.journal(create=True) as journal:
        opened = known or (None if incident == "new" else _joinable(journal, model, _alert(project, runbook, model)))
        fresh = opened is None
        stream = opened.id if opened else _open(journal, project, runbook, subject)
        number = len(runs_of(journal.events(stream))) + 1
        started = _frozen(project, runbook, subject, sets, auto=auto, replayed=moment is not None and moment < project.clock())
        return _drive(project, journal, stream, f"{stream}.{number}", runbook, subject, inputs, front, auto, started, fresh)


def resume(project: Project, incident: str | None = None, *, front: FrontEnd, auto: bool = False) -> RunReport:
    """Continues a run that was interrupted or waits, from its frozen start. Raises RunbookError where there is none."""
    if not project.has_journal:
        raise RunbookError("nothing ever ran in this project", hint="runbook run NAME")
    with project.journal(create=False) as journal:
        stream, state = _unfinished(journal, incident)
        frozen = state.frozen
        runbook = parse_runbook(str(frozen["text"]), source=str(frozen["source"]), kinds=params_types())
        clock = parse_instant(str(frozen["clock"]))
        subject = project.subject(str(frozen["model"]), at=clock)
        inputs = _inputs(runbook, dict(frozen["sets"]), subject)
        _say_what_changed(project, runbook, frozen, front)
        return _drive(project, journal, stream, state.run, runbook, subject, inputs, front, auto, None, fresh=False)


def _drive(
    project: Project,
    journal: Journal,
    stream: str,
    run_id: str,
    runbook: Runbook,
    subject: Subject,
    inputs: Mapping[str, Any],
    front: FrontEnd,
    auto: bool,
    started: Mapping[str, Any] | None,
    fresh: bool,
) -> RunReport:
    from mlops_tui.engine.context import RunContext
    from mlops_tui.engine.drive import Drive

    with journal.drive(stream, run_id) as driver, _outbox(project, journal, front) as send:
        kind, body = ("run_started", started) if started is not None else ("run_joined", {"by": project.actor.shown})
        front.show(driver.append(kind, body or {}))
        incident = fold(journal.events(stream))
        shown = {
            "id": stream,
            "runner": project.actor.shown,
            "severity": incident.severity or runbook.severity,
            "runner_login": project.actor.login,
        }
        context = RunContext(subject, runbook, inputs, shown, journal)
        try:
            context.restore(fold_run(journal.events(stream), run_id))
            keep = _Keeper(project, journal, stream, run_id)
            drive = Drive(project, journal, context, stream, run_id, driver.epoch, front, auto, keep, send)
            report = drive.go()
        finally:
            context.close()
        ending = next((s.value for s in report.steps if s.kind == "end" and s.state == "ok"), None)
        if fresh and report.state == "ended" and ending in CLOSING:
            front.show(journal.append(stream, "incident_closed", {"as": ending, "reason": report.reason}, run=run_id))
    return report


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Keeps what a step made: by its hash beside the journal, and readable in the incident's folder."""

    project: Project
    journal: Journal
    stream: str
    run: str

    def __call__(self, data: bytes, kind: str, name: str, title: str) -> Artefact:
        folder = run_folder(self.project, self.stream, self.run)
        sha256 = self.journal.keep(data, "." + name.rsplit(".", 1)[-1])
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        part.write_bytes(data)
        part.replace(folder / name)
        return Artefact(kind, self.project.shown(folder / name), sha256, title)


def run_folder(project: Project, stream: str, run_id: str) -> Any:
    """Where the readable copies of a run's charts and draft lie."""
    return project.incident_folder(stream) / f"run-{run_id.rsplit('.', 1)[-1]}"


@contextmanager
def _outbox(project: Project, journal: Journal, front: FrontEnd) -> Iterator[Any]:
    """Gives a function that sends what waits, beside the run and never in its way. Without a token, says so once."""
    from mlops_tui.session.messages import TOKEN, flush_journal

    workers: list[threading.Thread] = []
    told: list[str] = []

    def send(step: str) -> None:
        if not project.environ.get(TOKEN):
            report = flush_journal(project, journal)
            if not told:
                told.append(step)
                front.show(Output(step, report.reason, "err"))
            return
        worker = threading.Thread(
            target=_quietly, args=(project, journal, front, step, flush_journal), daemon=True, name="outbox"
        )
        workers.append(worker)
        worker.start()

    yield send
    for worker in workers:
        worker.join(10)


def _quietly(project: Project, journal: Journal, front: FrontEnd, step: str, flush_journal: Any) -> None:
    try:
        report = flush_journal(project, journal)
    except RunbookError as error:
        front.show(Output(step, f"messages wait: {error}", "err"))
        return
    late = [m for m in report.messages if m.state not in ("sent", "unsure")]
    if late:
        front.show(Output(step, f"{len(late)} message{'s' * (len(late) != 1)} wait in the outbox: {late[-1].reason}", "err"))


def _load(project: Project, name: str) -> Runbook:
    from mlops_tui import checks
    from mlops_tui.report import CHARTS

    found = project.runbooks
    if name not in found:
        raise UnknownName("runbook", name, found)
    runbook = load_runbook(found[name], root=project.root, kinds=params_types())
    problems = lint_runbook(runbook, project.inventory, checks=checks.names(), charts=CHARTS)
    if problems:
        raise InvalidFiles(problems)
    return runbook


def _model(
    project: Project, runbook: Runbook, sets: Mapping[str, str], incident: Incident | None, front: FrontEnd, auto: bool
) -> str:
    candidates = models_for(runbook, project.inventory)
    given = sets.get("model") or (incident.model if incident else None)
    if given:
        project.inventory.model(given)
        if given not in candidates:
            raise UsageError(f"runbook {runbook.name} does not apply to {given}", hint="it applies to " + ", ".join(candidates))
        return given
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UsageError(f"no model of the inventory is one that {runbook.name} applies to", where=runbook.source)
    hint = "--set model=" + "|".join(candidates)
    if auto:
        raise UsageError(f"runbook {runbook.name} applies to {len(candidates)} models", hint=hint)
    return _ask_model(candidates, front, hint)


def _ask_model(candidates: list[str], front: FrontEnd, hint: str) -> str:
    question = Question("model", "", "input", "Which model?", tuple(candidates))
    while True:
        front.show(Waiting(question))
        answer = front.inbox.get()
        if not isinstance(answer, Answer):
            raise UsageError("no model was chosen", hint=hint)
        if answer.choice in candidates:
            return answer.choice
        front.show(Output("", f"{answer.choice!r} is none of them", "err"))


def _inputs(runbook: Runbook, sets: Mapping[str, str], subject: Subject) -> dict[str, Any]:
    from mlops_tui.engine.context import read_input

    for name in sets:
        if name != "model" and name not in runbook.inputs:
            raise UnknownName("input", name, [*runbook.inputs, "model"], where=f"--set {name}={sets[name]}")
    return {name: read_input(name, spec, sets.get(name), subject) for name, spec in runbook.inputs.items()}


def _alert(project: Project, runbook: Runbook, model: str) -> str | None:
    spec = project.inventory.model(model)
    own = {a.id for a in spec.watched_by}
    return next((a for a in runbook.applies_to.alerts if a in own), None)


def _incident(project: Project, name: str | None) -> Incident | None:
    from mlops_tui.session.incidents import incident

    if name is None or name == "new":
        return None
    found = incident(project, name)
    if found.status != "open":
        raise UsageError(f"{name} is closed", hint="--incident new opens another")
    return found


def _joinable(journal: Journal, model: str, alert: str | None) -> Incident | None:
    for stream in reversed(journal.streams("INC-")):
        found = fold(journal.events(stream))
        if found.status == "open" and found.model == model and found.alert == alert:
            return found
    return None


def _open(journal: Journal, project: Project, runbook: Runbook, subject: Subject) -> str:
    body = {
        "title": f"{runbook.title}: {subject.model}",
        "model": subject.model,
        "alert": _alert(project, runbook, subject.model),
        "severity": runbook.severity,
        "runbook": runbook.name,
        "at": iso(subject.windows.clock),
        "replayed": subject.at_given and subject.windows.clock < project.clock(),
    }
    return journal.start_stream("INC-", "incident_opened", body).stream


def _frozen(
    project: Project, runbook: Runbook, subject: Subject, sets: Mapping[str, str], *, auto: bool, replayed: bool
) -> dict[str, Any]:
    """What `run_started` freezes, so that a resume answers from the same start."""
    sources = [subject.log.inputs]
    return {
        "runbook": runbook.name,
        "title": runbook.title,
        "source": runbook.source,
        "text": runbook.text,
        "sha256": runbook.sha256,
        "inventory_sha256": digest(project.inventory.text.encode()),
        "model": subject.model,
        "alert": _alert(project, runbook, subject.model),
        "sets": dict(sets),
        "clock": iso(subject.windows.clock),
        "at": iso(subject.windows.now),
        "age": subject.age.total_seconds(),
        "replayed": replayed,
        "windows": subject.windows.as_json(),
        "manifest": [plain(i) for i in sources],
        "auto": auto,
        "tool": __version__,
        "steps": [{"id": s.id, "kind": s.kind, "title": s.title} for s in runbook.steps],
    }


def _unfinished(journal: Journal, incident: str | None) -> tuple[str, RunState]:
    streams = journal.streams("INC-")
    if incident is not None and incident not in streams:
        raise UnknownName("incident", incident, streams)
    for stream in [incident] if incident else reversed(streams):
        events = journal.events(stream)
        for run_id in reversed(runs_of(events)):
            state = fold_run(events, run_id)
            if not state.finished:
                return stream, state
    where = f"of {incident} " if incident else ""
    raise RunbookError(
        f"no run {where}was interrupted or waits", hint="runbook incidents lists them; runbook run NAME begins one"
    )


def _say_what_changed(project: Project, runbook: Runbook, frozen: Mapping[str, Any], front: FrontEnd) -> None:
    path = project.runbooks.get(runbook.name)
    try:
        now = path.read_text("utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        now = ""
    if digest(now.encode()) != frozen.get("sha256"):
        front.show(Output("", f"{runbook.source} changed since this run began; the run goes on as it was then", "err"))
    if digest(project.inventory.text.encode()) != frozen.get("inventory_sha256"):
        front.show(Output("", "inventory.yaml changed since this run began; names and owners are those of now", "err"))
