"""The steps of a refresh: compare, drop, plan, read, write, pack."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from mlops_tui.core.errors import LogError
from mlops_tui.logs.build import WORKERS, Builder, Texts
from mlops_tui.logs.compaction import compact, home
from mlops_tui.logs.days import local_day, spans
from mlops_tui.logs.declared import Declared
from mlops_tui.logs.firstlook import first_files, values_of
from mlops_tui.logs.index import Damaged, Difference, Index, Section, Unit, difference, replaced, without
from mlops_tui.logs.jobs import Job, jobs_of
from mlops_tui.logs.labelling import Labelling
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.plan import ABSENT, CROWDED, UNBOUND, plan
from mlops_tui.logs.progress import Counter, Stopped, Tell, weight_of
from mlops_tui.logs.refusals import Unreadable, no_columns, nothing_to_read
from mlops_tui.logs.store import Broken, Part, Snapshot, Store, placed
from mlops_tui.logs.wanted import Counters, Refreshed, Wanted
from mlops_tui.summaries.layout import MOST_VALUES, Layout

FLUSH_DAYS, FLUSH_SECONDS = 8, 10.0
"""What was read is written after about so many sections, or so long: a build that is killed loses no more."""


@dataclass
class Renewal:
    """One refresh, step by step: `index` is what will be committed next, `buffer` what was read and not written yet.

    Without a store nothing is written: what lies in `base` is taken as it is, the rest stays in memory.
    """

    wanted: Wanted
    manifest: Manifest
    store: Store | None
    tell: Tell
    stopped: Stopped
    base: Snapshot | None = None
    index: Index = field(default_factory=lambda: Index(layout=""))
    layout: Layout | None = None
    buffer: list[Part] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    columns: dict[str, str] = field(default_factory=dict)
    crowded: set[str] = field(default_factory=set)
    newest_us: int | None = None
    counters: Counters = field(default_factory=Counters)
    flushed: float = field(default_factory=time.monotonic)

    def run(self) -> Refreshed:
        """Everything, until nothing is left to do. Raises LogError, QueryError, Unwritable, Cancelled."""
        self._begin()
        while True:
            found = difference(self._units(), self.index.damaged, self.manifest, self.read)
            gone = replaced(found.vanished, self._units())
            hit = [s for s in self.index.sections if any(m.path in gone for m in s.members)]
            if found.new or found.stale or hit:
                self._drop([*found.stale, *hit])
                if found.new:
                    self._read(found.new)
                    self._miss(found.new)
            elif self._appeared(self._columns()):
                self._forget()
            else:
                try:
                    return self._end(found)
                except Broken as broken:
                    self._drop(broken.unit.sections)

    def _begin(self) -> None:
        """Takes up what is there, unless it is of another format."""
        if self.base is not None:
            self.index, self.layout = self.base.index, self.base.layout
        index = self.store.load() if self.store else None
        if self.store is None or index is None:
            return
        self.index = index
        try:
            self.layout = index.read_layout()
        except ValueError:
            self._forget()
            return
        for unit in self.store.missing(index):
            self._drop(unit.sections)
        self.store.sweep(self.index)

    def _units(self) -> tuple[Unit, ...]:
        """What is written, and what was read and is not written yet."""
        held = (Unit("", 0, tuple(s for s, _ in self.buffer)),) if self.buffer else ()
        return (*self.index.units, *held)

    def _drop(self, sections: Sequence[Section]) -> None:
        """What counts files that are no longer as they were goes; the others of the same section will be read again."""
        members = [m.path for s in sections for m in s.members]
        self.read.difference_update(members)
        units, outcomes = (without(some, sections) for some in (self.index.units, self.index.outcomes))
        self.index = msgspec.structs.replace(self.index, units=units, outcomes=outcomes)
        self._redo(d for s in sections for d in s.days)
        self.counters = replace(self.counters, dropped=self.counters.dropped + len(members))

    def _redo(self, days: Iterable[int]) -> None:
        """Outcomes of decisions of these days are to be looked for again."""
        if self.wanted.outcomes is not None:
            self.index = msgspec.structs.replace(self.index, redo=tuple(sorted({*self.index.redo, *days})))

    def _forget(self) -> None:
        """Begins anew: everything will be read, into a new layout."""
        self.columns = self._columns()
        self.crowded |= {name for name, why in self.index.left_out if why == CROWDED}
        self.layout = None
        self.index = Index(layout="", damaged=self.index.damaged, serial=self.index.serial)
        self.buffer.clear()
        self.read.clear()

    # -- reading ---------------------------------------------------------------------------------------------------------

    def _read(self, files: Sequence[LogFile]) -> None:
        parquet = [f for f in files if f.format == "parquet"]
        texts = [f for f in files if f.format != "parquet"]
        log = self._opened(parquet)
        try:
            if self.layout is None:
                self._plan(log, texts)
            elif log is not None and self._appeared(log.columns):
                self._forget()
                return
            if log is not None:
                ends = [last for f in log.facts().values() if (last := spans(f)[1]) is not None]
                self.newest_us = max(ends, default=self.newest_us)
            jobs = jobs_of(log, self.wanted.zone, self._today()) if log is not None else []
            self._build([*jobs, *(Job((f,)) for f in texts)], {f.shown for f in files})
        finally:
            if log is not None:
                log.close()

    def _opened(self, files: Sequence[LogFile]) -> Log | None:
        """The Parquet files among those that are to be read, opened; those whose footer cannot be read are set aside."""
        if not files:
            return None
        try:
            log = self.wanted.origin.open(only=[f.shown for f in files], also=self._also(), manifest=self.manifest)
        except Unreadable as error:
            self._set_aside(Damaged(f.shown, f.fingerprint, f.problem) for f in error.files)
            return None
        self._set_aside(Damaged(f.shown, f.fingerprint, f.problem) for f in log.manifest.unreadable)
        return log

    def _columns(self) -> dict[str, str]:
        """The log's columns, by the files that were read before."""
        return self.columns | self._counted().columns

    def _counted(self) -> Index:
        """The index with what was read and is not written yet."""
        return msgspec.structs.replace(self.index, units=self._units()) if self.buffer else self.index

    def _also(self) -> dict[str, str]:
        """Columns that the log has in files that were read before, and those that it must have."""
        declared = self._declared()
        return {c: "" for c in declared.columns if c != declared.spec.time} | self._columns()

    def _declared(self) -> Declared:
        origin = self.wanted.origin
        return Declared(origin.spec, origin.zone, origin.required, origin.features)

    def _set_aside(self, damaged: Iterable[Damaged]) -> None:
        told = {d.path: d for d in (*self.index.damaged, *damaged)}
        self.index = msgspec.structs.replace(self.index, damaged=tuple(told[p] for p in sorted(told)))

    def _appeared(self, columns: Collection[str]) -> bool:
        """Whether a column has come that a plan would now make use of."""
        index = self.index
        if any(why == ABSENT and name in columns for name, why in index.left_out):
            return True
        return any(why.startswith(UNBOUND) for _, why in index.left_out) and not set(columns) <= set(index.planned)

    def _miss(self, files: Sequence[LogFile]) -> None:
        """Sets aside files that went away before they could be read."""
        told = self.read | {d.path for d in self.index.damaged}
        lost = [f for f in files if f.shown not in told] if self.layout is not None else []
        self._set_aside(Damaged(f.shown, f.fingerprint, "it went away before it could be read") for f in lost)

    def _plan(self, log: Log | None, texts: Sequence[LogFile]) -> None:
        """A layout by a first look; everything is then read into it."""
        first = first_files(self.wanted.origin, self.manifest, log, texts, self._also())
        if first is None:
            raise nothing_to_read(self.manifest.judged({d.path: self._broken(d) for d in self.index.damaged}), "log")
        try:
            made = plan(first, self.wanted.declared, self.wanted.asked.decision, self.crowded)
            planned = tuple(first.columns)
        finally:
            if first is not log:
                first.close()
        self.layout = made.layout
        self.index = Index(
            layout=made.layout.as_text(),
            left_out=made.left_out,
            planned=planned,
            words=dict(made.words),
            damaged=self.index.damaged,
            serial=self.index.serial,
        )

    def _broken(self, damaged: Damaged) -> LogFile:
        file = next(f for f in (*self.manifest.files, *self.manifest.unreadable) if f.shown == damaged.path)
        return file.bad(damaged.problem)

    def _build(self, jobs: Sequence[Job], files: set[str]) -> None:
        assert self.layout is not None
        counter = Counter(self.tell, len(files), sum(weight_of(f) for j in jobs for f in j.files))
        texts = Texts(self.layout, self.index.words)
        adders = WORKERS if len(jobs) == 1 else 1
        types = self._counted().types
        builder = Builder(self.wanted, self.manifest, self.layout, self._also(), types, texts, counter, self.stopped, adders)
        for one in builder.run(jobs):
            self._set_aside(one.damaged)
            if one.section is not None and one.summary is not None:
                if crowded := {d for d in self.layout.names if values_of(one.summary, d) > MOST_VALUES}:
                    self.crowded |= crowded
                    self._forget()
                    return
                self.index = msgspec.structs.replace(self.index.with_schemas(one.schemas), words=dict(texts.words))
                places = {s: i for i, s in enumerate(self.index.schemas)}
                members = tuple(
                    msgspec.structs.replace(m, schema=places[s]) for m, s in zip(one.section.members, one.schemas, strict=True)
                )
                self.buffer.append((msgspec.structs.replace(one.section, members=members), one.summary))
                self._redo(one.section.days)
                self.read |= {m.path for m in members}
                counted = self.counters
                self.counters = replace(
                    counted, files_read=counted.files_read + len(members), rows_read=counted.rows_read + one.rows
                )
            if time.monotonic() - self.flushed > FLUSH_SECONDS:
                self._flush()
            elif len(self.buffer) >= FLUSH_DAYS + WORKERS:
                self._flush(whole=False)
        self._flush()

    # -- writing ---------------------------------------------------------------------------------------------------------

    def _flush(self, whole: bool = True) -> None:
        """Writes and commits what was read; each file of summaries holds days that are to lie together.

        Unless the `whole` of it, the latest file waits where there are others: its days are still being read, and what is
        written in parts is read and written again in the end.
        """
        self.flushed = time.monotonic()
        if self.store is None or self.layout is None or not self.buffer:
            return
        today = self._today()
        homes: dict[object, list[Part]] = {}
        for part in sorted(self.buffer, key=lambda p: (p[0].day is None, p[0].day or 0)):
            place = home(part[0].day, today if today is not None else 0)
            homes.setdefault(place if place[0] > 0 else None, []).append(part)
        waiting = [*homes.values()][-1] if not whole and len(homes) > 1 else []
        for parts in homes.values():
            if parts is waiting:
                continue
            self.index, unit = self.store.write(self.index, self.layout, parts)
            self.index = msgspec.structs.replace(self.index, units=(*self.index.units, unit))
            self.counters = replace(self.counters, units_written=self.counters.units_written + 1)
        self.store.commit(self.index)
        self.buffer[:] = waiting

    def _today(self) -> int | None:
        """The first local day that is not over, by the newest row."""
        late = self.wanted.origin.spec.complete_after // timedelta(microseconds=1)
        newest = [self.newest_us, *(self.index.span_us or ()), *(s.last_us for s, _ in self.buffer)]
        return local_day(self.wanted.zone, max((us for us in newest if us is not None), default=late) - late)

    def _end(self, found: Difference) -> Refreshed:
        if self.layout is None:
            raise nothing_to_read(self.manifest.judged({f.shown: f for f in found.bad}), self.wanted.origin.name)
        self._check_columns()
        labelling = Labelling(
            self.wanted, self.layout, self.index, self._counted(), self.manifest, self.store, self.base, self.stopped
        )
        labelling.run()
        bad = (*self.manifest.unreadable, *found.bad, *labelling.bad)
        there = {(f.shown, f.fingerprint) for f in (*self.manifest.files, *labelling.bad)}
        damaged = tuple(d for d in labelling.index.damaged if (d.path, d.fingerprint) in there)
        self.index = msgspec.structs.replace(labelling.index, damaged=damaged)
        members = sum(len(s.members) for u in self._units() for s in u.sections)
        unchanged = members - len(found.vanished) - len(self.read)
        self.counters = replace(
            self.counters,
            expired=len(found.vanished),
            unchanged=unchanged,
            outcome_files=len(labelling.read),
            outcome_rows=labelling.rows,
        )
        if self.store is None:
            parts = [*self.buffer, *labelling.held]
            held = tuple(zip(placed(parts), (s for _, s in parts), strict=True))
            mapped = self.base.mapped if self.base else {}
            return Refreshed(Snapshot(self.layout, self.index, mapped, held), self.manifest, self.counters, bad)
        today = self._today() or 0
        self.index, units, merged = compact(self.store, self.index, self.layout, self.index.units, today)
        self.index, outcomes, _ = compact(self.store, self.index, self.layout, self.index.outcomes, today)
        self.index = msgspec.structs.replace(self.index, units=units, outcomes=outcomes)
        self.counters = replace(self.counters, compacted=merged)
        self.store.commit(self.index)
        self.store.forget_others()
        snapshot = Snapshot.open(self.store)
        if snapshot is None:
            raise LogError("the summaries were removed while they were built", where=str(self.store.folder), hint="try again")
        return Refreshed(snapshot, self.manifest, self.counters, bad)

    def _check_columns(self) -> None:
        """Raises LogError where a declared column is in no file at all."""
        known = {*self._columns(), *(k for f in self.manifest.files for k in f.partitions)}
        folded = {k.casefold() for k in known}
        if missing := [c for c in self._declared().columns if c.casefold() not in folded]:
            raise no_columns(missing, sorted(known), self.manifest, self.wanted.origin.name)
