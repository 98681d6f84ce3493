"""Counts by several sets of dimensions from as few passes as possible: crosses are counted, margins summed from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.frame import Leaves, Stretch
from mlops_tui.summaries.layout import JOIN
from mlops_tui.summaries.summary import named

Ints = npt.NDArray[np.int64]
Dims = tuple[int, ...]
T = TypeVar("T", bound=np.generic)

_CELL, _ROW = 3.0, 1.5
"""What it costs to clear and sum a cell, and to count a row (in nanoseconds)."""
MOST_DENSE = 1 << 22
"""Counts (cells by codes) up to which a cross is counted in place; above it, its rows are sorted."""


@dataclass(frozen=True, slots=True)
class Margin:
    """A set of dimensions in a stretch: the cells that occur, with their values as text, and their leaves.

    `leaves` are those that occur, sorted by cell; those of the cell i begin at `starts[i]`.
    """

    dims: Dims
    name: str
    size: int
    present: Ints
    values: list[str]
    leaves: Ints
    starts: Ints

    def reduced(self, pick: np.ufunc, of_leaf: npt.NDArray[T]) -> npt.NDArray[T]:
        """Leaves as cells, by np.add, np.minimum or np.maximum: shape (..., leaves) to (..., cells that occur)."""
        reduced: npt.NDArray[T] = pick.reduceat(of_leaf[..., self.leaves], self.starts, axis=-1)
        return reduced


def margin(stretch: Stretch, names: Sequence[str], dims: Dims) -> Margin:
    """The margin of a stretch over some dimensions."""
    cell, size = stretch.leaves.cells(dims)
    leaves = np.flatnonzero(stretch.counts)
    leaves = leaves[np.argsort(cell[leaves], kind="stable")]
    present, starts = np.unique(cell[leaves], return_index=True)
    name = JOIN.join(names[d] for d in dims)
    return Margin(dims, name, size, present, stretch.leaves.texts(dims, present), leaves, starts)


@dataclass(frozen=True, slots=True)
class Names:
    """What a column's rows of a stretch are called, margin after margin: time, set and value, and how many rows they sum."""

    at: Ints
    span: Ints
    sets: list[str]
    values: list[str]
    n: Ints

    def __len__(self) -> int:
        return len(self.sets)

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """These rows for each of some columns, one column after the other."""
        times = len(names)
        return {
            "at": pa.array(np.tile(self.at, times), pa.int32()),
            "span": pa.array(np.tile(self.span, times), pa.int32()),
            "set": pa.array(self.sets * times, pa.string()),
            "value": pa.array(self.values * times, pa.string()),
            "column": named(np.repeat(np.arange(times), len(self)), list(names)),
            "n": pa.array(np.tile(self.n, times)),
        }


def names_of(stretch: Stretch, margins: Sequence[Margin]) -> Names:
    """The names of a stretch's rows: its own time, and set and value of each margin's cells."""
    sets = [m.name for m in margins for _ in m.values]
    at, span = (np.full(len(sets), v, dtype=np.int64) for v in (stretch.at, stretch.span))
    n = np.concatenate([m.reduced(np.add, stretch.counts) for m in margins])
    return Names(at, span, sets, [v for m in margins for v in m.values], n)


@dataclass(frozen=True, slots=True)
class Cross:
    """Dimensions whose cells are counted together, and the margins that are summed from them."""

    dims: Dims
    cell: Ints
    shape: Dims
    margins: tuple[int, ...]
    dense: bool

    @property
    def size(self) -> int:
        """Cells."""
        return int(np.prod(self.shape, dtype=np.int64))

    def summed(self, counts: Ints, margin: Margin) -> Ints:
        """Counts of the cross (flat, codes innermost) summed to a margin: shape (its present cells, codes)."""
        cube = counts.reshape(*self.shape, -1)
        axes = [self.dims.index(d) for d in margin.dims]
        rest = tuple(i for i in range(len(self.dims)) if i not in axes)
        cube = cube.sum(axis=rest) if rest else cube
        kept = sorted(axes)
        cube = cube.transpose(*(kept.index(a) for a in axes), len(axes))
        flat = cube.reshape(margin.size, counts.size // self.size)
        return flat if len(margin.present) == margin.size else flat[margin.present]


def crosses(leaves: Leaves, margins: Sequence[Margin], rows: int, width: int) -> tuple[Cross, ...]:
    """Few crosses that hold every margin, for so many rows and codes (`width`); what is too large for one is counted alone."""

    def cells(dims: Dims) -> int:
        return int(np.prod(leaves.shape(dims), dtype=np.float64))

    def dense(dims: Dims) -> bool:
        return cells(dims) * width <= min(MOST_DENSE, max(8 * rows, 65_536))

    planned = _planned(cells, margins, rows, width)
    served: dict[Dims, list[int]] = {}
    for i, m in enumerate(margins):
        homes = [d for d in planned if set(m.dims) <= set(d) and dense(d)]
        served.setdefault(min(homes, key=cells, default=m.dims), []).append(i)
    return tuple(Cross(d, leaves.cells(d)[0], leaves.shape(d), tuple(mine), dense(d)) for d, mine in served.items())


def _planned(cells: Callable[[Dims], int], margins: Sequence[Margin], rows: int, width: int) -> list[Dims]:
    """Dimensions that are counted together: two crosses become one where that is cheaper."""

    def cost(dims: Dims) -> float:
        return _ROW * rows + _CELL * cells(dims) * width

    found: list[Dims] = []
    for m in sorted(margins, key=lambda m: -len(m.dims)):
        if not any(set(m.dims) <= set(f) for f in found):
            found.append(m.dims)
    while True:
        found.sort(key=cells)
        pairs = [(a, b, tuple(sorted({*a, *b}))) for i, a in enumerate(found) for b in found[i + 1 :]]
        cheaper = next(((a, b, both) for a, b, both in pairs if cost(both) < cost(a) + cost(b)), None)
        if cheaper is None:
            return found
        found = [f for f in found if f not in cheaper[:2]] + [cheaper[2]]
