"""The append-only journal: streams, a hash chain, artefacts. Knows no incident."""

from mlops_tui.journal.event import Event

__all__ = ["Event"]
