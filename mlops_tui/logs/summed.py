"""The questions of `measure` answered from summaries: exactly as rows would answer them, or None where only rows can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_tui.core.window import Window

if TYPE_CHECKING:
    from mlops_tui.logs.log import Log
    from mlops_tui.summaries.counts import Cells, Counted, Group, Minutes
    from mlops_tui.summaries.layout import Layout

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
Where = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Summed:
    """What a log's summaries can answer. `first` and `last` are its least and greatest time, exactly (None: no rows).

    `decision` is the column that decisions were counted by; None in the log of a source.
    """

    layout: Layout
    cells: Cells
    first: datetime | None
    last: datetime | None
    decision: str | None = None

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


def _spans(windows: Sequence[Window]) -> list[Minutes] | None:
    """Windows in minutes; None where one begins or ends within a minute."""
    found = []
    for window in windows:
        (start, odd), (end, more) = (divmod(t - _EPOCH, _MINUTE) for t in _ends(window))
        if odd or more:
            return None
        found.append((start, end))
    return found
