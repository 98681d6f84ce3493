"""Sums of decimals beyond 64 bits, without a Python object a row: 128-bit integers as two columns of words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

SUM = pa.decimal128(38, 6)
"""What a metric part adds up to."""
_LOW = np.int64(0xFFFFFFFF)


def words(column: pa.Array) -> tuple[Ints, Ints]:
    """A decimal column as (high, low) halves: value * 10^6 = high * 2^64 + low, where low is to be read unsigned.

    Nulls are whatever lies beneath them.
    """
    raw = np.frombuffer(column.buffers()[1], dtype=np.int64)
    pairs = raw[2 * column.offset : 2 * (column.offset + len(column))].reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 1]), np.ascontiguousarray(pairs[:, 0])


def millionths(column: pa.Array) -> pa.Array:
    """Whole millionths (int64, below 10^18) as DECIMAL(18,6)."""
    whole = column.cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(whole), whole.buffers(), whole.null_count, whole.offset)


def from_words(high: Ints, low: Ints) -> pa.Array:
    """The decimal column of `words`, as DECIMAL(38,6) without nulls."""
    pairs = np.empty((len(high), 2), dtype=np.int64)
    pairs[:, 0], pairs[:, 1] = low, high
    return pa.Array.from_buffers(SUM, len(high), [None, pa.py_buffer(pairs)])


def from_parts(parts: tuple[Ints, Ints, Ints]) -> pa.Array:
    """The decimals of sums (a, b, c), each value being a + b * 2^32 + c * 2^64; every part may carry beyond its 32 bits."""
    a, b, c = parts
    b = b + (a >> 32)
    c = c + (b >> 32)
    return from_words(c, (a & _LOW) | (b << 32))


def to_parts(column: pa.Array) -> tuple[Ints, Ints, Ints]:
    """Decimals as parts (a, b, c) of 32, 32 and 64 bits, which can be added 2^31 times without a carry being lost."""
    high, low = words(column)
    return low & _LOW, (low >> 32) & _LOW, high
