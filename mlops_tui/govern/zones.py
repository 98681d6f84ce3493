"""In which zone a log's times were written: told by their form, by the hour that clocks skip in spring, by the night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from mlops_tui.govern.guess import Guess, percent
from mlops_tui.govern.times import Moments


@dataclass(frozen=True, slots=True)
class _Family:
    """Places whose clocks skip the same hour: its rule by month and Sunday, the hour, and the zone that stands for them."""

    words: str
    zone: str
    month: int
    sunday: int
    hour: int


_FAMILIES = (
    _Family("the European Union", "Europe/Berlin", 3, -1, 2),
    _Family("Britain", "Europe/London", 3, -1, 1),
    _Family("North America", "America/New_York", 3, 2, 2),
    _Family("Australia", "Australia/Sydney", 10, 1, 2),
)


def skipped_hours(first: datetime, last: datetime) -> Mapping[datetime, list[int]]:
    """Starts of the hours that some clocks skip between two moments (as if in UTC) -> indices of the families that do."""
    found: dict[datetime, list[int]] = {}
    for year in range(first.year, last.year + 1):
        for i, family in enumerate(_FAMILIES):
            at = _sunday(year, family.month, family.sunday) + timedelta(hours=family.hour)
            if first + timedelta(days=15) <= at <= last - timedelta(days=15):
                found.setdefault(at, []).append(i)
    return found


def _sunday(year: int, month: int, which: int) -> datetime:
    day = datetime(year, month, 1, tzinfo=UTC) if which > 0 else datetime(year, month + 1, 1, tzinfo=UTC) - timedelta(days=7)
    first = day + timedelta(days=(6 - day.weekday()) % 7)
    return first + timedelta(weeks=which - 1 if which > 0 else 0)


def guess_zone(m: Moments, hourly: Mapping[datetime, int], here: str | None) -> Guess[str]:
    """The zone of a log's times. `hourly` counts rows by the hour as written (as if in UTC);
    `here` is the zone of this machine, where it is known."""
    if m.form in ("aware", "unix"):
        carries = "Unix times are" if m.form == "unix" else "each time carries its offset, so the log is"
        if here and here not in ("UTC", "Etc/UTC"):
            return Guess(here, f"this machine's; {carries} clear without it: it is only shown beside UTC")
        return Guess("UTC", f"{carries} clear without it: name your own, it is shown beside UTC")
    ask = "if they are some place's local times, write its zone, like America/New_York"
    if m.form == "date":
        return Guess("UTC", f"the times are days without a zone; {ask}", sure=False)
    family = _by_skipped_hour(m, hourly)
    if isinstance(family, _Family):
        chosen = here if here and _same_rule(here, family, m.first) else family.zone
        at = f"the hour that clocks in {family.words} skip in spring is empty"
        return Guess(chosen, f"times without a zone; {at}: write the city's own zone where it differs", sure=False)
    rhythm = _night(hourly)
    unskipped = "; rows lie in hours that summer time skips elsewhere" if family == "none" else ""
    return Guess("UTC", f"times without a zone{unskipped}{rhythm}; {ask}", sure=False)


def _by_skipped_hour(m: Moments, hourly: Mapping[datetime, int]) -> _Family | Literal["none", "unknown"]:
    """The family of places whose skipped hour is empty where the same hour of other Sundays is not; `none` where every
    skipped hour that can be judged has its rows."""
    votes: dict[int, list[bool]] = {}
    for at, families in skipped_hours(m.first, m.last).items():
        usual = [hourly.get(at + timedelta(days=d), 0) for d in (-14, -7, 7, 14)]
        expected = sum(usual) / len(usual)
        if min(usual) < 5 or expected < 12:
            continue
        for i in families:
            votes.setdefault(i, []).append(hourly.get(at, 0) == 0)
    agreed = [i for i, v in votes.items() if all(v)]
    if agreed:
        return _FAMILIES[agreed[0]]
    return "none" if votes else "unknown"


def _same_rule(zone: str, family: _Family, first: datetime) -> bool:
    at = _sunday(first.year, family.month, family.sunday) + timedelta(hours=family.hour, minutes=30)
    here = ZoneInfo(zone)
    written = at.replace(tzinfo=here)
    return written.astimezone(UTC).astimezone(here).hour != written.hour


def _night(hourly: Mapping[datetime, int]) -> str:
    """When the log is quiet by the hour of the day, in words; empty where there is no clear night."""
    day = [0] * 24
    for at, n in hourly.items():
        day[at.hour] += n
    total = sum(day)
    if total < 500:
        return ""
    quiet = min(range(24), key=lambda h: (sum(day[(h + i) % 24] for i in range(4)), h))
    share = sum(day[(quiet + i) % 24] for i in range(4)) / total
    if share > 0.4 * 4 / 24:
        return ""
    held = f"{percent(share)} of rows" if share else "no rows"
    stretch = f"{quiet:02}:00 to {(quiet + 4) % 24:02}:00"
    if quiet >= 23 or quiet <= 3:
        return f"; quiet from {stretch} ({held}), as nights are: these may well be local times"
    return f"; quiet from {stretch} ({held}): no night of local times"
