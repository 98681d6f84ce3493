"""The SQL that makes of a log's rows what summaries are added up from. One SELECT, evaluated while files are read."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlops_tui.inventory.types import Decision, LabelSpec
from mlops_tui.logs.literals import ident, text
from mlops_tui.summaries.layout import Column, Dimension, Layout, Part

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_tui.logs.log import Log

Words = Mapping[str, tuple[str, ...]]
"""The values that a text is known to have: of a dimension (`d:region`) or of a column (`c:bank`)."""
NO_WORDS: Words = MappingProxyType({})
_HOUR, _DAY = 3_600_000_000, 86_400_000_000
MOST_WORDS = 200
"""Words of a column up to which it is read dictionary-encoded."""
_NUMBERS = ("INT", "INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN")


def holds_numbers(type_: str) -> bool:
    """Whether a column of this DuckDB type is one number a row."""
    return type_.split("(")[0].endswith(_NUMBERS)


def projection(
    log: Log, layout: Layout, decision: Decision | None, words: Words = NO_WORDS, labels: LabelSpec | None = None
) -> str:
    """The SELECT over the log's relation that gives `items`, of rows that have a time.

    Columns whose `words` are given come dictionary-encoded, which DuckDB does once for each value of a page and not for each
    row; `odd` is then true in a row that holds another word: it must be read without words.
    """
    made = items(log, layout, decision, labels)
    names = {f"d{i}": f"d:{d.name}" for i, d in enumerate(layout.dimensions)}
    names |= {f"c{i}": f"c:{c.name}" for i, c in enumerate(layout.columns)}
    known = {n: (made[n], f"TRY_CAST({made[n]} AS {_enum(words[name])})") for n, name in names.items() if name in words}
    made |= {n: word for n, (_, word) in known.items()}
    if known:
        made["odd"] = " OR ".join(f"({sql} IS NOT NULL AND {word} IS NULL)" for sql, word in known.values())
    return f"SELECT {listed(made)}\nFROM {ident(log.name)}\nWHERE {ident(log.spec.time)} IS NOT NULL"


def items(log: Log, layout: Layout, decision: Decision | None, labels: LabelSpec | None = None) -> dict[str, str]:
    """The SQL on a row, by name, of what summaries are made of: `at_us`, d0.., decided, positive, c0.., m0.., as `Adder.add`
    takes them. Of `labels` that are a column of the log itself, `known` says whether the outcome is, and `good` whether it is
    positive.
    """
    made = {"at_us": f"epoch_us({ident(log.spec.time)})"}
    made |= {f"d{i}": dimension_text(d, log.columns) for i, d in enumerate(layout.dimensions)} | _decided(log, decision)
    made |= {f"c{i}": _value(c, log.columns[c.name]) for i, c in enumerate(layout.columns)}
    made |= {f"m{i}": amount(p) for i, p in enumerate(layout.parts)}
    if labels is not None and labels.log is None and labels.column in log.columns:
        only = f" AND ({labels.only_when})" if labels.only_when else ""
        made["known"] = f"coalesce({ident(labels.column)} IS NOT NULL{only}, false)"
        made["good"] = _decided(log, Decision(column=labels.column, positive=labels.positive))["positive"]
    return made


def listed(made: Mapping[str, str]) -> str:
    """SQL by name as the list of a SELECT."""
    return ", ".join(f"{sql} AS {ident(name)}" for name, sql in made.items())


def _enum(words: Sequence[str]) -> str:
    return f"ENUM({', '.join(map(text, words))})"


def words_of(
    layout: Layout, tables: Sequence[pa.Table | pa.RecordBatch], known: Words = NO_WORDS
) -> dict[str, tuple[str, ...]]:
    """The words that the texts of some rows have, with those that were known; of texts that have few."""
    places = [(f"d{i}", f"d:{d.name}") for i, d in enumerate(layout.dimensions)]
    places += [(f"c{i}", f"c:{c.name}") for i, c in enumerate(layout.columns) if c.kind == "category"]
    found = {}
    for place, name in places:
        every = set(known.get(name, ()))
        for table in tables:
            every.update(v for v in table.column(place).unique().to_pylist() if v is not None)
        if 0 < len(every) <= MOST_WORDS:
            found[name] = tuple(sorted(every))
    return found


def dimension_text(dimension: Dimension, columns: Mapping[str, str]) -> str:
    """The dimension's value as text; null where there is none. A slice is `yes` or `no`."""
    if dimension.role == "slice":
        return f"CASE WHEN (\n{dimension.expression}\n) THEN 'yes' ELSE 'no' END"
    text = columns.get(dimension.name) == "VARCHAR"
    return dimension.expression if text else f"CAST({dimension.expression} AS VARCHAR)"


def amount(part: Part) -> str:
    """A number of at most twelve digits before the point and six after it; what is none does not count."""
    counted = f"TRY_CAST((\n{part.expression}\n) AS DECIMAL(18,6))"
    return f"CASE WHEN (\n{part.where}\n) THEN {counted} END" if part.where else counted


def first_look(log: Log, layout: Layout, decision: Decision | None, most: int) -> pa.Table:
    """About `most` rows as the projection gives them, chosen by a hash of what is in them."""
    query = projection(log, layout, decision)
    share = sum(f.rows or 0 for f in log.manifest.files) // most
    if share > 1:
        time = f"epoch_us({ident(log.spec.time)})"
        names = [log.spec.id] if log.spec.id in log.columns else [c.name for c in layout.columns]
        query += f" AND hash({', '.join([time, *(ident(c) for c in names if c)])}) % {share} = 0"
    return log.arrow(query)


def leaves(log: Log, layout: Layout) -> tuple[int, int, int]:
    """Rows of the log, and how many cells of all dimensions at once they fill: by hour, and by day."""
    time = f"epoch_us({ident(log.spec.time)})"
    items = "".join(f", {dimension_text(d, log.columns)} AS d{i}" for i, d in enumerate(layout.dimensions))
    names = "".join(f", d{i}" for i in range(len(layout.dimensions)))
    hours_of = f"SELECT {time} // {_HOUR} AS hour{items}, count(*) AS n FROM {ident(log.name)} GROUP BY ALL"
    query = f"SELECT sum(n), count(*), count(DISTINCT (hour * {_HOUR} // {_DAY}{names})) FROM ({hours_of})"
    rows, hours, days = log.rows(query)[0]
    return int(rows or 0), int(hours), int(days)


def _decided(log: Log, decision: Decision | None) -> dict[str, str]:
    from mlops_tui.logs.measure import _positive

    if decision is None:
        return {"decided": "false", "positive": "false"}
    return {
        "decided": f"{ident(decision.column)} IS NOT NULL",
        "positive": f"coalesce({_positive(log, decision)}, false)",
    }


def _value(column: Column, type_: str) -> str:
    name = ident(column.name)
    if column.kind == "length":
        return f"CAST(length(CAST({name} AS VARCHAR)) AS DOUBLE)"
    if column.kind == "number":
        return name if type_ == "DOUBLE" else f"CAST({name} AS DOUBLE)"
    value = name if type_ == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    if type_ in ("FLOAT", "DOUBLE"):
        value = f"CASE WHEN isnan({name}) THEN NULL ELSE {value} END"
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE '' END" if column.private else value
