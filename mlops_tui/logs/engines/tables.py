"""What comes back of engines, in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def plain(table: pa.Table) -> pa.Table:
    """The same rows with whole numbers as int64 where they fit, text as string, times with a zone as timestamp[us, UTC]."""
    columns = [_plain(table.column(i)) for i in range(table.num_columns)]
    import pyarrow as pa

    return pa.table(columns, names=table.column_names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind, wanted = column.type, None
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        wanted = pa.string()
    elif pa.types.is_integer(kind) or kind == pa.decimal128(38, 0):
        wanted = pa.int64()
    elif pa.types.is_timestamp(kind):
        wanted = pa.timestamp("us", "UTC" if kind.tz else None)
    if wanted is None or wanted == kind:
        return column
    try:
        return column.cast(wanted)
    except pa.ArrowInvalid:  # a whole number beyond 64 bits stays what it is
        return column
