"""Who changed what, and which versions served: the change feeds and the log's own version column together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.inventory.changes import Changes
    from mlops_tui.inventory.versions import Version
    from mlops_tui.project.subject import Subject


def history(subject: Subject) -> tuple[Changes, tuple[Version, ...]]:
    """Changes up to the subject's moment, and the versions that were seen or recorded until then."""
    from mlops_tui.inventory.changes import read_changes
    from mlops_tui.inventory.versions import versions
    from mlops_tui.logs.measure import versions_seen

    inventory = subject.project.inventory
    changes = read_changes(inventory, subject.model, until=subject.windows.now)
    seen = versions_seen(subject.log, subject.windows.now).value if subject.spec.log.version else {}
    return changes, versions(inventory, subject.model, seen=seen, changes=changes)
