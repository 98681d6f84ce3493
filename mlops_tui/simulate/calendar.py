"""When rows happen: the days of the log, and volumes with a mild daily and weekly season."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOUR: Final = timedelta(hours=1)
COMPLETE_AFTER: Final = timedelta(minutes=20)
"""How long after its end an hour counts as complete; the demo's inventory says the same."""
DAYS_BEFORE: Final = 155
"""Whole days of log before the day of the onset."""
HOURS_AFTER: Final = 20
"""Complete hours of log after the onset: of the last 24, 20 are affected."""

_BY_HOUR: Final = np.array(
    [
        0.35,
        0.25,
        0.2,
        0.2,
        0.3,
        0.5,
        0.8,
        1.1,
        1.35,
        1.5,
        1.55,
        1.5,
        1.4,
        1.45,
        1.5,
        1.5,
        1.45,
        1.35,
        1.2,
        1.1,
        1.0,
        0.85,
        0.65,
        0.5,
    ]
)
_BY_WEEKDAY: Final = np.array([1.06, 1.05, 1.04, 1.03, 1.02, 0.9, 0.88])


@dataclass(frozen=True, slots=True)
class Calendar:
    """The log's days: it starts at midnight (UTC), and `now` is the last complete hour's end, `HOURS_AFTER` past the onset."""

    onset: datetime

    @property
    def start(self) -> datetime:
        """The first moment of the log."""
        return self.onset.replace(hour=0) - timedelta(days=DAYS_BEFORE)

    @property
    def now(self) -> datetime:
        """Data's `now`: what windows are anchored on."""
        return self.onset + HOURS_AFTER * HOUR

    @property
    def end(self) -> datetime:
        """The newest row lies just before this: the hour that began at `now` is `COMPLETE_AFTER` old."""
        return self.now + COMPLETE_AFTER

    @property
    def days(self) -> tuple[date, ...]:
        """Every day that holds rows."""
        count = (self.end.date() - self.start.date()).days + 1
        return tuple(self.start.date() + timedelta(days=i) for i in range(count))

    def counts(self, rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
        """Rows in each hour of the log, from `start`; `rows` in all, and at least one in the last, unfinished hour."""
        hours = int((self.now - self.start) / HOUR) + 1
        index = np.arange(hours)
        weekday = (self.start.weekday() + index // 24) % 7
        weight = _BY_HOUR[index % 24] * _BY_WEEKDAY[weekday]
        weight[-1] *= COMPLETE_AFTER / HOUR
        counts = rng.multinomial(rows, weight / weight.sum())
        if counts[-1] == 0:
            counts[np.argmax(counts)] -= 1
            counts[-1] = 1
        return counts

    def times(self, rng: np.random.Generator, counts: NDArray[np.int64], day: int) -> NDArray[np.int64]:
        """The sorted times of day number `day`'s rows, in milliseconds since the epoch."""
        first, last = 24 * day, min(24 * day + 24, len(counts))
        hour = np.repeat(np.arange(first, last), counts[first:last])
        length = np.where(hour == len(counts) - 1, COMPLETE_AFTER / HOUR, 1.0)
        inside = np.sort(hour + rng.random(len(hour)) * length)
        begin = round(self.start.timestamp() * 1000)
        return (begin + np.floor(inside * 3_600_000)).astype(np.int64)


def millis(moment: datetime) -> int:
    """A moment in milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
