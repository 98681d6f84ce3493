"""Whether a log is large enough to be summarised: a small one is read as fast as its summaries would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_tui.logs.days import about, spans
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.plan import Plan
from mlops_tui.logs.progress import weight_of
from mlops_tui.summaries.layout import Dimension

LEAST = 8 << 20
"""Bytes of Parquet (of text an eighth) below which rows are read in no time."""
SHARE = 0.1
"""The most that summaries may take of the log's bytes."""
_VALUES = {"version": 2, "slice": 2}
_MOST_VALUES = 6
"""Values that a dimension is taken to have, of whatever kind."""
_HISTOGRAM, _PER_ROW, _MOST = 60.0, 0.15, 420.0
"""Bytes of one column's counts in one group of one day: so many, and for each row of it, up to so many (measured)."""
_CELL = 12.0
_TEXT_ROW = 150


@dataclass(frozen=True, slots=True)
class Worth:
    """Whether summaries are built (`summarised`), and why; `expected` is the size they would have, of a log of `size` bytes."""

    summarised: bool
    why: str
    expected: int
    size: int


def sized(size: int) -> str:
    """A number of bytes for people: `3.1 MB`."""
    for unit, one in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= one:
            return f"{size / one:.1f} {unit}" if size < 100 * one else f"{size / one:.0f} {unit}"
    return f"{size} bytes"


def large(manifest: Manifest) -> bool:
    """Whether the log is so large that its rows are not read in no time."""
    return sum(map(weight_of, manifest.files)) >= LEAST


def worth(manifest: Manifest, facts: Mapping[str, Facts], declared: Plan) -> Worth:
    """By the log alone: its bytes, its rows and days as far as its files tell them, and what is declared to be counted.

    `facts` are those of the Parquet files; of text, whose rows nobody has counted before it is read, bytes stand for rows.
    """
    files = manifest.files
    size = sum(f.size for f in files)
    if not large(manifest):
        return Worth(False, f"the log is small ({sized(size)}): its rows are read", 0, size)
    rows = sum(_rows(f, facts.get(f.shown)) for f in files)
    expected = round(_expected(rows, _days(files, facts, declared.layout.zone), declared))
    if expected > SHARE * size:
        why = f"summaries would take about {expected / size:.0%} of the log: its rows are read"
        return Worth(False, why, expected, size)
    return Worth(True, "", expected, size)


def _rows(file: LogFile, facts: Facts | None) -> int:
    if file.format == "parquet":
        return facts.rows if facts is not None else 0
    return round(file.size / _TEXT_ROW) * (5 if file.path.suffix.lower() == ".gz" else 1)


def _days(files: tuple[LogFile, ...], facts: Mapping[str, Facts], zone: str) -> int:
    """Local days that the files are about; a file that does not tell is one of its own."""
    told: set[object] = set()
    for file in files:
        known = facts.get(file.shown) if file.format == "parquet" else None
        day = about(file, *(spans(known) if known is not None else (None, None)), zone)
        told.add(file.shown if day is None else day)
    return len(told)


def _expected(rows: int, days: int, declared: Plan) -> float:
    """The size that summaries of so many rows and days would have, in bytes."""
    layout = declared.layout
    values = {d.name: _values(d) for d in layout.dimensions}
    sets = [1, *values.values(), *(values[a] * values[b] for a, b in layout.pairs)]
    shapes = sum(groups * min(_MOST, _HISTOGRAM + _PER_ROW * rows / days / groups) for groups in sets)
    return days * (shapes * len(layout.columns) + _CELL * 24 * sum(sets))


def _values(dimension: Dimension) -> int:
    return _VALUES.get(dimension.role, _MOST_VALUES)
