"""Every watched column of a model, as a whole and in each value of its segments: how far it lies from the reference.

What `runbook drift` shows: distances and rates, without a verdict. The checks judge; this only measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.checks.drift import Drift, compare
from mlops_tui.checks.scope import Scope
from mlops_tui.checks.sheet import Column, Shape, sheet
from mlops_tui.checks.slices import choose
from mlops_tui.checks.words import reason
from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.core.window import Pair, Window
from mlops_tui.inventory.types import Feature
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject

if TYPE_CHECKING:
    from mlops_tui.logs.summed import Summed
    from mlops_tui.summaries.spread import Distance

MIN_N = 30
_SHAPES: Mapping[str, Shape] = {
    "numeric": "numbers",
    "categorical": "categories",
    "boolean": "categories",
    "text": "lengths",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A column in one slice: rows and shares of missing values on both sides, and the distances between them.

    `psi_floor` is what no drift would give with so many rows; `ks` is None for categories. `why` says why nothing could be
    told (all distances None).
    """

    column: str
    slice: Mapping[str, str]
    n: int
    n_reference: int
    missing: float | None = None
    missing_reference: float | None = None
    psi: float | None = None
    psi_floor: float | None = None
    js: float | None = None
    ks: float | None = None
    why: str = ""

    @property
    def excess(self) -> float:
        """PSI beyond what no drift would give; -1 where it could not be told."""
        return -1.0 if self.psi is None or self.psi_floor is None else max(0.0, self.psi - self.psi_floor)

    def as_json(self) -> dict[str, Any]:
        """One of `columns`."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("slice", "why")}
        return {"column": told.pop("column"), "slice": dict(self.slice), **told} | ({"why": self.why} if self.why else {})


@dataclass(frozen=True, slots=True)
class Rates:
    """The decisions of one slice: how many, and how many of them positive, on both sides."""

    slice: Mapping[str, str]
    n: int
    positives: int
    n_reference: int
    positives_reference: int

    @property
    def rate(self) -> float | None:
        """The share of positives now."""
        return self.positives / self.n if self.n else None

    @property
    def rate_reference(self) -> float | None:
        """The share of positives in the reference."""
        return self.positives_reference / self.n_reference if self.n_reference else None

    def as_json(self) -> dict[str, Any]:
        """One of `rates`."""
        return {
            "slice": dict(self.slice),
            "n": self.n,
            "positives": self.positives,
            "rate": self.rate,
            "n_reference": self.n_reference,
            "positives_reference": self.positives_reference,
            "rate_reference": self.rate_reference,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Columns, farthest from the reference first, and rates, the whole first; `pair` are the windows compared."""

    pair: Pair
    columns: tuple[Compared, ...]
    rates: tuple[Rates, ...]


def comparison(subject: Subject, dimensions: Sequence[str]) -> Comparison:
    """Each watched column and the decisions, as a whole and by each of the dimensions (segments, protected groups).

    Raises UnknownName for a dimension that the log lacks.
    """
    known = (*subject.dimensions, *subject.spec.protected)
    for name in dimensions:
        if name not in known or name not in subject.log.columns:
            raise UnknownName("segment", name, known)
    pair = subject.pair("reference")
    every = watched(subject)
    found, done = _from_summaries(subject, pair, every, dimensions)
    there = [column for column in every if column.name not in done]
    found += [c for column in there for c in _compared(subject, pair, column, dimensions)]
    columns = sorted(found, key=lambda c: (-c.excess, c.column, tuple(c.slice.items())))
    return Comparison(pair, tuple(columns), tuple(_rates(subject, pair, dimensions)))


def watched(subject: Subject) -> tuple[Column, ...]:
    """The score, the declared features and the decision, as far as the log has them, each with how it is compared."""
    private = hidden(subject)
    score, decision = subject.spec.log.score, subject.spec.decision.column
    columns = [Column(score.column, "numbers", score.column in private)] if score else []
    columns += [column_of(name, f, private) for name, f in subject.features.items()]
    if decision not in {c.name for c in columns}:
        columns.append(Column(decision, "categories", decision in private))
    return tuple({c.name: c for c in columns if subject.log.watches(c.name)}.values())


def hidden(subject: Subject) -> set[str]:
    """Columns whose values are not shown: those that are sensitive, or were only summarised as they were captured."""
    captured = subject.log.captured
    return {*subject.log.spec.sensitive, *(captured.names if captured is not None else ())}


def column_of(name: str, feature: Feature, private: set[str]) -> Column:
    """A declared feature as a column to compare: texts by their lengths, and never shown."""
    return Column(name, _SHAPES[feature.type], private=name in private or feature.type == "text")


def _from_summaries(
    subject: Subject, pair: Pair, columns: Sequence[Column], dimensions: Sequence[str]
) -> tuple[list[Compared], set[str]]:
    """What summaries hold, all at once, and the names of the columns that are told by it; of columns that were only summarised
    as they were captured, by those dimensions that their writers told them apart by."""
    sets, rows = [(), *((d,) for d in dimensions)], subject.log.columns
    summed, captured = subject.log.summed, subject.log.captured
    found: list[Compared] | None = None
    done: set[str] = set()
    if summed is not None and set(sets) <= set(summed.layout.sets):
        specs = {c.name: summed.layout.column(c.name) for c in columns if c.name in rows}
        done = {n for n, spec in specs.items() if spec is not None and not (spec.private and spec.kind == "category")}
        found = _distances(subject, pair, summed, done, sets)
    if found is None:
        found, done = [], set()
    if captured is not None:
        beside = {c.name for c in columns if c.name not in rows}
        known = [s for s in sets if s in captured.layout.sets]
        found += _distances(subject, pair, captured.summed, beside, known) or []
        done |= beside
    return found, done


def _distances(
    subject: Subject, pair: Pair, summed: Summed, names: set[str], sets: Sequence[tuple[str, ...]]
) -> list[Compared] | None:
    from mlops_tui.logs.summed import minutes

    windows = [pair.current, pair.baseline]
    shapes = summed.shapes(windows) if names else None
    if shapes is None:
        return None
    chosen = {s[0]: _told(subject, windows, s[0]) for s in sets if s}
    current, reference = minutes(windows)
    out = []
    for told in shapes.distances(current, reference, sets):
        value = told.group[0] if told.set else ""
        if told.column in names and value is not None and (not told.set or value in chosen[told.set[0]]):
            out.append(_measured(told, {told.set[0]: value} if told.set else {}))
    return out


def _told(subject: Subject, windows: Sequence[Window], dimension: str) -> set[str]:
    counted = measure.volumes(subject.log, windows, by=[dimension]).value
    now, before = ({g[0]: n for (j, g), n in counted.items() if j == i and g[0] is not None} for i in (0, 1))
    found = choose(now, before, MIN_N)
    return {*found.told, *found.few}


def _measured(told: Distance, where: Mapping[str, str]) -> Compared:
    from mlops_tui.stats.distances import psi_noise

    if told.set and min(told.n, told.n_reference) < MIN_N:
        return Compared(told.column, where, told.n, told.n_reference, why="too few rows")
    if told.missing_reference >= told.n_reference:
        why = "the reference window has no value" if told.n_reference else "the reference window is empty"
        return Compared(told.column, where, told.n, told.n_reference, why=why)
    return Compared(
        told.column,
        where,
        told.n,
        told.n_reference,
        told.missing / told.n if told.n else 0.0,
        told.missing_reference / told.n_reference,
        told.psi,
        psi_noise(told.bins, told.n_reference, told.n),
        told.js,
        told.ks,
    )


def _compared(subject: Subject, pair: Pair, column: Column, dimensions: Sequence[str]) -> Iterator[Compared]:
    whole = Scope((), {}, None, {})
    windows = (pair.current, pair.baseline)
    now, before = (sheet(subject, [column.name, *dimensions], w, whole.where, whole.rows) for w in windows)
    try:
        yield _one(column, {}, compare(now.whole(column), before.whole(column), column), now.n, before.n)
        for name in dimensions:
            if name == column.name:
                continue
            sizes = now.sizes(name), before.sizes(name)
            chosen = choose(*sizes, MIN_N)
            here, there = (s.parts(column, name, chosen.told) for s in (now, before))
            for value in chosen.told:
                told = compare(here[value], there[value], column)
                yield _one(column, {name: value}, told, sizes[0].get(value, 0), sizes[1].get(value, 0))
            for value in chosen.few:
                yield _one(column, {name: value}, "too few rows", sizes[0].get(value, 0), sizes[1].get(value, 0))
    except LogError as error:
        yield _one(column, {}, reason(error), now.n, before.n)


def _one(column: Column, where: Mapping[str, str], told: Drift | str, n: int, n_reference: int) -> Compared:
    if isinstance(told, str):
        return Compared(column.name, where, n, n_reference, why=told)
    return Compared(
        column.name,
        where,
        n,
        n_reference,
        told.missing,
        told.missing_reference,
        told.psi,
        told.floor,
        told.js,
        told.ks,
    )


def _rates(subject: Subject, pair: Pair, dimensions: Sequence[str]) -> Iterator[Rates]:
    windows = [pair.current, pair.baseline]
    for name in (None, *dimensions):
        asked = measure.rates(subject.log, subject.spec.decision, windows, by=[name] if name else [])
        groups = dict.fromkeys(group for _, group in asked.value)
        for group in groups:
            now, before = (asked.value.get((i, group), measure.Rate(0, 0)) for i in (0, 1))
            if None not in group:
                where = {name: group[0] or ""} if name else {}
                yield Rates(where, now.n, now.positives, before.n, before.positives)
