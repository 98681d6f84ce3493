"""The summaries of a project's log: where they lie, when they are brought up to date, and when rows are asked instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, QueryError
from mlops_tui.logs.manifest import LogFile

if TYPE_CHECKING:
    from mlops_tui.logs.facts import Facts
    from mlops_tui.logs.index import Index
    from mlops_tui.logs.log import Log
    from mlops_tui.logs.progress import Tell
    from mlops_tui.logs.store import Snapshot
    from mlops_tui.logs.summed import Summed
    from mlops_tui.logs.wanted import Wanted
    from mlops_tui.summaries.counts import Counts, Minutes
    from mlops_tui.summaries.shapes import Shapes

EDGES = "edges"
"""Where parts of days lie, beside the days."""
_DAY = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """The summaries of one log. `only` are the files that a run is held to: summaries of any other file are none of it."""

    wanted: Wanted
    only: Collection[str] | None = None

    def known(self, files: Sequence[LogFile]) -> Mapping[str, Facts]:
        """The facts of those files that were counted and have not changed since."""
        index = self._index()
        return {} if index is None else index.facts(files)

    def why_rows(self, log: Log) -> str:
        """Why rows are read and no summaries, by the log alone: one reason; empty where they are not. Nothing is read."""
        from mlops_tui.logs.worth import worth

        return worth(log.manifest, log.facts(), self.wanted.declared).why

    def summed(self, log: Log, tell: Tell) -> Summed | None:
        """What the summaries can answer, brought up to date first; None where rows have to be asked. Raises Cancelled."""
        if self.why_rows(log):
            return None
        try:
            snapshot = self._snapshot(log, tell)
        except (LogError, QueryError):
            return None  # what is wrong is said by the rows, where it matters to the question
        return None if snapshot is None else _summed(log, self.wanted, snapshot)

    def _snapshot(self, log: Log, tell: Tell) -> Snapshot | None:
        from mlops_tui.logs.index import difference
        from mlops_tui.logs.refresh import refresh
        from mlops_tui.logs.store import Snapshot

        if self.only is None:
            return refresh(self.wanted, tell=tell, stopped=log.halted.is_set).snapshot
        store = self.wanted.store
        found = Snapshot.open(store) if store is not None else None
        if found is None:
            return None
        other = difference(found.index.units, found.index.damaged, log.manifest)
        return None if other.new or other.stale or other.vanished or found.index.redo else found

    def _index(self) -> Index | None:
        store = self.wanted.store
        return None if store is None else store.load()


@dataclass(slots=True)
class _Loader:
    """Gives the shapes of windows: days as they are kept, parts of days counted from rows where nobody did before."""

    log: Log
    wanted: Wanted
    snapshot: Snapshot
    counts: Counts
    loaded: dict[tuple[Minutes, ...], Shapes | None] = field(default_factory=dict)

    def __call__(self, windows: Sequence[Minutes]) -> Shapes | None:
        key = tuple(sorted(set(windows)))
        if key not in self.loaded:
            self.loaded[key] = self._load(key)
        return self.loaded[key]

    def _load(self, windows: Sequence[Minutes]) -> Shapes | None:
        from mlops_tui.logs.edges import Edges
        from mlops_tui.summaries.shapes import Shapes

        span = min(a for a, _ in windows) - _DAY, max(b for _, b in windows) + _DAY
        days = self.snapshot.read(("numbers", "categories"), between=span, encoded=True)
        shapes = Shapes(self.snapshot.layout, days, empty=self._empty)
        gaps = sorted({gap for w in windows for gap in shapes.cover(w)[1]})
        if not gaps:
            return shapes
        store, index = self.wanted.store, self.snapshot.index
        folder = None if store is None else store.folder / EDGES
        facts = index.facts(self.log.manifest.files)
        edges = Edges(self.log, self.snapshot.layout, self.wanted.asked.decision, facts, folder)
        try:
            parts = edges.of(gaps)
        except LogError:
            return None
        return Shapes(self.snapshot.layout, days, parts, self._empty)

    def _empty(self, stretch: Minutes) -> bool:
        counted = self.counts.counts([stretch]) if stretch[0] < stretch[1] else None
        return counted is not None and counted[0, ()].n == 0


def _summed(log: Log, wanted: Wanted, snapshot: Snapshot) -> Summed:
    from mlops_tui.logs.summed import Summed
    from mlops_tui.summaries.counts import Counts
    from mlops_tui.summaries.summary import schema, together

    layout = snapshot.layout
    tables = [s.cells for s in snapshot.read(("cells",), encoded=True)]
    cells = together(tables or [schema("cells", len(layout.parts)).empty_table()])
    counts = Counts(layout, cells)
    span = snapshot.index.span_us
    first, last = (None, None) if span is None else (_EPOCH + timedelta(microseconds=us) for us in span)
    decision = wanted.asked.decision.column if wanted.asked.decision is not None else None
    return Summed(layout, counts, first, last, decision, _Loader(log, wanted, snapshot, counts))
