"""What an incident knows of its alert: whether it fires, whom it paged and with what. A fold of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops_tui.core.finding import Finding, describe_slice, from_json
from mlops_tui.core.window import Window, parse_instant
from mlops_tui.journal import Event


@dataclass(frozen=True, slots=True)
class Sighting:
    """How bad one thing was when it was paged: its size, and how large its 95 % interval allowed it to be already."""

    size: float
    far: float

    @classmethod
    def of(cls, finding: Finding) -> Sighting:
        """The size of a Finding: its change where it has one, its distance for drift, else its value."""
        if finding.unit == "psi" or finding.change is None:
            size = abs(finding.value or 0.0)
            return cls(size, size)
        size = abs(finding.change)
        return cls(size, max([size, *(abs(end) for end in finding.interval or ())]))


def sighted(finding: Finding) -> str:
    """What a Finding is about, so that two looks at the same thing are told to be: check, target, slice and direction."""
    return "|".join((finding.check_name, finding.target, describe_slice(finding.slice), finding.direction))


@dataclass(frozen=True, slots=True)
class Ack:
    """A person has seen it. `who` is a login."""

    at: datetime
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that went out, or is owed: the event's id, the words, the charts, and whom it goes to (team, channel)."""

    id: str
    text: str
    layout: tuple[Mapping[str, Any], ...] = ()
    charts: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    to: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """The alert as the incident knows it. Moments are of the clock that the question was asked with (`--at`, in a replay).

    `seen` holds the worst that was paged of each thing; `baseline` is the window before the onset that the incident is
    held against until it is over; `findings` are those that fired last.
    """

    firing: bool = False
    since: datetime | None = None
    last: datetime | None = None
    pages: tuple[Page, ...] = ()
    seen: Mapping[str, Sighting] = field(default_factory=dict)
    baseline: Window | None = None
    findings: tuple[Finding, ...] = ()


def fold_paging(events: Sequence[Event]) -> Paging:
    """What the alert events of an incident add up to."""
    firing, since, last, baseline = False, None, None, None
    pages: list[Page] = []
    seen: dict[str, Sighting] = {}
    found: tuple[Finding, ...] = ()
    for event in events:
        body = event.body or {}
        if event.type == "alert_resolved":
            firing, since = False, None
        if event.type != "alert_fired":
            continue
        at = parse_instant(str(body["clock"])) if body.get("clock") else event.at
        since = since if firing and since else at
        firing = True
        found = tuple(from_json(f) for f in body.get("findings") or ()) or found
        baseline = baseline or _window(body.get("baseline"))
        if body.get("paged"):
            last = at
            pages.append(_page(event, body))
            for finding in found:
                now, key = Sighting.of(finding), sighted(finding)
                was = seen.get(key, now)
                seen[key] = Sighting(max(was.size, now.size), max(was.far, now.far))
    return Paging(firing, since, last, tuple(pages), seen, baseline, found)


def acks(events: Sequence[Event]) -> tuple[Ack, ...]:
    """Who has seen it, in order."""
    found = ((e, e.body or {}) for e in events if e.type == "acked")
    return tuple(Ack(e.at, str(b.get("person") or e.actor.login), str(b.get("note", ""))) for e, b in found)


def _page(event: Event, body: Mapping[str, Any]) -> Page:
    return Page(
        event.id,
        str(body.get("message", "")),
        tuple(body.get("layout") or ()),
        event.artefacts,
        tuple(str(t) for t in body.get("titles") or ()),
        tuple((str(p["to"]), str(p["channel"])) for p in body.get("page") or ()),
    )


def _window(value: Mapping[str, str] | None) -> Window | None:
    return Window(parse_instant(value["start"]), parse_instant(value["end"])) if value else None
