"""An incident: who, what and when, as a fold of its stream's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mlops_tui.core.errors import JournalError
from mlops_tui.core.finding import Finding, from_json, ranked
from mlops_tui.incidents.messages import Message, fold_messages
from mlops_tui.incidents.paging import Ack, acks, fold_paging
from mlops_tui.incidents.timeline import Entry, timeline
from mlops_tui.journal import Event

UNATTENDED = "auto"
"""Who answers in an unattended run; no person."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line that somebody, or a step, wrote down."""

    at: datetime
    who: str
    text: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as its journal tells it.

    `people` are the logins of all who did something, in the order of their first act; `roles` maps a role to a login.
    `findings` holds the worst Finding of each step (of the newest run that has the step), worst first, or those that the
    alert fired with where nothing ran. `replayed` means that it was opened for a moment in the past: its times to detect
    and respond say nothing. `closed_as` is `false_alarm`, `resolved` or another word, by `closed_by`. `firing` is None
    where no alert was heard of; `acks` say who has seen it.
    """

    id: str
    title: str
    model: str
    alert: str | None
    severity: str
    status: Literal["open", "closed"]
    opened_at: datetime
    opened_by: str
    replayed: bool = False
    closed_at: datetime | None = None
    closed_as: str = ""
    closed_by: str = ""
    people: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    timeline: tuple[Entry, ...] = ()
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()
    messages: tuple[Message, ...] = ()
    acks: tuple[Ack, ...] = ()
    firing: bool | None = None


def fold(events: Sequence[Event]) -> Incident:
    """The incident of a stream's events, in the order of `seq`. Raises JournalError when they open none."""
    opening = next((e for e in events if e.type == "incident_opened"), None)
    if opening is None:
        where = events[0].stream if events else ""
        raise JournalError("this stream holds no incident", where=where, hint="runbook incidents lists them")
    about = opening.body or {}
    status, closing = _status(events)
    alerted = any(e.type in ("alert_fired", "alert_resolved") for e in events)
    paging = fold_paging(events)
    return Incident(
        id=opening.stream,
        title=str(about.get("title") or opening.stream),
        model=str(about.get("model") or ""),
        alert=str(about["alert"]) if about.get("alert") else None,
        severity=_latest(events, "severity_set", "severity") or str(about.get("severity") or ""),
        status=status,
        opened_at=opening.at,
        opened_by=opening.actor.shown,
        replayed=bool(about.get("replayed")),
        closed_at=closing.at if closing else None,
        closed_as=str((closing.body or {}).get("as", "")) if closing else "",
        closed_by=closing.actor.shown if closing else "",
        people=_people(events),
        roles={str(b["role"]): str(b.get("person") or e.actor.login) for e, b in _of(events, "role_taken") if b.get("role")},
        runs=tuple(dict.fromkeys(e.run for e in events if e.type == "run_started")),
        timeline=timeline(events),
        notes=tuple(Note(e.at, e.actor.login, str(b.get("text", "")), e.step) for e, b in _of(events, "note")),
        findings=_findings(events) or ranked(paging.findings),
        messages=fold_messages(events),
        acks=acks(events),
        firing=paging.firing if alerted else None,
    )


def _of(events: Sequence[Event], kind: str) -> list[tuple[Event, Mapping[str, Any]]]:
    return [(e, e.body or {}) for e in events if e.type == kind]


def _latest(events: Sequence[Event], kind: str, key: str) -> str:
    said = [str(b[key]) for _, b in _of(events, kind) if b.get(key)]
    return said[-1] if said else ""


def _status(events: Sequence[Event]) -> tuple[Literal["open", "closed"], Event | None]:
    closing: Event | None = None
    for event in events:
        body = event.body or {}
        if event.type in ("incident_closed", "incident_merged") or (
            event.type == "status_set" and body.get("status") == "closed"
        ):
            closing = event
        elif event.type == "status_set":
            closing = None
    return ("closed" if closing else "open"), closing


def _people(events: Sequence[Event]) -> tuple[str, ...]:
    seen: dict[str, None] = {}
    for event in events:
        seen[event.actor.login] = None
        person = (event.body or {}).get("person")
        if isinstance(person, str) and person and person != UNATTENDED:
            seen[person] = None
    return tuple(seen)


def _findings(events: Sequence[Event]) -> tuple[Finding, ...]:
    worst: dict[str, Finding] = {}
    for event, body in _of(events, "step_ended"):
        found = ranked(from_json(f) for f in body.get("findings") or ())
        if found:
            worst[event.step] = found[0]
    return ranked(worst.values())
