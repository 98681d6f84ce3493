"""Rows that lie in another day's folder: files whose times do not fit the date that their folder names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mlops_tui.logs.facts import Facts
from mlops_tui.logs.manifest import LogFile

DATE_KEYS = ("date", "day", "dt", "ds")
SLACK = timedelta(hours=14)
"""A folder's day may be that of any zone on earth."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A file in the folder of `day` with rows of another: from `first` to `last`, in UTC."""

    file: str
    day: date
    first: datetime
    last: datetime


def day_of(file: LogFile) -> date | None:
    """The day that a `date=2026-10-01` folder above the file names; None where there is none."""
    for key in DATE_KEYS:
        value = file.partitions.get(key)
        if value is not None:
            try:
                return date.fromisoformat(value)
            except ValueError:
                continue
    return None


def misplaced(files: tuple[LogFile, ...], facts: Mapping[str, Facts]) -> tuple[list[Misplaced], int]:
    """The files with rows of another day than their folder's, by what they told of their times, and how many files could be
    judged. No row is read; a file that does not tell its times is not judged."""
    found, judged = [], 0
    for file in files:
        day, told = day_of(file), facts.get(file.shown)
        if day is None or told is None or told.first is None or told.last is None:
            continue
        judged += 1
        start = datetime.combine(day, time(), UTC)
        if told.first < start - SLACK or told.last >= start + timedelta(days=1) + SLACK:
            found.append(Misplaced(file.shown, day, told.first, told.last))
    return found, judged
