"""Counts of codes in the cells of margins: laid out where they fit, else only what is filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_tui.summaries.frame import Chunk, Stretch
from mlops_tui.summaries.margins import Cross, Margin, crosses

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Plan:
    """How the rows of a stretch are counted by margins, for codes below `width`: once, for all columns.

    `margins` are in the order of the counts' rows: those that are laid out, then the others.
    """

    def __init__(self, stretch: Stretch, margins: Sequence[Margin], width: int) -> None:
        self.stretch, self.width = stretch, width
        self.crosses = sorted(crosses(stretch.leaves, margins, stretch.rows, width), key=lambda c: not c.dense)
        order = [i for c in self.crosses for i in c.margins]
        self.margins = [margins[i] for i in order]
        self.dense_rows = sum(len(margins[i].present) for c in self.crosses if c.dense for i in c.margins)
        self.rows = sum(len(m.present) for m in margins)
        self.of_cross = [[margins[i] for i in c.margins] for c in self.crosses]
        self._keys = [[_keys(c, chunk, width) for c in self.crosses] for chunk in stretch.chunks]

    def keyed(self, chunk: int, cross: int, codes: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.integer[Any]]:
        """The codes of a chunk's rows as numbers that tell cell and code."""
        keys = self._keys[chunk][cross]
        return codes if keys is None else keys + codes


def _keys(cross: Cross, chunk: Chunk, width: int) -> Ints | None:
    """What is added to codes; None where there is one cell."""
    return None if cross.size == 1 else np.repeat(cross.cell[chunk.leaves] * width, chunk.lengths)


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
class Counts:
    """Counts by row and code: `dense` has shape (rows, codes); of further rows those that are there, sorted by row and code."""

    dense: Ints
    rows: Ints
    codes: Ints
    counts: Ints
    size: int

    def beside(self, first: int, last: int) -> Ints:
        """The counts of some codes: shape (size, last - first)."""
        out = np.zeros((self.size, last - first), dtype=np.int64)
        out[: len(self.dense)] = self.dense[:, first:last]
        some = (self.codes >= first) & (self.codes < last)
        out[self.rows[some], self.codes[some] - first] = self.counts[some]
        return out

    def filled(self, first: int, last: int) -> Filled:
        """What is filled of some codes, which are then counted from `first`."""
        counts = self.dense[:, first:last]
        rows, codes = np.nonzero(counts != 0)
        some = (self.codes >= first) & (self.codes < last)
        each = np.bincount(np.concatenate([rows, self.rows[some]]), minlength=self.size)
        codes, found = (codes, counts[rows, codes])
        return Filled(each, np.concatenate([codes, self.codes[some] - first]), np.concatenate([found, self.counts[some]]))

    def at(self, filled: Filled) -> Ints:
        """The counts of codes (from 0) that are filled elsewhere."""
        rows, width = filled.rows, self.dense.shape[1]
        laid = rows < len(self.dense)
        mine, wanted = self.rows * width + self.codes, (rows * width + filled.codes)[~laid]
        place = np.searchsorted(mine, wanted)
        there = np.zeros(len(wanted), dtype=bool)
        inside = place < len(mine)
        there[inside] = mine[place[inside]] == wanted[inside]
        others = np.zeros(len(wanted), dtype=np.int64)
        others[there] = self.counts[place[there]]
        return np.concatenate([self.dense[rows[laid], filled.codes[laid]], others])


class Tally:
    """Counts codes of rows, chunk after chunk, as planned."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._laid: list[Ints | None] = [None for c in plan.crosses if c.dense]
        self._keys: list[list[npt.NDArray[np.integer[Any]]]] = [[] for c in plan.crosses if not c.dense]

    def add(self, cross: int, keys: npt.NDArray[np.integer[Any]]) -> None:
        """Rows of a chunk in one of the plan's crosses, by `Plan.keyed`."""
        if cross >= len(self._laid):
            self._keys[cross - len(self._laid)].append(keys)
            return
        held, planned = self._laid[cross], self._plan.crosses[cross]
        counts = np.bincount(keys, minlength=planned.size * self._plan.width)
        if held is None:
            self._laid[cross] = counts
        else:
            held += counts

    def counts(self) -> Counts:
        """All counts, the rows being the cells of the plan's margins that occur."""
        plan, row = self._plan, 0
        dense = np.empty((plan.dense_rows, plan.width), dtype=np.int64)
        for laid, cross, margins in zip(self._laid, plan.crosses, plan.of_cross, strict=False):
            for margin in margins:
                assert laid is not None
                dense[row : row + len(margin.present)] = cross.summed(laid, margin)
                row += len(margin.present)
        parts = [(np.empty(0, dtype=np.int64),) * 3]
        for keys, margins in zip(self._keys, plan.of_cross[len(self._laid) :], strict=True):
            found, counts = np.unique(np.concatenate(keys), return_counts=True)
            cells, codes = np.divmod(found.astype(np.int64), plan.width)
            parts.append((row + np.searchsorted(margins[0].present, cells), codes, counts))
            row += len(margins[0].present)
        rows, codes, counts = (np.concatenate([p[k] for p in parts]) for k in range(3))
        return Counts(dense, rows, codes, counts, plan.rows)
