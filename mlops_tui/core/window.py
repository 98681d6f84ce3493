"""Windows of time, durations, and the pairs of windows that a comparison needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Compare = Literal["day_over_day", "week_over_week", "reference"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)\Z")


def parse_duration(text: str) -> timedelta:
    """`20m`, `7d`, `5ms`, `2w` as a timedelta. Raises ValueError with what is allowed."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number and one of ms, s, m, h, d, w, like 20m")
    number, unit = float(match[1]), match[2]
    return timedelta(milliseconds=number) if unit == "ms" else timedelta(seconds=number * _UNITS[unit])


def format_duration(value: timedelta) -> str:
    """The shortest honest text of a duration: `45s`, `20m`, `18h`, `3h 20m`, `7d`, `2d 4h`. Never loses the sign."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 60:
        return f"{sign}{seconds}s"
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes = rest // 60
    if days:
        return f"{sign}{days}d" + (f" {hours}h" if hours else "")
    if hours:
        return f"{sign}{hours}h" + (f" {minutes}m" if minutes else "")
    return f"{sign}{minutes}m"


def parse_instant(text: str, zone: ZoneInfo | None = None) -> datetime:
    """An ISO 8601 moment or date as an aware UTC datetime; without an offset it is in `zone` (default UTC)."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time: write it like 2026-10-14T03:00 or 2026-10-14T03:00Z") from None
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone or UTC)
    return value.astimezone(UTC)


def iso(value: datetime) -> str:
    """An aware moment as UTC text to the second (or microsecond where it has one): `2026-10-14T03:00:00Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def both_zones(value: datetime, zone: ZoneInfo) -> str:
    """A moment for people, in UTC and in the project's zone: `2026-10-14 03:00Z (05:00 CEST)`."""
    utc = value.astimezone(UTC)
    if zone.key in ("UTC", "Etc/UTC"):
        return f"{utc:%Y-%m-%d %H:%M}Z"
    local = value.astimezone(zone)
    shown = f"{local:%H:%M %Z}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M %Z}"
    return f"{utc:%Y-%m-%d %H:%M}Z ({shown})"


def floor_hour(value: datetime) -> datetime:
    """The start of the hour that holds this moment, in UTC."""
    return value.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open stretch of time, `start <= t < end`, both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware times")
        if self.end < self.start:
            raise ValueError(f"a window cannot end ({iso(self.end)}) before it starts ({iso(self.start)})")

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def shift(self, by: timedelta) -> Window:
        """The window moved by `by` (negative is earlier)."""
        return Window(self.start + by, self.end + by)

    def as_json(self) -> dict[str, str]:
        """`{"start", "end"}` as UTC text."""
        return {"start": iso(self.start), "end": iso(self.end)}


def anchor(clock: datetime, newest: datetime | None, complete_after: timedelta) -> datetime:
    """Data's `now`: the start of the hour that holds min(newest row not after the clock, clock - complete_after)."""
    settled = clock - complete_after
    return floor_hour(settled if newest is None else min(newest, settled))


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared: the current window, the one it is held against, and the mode that chose them."""

    compare: Compare
    current: Window
    baseline: Window


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one question: `now` (data time), the clock, and the lengths that the model declares.

    The reference window ends where the current one begins.
    """

    now: datetime
    clock: datetime
    current: Window
    reference: Window

    @staticmethod
    def at(now: datetime, clock: datetime, current: timedelta, reference: timedelta) -> Windows:
        """The windows that end at `now`."""
        here = Window(now - current, now)
        return Windows(now, clock, here, Window(here.start - reference, here.start))

    @staticmethod
    def from_json(body: Mapping[str, Any]) -> Windows:
        """The windows from `as_json`."""
        now, clock = parse_instant(body["now"]), parse_instant(body["clock"])
        current, reference = (
            Window(parse_instant(body[name]["start"]), parse_instant(body[name]["end"])) for name in ("current", "reference")
        )
        return Windows(now, clock, current, reference)

    def pair(self, compare: Compare) -> Pair:
        """The two windows of a comparison: the last 24 complete hours against the same earlier, or current and reference."""
        day = timedelta(hours=24)
        if compare == "reference":
            return Pair(compare, self.current, self.reference)
        last = Window(self.now - day, self.now)
        back = day if compare == "day_over_day" else timedelta(days=7)
        return Pair(compare, last, last.shift(-back))

    def as_json(self) -> dict[str, object]:
        """Every bound as UTC text."""
        return {
            "now": iso(self.now),
            "clock": iso(self.clock),
            "current": self.current.as_json(),
            "reference": self.reference.as_json(),
        }
