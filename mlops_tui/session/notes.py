"""Notes for an incident's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.project import Project


def note(project: Project, incident: str, text: str) -> None:
    """Puts a note into the incident's timeline; anyone may, also while somebody else drives its run. Raises JournalError."""
    with project.journal(create=False) as journal:
        journal.append(incident, "note", {"text": text})
