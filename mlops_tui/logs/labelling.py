"""Labels brought up to date: new outcomes are looked for among all decisions, known ones among those that changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from mlops_tui.logs.index import Damaged, Difference, Index, Section, Unit, difference, replaced, without
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.outcomes import CHUNK, Came, Joiner, read_outcomes, section_of, within
from mlops_tui.logs.progress import Stopped
from mlops_tui.logs.store import Part, Snapshot, Store, read_sections
from mlops_tui.logs.wanted import Wanted
from mlops_tui.summaries.days import midnight
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import Summary, merge

_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000


@dataclass
class Labelling:
    """The outcomes' part of a refresh. `index` is what will be committed next; what cannot be written is `held`.

    `decisions` is the index with everything that was counted, `manifest` are the decision files as they lie there.
    """

    wanted: Wanted
    layout: Layout
    index: Index
    decisions: Index
    manifest: Manifest
    store: Store | None
    base: Snapshot | None
    stopped: Stopped
    came: Manifest = field(init=False)
    held: list[Part] = field(default_factory=list)
    bad: list[LogFile] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    rows: int = 0

    def run(self) -> None:
        """Everything. Raises LogError, QueryError, Broken, Unwritable, Cancelled."""
        if self.wanted.outcomes is None:
            return
        self.came = manifest = self.wanted.outcomes.manifest()
        found = self._settled(manifest)
        if self.index.redo:
            self._again(frozenset(self.index.redo), manifest)
            self.index = msgspec.structs.replace(self.index, redo=())
        for chunk in self._chunks(found.new):
            self._new(chunk)
        found = self._difference(manifest)
        self.bad += [*manifest.unreadable, *found.bad]

    def _difference(self, manifest: Manifest) -> Difference:
        held = (Unit("", 0, tuple(s for s, _ in self.held)),) if self.held else ()
        return difference((*self.index.outcomes, *held), self.index.damaged, manifest, self.read)

    def _settled(self, manifest: Manifest) -> Difference:
        """What is new, after what is gone has gone."""
        while True:
            found = self._difference(manifest)
            gone = replaced(found.vanished, self.index.outcomes)
            hit = [s for u in self.index.outcomes for s in u.sections if any(m.path in gone for m in s.members)]
            if not found.stale and not hit:
                return found
            self._drop([*found.stale, *hit])

    def _drop(self, sections: Sequence[Section]) -> None:
        self.index = msgspec.structs.replace(self.index, outcomes=without(self.index.outcomes, sections))

    # -- outcomes that came ------------------------------------------------------------------------------------------------

    def _chunks(self, files: Sequence[LogFile]) -> Iterator[list[Came]]:
        """The outcomes of these files, as many at a time as may be held in memory; files that fail are set aside."""
        chunk: list[Came] = []
        for came in read_outcomes(self.wanted, self.came, files):
            if came.damaged is not None:
                self._set_aside(came.damaged)
                continue
            chunk.append(came)
            self.rows += came.rows.num_rows if came.rows is not None else 0
            if sum(c.rows.num_rows for c in chunk if c.rows is not None) >= CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _new(self, chunk: Sequence[Came]) -> None:
        labels = self._joined(chunk)
        self.index = self.index.with_schemas(c.schema for c in chunk)
        places = {s: i for i, s in enumerate(self.index.schemas)}
        parts = []
        for came in chunk:
            section = section_of(came)
            members = tuple(msgspec.structs.replace(m, schema=places[came.schema]) for m in section.members)
            self.read.update(m.path for m in members)
            parts.append((msgspec.structs.replace(section, members=members), labels[members[0].path]))
        self._keep(parts)

    def _joined(self, chunk: Sequence[Came], days: frozenset[int] | None = None) -> dict[str, Summary]:
        empty = {c.member.path: Summary.empty(self.layout) for c in chunk if c.member is not None}
        rows = {c.member.path: c.rows for c in chunk if c.member is not None and c.rows is not None}
        return empty | Joiner(self.wanted, self.layout, self.decisions, self.manifest, self.stopped).labels(rows, days)

    # -- decisions that changed --------------------------------------------------------------------------------------------

    def _again(self, days: frozenset[int], manifest: Manifest) -> None:
        """Looks again for the decisions of these days among the outcomes that may be theirs; of outcomes whose files are gone
        stays what was counted."""
        here = {f.shown: f for f in manifest.files}
        least = midnight(self.layout.zone, min(days)) * _MINUTE_US - _DAY_US
        touched = [
            (unit, section)
            for unit in self.index.outcomes
            for section in unit.sections
            if section.last_us is not None and section.last_us >= least and all(m.path in here for m in section.members)
        ]
        labels: dict[str, Summary] = {}
        for chunk in self._chunks([here[m.path] for _, s in touched for m in s.members]):
            labels |= self._joined(chunk, days)
        gone, parts = [], []
        for unit, section in touched:
            (_, old) = self._part(unit, section)
            kept = within(old, days, self.layout.zone, outside=True)
            new = merge(kept, *(labels[m.path] for m in section.members if m.path in labels))
            if not new.labels.equals(old.labels):
                gone.append(section)
                parts.append((section, new))
        self._drop(gone)
        self._keep(parts)

    def _part(self, unit: Unit, section: Section) -> Part:
        if self.store is not None:
            return read_sections(self.store, unit, [section])[0]
        assert self.base is not None
        return self.base.part(unit, section)

    def _keep(self, parts: Sequence[Part]) -> None:
        if not parts:
            return
        if self.store is None:
            self.held += parts
            return
        self.index, unit = self.store.write(self.index, self.layout, parts)
        self.index = msgspec.structs.replace(self.index, outcomes=(*self.index.outcomes, unit))

    def _set_aside(self, damaged: Damaged) -> None:
        told = {d.path: d for d in (*self.index.damaged, damaged)}
        self.index = msgspec.structs.replace(self.index, damaged=tuple(told[p] for p in sorted(told)))
