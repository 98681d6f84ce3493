"""What a `DecisionLog` was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_tui.capture.kinds import Kind
from mlops_tui.capture.rows import Every
from mlops_tui.summaries.layout import Layout


@dataclass(frozen=True)
class Plan:
    """See `DecisionLog`. `layout` is that of what is summarised, without the bins that must be learned; None: nothing is.

    `rows` says whether decisions are written as rows at all, `hidden` names the columns that are not.
    """

    root: Path
    model: str
    types: Mapping[str, Kind]
    every: Every
    flush_rows: int
    flush_bytes: int
    flush_seconds: float
    most_bytes: int
    rows: bool = True
    hidden: frozenset[str] = frozenset()
    layout: Layout | None = None
    positive: str | None = None
