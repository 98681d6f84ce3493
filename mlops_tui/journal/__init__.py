"""The append-only journal: streams, a hash chain, locks, artefacts. Knows no incident."""

from mlops_tui.journal.event import Event
from mlops_tui.journal.journal import Driver, Journal

__all__ = ["Driver", "Event", "Journal"]
