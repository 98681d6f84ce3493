"""When it began, was noticed, was taken up and was told: the times of an incident, live or replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_tui.core.window import format_duration, parse_instant
from mlops_tui.incidents.incident import UNATTENDED, Incident
from mlops_tui.journal import Event

_TAKEN_UP = frozenset({"acked", "role_taken", "answered", "note", "pinned", "severity_set"})


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the times. `at` is None where it has not come, `instead` then says what stands in its place."""

    what: str
    at: datetime | None
    after: str = ""
    instead: str = "not yet"


def times(events: Sequence[Event], incident: Incident, onset: datetime | None) -> tuple[Moment, ...]:
    """Onset, detection, the first person, the first message that arrived, the end; each counted from the onset.

    Of a replayed incident only the detection is: it is the moment that was replayed. What people did afterwards is
    counted from when the incident was opened, and says so.
    """
    opening = next(e for e in events if e.type == "incident_opened")
    replayed = incident.replayed
    detected = opening.at
    if replayed and (opening.body or {}).get("at"):
        detected = parse_instant(str((opening.body or {})["at"]))
    mark = " (replayed)" if replayed else ""

    def after(at: datetime) -> str:
        since = f"{format_duration(at - opening.at)} after it was {'opened' if replayed else 'detected'}"
        return since if replayed or onset is None else f"{format_duration(at - onset)} ({since})"

    def moment(what: str, at: datetime | None, instead: str = "not yet") -> Moment:
        return Moment(what + mark, at, after(at) if at else "", instead)

    rows = [
        Moment("Began", onset, "", "not determined"),
        Moment("Detected" + mark, detected, format_duration(detected - onset) if onset else ""),
        moment("Taken up by a person", _taken_up(events)),
    ]
    sent, queued = _first_message(incident)
    if queued is not None:
        rows.append(moment("First message delivered", sent, "waits in the outbox"))
    if incident.closed_at is not None:
        word = incident.closed_as.replace("_", " ")
        rows.append(moment(f"Closed{f' as {word}' if word else ''}", incident.closed_at))
    return tuple(rows)


def _taken_up(events: Sequence[Event]) -> datetime | None:
    """The first thing that a person did: started a run that is not unattended, answered, noted, took a role."""
    for event in events:
        body = event.body or {}
        if event.type == "run_started" and not body.get("auto"):
            return event.at
        # a note with a step is the runbook's own
        if event.type in _TAKEN_UP and body.get("person") != UNATTENDED and not (event.type == "note" and event.step):
            return event.at
    return None


def _first_message(incident: Incident) -> tuple[datetime | None, datetime | None]:
    sent = [m.settled for m in incident.messages if m.state == "sent" and m.settled is not None]
    return min(sent, default=None), min((m.queued for m in incident.messages), default=None)
