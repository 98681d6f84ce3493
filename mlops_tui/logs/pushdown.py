"""The summaries of a log as SQL that the engine where the rows lie can run: only counts come back.

Every text is in the portable subset (`portable`), and `summaries.aggregates.summary_of` makes of its rows the very tables that
`summaries.add.Adder` makes of the rows of `batches`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_tui.core.errors import LogError, QueryError
from mlops_tui.inventory.types import Decision, LabelSpec, LogSpec
from mlops_tui.logs.literals import ident, text
from mlops_tui.logs.portable import expression_faults
from mlops_tui.summaries.binning import SIDE, Binning, Centred
from mlops_tui.summaries.days import MINUTE
from mlops_tui.summaries.layout import Column, Dimension, Layout, Part
from mlops_tui.summaries.summary import FARTHEST, LOW_BITS, SCALE

Pieces = Sequence[tuple[int, int]]
"""Stretches of time, (start, span) in minutes since 1970: days of the layout's zone, hours, or what lies at a window's edge."""
_LARGEST = 1.7976931348623157e308
_MICROS, _MOST_MICROS = 1e6, 1e18
_HALF_WORD = 4294967296.0


@dataclass(frozen=True, slots=True)
class Source:
    """A relation of rows, and what of it is summarised. `columns` are its columns: name -> DuckDB type."""

    relation: str
    spec: LogSpec
    columns: Mapping[str, str]
    layout: Layout
    decision: Decision | None = None
    labels: LabelSpec | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """SQL by what it counts: `cells`; the `score` by the hour; each column of the layout, by its name."""

    cells: str | None
    score: str | None
    columns: Mapping[str, str] = field(default_factory=dict)


def batches(source: Source) -> str:
    """The SELECT of `summaries.add.batch_schema`, but that metric parts are whole millionths (BIGINT): halves away from 0.
    With labels that are a column of the log itself also `known` and `good`, as `projection` has them.

    Parts pass through DOUBLE: exact to about nine thousand million. Raises QueryError where an expression of the layout is not
    portable, LogError where a column's text is not the same on every engine.
    """
    layout, spec = source.layout, source.spec
    items = {"at_us": f"epoch_us({ident(spec.time)})"}
    items |= {f"d{i}": _dimension(d, source.columns) for i, d in enumerate(layout.dimensions)}
    items |= _decided(source, source.decision)
    items |= {f"c{i}": _value(c, source.columns[c.name]) for i, c in enumerate(layout.columns)}
    if (labels := source.labels) is not None and labels.log is None and labels.column in source.columns:
        only = f" AND (\n{_sound(labels.only_when, 'labels')}\n)" if labels.only_when else ""
        items["known"] = f"COALESCE({ident(labels.column)} IS NOT NULL{only}, false)"
        items["good"] = _decided(source, Decision(column=labels.column, positive=labels.positive))["positive"]
    parts = {f"v{i}": _amount(p) for i, p in enumerate(layout.parts)}
    inner = f"SELECT {_listed(items | parts)}\nFROM {ident(source.relation)}\nWHERE {ident(spec.time)} IS NOT NULL"
    if not parts:
        return inner
    given = [*items]
    steps = {f"w{i}": _millionths(f"v{i}") for i in range(len(layout.parts))}
    ends = {f"m{i}": f"CAST(FLOOR(CASE WHEN w{i} < {_MOST_MICROS!r} AND w{i} > -{_MOST_MICROS!r} THEN w{i} END) AS BIGINT)"
            for i in range(len(layout.parts))}  # fmt: skip
    middle = f"SELECT {', '.join(given)}, {_listed(steps)}\nFROM (\n{inner}\n) AS taken"
    return f"SELECT {', '.join(given)}, {_listed(ends)}\nFROM (\n{middle}\n) AS rounded"


def texts(source: Source, days: Pieces | None, hours: Pieces | None) -> Texts:
    """What summarises the rows: cells and the score by `hours`, the columns' shapes by `days`; no cells without hours.

    Rows outside of the pieces are not counted. Raises as `batches` does.
    """
    layout, rows = source.layout, batches(source)
    if days is None:
        return Texts(None if hours is None else _cells(layout, rows, hours), None)
    sets = list(dict.fromkeys(tuple(sorted(layout.names.index(d) for d in dims)) for dims in layout.sets))
    columns = {}
    for i, column in enumerate(layout.columns):
        if column.kind == "category":
            columns[column.name] = _categories(rows, i, days, sets)
        else:
            columns[column.name] = _numbers(layout, rows, i, days, sets)
    score = None
    if hours is not None and layout.score is not None:
        place = [c.name for c in layout.columns].index(layout.score)
        score = _numbers(layout, rows, place, hours, [()])
    return Texts(None if hours is None else _cells(layout, rows, hours), score, columns)


# -- counting ------------------------------------------------------------------------------------------------------------


def _cells(layout: Layout, rows: str, hours: Pieces) -> str:
    """Rows of piece, d0.., n, decided, positive, and of part i: m{i}_n, and its sum as m{i}_high * 2^32 + m{i}_low."""
    names = [f"d{i}" for i in range(len(layout.dimensions))]
    items = {"n": "COUNT(*)", "decided": _counted("decided"), "positive": _counted("positive")}
    high = {}
    for i in range(len(layout.parts)):
        high[f"h{i}"] = f"CAST(FLOOR(CAST(m{i} AS DOUBLE) / {_HALF_WORD!r}e0) AS BIGINT)"
        items |= {f"m{i}_n": f"COUNT(m{i})", f"m{i}_high": f"SUM(h{i})", f"m{i}_low": f"SUM(m{i} - h{i} * {int(_HALF_WORD)})"}
    kept = ["decided", "positive", *(f"m{i}" for i in range(len(layout.parts)))]
    placed = f"SELECT {_listed({'piece': _place(hours)} | {n: n for n in [*names, *kept]} | high)}\nFROM (\n{rows}\n) AS batch"
    by = ", ".join(["piece", *names])
    return f"SELECT {by}, {_listed(items)}\nFROM (\n{placed}\n) AS placed\nWHERE piece IS NOT NULL\nGROUP BY {by}"


def _numbers(layout: Layout, rows: str, place: int, pieces: Pieces, sets: Sequence[tuple[int, ...]]) -> str:
    """Rows of piece, k0.. (null where not of the set), code, n, positive, z1, z2_hi, z2_lo, low, high.

    Codes from the number of bins on are null, NaN, above and below, as `summaries.numbers` has them.
    """
    column = layout.columns[place]
    binning = column.binning
    if binning is None:
        raise LogError(f"the layout has no bins for the column {column.name!r}", hint="build the summaries again")
    dims = _keys(sets)
    keys = {f"k{d}": _key(f"d{d}") for d in dims}
    kept = ", ".join(["piece", *keys, "positive"])
    size, m, s = binning.size, _double(binning.m), _double(binning.s)
    kind = (
        f"CASE WHEN x IS NULL THEN {size} WHEN x <> x OR x = CAST('NaN' AS DOUBLE) THEN {size + 1}"
        f" WHEN x > {_LARGEST!r} THEN {size + 2} WHEN x < -{_LARGEST!r} THEN {size + 3} END"
    )
    taken = {"piece": _place(pieces)} | keys | {"positive": "positive", "x": f"c{place}"}
    first = f"SELECT {_listed(taken)}\nFROM (\n{rows}\n) AS batch"
    second = f"SELECT {kept}, x, {kind} AS beside\nFROM (\n{first}\n) AS placed\nWHERE piece IS NOT NULL"
    third = f"SELECT {kept}, beside, CASE WHEN beside IS NULL THEN x END AS x\nFROM (\n{second}\n) AS told"
    fourth = f"SELECT {kept}, beside, x, (x - {m}) / {s} AS z, {_away(binning)} AS y\nFROM (\n{third}\n) AS finite"
    near = f"CASE WHEN z > {FARTHEST!r}e0 THEN {FARTHEST!r}e0 WHEN z < -{FARTHEST!r}e0 THEN -{FARTHEST!r}e0 ELSE z END"
    octave = "CASE WHEN y >= 0.00390625e0 AND y <= 65536e0 THEN FLOOR(LOG2(y)) END"
    fifth = f"SELECT {kept}, beside, x, {near} AS z, y, {octave} AS e\nFROM (\n{fourth}\n) AS scaled"
    moment = {"z1": _rounded("z"), "z2": _rounded("z * z")}
    code = f"CASE WHEN beside IS NOT NULL THEN beside ELSE {_code(binning)} END"
    sixth = f"SELECT {kept}, x, {code} AS code, {_listed(moment)}\nFROM (\n{fifth}\n) AS cut"
    halves = f"CAST(FLOOR(CAST(z2 AS DOUBLE) / {1 << LOW_BITS}e0) AS BIGINT)"
    last = f"SELECT {kept}, x, code, z1, z2, {halves} AS z2_hi\nFROM (\n{sixth}\n) AS coded"
    sums = {"n": "COUNT(*)", "positive": _counted("positive"), "z1": "SUM(z1)", "z2_hi": "SUM(z2_hi)"}
    sums |= {"z2_lo": f"SUM(z2 - z2_hi * {1 << LOW_BITS})", "low": "MIN(x)", "high": "MAX(x)"}
    return _grouped(last, dims, sets, "code", sums)


def _categories(rows: str, place: int, pieces: Pieces, sets: Sequence[tuple[int, ...]]) -> str:
    """Rows of piece, k0.. (null where not of the set), category (a key as the k are), n."""
    dims = _keys(sets)
    items = {"piece": _place(pieces)} | {f"k{d}": _key(f"d{d}") for d in dims} | {"category": _key(f"c{place}")}
    placed = f"SELECT {_listed(items)}\nFROM (\n{rows}\n) AS batch"
    inside = f"SELECT {', '.join(items)}\nFROM (\n{placed}\n) AS placed\nWHERE piece IS NOT NULL"
    return _grouped(inside, dims, sets, "category", {"n": "COUNT(*)"})


def _grouped(rows: str, dims: Sequence[int], sets: Sequence[tuple[int, ...]], by: str, items: Mapping[str, str]) -> str:
    listed = ", ".join(["piece", *(f"k{d}" for d in dims), by])
    groups = ", ".join(f"({', '.join(['piece', *(f'k{d}' for d in dims_of), by])})" for dims_of in sets)
    return f"SELECT {listed}, {_listed(items)}\nFROM (\n{rows}\n) AS counted\nGROUP BY GROUPING SETS ({groups})"


# -- rows ----------------------------------------------------------------------------------------------------------------


def _place(pieces: Pieces) -> str:
    """The start of the piece that holds `at_us`, in minutes; null for none. Halved at each step."""
    ordered = sorted(pieces)

    def cut(low: int, high: int) -> str:
        if high - low == 1:
            at, span = ordered[low]
            inside = f"at_us >= {at * MINUTE} AND at_us < {(at + span) * MINUTE}"
            return f"CASE WHEN {inside} THEN {at} END"
        middle = (low + high) // 2
        return f"CASE WHEN at_us < {ordered[middle][0] * MINUTE} THEN {cut(low, middle)} ELSE {cut(middle, high)} END"

    return cut(0, len(ordered)) if ordered else "CASE WHEN at_us IS NULL THEN 0 END"


def _away(binning: Binning) -> str:
    """How far a value is from the centre, in scales: never negative."""
    m, s = _double(binning.m), _double(binning.s)
    return f"CASE WHEN x < {m} THEN ({m} - x) / {s} ELSE (x - {m}) / {s} END"


def _code(binning: Binning) -> str:
    """`Binning.codes` of a finite x, whose distance is y in octave e. Where LOG2 is off by one beside a power of two, the
    steps within the octave make up for it."""
    if not isinstance(binning, Centred):
        return _between(binning.values, 0, len(binning.values))
    half = SIDE // 3
    step = "16 * (y / POW(2, e) - 1)"
    above = f"CASE WHEN y < 0.00390625e0 THEN {SIDE} WHEN y >= 65536e0 THEN {2 * SIDE - 1}"
    above += f" ELSE CAST(FLOOR({SIDE + half} + 16 * e + FLOOR({step})) AS BIGINT) END"
    below = f"CASE WHEN y <= 0.00390625e0 THEN {SIDE - 1} WHEN y > 65536e0 THEN 0"
    below += f" ELSE CAST(FLOOR({SIDE - half} - 16 * e - CEIL({step})) AS BIGINT) END"
    return f"CASE WHEN x < {_double(binning.m)} THEN {below} ELSE {above} END"


def _between(edges: Sequence[float], low: int, high: int) -> str:
    """The number of edges at or below x, by halves."""
    if low == high:
        return str(low)
    middle = (low + high) // 2
    left, right = _between(edges, low, middle), _between(edges, middle + 1, high)
    return f"CASE WHEN x < {_double(edges[middle])} THEN {left} ELSE {right} END"


def _rounded(value: str) -> str:
    return f"CAST(FLOOR({value} * {int(SCALE)} + 5e-1) AS BIGINT)"


def _millionths(value: str) -> str:
    """Rounded as DuckDB rounds a DOUBLE to DECIMAL(18,6): a hair (1e-9) outwards, then halves up."""
    return (
        f"CASE WHEN {value} < 0 THEN -FLOOR(-{value} * {_MICROS!r}e0 + 1e-9 + 5e-1)"
        f" ELSE FLOOR({value} * {_MICROS!r}e0 + 1e-9 + 5e-1) END"
    )


def _counted(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _keys(sets: Sequence[tuple[int, ...]]) -> list[int]:
    return sorted({d for dims in sets for d in dims})


def _key(name: str) -> str:
    """A text that is never null: `-` where there is none, else a `+` before it."""
    return f"CASE WHEN {name} IS NULL THEN '-' ELSE '+' || {name} END"


def _dimension(dimension: Dimension, columns: Mapping[str, str]) -> str:
    if dimension.role == "slice":
        return f"CASE WHEN (\n{_sound(dimension.expression, f'slice {dimension.name}')}\n) THEN 'yes' ELSE 'no' END"
    return _as_text(dimension.name, columns[dimension.name])


def _as_text(name: str, type_: str) -> str:
    """A column as text, where every engine writes it so."""
    if type_ == "VARCHAR":
        return ident(name)
    if type_ == "BOOLEAN":
        return f"CASE WHEN {ident(name)} THEN 'true' WHEN NOT {ident(name)} THEN 'false' END"
    if type_.endswith("INT") or type_ == "INTEGER":
        return f"CAST({ident(name)} AS VARCHAR)"
    hint = "take `engine:` from the log: DuckDB reads it"
    raise LogError(f"column {name!r} is {type_}, which engines write as text in different ways", hint=hint)


def _value(column: Column, type_: str) -> str:
    name = ident(column.name)
    if column.kind == "length":
        return f"CAST(LENGTH({_as_text(column.name, type_)}) AS DOUBLE)"
    if column.kind == "number":
        return f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN {name} IS NOT NULL THEN '' END" if column.private else _as_text(column.name, type_)


def _amount(part: Part) -> str:
    value = f"CAST((\n{_sound(part.expression, f'metric {part.name}')}\n) AS DOUBLE)"
    return f"CASE WHEN (\n{_sound(part.where, f'metric {part.name}')}\n) THEN {value} END" if part.where else value


def _decided(source: Source, decision: Decision | None) -> dict[str, str]:
    if decision is None:
        return {"decided": "false", "positive": "false"}
    name, type_ = ident(decision.column), source.columns[decision.column]
    if type_ == "BOOLEAN":
        truth = decision.positive.strip().lower() in ("true", "1")
        holds = name if truth else f"NOT {name}"
    elif type_ == "VARCHAR":
        holds = f"{name} = {text(decision.positive)}"
    else:
        holds = f"CAST({name} AS DOUBLE) = {_double(float(decision.positive))}"
    return {"decided": f"{name} IS NOT NULL", "positive": f"COALESCE({holds}, false)"}


def _sound(expression: str, what: str) -> str:
    for sentence in expression_faults(expression):
        raise QueryError(sentence, where=what, hint="write it so, or take `engine:` from the log: DuckDB reads it")
    return expression


def _double(value: float) -> str:
    """A DOUBLE exactly; in brackets, since two signs in a row begin a comment."""
    return f"(CAST('{value!r}' AS DOUBLE))"


def _listed(items: Mapping[str, str]) -> str:
    return ", ".join(sql if sql == name else f"{sql} AS {name}" for name, sql in items.items())
