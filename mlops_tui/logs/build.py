"""Files of a log become summaries: read in batches, counted while they are read, nothing kept but the counts."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.core.errors import Cancelled, LogError
from mlops_tui.logs.days import about, days_in, spans
from mlops_tui.logs.declared import FeatureType
from mlops_tui.logs.direct import Unfit, direct
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.frames import by_polars
from mlops_tui.logs.index import NEVER, Damaged, Member, Print, Schema, Section
from mlops_tui.logs.jobs import Job
from mlops_tui.logs.literals import ident, instant
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.places import SLACK, day_of, misplaced
from mlops_tui.logs.progress import Counter, Stopped, weight_of
from mlops_tui.logs.projection import NO_WORDS, Words, projection, words_of
from mlops_tui.logs.refusals import Unreadable
from mlops_tui.logs.together import adding
from mlops_tui.logs.wanted import Wanted
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import Summary

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 131_072
"""Rows that are counted at a time."""
WORKERS = 2
"""Files (or days of files) that are read at a time, each on a thread of its own."""
_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a job: a section with its rows, the schemas of its members in their order, and files that failed."""

    section: Section | None
    summary: Summary | None
    schemas: tuple[Schema, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    rows: int = 0


@dataclass
class Texts:
    """The words that the log's texts are known to have, by all threads: where a batch holds another, it is learned."""

    layout: Layout
    words: Words = field(default_factory=lambda: NO_WORDS)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, tables: Sequence[pa.Table]) -> None:
        """Takes up the words of these rows."""
        with self.lock:
            self.words = words_of(self.layout, tables, self.words)


@dataclass
class _Tally:
    """What is told of the rows of a job while they are counted."""

    least: int | None = None
    most: int | None = None
    rows: int = 0
    strange: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        times = batch.column(0).to_numpy()
        low, high = int(times.min()), int(times.max())
        self.least = low if self.least is None else min(low, self.least)
        self.most = high if self.most is None else max(high, self.most)
        self.rows += batch.num_rows


@dataclass(frozen=True, slots=True)
class Builder:
    """Reads jobs into one layout. `columns` are those of the log's files that are not read now, `types` what its undeclared
    columns hold, so that a text file by itself is read as all of them together would be."""

    wanted: Wanted
    manifest: Manifest
    layout: Layout
    columns: Mapping[str, str]
    types: Mapping[str, FeatureType]
    texts: Texts
    counter: Counter
    stopped: Stopped
    adders: int = 1
    """Threads that count the rows of one job: more than one where there are too few jobs for all processors."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Read]:
        """What comes of each job, as it comes. Raises Cancelled, QueryError where SQL of the inventory fails on a row."""
        halt = threading.Event()
        with _pool(halt) as pool:
            waiting: set[Future[Read]] = set()
            logs: list[Log] = []
            try:
                for job in jobs:
                    if job.log is not None and job.log not in logs:
                        logs.append(job.log)
                    waiting.add(pool.submit(self._job, job, halt))
                    while len(waiting) > WORKERS:
                        waiting, done = self._next(waiting)
                        yield from done
                while waiting:
                    waiting, done = self._next(waiting)
                    yield from done
            finally:
                halt.set()
                for log in logs:
                    while waiting and not all(f.done() for f in waiting):
                        log.interrupt()
                        wait(waiting, timeout=0.05)

    def _next(self, waiting: set[Future[Read]]) -> tuple[set[Future[Read]], list[Read]]:
        while True:
            done, left = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
            if self.stopped():
                raise Cancelled
            if done:
                return set(left), [f.result() for f in done]

    def _job(self, job: Job, halt: threading.Event) -> Read:
        if job.log is not None:
            return self._read(job.log, job.files, job.facts, halt)
        (file,) = job.files
        try:
            origin = self.wanted.origin
            types = {**self.types, **origin.features}
            log = origin.open(only=[file.shown], also=self.columns, features=types, manifest=self.manifest)
        except Unreadable as error:
            self.counter.add(weight=weight_of(file), files=1)
            return Read(None, None, damaged=tuple(Damaged(f.shown, file.fingerprint, f.problem) for f in error.files))
        try:
            return self._read(log, log.manifest.files, log.facts(), halt)
        finally:
            log.close()

    def _read(self, log: Log, files: Sequence[LogFile], facts: Mapping[str, Facts], halt: threading.Event) -> Read:
        try:
            return self._sound(log, files, facts, halt)
        except LogError as error:
            if halt.is_set():
                raise Cancelled from None
            return self._apart(log, files, facts, error, halt)

    def _apart(
        self, log: Log, files: Sequence[LogFile], facts: Mapping[str, Facts], error: LogError, halt: threading.Event
    ) -> Read:
        """Reads without those files that fail alone; where none does, the log's error stands."""
        bad = [(f, problem) for f in files if (problem := log.damage(f.path))]
        if not bad:
            raise error
        damaged = tuple(Damaged(f.shown, f.fingerprint, problem) for f, problem in bad)
        good = [f for f in files if f.shown not in {d.path for d in damaged}]
        self.counter.add(weight=sum(weight_of(f) for f, _ in bad), files=len(bad))
        if not good:
            return Read(None, None, damaged=damaged)
        return replace(self._sound(log, good, facts, halt), damaged=damaged)

    def _sound(self, log: Log, files: Sequence[LogFile], facts: Mapping[str, Facts], halt: threading.Event) -> Read:
        weight, rows = sum(weight_of(f) for f in files), sum(facts[f.shown].rows for f in files) or 1
        paths, each = [f.path for f in files], weight / rows
        done = self._directly(log, paths, each, halt)
        done = done or self._asked(log, paths, self.texts.words, each, halt) or self._asked(log, paths, NO_WORDS, each, halt)
        assert done is not None
        summary, tally = done
        alone = tally if len(files) == 1 else None
        members = tuple(self._member(log, f, facts[f.shown], alone) for f in files)
        self.counter.add(weight=each * max(0, rows - tally.rows), files=len(files))
        days = {m.day for m in members}
        day = days.pop() if len(days) == 1 else None
        section = Section(day, members, tally.least, tally.most, days_in(summary, self.layout.zone), strange=tally.strange)
        return Read(section, summary, tuple(tuple(facts[f.shown].columns.items()) for f in files), rows=tally.rows)

    def _directly(self, log: Log, paths: Sequence[Path], weight: float, halt: threading.Event) -> _Done | None:
        """The files' rows counted as they lie there; None where that cannot be."""
        asked = self.wanted.asked
        about_it = log, self.layout, asked.decision, asked.labels
        way = by_polars(*about_it) or direct(*about_it)
        if way is None:
            return None
        return self._counted((b for path in paths for b in way.batches(path, BATCH)), weight, halt)

    def _asked(self, log: Log, paths: Sequence[Path], words: Words, weight: float, halt: threading.Event) -> _Done | None:
        """The files' rows counted, read by SQL; None where a row holds a word that is not among those known."""
        asked = self.wanted.asked
        query = projection(log, self.layout, asked.decision, words, asked.labels)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in log.batches(query, paths, BATCH):
                if words and batch.column("odd").true_count:
                    raise Unfit
                if not words:
                    self.texts.learn([batch])
                yield batch

        return self._counted(batches(), weight, halt)

    def _counted(self, batches: Iterable[pa.RecordBatch], weight: float, halt: threading.Event) -> _Done | None:
        """The rows counted, each of this weight; None where it turns out that they must be read in another way."""
        from mlops_tui.summaries.add import Labeller

        tally, labeller = _Tally(), Labeller(self.layout)
        with adding(self.layout, self.adders) as adder:
            try:
                for batch in batches:
                    if halt.is_set():
                        raise Cancelled
                    if not batch.num_rows:
                        continue
                    adder.add(batch)
                    if "known" in batch.schema.names:
                        labeller.add(_known_now(batch))
                    tally.add(batch)
                    self.counter.add(rows=batch.num_rows, weight=weight * batch.num_rows)
            except Unfit:
                self.counter.add(rows=-tally.rows, weight=-weight * tally.rows)
                return None
            summary = replace(adder.summary(), labels=labeller.summary().labels)
            tally.strange = adder.strange
            return summary, tally

    def _member(self, log: Log, file: LogFile, facts: Facts, alone: _Tally | None) -> Member:
        """What is kept of a file; its schema's place is filled in with the others'."""
        (first, last), untimed = spans(facts), facts.untimed
        if alone is not None:
            first, last, untimed = alone.least, alone.most, max(0, facts.rows - alone.rows)
        if untimed is None:
            untimed = facts.rows - self._count(log, file, f"count({ident(log.spec.time)})")
        fingerprint: Print = file.fingerprint if file.same else NEVER
        return Member(
            file.shown,
            fingerprint,
            facts.rows,
            first_us=first,
            last_us=last,
            untimed=untimed,
            outside=self._outside(log, file, facts),
            doubled=self._doubled(log, file),
            rejected=facts.rejected,
            note=facts.note,
            partitions=tuple(file.partitions.items()),
            day=about(file, first, last, self.layout.zone),
        )

    def _outside(self, log: Log, file: LogFile, facts: Facts) -> int:
        """Rows of another day than the file's folder names; counted only where the file's times leave any doubt."""
        day = day_of(file)
        if day is None or (facts.first is not None and not misplaced((file,), {file.shown: facts})[0]):
            return 0
        start, column = datetime.combine(day, time(), UTC), ident(log.spec.time)
        early, late = instant(start - SLACK), instant(start + timedelta(days=1) + SLACK)
        return self._count(log, file, f"count(*) FILTER (WHERE {column} < {early} OR {column} >= {late})")

    def _doubled(self, log: Log, file: LogFile) -> int:
        if log.spec.id is None:
            return 0
        name = ident(log.spec.id)
        return self._count(log, file, f"count({name}) - count(DISTINCT {name})")

    def _count(self, log: Log, file: LogFile, item: str) -> int:
        batches = log.batches(f"SELECT {item} AS n FROM {ident(log.name)}", [file.path], 1)
        return int(next(b.column(0)[0].as_py() for b in batches if b.num_rows))


_Done = tuple[Summary, _Tally]


def _known_now(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The outcomes that stand beside their decisions: known as soon as these."""
    import pyarrow as pa

    rows = batch.filter(batch.column("known"))
    names = [n for n in rows.schema.names if n == "at_us" or (n[0] == "d" and n[1:].isdigit())]
    ages = pa.nulls(rows.num_rows, pa.int64()).fill_null(0)
    columns = [*(rows.column(n) for n in names), ages, rows.column("good")]
    return pa.RecordBatch.from_arrays(columns, [*names, "age", "positive"])


@contextmanager
def _pool(halt: threading.Event) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="summaries")
    try:
        yield pool
    finally:
        halt.set()
        pool.shutdown(wait=True, cancel_futures=True)
