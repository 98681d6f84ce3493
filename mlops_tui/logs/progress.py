"""How far a build has come, and what reading a file costs beside others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mlops_tui.logs.manifest import LogFile

_TEXT = 8
"""Reading a byte of text costs as much as so many of Parquet; packed text five times that."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build has come: files and rows read, and the share of all that there is to read (0 to 1)."""

    files: int
    of: int
    rows: int
    share: float


Tell = Callable[[Progress], None]
Stopped = Callable[[], bool]


@dataclass
class Counter:
    """Adds up what threads have read, and tells it; `weight` is what all files weigh."""

    tell: Tell
    of: int
    weight: float
    files: int = 0
    rows: int = 0
    done: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rows: int = 0, weight: float = 0.0, files: int = 0) -> None:
        """So much more was read."""
        with self.lock:
            self.rows += rows
            self.files += files
            self.done += weight
            self.tell(Progress(self.files, self.of, self.rows, min(1.0, self.done / self.weight) if self.weight else 1.0))


def weight_of(file: LogFile) -> float:
    """What reading the file costs, beside others."""
    return float(file.size * (1 if file.format == "parquet" else _TEXT * (5 if file.path.suffix.lower() == ".gz" else 1)))
