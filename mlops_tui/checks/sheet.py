"""The columns of one window: read once, cut by a segment once, for every check that asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from mlops_tui.checks import values
from mlops_tui.core.finding import Input, Provenance
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.project.subject import Subject

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from mlops_tui.summaries.histogram import Histogram

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

Side: TypeAlias = "Numbers | Labels | Histogram"
Shape = Literal["numbers", "lengths", "categories"]
MOST_CELLS = 20_000_000
"""Values (rows by columns) of a window up to which its columns are read together and kept."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to compare: its name, how it is read, whether its values must not be shown."""

    name: str
    shape: Shape
    private: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """The known values of a column in ascending order (infinities too), and how many more are missing."""

    known: Floats
    missing: int

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.known) + self.missing


OTHER_KNOWN, MORE_NEW = "(all other known values)", "(more new values)"
"""Categories that summaries do not keep by name: known ones beyond the most frequent, and newcomers beyond the most."""


@dataclass(frozen=True, slots=True)
class Labels:
    """How often each category of a column occurs; None is missing."""

    counts: Mapping[str | None, int]

    @property
    def n(self) -> int:
        """Rows."""
        return sum(self.counts.values())


class Columns(Protocol):
    """Some columns of one window, whatever they were taken from: every row's value, or counts of them."""

    @property
    def n(self) -> int:
        """Rows."""

    def whole(self, column: Column) -> Side:
        """The column over all rows. Raises LogError where numbers were declared and are not there."""

    def sizes(self, segment: str) -> Mapping[str, int]:
        """Rows of each value of a segment; rows without one are left out."""

    def parts(self, column: Column, segment: str, chosen: Sequence[str]) -> Mapping[str, Side]:
        """The column in each chosen value of a segment. Raises LogError as `whole`."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Rows in the order of a segment's values: value i has the rows `order[bounds[i]:bounds[i + 1]]`."""

    place: Mapping[str, int]
    order: Ints
    bounds: Ints


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some columns of one window, and where they came from."""

    table: pa.Table
    inputs: Input
    _layouts: dict[str, _Layout] = field(default_factory=dict, compare=False, repr=False)

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.table.num_rows)

    def whole(self, column: Column) -> Side:
        """The column over all rows. Raises LogError where numbers were declared and are not there."""
        return side(self.table.column(column.name), column)

    def sizes(self, segment: str) -> Mapping[str, int]:
        """Rows of each value of a segment; rows without one are left out."""
        layout = self._layout(segment)
        return {v: int(layout.bounds[i + 1] - layout.bounds[i]) for v, i in layout.place.items()}

    def parts(self, column: Column, segment: str, chosen: Sequence[str]) -> Mapping[str, Side]:
        """The column in each chosen value of a segment. Raises LogError as `whole`."""
        import numpy as np

        layout = self._layout(segment)
        raw = self.table.column(column.name)
        rows = {
            v: layout.order[layout.bounds[i] : layout.bounds[i + 1]] for v in chosen if (i := layout.place.get(v)) is not None
        }
        if column.shape == "categories":
            labels, codes = values.codes(raw)
            ends = [None if i < 0 else labels[i] for i in range(-1, len(labels))]

            def tallied(mine: Ints) -> Labels:
                seen, counts = np.unique(codes[mine] + 1, return_counts=True)
                return Labels({ends[i]: int(n) for i, n in zip(seen.tolist(), counts.tolist(), strict=True)})

            return {v: tallied(rows[v]) if v in rows else Labels({}) for v in chosen}
        read = floats(raw, column)
        return {v: _sorted(read[rows[v]] if v in rows else read[:0]) for v in chosen}

    def _layout(self, segment: str) -> _Layout:
        import numpy as np

        if segment not in self._layouts:
            names, codes = values.groups(self.table.column(segment))
            order = np.argsort(codes, kind="stable")
            bounds = np.searchsorted(codes[order], np.arange(len(names) + 1), "left")
            self._layouts[segment] = _Layout({v: i for i, v in enumerate(names)}, order, bounds)
        return self._layouts[segment]


def floats(raw: pa.ChunkedArray, column: Column) -> Floats:
    """A column as numbers: its values, or the lengths of its texts; NaN where missing. Raises LogError."""
    return values.numbers(raw, column.name) if column.shape == "numbers" else values.lengths(raw)


def side(raw: pa.ChunkedArray, column: Column) -> Side:
    """Raw values as what is compared. Raises LogError where numbers were declared and are not there."""
    if column.shape == "categories":
        return Labels(values.frequencies(values.texts(raw)))
    return _sorted(floats(raw, column))


def _sorted(read: Floats) -> Numbers:
    import numpy as np

    ascending = np.sort(read)
    missing = int(np.isnan(ascending).sum())
    return Numbers(ascending[: len(ascending) - missing], missing)


def columns_of(
    subject: Subject, column: Column, segment: str | None, windows: Sequence[Window], where: measure.Where, rows: str | None
) -> tuple[Sequence[Columns], Sequence[Input]]:
    """A column (and a segment to cut it by) in each of the windows, all from summaries or all from rows; and what was read.

    Raises LogError, QueryError.
    """
    from mlops_tui.checks.summed import summed_sheets

    summed = summed_sheets(subject, column, segment, windows, where, rows)
    if summed is not None:
        return summed, [subject.log.inputs]
    names = [column.name] if segment is None else [segment, column.name]
    sheets = [sheet(subject, names, w, where, rows) for w in windows]
    return sheets, [s.inputs for s in sheets]


def sheet(subject: Subject, names: Sequence[str], window: Window, where: measure.Where, rows: str | None) -> Sheet:
    """Columns of a window. Raises LogError, QueryError.

    Everything that drift is asked of (features, score, segments) is read together and kept with the subject, so that many
    questions cost one read; where that would not fit into memory, only what is asked is read, and not kept.
    """
    log, there = subject.log, subject.log.columns
    spec = subject.spec.log
    # texts can be long and only their lengths are asked for: each is read alone
    watched = [n for n, f in subject.features.items() if f.type != "text"]
    watched += [*([spec.score.column] if spec.score else []), *subject.dimensions]
    every = [c for c in dict.fromkeys((*watched, *names)) if c in there]
    if log.at_most([window]) * len(every) > MOST_CELLS:
        asked = measure.columns(log, names, window, where=where, rows=rows)
        return Sheet(asked.value, asked.inputs)

    def read() -> Sheet:
        asked = measure.columns(log, every, window, where=where, rows=rows)
        return Sheet(asked.value, asked.inputs)

    return subject.once(("sheet", window, tuple(sorted(where.items())), rows, tuple(every)), read)


def origin(
    subject: Subject,
    read: Sequence[Input],
    names: Sequence[str],
    windows: Sequence[Window],
    where: measure.Where,
    rows: str | None,
) -> Provenance:
    """How to get the compared columns again: the narrow queries, whatever was read with them."""
    queries = [measure.columns_query(subject.log, names, w, where=where, rows=rows) for w in windows]
    inputs = tuple(dict.fromkeys(read))
    return Provenance(";\n".join(dict.fromkeys(queries)), inputs, as_of=subject.windows.now)
