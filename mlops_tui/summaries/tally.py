"""Counts of codes in the cells of a cross: laid out where they fit, else only what is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_tui.summaries.frame import Chunk
from mlops_tui.summaries.margins import Cross, Margin

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Filled:
    """What is filled: `codes` and their `counts`, row after row; `each` is how many a row has."""

    each: Ints
    codes: Ints
    counts: Ints

    @property
    def rows(self) -> Ints:
        """The row of each code."""
        return np.repeat(np.arange(len(self.each)), self.each)


@dataclass(frozen=True, slots=True)
class Dense:
    """Counts of a margin: shape (its cells, codes)."""

    counts: Ints

    def beside(self, first: int, last: int) -> Ints:
        """The counts of some codes, shape (cells, last - first)."""
        return self.counts[:, first:last]

    def filled(self, first: int, last: int) -> Filled:
        """What is filled of some codes, which are then counted from `first`."""
        counts = self.counts[:, first:last]
        rows, codes = np.nonzero(counts != 0)
        return Filled(np.bincount(rows, minlength=len(counts)), codes, counts[rows, codes])

    def at(self, filled: Filled) -> Ints:
        """The counts of codes that are filled elsewhere."""
        return self.counts[filled.rows, filled.codes]


@dataclass(frozen=True, slots=True)
class Sparse:
    """Counts of a margin of `size` cells by (row, code), sorted; those that are not there are 0."""

    rows: Ints
    codes: Ints
    counts: Ints
    size: int

    def beside(self, first: int, last: int) -> Ints:
        """The counts of some codes, shape (cells, last - first)."""
        out = np.zeros((self.size, last - first), dtype=np.int64)
        some = (self.codes >= first) & (self.codes < last)
        out[self.rows[some], self.codes[some] - first] = self.counts[some]
        return out

    def filled(self, first: int, last: int) -> Filled:
        """What is filled of some codes, which are then counted from `first`."""
        some = (self.codes >= first) & (self.codes < last)
        each = np.bincount(self.rows[some], minlength=self.size)
        return Filled(each, self.codes[some] - first, self.counts[some])

    def at(self, filled: Filled) -> Ints:
        """The counts of codes that are filled elsewhere."""
        wide = 1 + max(int(c.max(initial=0)) for c in (self.codes, filled.codes))
        mine, wanted = self.rows * wide + self.codes, filled.rows * wide + filled.codes
        place = np.minimum(np.searchsorted(mine, wanted), max(len(mine) - 1, 0))
        return np.where(mine[place] == wanted, self.counts[place], 0) if len(mine) else np.zeros_like(wanted)


class Tally:
    """Counts the codes (below `width`) of rows, chunk after chunk, in the cells of a cross."""

    def __init__(self, cross: Cross, width: int) -> None:
        self._cross, self._width = cross, width
        self._counts: Ints | None = None
        self._keys: list[Ints] = []

    def add(self, keys: npt.NDArray[np.integer[Any]]) -> None:
        """Rows by `cell_keys` plus their codes."""
        if not self._cross.dense:
            self._keys.append(keys.astype(np.int64))
            return
        counts = np.bincount(keys, minlength=self._cross.size * self._width)
        if self._counts is None:
            self._counts = counts
        else:
            self._counts += counts

    def margin(self, margin: Margin) -> Dense | Sparse:
        """The counts of one of the cross's margins, its cells that occur being the rows."""
        if self._cross.dense:
            assert self._counts is not None
            return Dense(self._cross.summed(self._counts, margin))
        found, counts = np.unique(np.concatenate(self._keys), return_counts=True)
        cells, codes = np.divmod(found, self._width)
        return Sparse(np.searchsorted(margin.present, cells), codes, counts, len(margin.present))


def cell_keys(cross: Cross, chunk: Chunk, width: int) -> Ints | None:
    """What is added to the codes of a chunk's rows, so that a number tells cell and code; None where there is one cell."""
    if cross.size == 1:
        return None
    return np.repeat(cross.cell[chunk.leaves] * width, chunk.lengths)
