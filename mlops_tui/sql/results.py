"""What a query gave: read piece by piece so that too much is refused early, and turned into plain Python where wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import QueryError

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

PIECE = 10_000
"""Rows that are read at a time."""
MOST_BYTES = 256 << 20
"""A result above this is refused: it would be held in memory and kept beside the journal."""

AS_PYTHON = frozenset(
    """BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE VARCHAR DATE TIMESTAMP TIME
    BLOB""".split()
) | {"TIMESTAMP WITH TIME ZONE"}
"""SQL types whose values go to Python and back without loss. The others go as DuckDB's own text, which a cast reads back."""


def read(rows: duckdb.DuckDBPyRelation, *, most: int | None = None) -> pa.Table:
    """All rows of a relation. Raises QueryError as soon as there are more than `most`, or more than 256 MB of them."""
    import pyarrow as pa

    reader = rows.to_arrow_reader(PIECE)
    pieces: list[pa.RecordBatch] = []
    count = size = 0
    for piece in reader:
        count, size = count + piece.num_rows, size + piece.nbytes
        if most is not None and count > most:
            raise QueryError(f"the result has more than {most:,} rows", hint="aggregate in SQL, or add a limit")
        if size > MOST_BYTES:
            hint = "select fewer columns, aggregate in SQL, or add a limit"
            raise QueryError(f"the result is larger than {MOST_BYTES >> 20} MB", hint=hint)
        pieces.append(piece)
    return tidy(pa.Table.from_batches(pieces, schema=reader.schema))


def tidy(table: pa.Table) -> pa.Table:
    """Sums of whole numbers as int64 where they fit (DuckDB's HUGEINT is a decimal in Arrow), enums as text."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        column = table.column(at)
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, column.cast(field.type.value_type))
        elif field.type == pa.decimal128(38, 0):
            try:
                table = table.set_column(at, field.name, column.cast(pa.int64()))
            except pa.ArrowInvalid:
                continue
    return table


def frame(table: pa.Table) -> pl.DataFrame:
    """A result as a Polars frame. Spans of time and unions, for which Polars has no type, are text; of columns of one name
    the later ones are numbered."""
    import polars as pl
    import pyarrow as pa

    columns: dict[str, pa.ChunkedArray] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if any(kind in str(column.type) for kind in ("interval", "union")):
            column = pa.array([None if v is None else as_text(v) for v in map(_python, column)], pa.string())
        same = sum(n == name for n in table.column_names[: len(columns)])
        columns[f"{name}_{same + 1}" if same else name] = column
    return pl.DataFrame(pa.table(columns))


def first(table: pa.Table) -> Any:
    """The value at the top left, as Python has it."""
    return _python(table.column(0)[0])


def scalars(table: pa.Table, *, most: int, wide: int) -> list[tuple[Any, ...]]:
    """The first rows as JSON can hold them: numbers, truths and text; all else as text, cut at `wide` characters."""
    columns = [[scalar(_python(v), wide) for v in column.slice(0, most)] for column in table.columns]
    return list(zip(*columns, strict=True))


def scalar(value: Any, wide: int) -> Any:
    """A value as JSON can hold it in a cell of a table."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = as_text(value)
    return text if len(text) <= wide else text[: wide - 1] + "…"


def as_text(value: Any) -> str:
    """A value as people read it: ISO times, lists and fields as JSON, a span of months, days and time in words."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return str(plain(value)) if value.tzinfo else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return "".join(f"\\x{b:02X}" for b in value)
    if _is_span(value):
        return _span(value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(_nested(value), ensure_ascii=False)
    return str(value)


def _nested(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _nested(v) for k, v in value.items()}
    if isinstance(value, list | tuple) and not _is_span(value):
        return [_nested(v) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return plain(value) if isinstance(value, float) else as_text(value)


def _is_span(value: Any) -> bool:
    return isinstance(value, timedelta) or type(value).__name__ == "MonthDayNano"


def _span(value: Any) -> str:
    """`1 month 2 days 03:00:00`, as DuckDB writes an interval."""
    if isinstance(value, timedelta):
        months, days, seconds = 0, value.days, Decimal(value.seconds) + Decimal(value.microseconds).scaleb(-6)
    else:
        months, days, seconds = value.months, value.days, Decimal(value.nanoseconds).scaleb(-9)
    parts = [f"{n} {word}{'s' * (abs(n) != 1)}" for n, word in ((months, "month"), (days, "day")) if n]
    if seconds or not parts:
        minutes, rest = divmod(abs(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        whole = f"{rest:09.6f}".rstrip("0").rstrip(".")
        parts.append(f"{'-' * (seconds < 0)}{int(hours):02}:{int(minutes):02}:{whole}")
    return " ".join(parts)


def _python(value: Any) -> Any:
    """An Arrow scalar as Python has it; as text where Python has no such value (nanoseconds, the year 294246)."""
    try:
        return value.as_py()
    except OverflowError:
        return "beyond the calendar"
    except ValueError:
        return str(value.cast("string"))
