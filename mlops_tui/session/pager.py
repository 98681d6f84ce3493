"""From an alert's verdict to its incident and the page: decided under one lock, and in the journal before it is sent."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import iso
from mlops_tui.incidents.vocabulary import PREFIX
from mlops_tui.session.thread import announce

if TYPE_CHECKING:
    from mlops_tui.alerts import AlertResult
    from mlops_tui.alerts.paging import Act, Decision
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.incidents.paging import Page, Paging
    from mlops_tui.inventory.types import Alert
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project, Subject

SEVERITY = "SEV3"
"""Of an alert that declares none, and whose runbook cannot be read."""


@dataclass(frozen=True, slots=True)
class Paged:
    """What became of one alert of one model: `act` as decided (`opened` for a page that opened its incident), the incident
    where there is one, why, whom the page goes to, and whom it cannot reach."""

    model: str
    alert: str
    act: Act | str
    why: str
    fires: bool = False
    incident: str = ""
    to: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "model": self.model,
            "alert": self.alert,
            "act": self.act,
            "fires": self.fires,
            "incident": self.incident or None,
            "why": self.why,
            "to": list(self.to),
            "problems": list(self.problems),
        }


Key = tuple[str, str, bool]
Known = tuple["Incident", "Paging"]
Incidents = dict[Key, Known]
"""The newest incident of each (model, alert, whether it is a replay), and what it knows of its alert."""
Memory = dict[str, tuple[int, Known]]
"""What was read of each stream, up to which `seq`: a watch reads what is new and not everything at every look."""


def newest(journal: Journal, memory: Memory) -> Incidents:
    """The incidents that alerts may join. `memory` is read and kept up."""
    found: Incidents = {}
    for stream in journal.streams(PREFIX):
        seq = journal.head(stream)[0]
        if stream not in memory or memory[stream][0] != seq:
            memory[stream] = (seq, _read(journal, stream))
        known = memory[stream][1]
        incident = known[0]
        key = (incident.model, incident.alert or "", incident.replayed)
        before = found.get(key)
        # an open one is joined even where a later one was closed
        if before is None or incident.status == "open" or before[0].status == "closed":
            found[key] = known
    return found


class Pager:
    """One alert of one model, from its verdict to the queued page."""

    def __init__(self, project: Project, journal: Journal, incidents: Incidents, subject: Subject, alert: Alert) -> None:
        self._project = project
        self._journal = journal
        self._incidents = incidents
        self._subject = subject
        self._alert = alert
        self._replayed = subject.at_given and subject.windows.clock < project.clock()
        self._key: Key = (subject.model, alert.id, self._replayed)

    def go(self, result: AlertResult) -> Paged:
        """Decides, writes it down, and queues the page where there is one."""
        from mlops_tui.alerts.held import held
        from mlops_tui.alerts.paging import decide
        from mlops_tui.incidents.paging import Paging

        incident, paging = self._incidents.get(self._key, (None, Paging()))
        if self._replayed and incident is not None and incident.status == "closed":
            incident, paging = None, Paging()  # a replay of what is over begins anew
        against = None
        if paging.firing and not result.fired and not result.blind and paging.baseline is not None:
            against = held(self._subject, self._alert, paging.baseline)
        closed = incident.closed_at if incident is not None and incident.status == "closed" else None
        now = self._subject.windows.clock
        decision = decide(self._alert, result, paging, now=now, held=against, closed=closed)
        stream = incident.id if incident is not None else ""
        if decision.act == "page":
            return self._page(decision, incident if closed is None else None, paging)
        if decision.act in ("note", "resolve") and stream:
            self._write(stream, decision)
        fires = bool(decision.firing)
        shown = stream if closed is None or decision.act != "quiet" else ""
        return Paged(self._subject.model, self._alert.id, decision.act, decision.why, fires, shown)

    def _write(self, stream: str, decision: Decision) -> None:
        """A change of state that pages nobody; that an open incident's alert is quiet again is told in its thread."""
        about = {"alert": self._alert.id, "model": self._subject.model, "clock": iso(self._subject.windows.clock)}
        if decision.act == "note":
            findings = [f.as_json() for f in decision.firing]
            body = about | {"text": decision.why, "paged": False, "findings": findings}
            self._journal.append(stream, "alert_fired", body)
            return
        said = self._journal.append(stream, "alert_resolved", about | {"text": decision.why})
        incident = self._incidents[self._key][0]
        if incident.status == "open":
            text = (
                f"{self._alert.id} of {self._subject.model} is quiet again: {decision.why} {stream} stays open until a person"
            )
            announce(self._journal, incident, f"{text} closes it: runbook incident {stream} close", id=said.id)

    def _page(self, decision: Decision, incident: Incident | None, paging: Paging) -> Paged:
        from mlops_tui.session.page_text import draw, page_words

        drawn = draw(self._subject, decision.firing)
        to, problems = self._teams()
        stream = incident.id if incident is not None else self._open(decision.firing)
        severity = incident.severity if incident is not None else ""
        words = page_words(
            self._subject,
            self._alert,
            decision.firing,
            incident=stream,
            severity=severity or self._severity(),
            why=decision.why,
            replayed=self._replayed,
            acked=incident.acks if incident is not None else (),
            number=len(paging.pages) + 1 if incident is not None else 1,
            missing=drawn.missing,
        )
        charts = (self._journal.keep(drawn.png, "png"),) if drawn.png else ()
        body = self._fired(decision) | {
            "page": [{"to": team, "channel": channel} for team, channel in to],
            "message": words.text,
            "layout": [p.as_json() for p in words.layout],
            "titles": [drawn.title] if charts else [],
        }
        self._journal.append(stream, "alert_fired", body, artefacts=charts)
        self._incidents[self._key] = known = _read(self._journal, stream)
        settle_debts(self._journal, {self._key: known})
        act = "page" if incident is not None else "opened"
        told = tuple(f"{team} ({channel})" for team, channel in to)
        return Paged(self._subject.model, self._alert.id, act, decision.why, True, stream, told, tuple(problems))

    def _fired(self, decision: Decision) -> dict[str, Any]:
        from mlops_tui.alerts.held import baseline

        frozen = baseline(decision.firing[0])
        more = f" (and {len(decision.firing) - 1} more)" if len(decision.firing) > 1 else ""
        return {
            "alert": self._alert.id,
            "model": self._subject.model,
            "text": decision.firing[0].summary + more,
            "why": decision.why,
            "paged": True,
            "clock": iso(self._subject.windows.clock),
            "as_of": iso(self._subject.windows.now),
            "baseline": frozen.as_json() if frozen else None,
            "findings": [f.as_json() for f in decision.firing],
        }

    def _teams(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Whom the alert pages, each channel once; and why somebody cannot be reached."""
        found: dict[str, str] = {}
        problems = []
        for team in dict.fromkeys(self._alert.page):
            known = self._project.inventory.file.teams.get(team)
            if known is None:
                problems.append(f"no team is called {one_line(team, most=60)!r}")
            elif known.slack is None:
                problems.append(f"team {team} has no slack channel in inventory.yaml")
            else:
                found.setdefault(known.slack, team)
        if not self._alert.page:
            problems.append("the alert pages nobody: it names no team (page: [TEAM])")
        return [(team, channel) for channel, team in found.items()], problems

    def _open(self, firing: Sequence[Finding]) -> str:
        from mlops_tui.report import words

        what = f"{words.what(firing[0])}, {words.where(firing[0].slice)}"
        body = {
            "title": f"{what[:1].upper()}{what[1:]}: {self._subject.model}",
            "model": self._subject.model,
            "alert": self._alert.id,
            "severity": self._severity(),
            "runbook": self._alert.runbook or "",
            "at": iso(self._subject.windows.clock),
            "replayed": self._replayed,
        }
        return self._journal.start_stream(PREFIX, "incident_opened", body).stream

    def _severity(self) -> str:
        """The alert's own severity, else its runbook's."""
        from mlops_tui.engine.kinds import params_types
        from mlops_tui.engine.runbook import load_runbook

        path = self._project.runbooks.get(self._alert.runbook or "")
        if self._alert.severity or path is None:
            return self._alert.severity or SEVERITY
        try:
            return load_runbook(path, root=self._project.root, kinds=params_types()).severity
        except RunbookError:
            return SEVERITY


def _read(journal: Journal, stream: str) -> Known:
    from mlops_tui.incidents.incident import fold
    from mlops_tui.incidents.paging import fold_paging

    events = journal.events(stream)
    return fold(events), fold_paging(events)


def settle_debts(journal: Journal, incidents: Mapping[Key, Known]) -> None:
    """Queues every page that was decided and is not in the outbox: a process may have died between the two."""
    for incident, paging in incidents.values():
        if incident.status != "open":
            continue
        queued = {m.id for m in incident.messages}
        for page in paging.pages:
            _queue(journal, incident.id, page, queued)


def _queue(journal: Journal, stream: str, page: Page, queued: set[str]) -> None:
    from mlops_tui.channels.outbox import queue
    from mlops_tui.incidents.messages import Piece

    for team, channel in page.to:
        name = f"{page.id}:{channel}"
        if name not in queued:
            queue(
                journal,
                stream,
                to=team,
                channel=channel,
                text=page.text,
                layout=[Piece(p["style"], p["text"]) for p in page.layout],
                attachments=page.charts,
                titles=page.titles,
                id=name,
            )


@contextmanager
def one_pager(journal: Journal) -> Iterator[None]:
    """One process decides and writes at a time, so that two of them open one incident; a kernel lock, waited for."""
    from mlops_tui.journal.lock import open_lock
    from mlops_tui.journal.store import shown

    path = journal.folder / "paging.lock"
    with shown(path):
        fd = open_lock(path)
        fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(fd)
