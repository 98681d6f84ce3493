"""Raw columns as numbers or as categories, whatever type the log stores them in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]


def numbers(column: pa.ChunkedArray, name: str) -> Floats:
    """A column as floats, null as NaN. Raises LogError where the column does not hold numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if pa.types.is_boolean(kind):
        column = pc.cast(column, pa.uint8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise LogError(f"{name!r} is declared numeric, and the log holds {kind}")
    out: Floats = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return out


def lengths(column: pa.ChunkedArray) -> Floats:
    """The length in characters of each text, null as NaN: what can be compared of free text without showing it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.cast(column, pa.string())
    out: Floats = np.asarray(pc.cast(pc.utf8_length(texts), pa.float64()).to_numpy(), dtype=np.float64)
    return out


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as text; NaN becomes null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return pc.cast(column, pa.string())


def codes(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct texts of a column as first seen, and each row's index among them; -1 where it is missing."""
    import numpy as np
    import pyarrow.compute as pc

    encoded = texts(column).combine_chunks().dictionary_encode()
    found = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    return encoded.dictionary.to_pylist(), found


def frequencies(column: pa.ChunkedArray) -> Mapping[str | None, int]:
    """How often each value of a text column occurs; None is missing."""
    counted = column.value_counts()
    return dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))


def absent(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which values are missing: null, or NaN in a floating-point column; empty text is not."""
    import numpy as np
    import pyarrow.compute as pc

    out: npt.NDArray[np.bool_] = np.asarray(pc.is_null(column, nan_is_null=True).to_numpy(), dtype=np.bool_)
    return out


def groups(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct texts of a segment in order, and each row's index among them; -1 where it is missing."""
    import numpy as np

    names, found = codes(column)
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(names))
    return [names[i] for i in order], place[found]


def hours_of(times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The hour of each time, counted from 1970 in UTC."""
    import numpy as np
    import pyarrow as pa

    micros = times.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return np.asarray(micros // 3_600_000_000, dtype=np.int64)


def hourly(hours: npt.NDArray[np.int64], inside: npt.NDArray[np.bool_]) -> list[tuple[datetime, int, int]]:
    """By hour, in order: its start, its rows, and those of them that are `inside`."""
    import numpy as np

    found, place = np.unique(hours, return_inverse=True)
    n, k = np.bincount(place), np.bincount(place, weights=inside)
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    return [(zero + timedelta(hours=int(h)), int(a), int(b)) for h, a, b in zip(found, n, k, strict=True)]
