"""The questions of `measure` answered from summaries: exactly as rows would answer them, or None where only rows can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from mlops_tui.core.window import Window

if TYPE_CHECKING:
    from mlops_tui.logs.log import Log
    from mlops_tui.summaries.counts import Counted, Counts, Group, Minutes
    from mlops_tui.summaries.layout import Layout
    from mlops_tui.summaries.shapes import Shapes

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
Where = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Summed:
    """What a log's summaries can answer. `first` and `last` are its least and greatest time, exactly (None: no rows).

    `decision` is the column that decisions were counted by; None in the log of a source. `load` gives the shapes that cover
    some windows (minutes), making those of parts of days from rows; None where that cannot be done.
    """

    layout: Layout
    cells: Counts
    first: datetime | None
    last: datetime | None
    decision: str | None = None
    load: Callable[[Sequence[Minutes]], Shapes | None] = lambda _: None

    def counts(
        self, windows: Sequence[Window], by: Sequence[str], where: Where, rows: str | None
    ) -> dict[tuple[int, Group], Counted] | None:
        """Rows by window and group. `rows` is a condition: only that of a declared slice is known here."""
        spans, told = _spans(windows), self._where(where, rows)
        return None if spans is None or told is None else self.cells.counts(spans, by, told)

    def series(
        self, window: Window, by: str | None, where: Where, rows: str | None, hours: int
    ) -> dict[str | None, list[tuple[datetime, Counted]]] | None:
        """Rows over time, by buckets of so many hours from the window's start."""
        spans, told = _spans([window]), self._where(where, rows)
        found = None if spans is None or told is None else self.cells.series(spans[0], hours * 60, by, told)
        if found is None:
            return None
        return {v: [(_EPOCH + at * _MINUTE, counted) for at, counted in line] for v, line in found.items()}

    def shapes(self, windows: Sequence[Window]) -> Shapes | None:
        """The shapes of these windows; None where rows have to be asked."""
        spans = _spans(windows)
        return None if spans is None else self.load(spans)

    def place(self, where: Where, rows: str | None, by: str | None = None) -> Place | None:
        """The set of dimensions that tells a restriction and a segment apart; None where none does."""
        told = self._where(where, rows)
        if told is None or (by is not None and by not in self.layout.names):
            return None
        names = {*told, *((by,) if by is not None else ())}
        found = next((s for s in self.layout.sets if set(s) == names), None)
        return None if found is None else Place(found, told, by)

    def missing(
        self, names: Sequence[str], windows: Sequence[Window], by: str | None, where: Where, rows: str | None
    ) -> dict[tuple[int, Group, str], tuple[int, int]] | None:
        """Rows and missing values of columns, by window and group: a group of one window is in every one."""
        place = self.place(where, rows, by)
        watched = [n for n in names if self.layout.column(n) is not None]
        if place is None or any(n not in (*watched, *self.layout.names, self.decision) for n in names):
            return None
        shapes = self.shapes(windows) if watched else None
        counted = self.counts(windows, [by] if by else [], where, rows)
        if counted is None or (watched and shapes is None):
            return None
        out: dict[tuple[int, Group, str], tuple[int, int]] = {}
        for name in names:
            if name in watched:
                assert shapes is not None
                found = [place.picked(f) for f in shapes.missing(minutes(windows), name, place.names)]
            else:
                told = self._absent(name, windows, by, where, rows, counted)
                if told is None:
                    return None
                found = told
            out |= {(i, g, name): found[i].get(g, (c.n, 0)) for (i, g), c in counted.items()}
        return out

    def _absent(
        self,
        name: str,
        windows: Sequence[Window],
        by: str | None,
        where: Where,
        rows: str | None,
        counted: Mapping[tuple[int, Group], Counted],
    ) -> list[dict[Group, tuple[int, int]]] | None:
        """Rows without a decision, or without a value of a dimension, by window and group."""
        if name == self.decision:
            lost = {key: c.n - c.decided for key, c in counted.items()}
        elif name == by:
            lost = {(i, g): c.n if g == (None,) else 0 for (i, g), c in counted.items()}
        elif name in where:
            lost = dict.fromkeys(counted, 0)
        else:
            crossed = self.counts(windows, [*((by,) if by else ()), name], where, rows)
            if crossed is None:
                return None
            lost = {(i, g[:-1]): c.n for (i, g), c in crossed.items() if g[-1] is None}
        return [{g: (c.n, lost.get((i, g), 0)) for (j, g), c in counted.items() if i == j} for i in range(len(windows))]

    def newest(self, not_after: datetime) -> datetime | None:
        """The newest row's time, if it is not after this moment; None where earlier rows would have to be asked."""
        return self.last if self.last is not None and self.last <= not_after else None

    def _where(self, where: Where, rows: str | None) -> dict[str, str | None] | None:
        """The restriction by dimensions; None where something else is restricted."""
        told = {c: v for c, v in where.items() if v is not None}
        if rows is not None:
            cut = next((d for d in self.layout.dimensions if d.role == "slice" and d.expression == rows), None)
            if cut is None:
                return None
            told[cut.name] = "yes"
        return dict(told) if told.keys() <= set(self.layout.names) else None


@dataclass(frozen=True, slots=True)
class Place:
    """A set of the layout, which of its groups are meant, and the segment (one of its dimensions) that they are told by."""

    names: tuple[str, ...]
    where: Mapping[str, str | None]
    by: str | None

    def picked(self, groups: Mapping[Group, T]) -> dict[Group, T]:
        """The groups that are meant, by the segment's value alone."""
        out: dict[Group, T] = {}
        for group, told in groups.items():
            values = dict(zip(self.names, group, strict=True))
            if all(values[c] == v for c, v in self.where.items()):
                out[() if self.by is None else (values[self.by],)] = told
        return out


def of(log: Log, column: str | None = None) -> Summed | None:
    """The log's summaries, where it has some; with `column` only if decisions were counted by it."""
    summed = log.summed
    return None if summed is None or (column is not None and summed.decision != column) else summed


def stretches(window: Window, step: timedelta, cycles: int, zone: ZoneInfo | None) -> Iterator[Window]:
    """The window, and the same stretch 1 to `cycles` steps earlier; with `zone` by the clock on the wall there."""
    yield window
    for back in range(1, cycles + 1):
        if zone is None:
            yield window.shift(-back * step)
            continue
        ends = [(t.astimezone(zone).replace(tzinfo=None) - back * step).replace(tzinfo=zone) for t in _ends(window)]
        start, end = (t.astimezone(UTC) for t in ends)
        yield Window(start, max(start, end))


def _ends(window: Window) -> tuple[datetime, datetime]:
    return window.start, window.end


def minutes(windows: Sequence[Window]) -> list[Minutes]:
    """Windows that begin and end with a minute, in minutes since 1970."""
    found = _spans(windows)
    assert found is not None
    return found


def _spans(windows: Sequence[Window]) -> list[Minutes] | None:
    """Windows in minutes; None where one begins or ends within a minute."""
    found = []
    for window in windows:
        (start, odd), (end, more) = (divmod(t - _EPOCH, _MINUTE) for t in _ends(window))
        if odd or more:
            return None
        found.append((start, end))
    return found
