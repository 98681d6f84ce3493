"""`runbook check --notify`: the alerts, one incident for each that fires, and the page to its teams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.session.check import CheckReport, ModelCheck, check_subject, unreadable
from mlops_tui.session.messages import FlushReport, flush_journal, waiting_for
from mlops_tui.session.moments import read_at
from mlops_tui.session.pager import Incidents, Memory, Paged, Pager, newest, one_pager, settle_debts

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project, Subject

BACKOFF = (1.0, 3.0)
"""Seconds before a page is tried again when Slack does not work; then it waits for the next flush."""


@dataclass(frozen=True, slots=True)
class NotifyReport:
    """What was checked, what became of each alert, and how its messages stand."""

    check: CheckReport
    paged: tuple[Paged, ...]
    sent: FlushReport = field(default_factory=lambda: FlushReport(()))

    @property
    def fired(self) -> bool:
        """Whether an alert fires, plainly or against its incident's frozen baseline."""
        return self.check.fired or any(p.fires for p in self.paged)

    def as_json(self) -> dict[str, Any]:
        """`runbook/check/1` with what was paged, and the messages of the incidents concerned."""
        mine = {p.incident for p in self.paged if p.incident}
        told = [m.as_json() for m in self.sent.messages if m.incident in mine]
        return self.check.as_json() | {
            "fired": self.fired,
            "paged": [p.as_json() for p in self.paged],
            "messages": told,
            "reason": self.sent.reason,
        }


def notify(
    project: Project,
    models: Sequence[str] = (),
    *,
    at: str | None = None,
    suite: bool = True,
    pause: Callable[[float], None] | None = None,
    memory: Memory | None = None,
) -> NotifyReport:
    """Evaluates the alerts (and, with `suite`, every other check) and pages: one open incident for each alert and model.

    An alert that still fires pages again only when it is worse or after its quiet period; a recovery is shown and never
    paged. What is paged is in the journal before it is sent, so that nothing is lost when sending fails. `memory` is what an
    earlier look knew of the incidents, and is kept up; `pause` is how it waits for Slack.
    Raises UnknownName for a model nobody has, JournalError where nothing can be written.
    """
    known = project.inventory.models
    for name in models:
        if name not in known:
            raise UnknownName("model", name, known)
    moment = read_at(at, project.zone)
    looked = [_look(project, name, moment, suite) for name in (models or list(known))]
    parts = tuple(part for _, part in looked)
    times = [p.windows.now for p in parts if p.windows]
    report = CheckReport(max(times) if times else None, parts)
    if not _worth_a_journal(project, report):
        seen = ((p.model, a) for p in parts for a in p.alerts)
        return NotifyReport(report, tuple(Paged(m, a.alert_id, "blind" if a.blind else "quiet", a.reason) for m, a in seen))
    paged: list[Paged] = []
    memory = {} if memory is None else memory
    with project.journal(create=True) as journal:
        with one_pager(journal):
            incidents = newest(journal, memory)
            settle_debts(journal, incidents)
            for subject, part in looked:
                paged += _alerts(project, journal, incidents, subject, part)
            newest(journal, memory)
        told = tuple(m for _, (incident, _) in memory.values() for m in incident.messages)
        sent = FlushReport(told)
        if any(m.open for m in told):
            sent = flush_journal(project, journal, backoff=BACKOFF, pause=pause)
    return NotifyReport(report, tuple(paged), sent)


def _look(project: Project, name: str, at: datetime | None, suite: bool) -> tuple[Subject | None, ModelCheck]:
    try:
        subject = project.subject(name, at=at)
    except LogError as error:
        return None, unreadable(project, name, error)
    if suite:
        return subject, check_subject(subject)
    from mlops_tui.alerts import verdict

    results = tuple(verdict(subject, alert)[1] for alert in subject.spec.watched_by)
    return subject, ModelCheck(subject.model, subject.windows, subject.age, (), results, answered_from=subject.answered_from)


def _worth_a_journal(project: Project, report: CheckReport) -> bool:
    """Whether there is anything to write down: a first look that finds nothing leaves nothing behind."""
    from mlops_tui.journal.journal import Journal

    return report.fired or Journal.exists(project.state)


def _alerts(project: Project, journal: Journal, incidents: Incidents, subject: Subject | None, part: ModelCheck) -> list[Paged]:
    declared = {a.id: a for a in project.inventory.model(part.model).watched_by}
    found = []
    for result in part.alerts:
        if subject is None:
            found.append(Paged(part.model, result.alert_id, "blind", result.reason))
        else:
            found.append(Pager(project, journal, incidents, subject, declared[result.alert_id]).go(result))
    return found


def waits(project: Project, report: FlushReport) -> str:
    """Why pages wait, as one line for a person; empty where all are sent."""
    late = [m for m in report.messages if m.open]
    if not late:
        return ""
    count = f"{len(late)} message{'s' * (len(late) != 1)} wait{'s' * (len(late) == 1)}"
    return f"{count}: {waiting_for(project) or late[-1].reason}"
