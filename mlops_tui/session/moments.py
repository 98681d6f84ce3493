"""`--at` as people type it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import UsageError
from mlops_tui.core.window import parse_instant


def read_at(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A moment as typed; without an offset it is in the project's zone. Raises UsageError with the form."""
    if text is None:
        return None
    try:
        return parse_instant(text, zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(str(error), where="--at") from None
