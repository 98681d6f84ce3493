"""Which local day a moment is in, and which one a file is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_tui.logs.facts import Facts
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.places import day_of as day_named
from mlops_tui.summaries.days import day_of
from mlops_tui.summaries.summary import Summary

_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_day(zone: str, us: int | None) -> int | None:
    """The day since 1970 that this moment is in there; None for a moment that no calendar has."""
    if us is None:
        return None
    try:
        return (_EPOCH + us * _TICK).astimezone(ZoneInfo(zone)).date().toordinal() - _EPOCH.toordinal()
    except OverflowError:
        return None


def days_in(summary: Summary, zone: str) -> tuple[int, ...]:
    """The local days that a summary holds decisions of."""
    import numpy as np

    return tuple(sorted({day_of(zone, int(minute)) for minute in np.unique(summary.cells.column("at").to_numpy())}))


def about(file: LogFile, first_us: int | None, last_us: int | None, zone: str) -> int | None:
    """The local day that a file is about: that of its folder, else the one in the middle of its times, where it tells them."""
    named = day_named(file)
    if named is not None:
        return named.toordinal() - _EPOCH.toordinal()
    return None if first_us is None or last_us is None else local_day(zone, (first_us + last_us) // 2)


def spans(facts: Facts) -> tuple[int | None, int | None]:
    """The bounds of a file's times, in microseconds since 1970."""
    return _us(facts.first), _us(facts.last)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _TICK
