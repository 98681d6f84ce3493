"""Words for those who were told already: a reply in the incident's thread, in every channel that it has one in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project


def person(project: Project, login: str) -> str:
    """A person by name where the inventory knows the login; the journal keeps logins."""
    member = project.inventory.person(login)
    return member.name if member else login


def announce(journal: Journal, incident: Incident, text: str, *, id: str) -> int:  # noqa: A002 - the event's word
    """Queues the text once for each channel that the incident was told in; gives how many there are.

    `id` names the event that the words are about, so that they are queued once.
    """
    from mlops_tui.channels.outbox import queue

    channels = {m.channel: m.to for m in incident.messages}
    for channel, team in channels.items():
        queue(journal, incident.id, to=team, channel=channel, text=text, id=f"{id}:{channel}")
    return len(channels)
