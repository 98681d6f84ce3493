"""What a model's reference window is, at a moment of data time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import LogError
from mlops_tui.core.window import Window, Windows, parse_duration
from mlops_tui.inventory.types import QUARTER, Span, WindowsSpec

Trained = Callable[[datetime], Window | None]
"""Gives the rows' span that the version live at a moment was trained on."""


def windows_at(spec: WindowsSpec, now: datetime, clock: datetime, zone: ZoneInfo, trained: Trained) -> Windows:
    """The windows at data time `now`: the current one ends there, the reference is what the model declares.

    A quarter is the calendar's, in `zone`. The reference never reaches into the current window, nor beyond it: rows are not
    held against themselves, and a replay does not know its future (it is empty where it would only begin later). Raises
    LogError where `training` is asked and nobody recorded it, or where the
    reference is nothing that can be read.
    """
    current = Window(now - spec.current, now)
    return Windows(now, clock, current, earlier(_reference(spec.reference, current, zone, trained), current))


def earlier(reference: Window, current: Window) -> Window:
    """The part of the reference that lies before the current window."""
    return Window(min(reference.start, current.start), min(reference.end, current.start))


def _reference(reference: str | Span, current: Window, zone: ZoneInfo, trained: Trained) -> Window:
    if isinstance(reference, Span):
        return Window(_utc(reference.from_, zone), _utc(reference.to, zone))
    if quarter := QUARTER.match(reference):
        year, number = int(quarter[1]), int(quarter[2])
        start = datetime(year, 3 * number - 2, 1, tzinfo=zone)
        end = datetime(year + number // 4, 3 * number % 12 + 1, 1, tzinfo=zone)
        return Window(start.astimezone(UTC), end.astimezone(UTC))
    if reference == "training":
        span = trained(current.end)
        if span is None:
            raise LogError(
                "the reference is `training`, and no live version says what it was trained on",
                hint="write versions: trained_on",
            )
        return span
    try:
        length = parse_duration(reference)
    except ValueError:
        raise LogError(
            f"the reference {reference!r} is no window", hint="write 30d, training, 2026-Q2 or {from: ..., to: ...}"
        ) from None
    return Window(current.start - max(length, timedelta(0)), current.start)


def _utc(value: datetime, zone: ZoneInfo) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
