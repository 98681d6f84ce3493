"""`runbook run` and `runbook resume`: from a name to a driven run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.core.canonical import digest
from mlops_tui.core.errors import InvalidFiles, RunbookError, UnknownName, UsageError
from mlops_tui.core.window import iso
from mlops_tui.engine.inputs import read_input
from mlops_tui.engine.kinds import params_types
from mlops_tui.engine.kinds.end import closing_id
from mlops_tui.engine.lint import lint_runbook, models_for
from mlops_tui.engine.runbook import Runbook, load_runbook
from mlops_tui.engine.types import Answer, FrontEnd, Output, Question, RunReport, Waiting
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import RunState, fold_run, runs_of
from mlops_tui.incidents.vocabulary import PREFIX
from mlops_tui.journal.event import Event
from mlops_tui.session.frozen import freeze, thaw
from mlops_tui.session.moments import read_at
from mlops_tui.session.outlets import Keeper, sending

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Driver, Journal
    from mlops_tui.project import Project, Subject
TOLD_AGAIN = ("title", "model", "at", "clock", "age", "windows", "replayed")
"""What `run_joined` says again of the run's start, for who comes back to it."""
RUN = "run"
"""What an incident was opened for: such a one without a run was left by a process that died before it began its own."""


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
    inputs = _inputs(runbook, sets, subject, known=False)
    alert = _alert(project, runbook, model)
    with project.journal(create=True) as journal:
        stream, opened = (known.id, False) if known else _opened(journal, project, runbook, subject, alert, incident == "new")
        body, kept = freeze(project, journal, runbook, subject, sets, auto=auto)
        body |= {"alert": alert, "opened": opened}
        with _new_run(journal, stream) as driver, sending(project, journal, front) as send:
            first = driver.append("run_started", body, artefacts=kept)
            return _drive(project, journal, driver, Start(runbook, subject, inputs), front, send, first, auto=auto)


def resume(project: Project, incident: str | None = None, *, front: FrontEnd, auto: bool = False) -> RunReport:
    """Continues a run that was interrupted or waits, from its frozen start; by default the newest that was left.

    What changed since is shown. Raises RunbookError where no run was left, NotTheDriver where another process drives it.
    """
    if not project.has_journal:
        raise RunbookError("nothing ever ran in this project", hint="runbook run NAME")
    with project.journal(create=False) as journal:
        stream, state, others = _unfinished(journal, incident)
        if others:
            front.show(Output("", f"going on with {stream}; also left: {', '.join(others)}", "err"))
        with journal.drive(stream, state.run) as driver:
            thawed = thaw(project, journal, state.frozen)
            inputs = _inputs(thawed.runbook, dict(state.frozen["sets"]), thawed.subject, known=True)
            for line in thawed.changed:
                front.show(Output("", line, "err"))
            with sending(project, journal, front) as send:
                again = {key: state.frozen[key] for key in TOLD_AGAIN if key in state.frozen}
                first = driver.append("run_joined", {"by": project.actor.shown} | again)
                start = Start(thawed.runbook, thawed.subject, inputs)
                return _drive(thawed.subject.project, journal, driver, start, front, send, first, auto=auto)


@dataclass(frozen=True, slots=True)
class Start:
    """What a run stands on."""

    runbook: Runbook
    subject: Subject
    inputs: Mapping[str, Any]


@contextmanager
def _new_run(journal: Journal, stream: str) -> Iterator[Driver]:
    """The driver of the incident's next run. Who begins one at the same moment is told who was first."""
    while True:
        run_id = f"{stream}.{len(runs_of(journal.events(stream))) + 1}"
        with journal.drive(stream, run_id) as driver:
            if driver.epoch > 1:  # another process began and left this very run since we counted
                continue
            yield driver
            return


def _drive(
    project: Project,
    journal: Journal,
    driver: Driver,
    start: Start,
    front: FrontEnd,
    send: Callable[[str], None],
    first: Event,
    *,
    auto: bool,
) -> RunReport:
    from mlops_tui.engine.context import RunContext
    from mlops_tui.engine.drive import Drive, Tools

    incident = fold(journal.events(driver.stream))
    about = {
        "id": driver.stream,
        "runner": project.actor.shown,
        "severity": incident.severity or start.runbook.severity,
    }
    context = RunContext(start.subject, start.runbook, start.inputs, about, journal)
    drive = Drive(
        project, journal, driver, context, front, Tools(Keeper(project, journal, driver.stream, driver.run), send), auto=auto
    )
    try:
        return drive.go(first)
    finally:
        context.close(busy=drive.performer.left_behind)


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
        if incident is not None and given != incident.model:
            raise UsageError(f"{incident.id} is about {incident.model}", hint="--incident new opens another")
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


def _inputs(runbook: Runbook, sets: Mapping[str, str], subject: Subject, *, known: bool) -> dict[str, Any]:
    """The inputs as values; `known` says that they were taken once already, so that no log is asked again."""
    for name in sets:
        if name != "model" and name not in runbook.inputs:
            raise UnknownName("input", name, [*runbook.inputs, "model"], where=f"--set {name}={sets[name]}")
    segments = (lambda _: ()) if known else subject.segment_values
    zone = subject.project.zone
    return {name: read_input(name, spec, sets.get(name), zone, segments) for name, spec in runbook.inputs.items()}


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


def _opened(
    journal: Journal, project: Project, runbook: Runbook, subject: Subject, alert: str | None, new: bool
) -> tuple[str, bool]:
    """The incident to run in, and whether it is this run's own: the open one of the same model and alert, unless `new`.

    Two people who answer the same page at once get one incident: the opening's id names what it follows.
    """
    same = [i for s in journal.streams(PREFIX) if (i := fold(journal.events(s))).model == subject.model and i.alert == alert]
    last = same[-1] if same else None
    if not new and last is not None and last.status == "open":
        opening = journal.events(last.id)[0]
        return last.id, not last.runs and (opening.body or {}).get("opened_for") == RUN
    body = {
        "title": f"{runbook.title}: {subject.model}",
        "model": subject.model,
        "alert": alert,
        "severity": runbook.severity,
        "runbook": runbook.name,
        "opened_for": RUN,
        "at": iso(subject.windows.clock),
        "replayed": subject.at_given and subject.windows.clock < project.clock(),
    }
    one = None if new else digest(["incident", subject.model, alert, last.id if last else ""])
    return journal.start_stream(PREFIX, "incident_opened", body, id=one).stream, True


def _unfinished(journal: Journal, incident: str | None) -> tuple[str, RunState, list[str]]:
    """The newest run that was left (of an open incident, unless one is named), and the other incidents with one."""
    streams = journal.streams(PREFIX)
    if incident is not None and incident not in streams:
        raise UnknownName("incident", incident, streams)
    found: dict[str, RunState] = {}
    for stream in [incident] if incident else reversed(streams):
        events = journal.events(stream)
        states = (fold_run(events, run_id) for run_id in reversed(runs_of(events)))
        left = next((s for s in states if not s.finished), None)
        if left is None:
            continue
        by_itself = any(e.id == closing_id(left.run) for e in events)
        if incident or by_itself or fold(events).status == "open":
            found[stream] = left
    if not found:
        where = f"of {incident} " if incident else ""
        raise RunbookError(
            f"no run {where}was interrupted or waits", hint="runbook incidents lists them; runbook run NAME begins one"
        )
    (stream, state), *others = found.items()
    return stream, state, [other for other, _ in others]
