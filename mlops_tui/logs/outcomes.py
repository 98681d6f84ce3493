"""Outcomes joined by key to the decisions that they are of: counted by the decision's hour and by age."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_tui.core.errors import Cancelled
from mlops_tui.inventory.types import Decision, LabelSpec
from mlops_tui.logs.days import about, spans
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.index import Damaged, Index, Member, Schema, Section
from mlops_tui.logs.literals import ident, instant
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.progress import Stopped
from mlops_tui.logs.projection import dimension_text
from mlops_tui.logs.refusals import Unreadable
from mlops_tui.logs.wanted import Wanted
from mlops_tui.summaries.days import day_of, midnight
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import Summary

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 2_000_000
"""Rows of outcomes that are held in memory at a time, to be looked for among the decisions."""
_BATCH = 131_072
_DAY = 86_400_000_000
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Came:
    """The outcomes of one file: a member and its schema, and the rows (`key`, `us`, `positive`). Or what is wrong with it."""

    member: Member | None
    schema: Schema = ()
    rows: pa.Table | None = None
    damaged: Damaged | None = None


def read_outcomes(wanted: Wanted, manifest: Manifest, files: Sequence[LogFile]) -> Iterator[Came]:
    """The outcomes of each of these files of the manifest, as far as they are known and have a time.

    Raises LogError, QueryError, Cancelled.
    """
    origin, labels = wanted.outcomes, wanted.asked.labels
    assert origin is not None
    assert labels is not None
    parquet = [f.shown for f in files if f.format == "parquet"]
    groups = ([parquet] if parquet else []) + [[f.shown] for f in files if f.format != "parquet"]
    prints = {f.shown: f.fingerprint for f in files}
    for group in groups:
        try:
            log = origin.open(only=group, manifest=manifest)
        except Unreadable as error:
            for bad in error.files:
                yield Came(None, damaged=Damaged(bad.shown, prints[bad.shown], bad.problem))
            continue
        try:
            facts = log.facts()
            for bad in log.manifest.unreadable:
                yield Came(None, damaged=Damaged(bad.shown, prints[bad.shown], bad.problem))
            for file in log.manifest.files:
                yield _came(log, file, facts[file.shown], labels, wanted.zone)
        finally:
            log.close()


def _came(log: Log, file: LogFile, facts: Facts, labels: LabelSpec, zone: str) -> Came:
    from mlops_tui.logs.measure import _positive

    if problem := log.damage(file.path):
        return Came(None, damaged=Damaged(file.shown, file.fingerprint, problem))
    import pyarrow as pa
    import pyarrow.compute as pc

    time, column = ident(log.spec.time), ident(labels.column)
    good = _positive(log, Decision(column=labels.column, positive=labels.positive))
    query = (
        f"SELECT {ident(labels.join or '')} AS key, epoch_us({time}) AS us, coalesce({good}, false) AS positive\n"
        f"FROM {ident(log.name)}\nWHERE {time} IS NOT NULL AND {column} IS NOT NULL AND {ident(labels.join or '')} IS NOT NULL"
    )
    batches = [b for b in log.batches(query, [file.path], _BATCH) if b.num_rows]
    rows = pa.Table.from_batches(batches) if batches else None
    first, last = spans(facts)
    if rows is not None:
        least = pc.min_max(rows.column("us")).as_py()
        first, last = least["min"], least["max"]
    member = Member(
        file.shown,
        file.fingerprint,
        facts.rows,
        first_us=first,
        last_us=last,
        rejected=facts.rejected,
        note=facts.note,
        partitions=tuple(file.partitions.items()),
        day=about(file, first, last, zone),
    )
    return Came(member, tuple(facts.columns.items()), rows)


@dataclass(frozen=True, slots=True)
class Joiner:
    """Looks for the decisions of outcomes, in the files of `decisions` (the index of what was counted) that still lie in the
    `manifest`."""

    wanted: Wanted
    layout: Layout
    decisions: Index
    manifest: Manifest
    stopped: Stopped

    def labels(self, came: Mapping[str, pa.Table], days: frozenset[int] | None = None) -> dict[str, Summary]:
        """The labels that the outcomes of each file give; with `days`, of decisions of these local days only."""
        import numpy as np
        import pyarrow as pa

        from mlops_tui.summaries.add import Labeller

        names = sorted(came)
        labellers = [Labeller(self.layout) for _ in names]
        tables = [
            came[n].append_column("file", pa.array(np.full(came[n].num_rows, i, dtype=np.int32))) for i, n in enumerate(names)
        ]
        if tables:
            for batch in self._batches(pa.concat_tables(tables, promote_options="permissive"), days):
                if self.stopped():
                    raise Cancelled
                for place in batch.column("file").unique().to_pylist():
                    labellers[place].add(batch.filter(_equal(batch.column("file"), place)))
        found = {n: one.summary() for n, one in zip(names, labellers, strict=True)}
        return found if days is None else {n: within(s, days, self.layout.zone) for n, s in found.items()}

    def _batches(self, outcomes: pa.Table, days: frozenset[int] | None) -> Iterator[pa.RecordBatch]:
        wanted = self._files(outcomes, days)
        parquet = [f for f in wanted if f.format == "parquet"]
        groups = ([parquet] if parquet else []) + [[f] for f in wanted if f.format != "parquet"]
        facts, columns, origin = self.decisions.facts(self.manifest.files), self.decisions.columns, self.wanted.origin
        for group in groups:
            names = [f.shown for f in group]
            if group[0].format == "parquet":
                log = origin.open(only=names, also=columns, known=lambda _files: facts, manifest=self.manifest)
            else:
                types = {**self.decisions.types, **origin.features}
                log = origin.open(only=names, also=columns, features=types, manifest=self.manifest)
            try:
                query = self._query(log, outcomes, days)
                yield from log.batches(query, [f.path for f in log.manifest.files], _BATCH, beside={"outcomes": outcomes})
            finally:
                log.close()

    def _files(self, outcomes: pa.Table, days: frozenset[int] | None) -> list[LogFile]:
        """The files that may hold decisions of these outcomes: an outcome comes after its decision, by no more than a day
        before it where clocks differ."""
        import pyarrow.compute as pc

        latest = pc.max(outcomes.column("us")).as_py() + _DAY
        there = {f.shown: f for f in self.manifest.files}
        sections = [s for s in self.decisions.sections if days is None or not days.isdisjoint(s.days)]
        members = [m for s in sections for m in s.members if m.path in there]
        return [there[m.path] for m in members if m.first_us is None or m.first_us <= latest]

    def _query(self, log: Log, outcomes: pa.Table, days: frozenset[int] | None) -> str:
        labels = self.wanted.asked.labels
        assert labels is not None
        import pyarrow as pa

        time, join = ident(log.spec.time), labels.join or ""
        items = [f"epoch_us({time}) AS at_us", f"{ident(join)} AS decision_key"]
        items += [f"{dimension_text(d, log.columns)} AS d{i}" for i, d in enumerate(self.layout.dimensions)]
        conditions = [f"{time} IS NOT NULL", *([f"({labels.only_when})"] if labels.only_when else [])]
        if days:
            first, last = (_EPOCH + midnight(self.layout.zone, d) * _MINUTE for d in (min(days), max(days) + 1))
            conditions.append(f"{time} >= {instant(first)} AND {time} < {instant(last)}")
        text = pa.types.is_string(outcomes.schema.field("key").type)
        same = text == (log.columns[join] == "VARCHAR")
        ours, theirs = ("d.decision_key", "o.key") if same else ("CAST(d.decision_key AS VARCHAR)", "CAST(o.key AS VARCHAR)")
        dimensions = "".join(f", d.d{i}" for i in range(len(self.layout.dimensions)))
        return (
            f"SELECT d.at_us{dimensions}, o.file, (o.us - d.at_us) // {_DAY} AS age, o.positive\n"
            f"FROM (SELECT {', '.join(items)} FROM {ident(log.name)} WHERE {' AND '.join(conditions)}) d\n"
            f"JOIN outcomes o ON {ours} = {theirs} AND o.us >= d.at_us - {_DAY}"
        )


def within(summary: Summary, days: Collection[int], zone: str, *, outside: bool = False) -> Summary:
    """The labels of decisions of some local days; or of all others."""
    import numpy as np
    import pyarrow as pa

    at = summary.labels.column("at").to_numpy()
    chosen = np.fromiter((day_of(zone, int(m)) in days for m in at), dtype=bool, count=len(at))
    return replace(summary, labels=summary.labels.filter(pa.array(chosen != outside)))


def section_of(came: Came) -> Section:
    """The section of one file of outcomes."""
    assert came.member is not None
    return Section(came.member.day, (came.member,), came.member.first_us, came.member.last_us)


def _equal(column: pa.Array, value: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.equal(column, value)
