"""From what the inventory declares and a first look at the log to what is summarised of it."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mlops_tui.core.errors import QueryError
from mlops_tui.inventory.types import Decision, LabelSpec, LogSpec, Metric, Model
from mlops_tui.logs.declared import FeatureType
from mlops_tui.logs.literals import ident
from mlops_tui.logs.projection import (
    NO_WORDS,
    Words,
    amount,
    dimension_text,
    first_look,
    holds_numbers,
    leaves,
    words_of,
)
from mlops_tui.summaries.layout import JOIN, MOST_CATEGORIES, MOST_VALUES, Column, Dimension, Grain, Kind, Layout, Part, Role

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_tui.logs.log import Log

SAMPLE = 50_000
"""Rows that the first look takes."""
MOST_CELLS = 0.05
"""Cells that are kept, as a share of the rows they count, before a coarser grain is taken."""
ABSENT = "no file has it"
"""Why a column is left out that is declared and not there; when it comes, the plan is made anew."""
CROWDED = f"more than {MOST_VALUES:,} values"
"""Why a dimension is left out."""
UNBOUND = "it cannot be computed: "
"""Why a slice or a metric is left out whose SQL does not fit the log; when a column comes, the plan is made anew."""
_KINDS: Mapping[FeatureType, Kind] = {"numeric": "number", "categorical": "category", "boolean": "category", "text": "length"}


@dataclass(frozen=True, slots=True)
class Watched:
    """What of a log is worth counting, as the inventory declares it. A source's log has no decision and no features."""

    decision: Decision | None = None
    features: Mapping[str, FeatureType] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    labels: LabelSpec | None = None


def watched(model: Model, features: Mapping[str, FeatureType]) -> Watched:
    """What a model declares; the slices that are conditions on a row (a top slice is none)."""
    declared = (model.business_metric, model.risk_metric, *model.metrics)
    metrics = tuple({m.name: m for m in declared if m is not None}.values())
    slices = {name: cut for name, cut in model.slices.items() if isinstance(cut, str)}
    return Watched(model.decision, features, tuple(model.protected), slices, metrics, model.labels)


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout, and what it leaves out: the name of a dimension, column or metric, and why. It is asked of rows instead.

    `words` are the values that texts had at a first look.
    """

    layout: Layout
    left_out: tuple[tuple[str, str], ...] = ()
    words: Words = field(default_factory=lambda: NO_WORDS)


def declared_layout(spec: LogSpec, asked: Watched, zone: str) -> Plan:
    """What is to be summarised by the inventory alone, before any row was looked at: no bins, no categories.

    Ids are no column, and free text is watched by its length only. `left_out` are names that say two things.
    """
    left: list[tuple[str, str]] = []
    named: list[tuple[str | None, Role]] = [(spec.version, "version")]
    named += [(c, "segment") for c in spec.segments] + [(c, "protected") for c in asked.protected]
    roles = {name: role for name, role in reversed(named) if name is not None}
    roles = {name: roles[name] for name, _ in named if name is not None}
    dimensions = {name: Dimension(name, role, ident(name)) for name, role in roles.items() if _sound(name, left)}
    for name, cut in asked.slices.items():
        if name in dimensions:
            left.append((name, "a column that rows are told apart by has the same name"))
        elif _sound(name, left):
            dimensions[name] = Dimension(name, "slice", cut)
    pairs = tuple(dict.fromkeys((a, b) for a, b in spec.pairs if a in dimensions and b in dimensions and a != b))
    private, ids = set(spec.sensitive), {spec.id, asked.labels.join if asked.labels else None}
    kinds: dict[str, Kind] = {spec.score.column: "number"} if spec.score else {}
    kinds |= {asked.decision.column: "category"} if asked.decision and asked.decision.column not in asked.features else {}
    kinds |= {name: _KINDS[type_] for name, type_ in asked.features.items() if name not in kinds}
    columns = tuple(Column(n, k, n in private or k == "length") for n, k in kinds.items() if n not in ids)
    parts: dict[str, Part] = {}
    for part in _parts(spec, asked.metrics):
        if part.name in parts:
            left.append((part.name, "another number that is added up has the same name"))
        else:
            parts[part.name] = part
    score = spec.score.column if spec.score and spec.score.column not in ids else None
    return Plan(Layout(zone, tuple(dimensions.values()), pairs, columns, tuple(parts.values()), score), tuple(left))


def plan(log: Log, declared: Plan, decision: Decision | None, crowded: Collection[str] = ()) -> Plan:
    """The layout with bins and categories chosen by a first look at the log, and what had to be left out: dimensions of which
    rows that were read before had too many values (`crowded`) in any case.

    `log` holds the first files in order of time and knows the columns of all. Rows are picked by a hash of what is in them:
    the same log, the same layout. Raises LogError, QueryError, Cancelled.
    """
    left = list(declared.left_out)
    layout = _borne(log, declared.layout, left)
    table = first_look(log, layout, decision, SAMPLE)
    words = words_of(layout, [table])
    looked = [_chosen(c, table.column(f"c{i}"), left) for i, c in enumerate(layout.columns)]
    columns = tuple(c for c in looked if c is not None)
    dimensions = []
    for i, dimension in enumerate(layout.dimensions):
        if dimension.name in crowded or len(table.column(f"d{i}").unique()) > MOST_VALUES:
            left.append((dimension.name, CROWDED))
        else:
            dimensions.append(dimension)
    named = {d.name for d in dimensions}
    score = layout.score if any(c.name == layout.score for c in columns) else None
    pairs = tuple(p for p in layout.pairs if set(p) <= named)
    layout = replace(layout, dimensions=tuple(dimensions), columns=columns, pairs=pairs, score=score)
    return Plan(layout.with_grain(_grain(log, layout)), tuple(left), words)


def _sound(name: str, left: list[tuple[str, str]]) -> bool:
    sound = bool(name) and name != "*" and JOIN not in name
    if not sound:
        left.append((name, "a dimension cannot be called so"))
    return sound


def _parts(spec: LogSpec, metrics: Sequence[Metric]) -> Iterator[Part]:
    for name, column in (("latency", spec.latency), ("cost", spec.cost)):
        if column is not None:
            yield Part(name, ident(column))
    for metric in metrics:
        whole = metric.sum or metric.mean
        if whole is not None:
            yield Part(metric.name, whole, metric.where)
        elif metric.count is not None:
            yield Part(metric.name, f"CASE WHEN ({metric.count}) IS NOT NULL THEN 1 END", metric.where)
        elif metric.ratio is not None:
            yield Part(f"{metric.name}.numerator", metric.ratio[0], metric.where)
            yield Part(f"{metric.name}.denominator", metric.ratio[1], metric.where)


def _borne(log: Log, layout: Layout, left: list[tuple[str, str]]) -> Layout:
    """The layout without what the log's columns do not bear: one that is not there or holds no numbers, SQL that does not
    bind."""

    def binds(name: str, item: str) -> bool:
        try:
            log.rows(f"SELECT {item} FROM {ident(log.name)} LIMIT 0", [])
        except QueryError as error:
            left.append((name, f"{UNBOUND}{error.message}"))
            return False
        return True

    def speaks(name: str, *expressions: str | None) -> bool:
        """Whether the log's engine understands the SQL: another one than DuckDB knows the portable subset only."""
        if log.spec.engine in (None, "duckdb"):
            return True
        from mlops_tui.logs.portable import expression_faults

        told = [sentence for e in expressions if e is not None for sentence in expression_faults(e)]
        if told:
            left.append((name, f"{log.spec.engine} cannot compute it: {told[0]}"))
        return not told

    def holds(column: Column) -> bool:
        type_ = log.columns.get(column.name)
        if type_ is None:
            left.append((column.name, ABSENT))
        elif column.kind == "number" and not holds_numbers(type_):
            left.append((column.name, f"it is declared numeric, and the log holds {type_}"))
        else:
            return True
        return False

    dimensions = tuple(
        d for d in layout.dimensions if speaks(d.name, d.expression) and binds(d.name, dimension_text(d, log.columns))
    )
    named = {d.name for d in dimensions}
    columns = tuple(c for c in layout.columns if holds(c))
    return replace(
        layout,
        dimensions=dimensions,
        pairs=tuple(p for p in layout.pairs if set(p) <= named),
        columns=columns,
        parts=tuple(p for p in layout.parts if speaks(p.name, p.expression, p.where) and binds(p.name, amount(p))),
        score=layout.score if any(c.name == layout.score for c in columns) else None,
    )


def _chosen(column: Column, values: pa.ChunkedArray, left: list[tuple[str, str]]) -> Column | None:
    """The column with its bins, or with its categories: the most frequent by name, all of them by fingerprint."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from mlops_tui.summaries.binning import choose
    from mlops_tui.summaries.categories import fingerprint

    if column.kind != "category":
        numbers = np.asarray(pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy())
        return replace(column, binning=choose(numbers, private=column.private))
    if column.private:
        return column
    counted = values.cast(pa.string()).drop_null().value_counts()
    found = sorted(zip(counted.field(1).to_pylist(), counted.field(0).to_pylist(), strict=True), key=lambda x: (-x[0], x[1]))
    names = [name for _, name in found]
    if len(names) > MOST_CATEGORIES and len(names) * 2 > len(values):
        left.append((column.name, "nearly every row has another value"))
        return None
    return replace(column, known=tuple(sorted(names[:MOST_CATEGORIES])), seen=tuple(sorted(map(fingerprint, names))))


def _grain(log: Log, layout: Layout) -> Grain:
    """The finest grain whose cells are few beside the rows of the first files."""
    if not layout.dimensions:
        return "hour"
    rows, hours, days = leaves(log, layout)
    if hours <= MOST_CELLS * rows or not rows:
        return "hour"
    return "day" if days <= MOST_CELLS * rows else "margins"
