"""`runbook outbox`: messages that wait, and sending them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_tui.channels.outbox import Message
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project

TOKEN = "RUNBOOK_SLACK_TOKEN"  # noqa: S105 - the variable's name
BASE_URL = "RUNBOOK_SLACK_URL"


@dataclass(frozen=True, slots=True)
class FlushReport:
    """What a flush did: the messages as they stand now, and why nothing was sent where nothing could be."""

    messages: tuple[Message, ...]
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """`runbook/outbox/1`."""
        return {"schema": "runbook/outbox/1", "reason": self.reason, "messages": [m.as_json() for m in self.messages]}


def outbox(project: Project) -> tuple[Message, ...]:
    """Every message of every incident, oldest first."""
    from mlops_tui.channels.outbox import messages

    if not project.has_journal:
        return ()
    with project.journal(create=False) as journal:
        return messages(journal)


def waiting_for(project: Project) -> str:
    """Why nothing can be sent as things are, with what to do; empty where sending can be tried."""
    if project.environ.get(TOKEN):
        return ""
    return f"no Slack token: messages wait in the outbox (set {TOKEN}, then runbook outbox flush)"


def flush(project: Project) -> FlushReport:
    """Sends what waits. Without a token nothing is tried, and the reason says which variable to set."""
    if not project.has_journal:
        return FlushReport((), "there are no messages")
    with project.journal(create=False) as journal:
        return flush_journal(project, journal)


def flush_journal(
    project: Project,
    journal: Journal,
    *,
    backoff: Sequence[float] = (),
    pause: Callable[[float], None] | None = None,
) -> FlushReport:
    """`flush` on a journal that is open already. `backoff` are the waits, in seconds, before one more try where Slack does
    not work; `pause` is how it waits."""
    from mlops_tui.channels import outbox as box

    token = project.environ.get(TOKEN)
    if not token:
        return FlushReport(box.messages(journal), waiting_for(project))
    from mlops_tui.channels.slack import SlackSender

    sender = SlackSender(token, base_url=project.environ.get(BASE_URL))
    return FlushReport(box.flush(journal, sender, clock=project.clock, pause=pause or time.sleep, backoff=backoff))
