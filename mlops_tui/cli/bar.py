"""How far a long read has come, on one line."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from mlops_tui.cli import page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.logs.progress import Progress

_BAR = 24
_REDRAWN = 0.1
"""Seconds between two drawings of the bar."""


class Bar:
    """One line on stderr, redrawn while a log is read: how far, how fast, how long it will still take.

    With `patience` nothing is shown of what takes fewer seconds, and the line is left empty when a log is done.
    """

    def __init__(self, shown: bool, *, patience: float = 0.0) -> None:
        self._shown = shown
        self._patience = patience
        self._name = ""
        self._began = self._drawn = 0.0

    def show(self, name: str, progress: Progress) -> None:
        """How far the log of this name has come."""
        now = time.monotonic()
        if not self._shown or (name == self._name and now - self._drawn < _REDRAWN and progress.share < 1):
            return
        if name != self._name:
            self._name, self._began = name, now
        if self._patience and (now - self._began < self._patience or progress.share >= 1):
            self.clear()
            return
        self._drawn = now
        sys.stderr.write(f"\r\x1b[K{line(name, progress, now - self._began)}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leaves the line empty."""
        if self._shown and self._name:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def line(name: str, progress: Progress, seconds: float) -> str:
    """`credit  [#####-----]  40 %  12 of 37 files  4,000,000 rows  1.2 Mrows/s  5 s left`."""
    filled = round(progress.share * _BAR)
    parts = [one_line(name, most=24), f"[{'#' * filled}{'-' * (_BAR - filled)}]", f"{progress.share:4.0%}"]
    parts += [f"{progress.files} of {progress.of} files", page.plural(progress.rows, "row")]
    if seconds > 0.2 and 0 < progress.share < 1:
        parts += [f"{progress.rows / seconds:,.0f} rows/s", f"{seconds * (1 - progress.share) / progress.share:,.0f} s left"]
    return "  ".join(parts)
