"""Days and hours of a time zone, in minutes since 1970 in UTC. An hour in which a day begins is cut there."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MINUTE = 60_000_000
"""In microseconds."""
HOUR, DAY = 60, 1440
"""In minutes."""
EARLIEST, LATEST = -70 * 365 * DAY, 930 * 365 * DAY
"""Times before about 1900 or after about 2900 are none of a log."""
_ZERO = date(1970, 1, 1)


@lru_cache(maxsize=65_536)
def midnight(zone: str, day: int) -> int:
    """The minute at which a day begins in a zone; `day` counts its date from 1970-01-01."""
    local = datetime.combine(_ZERO + timedelta(days=day), time(), ZoneInfo(zone))
    return int(local.astimezone(UTC).timestamp()) // 60


@lru_cache(maxsize=65_536)
def day_of(zone: str, minute: int) -> int:
    """The date of a minute in a zone, counted from 1970-01-01."""
    return (datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).date() - _ZERO).days


class Calendar:
    """The days of a zone."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def days_of(self, minutes: Ints) -> tuple[Ints, Ints]:
        """The start of the day that holds each minute, and that day's length: 1440, or more or less where clocks change."""
        starts = self._starts(minutes)
        place = np.searchsorted(starts, minutes, "right") - 1
        return starts[place], (starts[1:] - starts[:-1])[place]

    def hours_of(self, minutes: Ints) -> Ints:
        """The start of the hour that holds each minute; the day's, where that begins within the hour."""
        hours: Ints = minutes // HOUR * HOUR
        days, _ = self.days_of(minutes)
        cut: Ints = np.maximum(hours, days)
        return cut

    def hour_spans(self, starts: Ints) -> Ints:
        """The length of hours that begin there: 60, or up to the next day's start."""
        days, spans = self.days_of(starts)
        ends: Ints = np.minimum((starts // HOUR + 1) * HOUR, days + spans)
        return ends - starts

    def _starts(self, minutes: Ints) -> Ints:
        """The starts of all days that hold a minute, and of each day after one. Ascending."""
        dates: set[int] = set()
        for utc in np.unique(minutes // DAY).tolist():
            dates.update(range(day_of(self._zone, utc * DAY), day_of(self._zone, utc * DAY + DAY - 1) + 2))
        return np.array(sorted(midnight(self._zone, d) for d in dates), dtype=np.int64)
