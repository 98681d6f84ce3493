"""A log's summaries brought up to date: what is new is read, what is gone goes, everything else stays as it is."""

from __future__ import annotations

from dataclasses import replace

from mlops_tui.logs.index import Index, difference, replaced
from mlops_tui.logs.manifest import Manifest
from mlops_tui.logs.progress import Progress, Stopped, Tell
from mlops_tui.logs.refusals import Unreadable, nothing_to_read
from mlops_tui.logs.store import Snapshot, Unwritable
from mlops_tui.logs.wanted import Counters, Refreshed, Wanted
from mlops_tui.logs.worth import Worth, large, worth


def no_progress(_progress: Progress) -> None:
    """Tells nobody."""


def current(wanted: Wanted, manifest: Manifest) -> Refreshed | None:
    """The summaries as they lie there, if they count the files of the manifest as they are; nothing is read or waited for."""
    store = wanted.store
    snapshot = Snapshot.open(store) if store else None
    if snapshot is None:
        return None
    index = snapshot.index
    found = difference(index.units, index.damaged, manifest)
    if found.new or found.stale or replaced(found.vanished, index.units) or index.redo or _outcomes_wait(wanted, index):
        return None
    counters = Counters(unchanged=len(list(index.members)) - len(found.vanished), expired=len(found.vanished))
    return Refreshed(snapshot, manifest, counters, (*manifest.unreadable, *found.bad))


def _outcomes_wait(wanted: Wanted, index: Index) -> bool:
    """Whether there are outcomes to be read, or to be forgotten."""
    if wanted.outcomes is None:
        return False
    found = difference(index.outcomes, index.damaged, wanted.outcomes.manifest())
    return bool(found.new or found.stale or replaced(found.vanished, index.outcomes))


def judge(wanted: Wanted, manifest: Manifest) -> Worth:
    """Whether the log is worth summarising. Footers are read where no summary tells what they say. Raises LogError."""
    if not manifest.files:
        wanted.origin.open().close()  # raises where nobody wrote counts instead of rows
        return Worth(False, "only counts were written of it, no rows: they answer", 0, 0)
    store = wanted.store
    index = store.load() if store else None
    facts = index.facts(manifest.files) if index is not None else {}
    missing = [f.shown for f in manifest.files if f.format == "parquet" and f.shown not in facts]
    if missing and large(manifest):
        also = index.columns if index is not None else {}
        try:
            log = wanted.origin.open(only=missing, also=also, manifest=manifest)
        except Unreadable:
            return worth(manifest, facts, wanted.declared)
        facts |= log.facts()
        log.close()
    return worth(manifest, facts, wanted.declared)


def refresh(wanted: Wanted, *, tell: Tell = no_progress, stopped: Stopped = lambda: False) -> Refreshed:
    """The summaries, brought up to date. Where another process builds them this waits for it; where nothing can be written
    they are made in memory, and `unwritten` says why.

    Raises LogError, QueryError (SQL of the inventory that fails on a row), Cancelled.
    """
    manifest = wanted.origin.manifest()
    if not manifest.files and not manifest.unreadable:
        raise nothing_to_read(manifest, wanted.origin.name)
    if (ready := current(wanted, manifest)) is not None:
        return ready
    from mlops_tui.logs.renewal import Renewal

    store, why = wanted.store, ""
    if store is not None:
        try:
            with store.writing(stopped):
                return Renewal(wanted, manifest, store, tell, stopped).run()
        except Unwritable as error:
            why = error.reason
    base = Snapshot.open(store) if store else None
    return replace(Renewal(wanted, manifest, None, tell, stopped, base=base).run(), unwritten=why)
