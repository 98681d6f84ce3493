"""What people do to an incident: acknowledge it, note, set its severity, close it. Each is in the journal before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import NotTheDriver, UnknownName, UsageError
from mlops_tui.core.leave import visible
from mlops_tui.core.window import both_zones
from mlops_tui.session.incidents import opened
from mlops_tui.session.messages import FlushReport, flush_journal
from mlops_tui.session.thread import announce, person

if TYPE_CHECKING:
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.journal import Event
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project

SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4")
ENDINGS = ("resolved", "false_alarm")
MOST = 4_000
"""Characters of a note or a reason."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: the incident as it stands now, one sentence, and how the words to its thread stand."""

    incident: Incident
    said: str
    sent: FlushReport = field(default_factory=lambda: FlushReport(()))
    warning: str = ""


def ack(project: Project, name: str, note: str = "") -> Done:
    """Says that the runner has seen the incident; told in its thread. Raises UnknownName, UsageError where it is closed or
    where the runner has said so already and has nothing to add."""
    with opened(project, name) as journal:
        incident = _of(journal, name)
        _must_be_open(project, incident, "there is nothing left to acknowledge")
        mine = [a for a in incident.acks if a.who == project.actor.login]
        words = _words(note)
        if mine and not words:
            at = both_zones(mine[-1].at, project.zone)
            raise UsageError(f"you acknowledged {name} already, at {at}", hint="--note TEXT adds a word to it")
        body = {"alert": incident.alert, "person": project.actor.login} | ({"note": words} if words else {})
        event = journal.append(name, "acked", body)
        said = f"{name} acknowledged by {project.actor.shown} at {both_zones(event.at, project.zone)}"
        return _told(project, journal, incident, event, f"{said}: {words}" if words else f"{said}.")


def note(project: Project, name: str, text: str) -> Done:
    """Puts a note into the timeline, of a closed incident too; the thread is not told. Raises UnknownName, UsageError."""
    words = _words(text)
    if not words:
        raise UsageError("an empty note says nothing", hint=f'runbook incident {name} note "what you saw"')
    with opened(project, name) as journal:
        journal.append(name, "note", {"text": words})
        return Done(_of(journal, name), f"noted in {name}")


def severity(project: Project, name: str, level: str, why: str = "") -> Done:
    """Sets the severity; told in the thread. Raises UnknownName, UsageError where it is that already, or closed."""
    wanted = level.upper()
    if wanted not in SEVERITIES:
        raise UnknownName("severity", level, SEVERITIES)
    with opened(project, name) as journal:
        incident = _of(journal, name)
        _must_be_open(project, incident, "its severity is part of its record now")
        if incident.severity == wanted:
            raise UsageError(f"{name} is {wanted} already")
        event = journal.append(name, "severity_set", {"severity": wanted, "was": incident.severity, "why": _words(why)})
        was = f" (was {incident.severity})" if incident.severity else ""
        said = f"{name} is {wanted} now{was}, set by {project.actor.shown}"
        return _told(project, journal, incident, event, f"{said}: {_words(why)}" if _words(why) else f"{said}.")


def close(project: Project, name: str, ending: str = "resolved", why: str = "") -> Done:
    """Closes the incident; told in the thread. An alert that still fires is a warning: it pages again when it is worse.

    Raises UnknownName, UsageError: closed already, somebody drives a run of it, or nobody knows what a write of it did.
    """
    if ending not in ENDINGS:
        raise UnknownName("ending", ending, ENDINGS)
    with opened(project, name) as journal:
        incident = _of(journal, name)
        _must_be_open(project, incident, "it cannot be closed twice")
        _nobody_at_it(journal, name)
        event = journal.append(name, "incident_closed", {"as": ending, "reason": _words(why), "person": project.actor.login})
        said = f"{name} closed as {ending.replace('_', ' ')} by {project.actor.shown}"
        warning = ""
        if incident.firing:
            warning = f"{incident.alert} still fires: it pages anew when it is worse, or after its quiet period"
        return _told(
            project, journal, incident, event, f"{said}: {_words(why)}" if _words(why) else f"{said}.", warning=warning
        )


def _of(journal: Journal, name: str) -> Incident:
    from mlops_tui.incidents.incident import fold

    return fold(journal.events(name))


def _words(text: str) -> str:
    return visible(text, most=MOST).strip()


def _must_be_open(project: Project, incident: Incident, why: str) -> None:
    if incident.status == "open":
        return
    at = f" at {both_zones(incident.closed_at, project.zone)}" if incident.closed_at else ""
    by = f" by {person(project, incident.closed_by)}" if incident.closed_by else ""
    hint = f"runbook incident {incident.id} note TEXT still adds to it"
    raise UsageError(f"{incident.id} was closed{at}{by}: {why}", hint=hint)


def _nobody_at_it(journal: Journal, name: str) -> None:
    """Raises UsageError while a run of the incident is driven, or where a write of it was never settled."""
    from mlops_tui.incidents.run import fold_run, runs_of

    events = journal.events(name)
    for run in runs_of(events):
        state = fold_run(events, run)
        if not state.finished:
            try:
                with journal.drive(name, run):
                    pass
            except NotTheDriver as error:
                raise UsageError(f"{name} has a run that is under way: {error.message}", hint="let it end first") from None
        unknown = next((e for e in state.effects.values() if _unsettled(e.state)), None)
        if unknown is not None:
            raise UsageError(
                f"nobody knows whether step {unknown.step} of run {run} did what it began",
                hint=f"runbook resume {name} asks what became of it",
            )


def _unsettled(state: str | None) -> bool:
    return state is None or state == "unknown"


def _told(project: Project, journal: Journal, incident: Incident, event: Event, text: str, *, warning: str = "") -> Done:
    sent = FlushReport(())
    if announce(journal, incident, text, id=event.id):
        sent = flush_journal(project, journal)
    return Done(_of(journal, incident.id), text, sent, warning)


def as_json(done: Done) -> Mapping[str, Any]:
    """`runbook/act/1`."""
    return {
        "schema": "runbook/act/1",
        "incident": done.incident.id,
        "said": done.said,
        "warning": done.warning,
        "status": done.incident.status,
        "severity": done.incident.severity,
        "acked": [{"at": a.at, "who": a.who, "note": a.note} for a in done.incident.acks],
    }
