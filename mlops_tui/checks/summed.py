"""Columns of a window from summaries: histograms and counts of categories in place of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.checks.sheet import MORE_NEW, OTHER_KNOWN, Column, Labels, Side
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.logs.log import Log
from mlops_tui.logs.summed import Place, Summed
from mlops_tui.project.subject import Subject

if TYPE_CHECKING:
    from mlops_tui.summaries.shapes import Shapes
    from mlops_tui.summaries.spread import Categories

_KINDS = {"numbers": "number", "lengths": "length", "categories": "category"}


@dataclass(frozen=True, slots=True)
class SummedSheet:
    """Some columns of one window, as its summaries have them."""

    log: Log
    summed: Summed
    shapes: Shapes
    window: Window
    where: measure.Where
    rows: str | None

    @property
    def n(self) -> int:
        """Rows."""
        return measure.volumes(self.log, [self.window], where=self.where, rows=self.rows).value.get((0, ()), 0)

    def whole(self, column: Column) -> Side:
        """The column over all rows."""
        return self._sides(column, None).get(None) or self._nothing(column)

    def sizes(self, segment: str) -> Mapping[str, int]:
        """Rows of each value of a segment; rows without one are left out."""
        counted = measure.volumes(self.log, [self.window], by=[segment], where=self.where, rows=self.rows).value
        return {group[0]: n for (_, group), n in counted.items() if group[0] is not None}

    def parts(self, column: Column, segment: str, chosen: Sequence[str]) -> Mapping[str, Side]:
        """The column in each chosen value of a segment."""
        sides = self._sides(column, segment)
        return {value: sides.get(value) or self._nothing(column) for value in chosen}

    def _sides(self, column: Column, segment: str | None) -> dict[str | None, Side]:
        from mlops_tui.logs.summed import minutes

        place = self.summed.place(self.where, self.rows, segment)
        assert place is not None
        [window] = minutes([self.window])
        if column.shape == "categories":
            named = place.picked(self.shapes.categories(window, column.name, place.names))
            return {_value(g): _labels(told) for g, told in named.items()}
        numbers = place.picked(self.shapes.histograms(window, column.name, place.names))
        return {_value(g): told for g, told in numbers.items()}

    def _nothing(self, column: Column) -> Side:
        import numpy as np

        from mlops_tui.summaries.histogram import Histogram

        if column.shape == "categories":
            return Labels({})
        spec = self.summed.layout.column(column.name)
        assert spec is not None
        assert spec.binning is not None
        return Histogram(spec.binning, np.zeros(spec.binning.size, dtype=np.int64))


def summed_sheets(
    subject: Subject, column: Column, segment: str | None, windows: Sequence[Window], where: measure.Where, rows: str | None
) -> list[SummedSheet] | None:
    """A column in each of the windows, as summaries have it; None where they do not: rows have to be asked."""
    captured = subject.log.captured
    beside = captured is not None and column.name in captured.names
    summed = captured.summed if captured is not None and beside else subject.log.summed
    spec = summed.layout.column(column.name) if summed is not None else None
    if summed is None or spec is None or spec.kind != _KINDS[column.shape]:
        return None
    if column.private and spec.kind == "category" and not beside:  # of these no summary keeps names, and rows do
        return None
    places: list[Place | None] = [summed.place(where, rows, segment), summed.place(where, rows)]
    shapes = None if None in places else summed.shapes(windows)
    if shapes is None:
        return None
    return [SummedSheet(subject.log, summed, shapes, w, where, rows) for w in windows]


def _value(group: tuple[str | None, ...]) -> str | None:
    return group[0] if group else None


def _labels(told: Categories) -> Labels:
    counts: dict[str | None, int] = dict(told.counts.items())
    rest = {OTHER_KNOWN: told.other, MORE_NEW: told.overflow, None: told.missing}
    return Labels(counts | {name: n for name, n in rest.items() if n})
