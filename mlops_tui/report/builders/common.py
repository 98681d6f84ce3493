"""What the builders share: the stretch of time that is shown, buckets, the slice as the logs understand it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding, Kind
from mlops_tui.core.window import Window
from mlops_tui.report import words
from mlops_tui.report.chart import Mark

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_tui.project import Subject

HOUR = timedelta(hours=1)
BUCKETS = (1, 2, 3, 4, 6, 8, 12, 24)
MOST_BUCKETS = 96
MARGIN = timedelta(days=7)
"""How much of the time before is shown: a whole week, so that a weekend is not taken for a change."""


@dataclass(frozen=True, slots=True)
class Place:
    """A slice as the logs understand it: equality on columns, and a declared slice as a row expression."""

    columns: Mapping[str, str]
    rows: str | None = None
    name: str = ""
    readings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """How values read to people: column -> value -> reading."""

    @property
    def shown(self) -> str:
        """`region=ES (Spain)`, `slice=new_accounts`, or an empty text for everything."""
        parts = [self.read(k, v) for k, v in sorted(self.columns.items())]
        return ", ".join([*parts, *([f"slice={self.name}"] if self.name else [])])

    def read(self, column: str, value: str) -> str:
        """One column's part: `region=ES (Spain)`, without the parenthesis where no reading is declared."""
        reading = self.readings.get(column, {}).get(value)
        return f"{column}={value}" + (f" ({reading})" if reading else "")


def place_of(subject: Subject, where: Mapping[str, str]) -> Place:
    """The slice of a Finding. Raises LogError for a declared slice that only a later release can cut (`top`)."""
    columns = {k: v for k, v in where.items() if k != "slice"}
    name, readings = where.get("slice", ""), subject.spec.log.names
    if not name:
        return Place(columns, readings=readings)
    rows = subject.spec.slices.get(name)
    if not isinstance(rows, str):
        raise LogError(f"slice {name!r} has no row expression, so it cannot be drawn", where=subject.model)
    return Place(columns, rows, name, readings)


def of_kind(findings: Iterable[Finding], kind: Kind, where: Mapping[str, str]) -> Finding | None:
    """The worst finding of this kind for exactly this slice, recoveries last."""
    fitting = [f for f in findings if f.kind == kind and dict(f.slice) == dict(where)]
    return next((f for f in fitting if not f.recovery), fitting[0] if fitting else None)


def shown_span(subject: Subject, finding: Finding | None) -> Window:
    """From a week before the earliest of current window, compared window and onset, to now."""
    now = subject.windows.now
    starts = [subject.windows.current.start]
    if finding is not None and finding.window is not None:
        starts.append(finding.window.start)
    if finding is not None and finding.onset is not None:
        starts.append(finding.onset)
    return Window(min(starts) - MARGIN, now)


def current_window(subject: Subject, finding: Finding | None) -> Window:
    """The window that was compared, else the model's current one."""
    return finding.window if finding is not None and finding.window is not None else subject.windows.current


def time_marks(finding: Finding | None, current: Window) -> tuple[Mark, ...]:
    """The onset, where one is known, and the start of the current window."""
    marks = [Mark(current.start, f"current window from {words.moment(current.start)}", "window")]
    if finding is not None and finding.onset is not None:
        marks.append(Mark(finding.onset, f"onset {words.moment(finding.onset)}", "onset"))
    return tuple(marks)


def bucket_hours(span: Window, current: Window, hourly: Sequence[int], least: int) -> int:
    """How many hours a bucket is: at most 96 buckets in all, at least four in the current window, and within that as
    short as leaves `least` rows in the median bucket."""
    hours, longest = span.length / HOUR, max(current.length / HOUR / 4, 1.0)
    fitting = [b for b in BUCKETS if hours / b <= MOST_BUCKETS]
    if not fitting:
        return BUCKETS[-1] * math.ceil(hours / BUCKETS[-1] / MOST_BUCKETS)
    allowed = [b for b in fitting if b <= longest] or fitting[:1]
    return next((b for b in allowed if _median(hourly) * b >= least), allowed[-1])


def _median(values: Sequence[int]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def widened(span: Window, hours: int) -> Window:
    """The span with its start moved back, so that it is a whole number of buckets and the last one is complete."""
    step = HOUR * hours
    return Window(span.end - step * math.ceil(span.length / step), span.end)


def bucket_start(at: datetime, span: Window, hours: int) -> datetime:
    """The start of the bucket that holds a moment."""
    step = HOUR * hours
    return span.start + step * ((at - span.start) // step)


def bucket_name(hours: int) -> str:
    """`hour`, `3 hours`, `day`."""
    return {1: "hour", 24: "day"}.get(hours, f"{hours} hours")


def numbers(table: pa.Table, column: str) -> Any:
    """A column as a float64 array, NaN where it is null; booleans as 0 and 1. Raises LogError for text."""
    import numpy as np
    import pyarrow as pa

    try:
        values = table.column(column).combine_chunks().cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise LogError(f"column {column!r} does not hold numbers", where=column) from None
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def percentile(values: Sequence[float], share: float) -> float:
    """A quantile with linear interpolation (type 7 of Hyndman and Fan, 1996)."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
