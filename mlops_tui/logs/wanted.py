"""Which summaries are wanted of which log, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.origin import Origin
from mlops_tui.logs.plan import Plan, Watched, declared_layout
from mlops_tui.logs.store import Snapshot, Store


@dataclass(frozen=True, slots=True)
class Counters:
    """What a refresh did: files and rows read, files of summaries written, members unchanged, dropped (written since,
    replaced), kept though their partition is gone, and sections that were merged into those of their day; and files and rows of
    outcomes that were read."""

    files_read: int = 0
    rows_read: int = 0
    units_written: int = 0
    unchanged: int = 0
    dropped: int = 0
    expired: int = 0
    compacted: int = 0
    outcome_files: int = 0
    outcome_rows: int = 0


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Summaries of all files that can be read, and what it took. `bad` are files that are passed over, each with its problem;
    `unwritten` says why nothing could be written, where so."""

    snapshot: Snapshot
    manifest: Manifest
    counters: Counters
    bad: tuple[LogFile, ...] = ()
    unwritten: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which log is to be summarised, of what, in which zone's days, and where the summaries lie (None: nowhere)."""

    origin: Origin
    asked: Watched
    zone: str
    folder: Path | None

    @property
    def declared(self) -> Plan:
        """What the inventory declares of it."""
        return declared_layout(self.origin.spec, self.asked, self.zone)

    @property
    def outcomes(self) -> Origin | None:
        """Where outcomes come from; None where they are a column of the decisions, or nobody declared any."""
        labels = self.asked.labels
        if labels is None or labels.log is None or labels.join is None:
            return None
        required = (labels.join, labels.column)
        return replace(self.origin, spec=labels.log, name="outcomes", required=required, features={}, only=None)

    @property
    def store(self) -> Store | None:
        """Where its summaries lie."""
        return None if self.folder is None else Store(self.folder / self.declared.layout.declared)
