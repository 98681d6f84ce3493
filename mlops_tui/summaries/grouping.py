"""Rows with equal keys become one: sorted, their integers added, their sparse counts added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
T = TypeVar("T", bound=np.generic)
_MOST_CELLS = 1 << 22
_FEW = 2000
"""Texts up to which encoding them costs less than importing what encodes them."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows sorted by key: `order` takes them there, group i begins at `starts[i]`; `of_row` is each unsorted row's group."""

    order: Ints
    starts: Ints
    of_row: Ints

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def single(self) -> bool:
        """Whether every row is a group of its own."""
        return len(self.starts) == len(self.order)

    def first(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """The value of each group, where it is the same in all its rows."""
        return values[self.order[self.starts]]

    def total(self, values: Ints) -> Ints:
        """The sum of each group."""
        return np.add.reduceat(values[self.order], self.starts) if len(values) else values


def grouped(keys: Sequence[npt.NDArray[np.integer]]) -> Groups:
    """The groups of rows whose keys are all equal, in ascending order, the first key being the coarsest."""
    n = len(keys[0])
    order = np.lexsort(tuple(reversed(keys))) if n else np.empty(0, dtype=np.int64)
    new = np.zeros(n, dtype=bool)
    new[:1] = True
    for key in keys:
        ordered = key[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    of_row = np.empty(n, dtype=np.int64)
    of_row[order] = np.cumsum(new) - 1
    return Groups(order, np.flatnonzero(new), of_row)


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values, ascending, and the place of each row's among them. Fast where they come in runs, or lie close."""
    n = len(values)
    if not n:
        return values, values
    heads = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    if len(heads) * 8 <= n:
        found, of_head = _sorted(values[heads])
        return found, np.repeat(of_head, np.diff(heads, append=n))
    low, high = int(values.min()), int(values.max())
    if high - low < 8 * n:
        used = np.bincount(values - low) > 0
        return np.flatnonzero(used) + low, (np.cumsum(used) - 1)[values - low]
    return _sorted(values)


def _sorted(values: Ints) -> tuple[Ints, Ints]:
    """As np.unique, whose first call imports masked arrays."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return ordered[new], place


def ranks(column: pa.ChunkedArray | pa.Array) -> tuple[Ints, list[str]]:
    """Texts as places in the sorted list of distinct texts, which comes second. The column has no nulls."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        codes, texts = array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
    elif len(array) <= _FEW:
        codes, texts = np.arange(len(array)), array.to_pylist()
    else:
        encoded = array.dictionary_encode()
        codes, texts = encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()
    ordered = sorted(set(texts))
    place = {t: i for i, t in enumerate(ordered)}
    found = np.fromiter((place[t] for t in texts), dtype=np.int64, count=len(texts))
    return found[codes], ordered


@dataclass(frozen=True, slots=True)
class Sparse:
    """A list of ascending codes a row, flat: row i has `codes[offsets[i]:offsets[i + 1]]`, and counts aligned with them."""

    offsets: npt.NDArray[np.int32]
    codes: Ints
    counts: tuple[Ints, ...]

    @property
    def each(self) -> Ints:
        """How many codes a row has."""
        return np.diff(self.offsets).astype(np.int64)

    @property
    def rows(self) -> Ints:
        """The row of each code."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.each)


def added(sparse: Sparse, groups: Groups) -> Sparse:
    """The lists of each group as one, equal codes added."""
    of_code, width = groups.of_row[sparse.rows], int(sparse.codes.max(initial=-1)) + 1
    cells = len(groups) * width
    if cells <= min(_MOST_CELLS, 8 * len(of_code) + _MOST_CELLS // 64):  # laid out: nothing to sort
        place = of_code * width + sparse.codes
        sums = [np.bincount(place, weights=c, minlength=cells) for c in sparse.counts]  # of integers, exact below 2^53
        found = np.flatnonzero(np.bincount(place, minlength=cells))
        owner, codes = np.divmod(found, max(width, 1))
        counts = tuple(s[found].astype(np.int64) for s in sums)
    else:
        inner = grouped([of_code, sparse.codes])
        owner, codes = inner.first(of_code), inner.first(sparse.codes)
        counts = tuple(inner.total(c) for c in sparse.counts)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(groups)))]).astype(np.int32)
    return Sparse(offsets, codes, counts)


def flat(column: pa.ChunkedArray | pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """A list column as offsets from 0 and values; a null list is an empty one."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    offsets = array.offsets.to_numpy()
    values = array.values[int(offsets[0]) : int(offsets[-1])] if len(offsets) else array.values
    return offsets - offsets[0], values
