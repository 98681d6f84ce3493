"""A batch of rows, cut into stretches of time and, within each, sorted by the values of its dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.grouping import distinct
from mlops_tui.summaries.layout import joined

Ints = npt.NDArray[np.int64]
Rows = Ints | slice

CHUNK = 1 << 16
"""Rows that are counted together: their values stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A dimension of some rows: the place of each row's value in `values` (None is missing)."""

    codes: Ints
    values: tuple[str | None, ...]


def factor(column: pa.Array) -> Factor:
    """The values of a text column, plain or dictionary-encoded, and where they are."""
    codes, texts = encoded(column)
    used = np.bincount(codes + 1, minlength=len(texts) + 1) > 0
    place = np.cumsum(used) - 1
    values = ([None] if used[0] else []) + [t for t, is_used in zip(texts, used[1:].tolist(), strict=True) if is_used]
    return Factor(place[codes + 1], tuple(values))


def encoded(column: pa.Array) -> tuple[Ints, list[str]]:
    """A text column as places in a list of texts, -1 where it is null."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    indices = column.indices.cast(pa.int64())
    codes = np.asarray(indices.fill_null(-1) if indices.null_count else indices)
    texts = column.dictionary.to_pylist()
    if None in texts:
        codes = np.array([-1 if t is None else i for i, t in enumerate(texts)] + [-1], dtype=np.int64)[codes]
    return codes, texts


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one stretch sorted by leaf: `rows` takes them from the batch; segment i begins at `starts[i]`."""

    rows: Rows
    starts: Ints
    leaves: Ints
    size: int

    @property
    def lengths(self) -> Ints:
        """Rows of each segment."""
        return np.diff(self.starts, append=self.size)


@dataclass(frozen=True)
class Leaves:
    """The combinations of values that occur: `codes[d]` are their places in dimension d's values."""

    codes: tuple[Ints, ...]
    values: tuple[tuple[str | None, ...], ...]
    size: int

    @cached_property
    def names(self) -> list[str]:
        """The joined values of each leaf."""
        columns = [[values[i] for i in c.tolist()] for c, values in zip(self.codes, self.values, strict=True)]
        return [joined(row) for row in zip(*columns, strict=True)] if columns else [""] * self.size

    def cells(self, dims: Sequence[int]) -> tuple[Ints, int]:
        """The cell of each leaf in the cross of some dimensions, and how many cells that has."""
        cell, size = np.zeros(self.size, dtype=np.int64), 1
        for d in dims:
            cell = cell * len(self.values[d]) + self.codes[d]
            size *= len(self.values[d])
        return cell, size

    def shape(self, dims: Sequence[int]) -> tuple[int, ...]:
        """How many values each of some dimensions has."""
        return tuple(len(self.values[d]) for d in dims)

    def texts(self, dims: Sequence[int], cells: Ints) -> list[str]:
        """The joined values of some cells of the cross of some dimensions."""
        if not dims:
            return [""] * len(cells)
        places = np.unravel_index(cells, self.shape(dims))
        columns = [[self.values[d][i] for i in place.tolist()] for d, place in zip(dims, places, strict=True)]
        return [joined(row) for row in zip(*columns, strict=True)]


def crossed(factors: Sequence[Factor], n: int) -> tuple[Ints, Leaves]:
    """The leaf of each of `n` rows, and what the leaves are."""
    leaf: Ints = np.zeros(n, dtype=np.int64)
    size = 1
    codes: tuple[Ints, ...] = ()
    for f in factors:
        wide = leaf * len(f.values) + f.codes
        found, leaf = distinct(wide)
        above, last = np.divmod(found, len(f.values))
        codes, size = (*(c[above] for c in codes), last), len(found)
    return leaf, Leaves(codes, tuple(f.values for f in factors), size)


@dataclass(frozen=True)
class Stretch:
    """Rows of one stretch of time (`at`, `span` in minutes), in chunks."""

    at: int
    span: int
    chunks: tuple[Chunk, ...]
    leaves: Leaves

    @cached_property
    def rows(self) -> int:
        """How many there are."""
        return sum(c.size for c in self.chunks)

    @cached_property
    def counts(self) -> Ints:
        """Rows of each leaf."""
        n = np.zeros(self.leaves.size, dtype=np.int64)
        for c in self.chunks:
            n[c.leaves] += c.lengths
        return n


def stretches(place: Ints, pieces: Sequence[tuple[int, int]], leaf: Ints, leaves: Leaves) -> list[Stretch]:
    """The rows of each piece (at, span) of time; `place` is each row's piece, -1 for none."""
    out = []
    for i, rows in _by_place(place):
        chunks = tuple(_chunk(r, leaf, leaves.size) for r in _pieces(rows))
        out.append(Stretch(*pieces[i], chunks, leaves))
    return out


def _by_place(place: Ints) -> list[tuple[int, Rows]]:
    """The rows of each place, -1 left out: slices where they lie together."""
    bounds = np.concatenate([[0], np.flatnonzero(place[1:] != place[:-1]) + 1, [len(place)]])
    runs = place[bounds[:-1]]
    if len(np.unique(runs)) == len(runs):
        return [(int(p), slice(int(a), int(b))) for p, a, b in zip(runs, bounds, bounds[1:], strict=False) if p >= 0]
    order = np.argsort(place, kind="stable")
    found, starts = np.unique(place[order], return_index=True)
    ends = [*starts[1:].tolist(), len(place)]
    return [(p, order[a:b]) for p, a, b in zip(found.tolist(), starts.tolist(), ends, strict=True) if p >= 0]


def _pieces(rows: Rows) -> list[Rows]:
    if isinstance(rows, slice):
        return [slice(a, min(a + CHUNK, rows.stop)) for a in range(rows.start, rows.stop, CHUNK)]
    return [rows[a : a + CHUNK] for a in range(0, len(rows), CHUNK)]


def _chunk(rows: Rows, leaf: Ints, size: int) -> Chunk:
    mine = leaf[rows]
    n = len(mine)
    if size == 1:
        return Chunk(rows, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), n)
    order = np.argsort(mine.astype(np.uint16) if size <= 65_536 else mine, kind="stable")  # sixteen bits sort by radix
    mine = mine[order]
    starts = np.concatenate([[0], np.flatnonzero(mine[1:] != mine[:-1]) + 1])
    taken = order + rows.start if isinstance(rows, slice) else rows[order]
    return Chunk(taken, starts, mine[starts], n)
