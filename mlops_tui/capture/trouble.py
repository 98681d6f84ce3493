"""What goes wrong while decisions are captured: counted, told once, never raised."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Tell = Callable[[str], None]


class CaptureWarning(UserWarning):
    """Decisions, or some of their values, are not being written; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What has happened in this process so far. Counts of decisions, but where it says otherwise.

    `taken` = `written` + `waiting` + `lost`; what was `dropped` was never taken. `mistyped` counts values by column that
    were written as missing because they were of another type than the column; `refused` counts names that cannot be columns.
    """

    taken: int = 0
    written: int = 0
    waiting: int = 0
    dropped: int = 0
    """Not taken: the buffer was full, or the log was closed."""
    lost: int = 0
    """Taken, and given up: the log was closed while they could not be written."""
    unsummarised: int = 0
    """Written as rows, and missing from the summaries of columns that are only summarised."""
    files: int = 0
    """Files written; one that is replaced counts each time."""
    failures: int = 0
    """Attempts to write a file that failed; what they held was kept, and tried again."""
    mistyped: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    last_error: str = ""


class Ledger:
    """The counts behind `Stats`, from any thread; and who has been told what."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell or _warn
        self._lock = threading.RLock()  # a signal handler may log a decision while this thread is inside
        self._counts: Counter[str] = Counter()
        self._mistyped: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._told: set[str] = set()
        self._last_error = ""

    def count(self, what: str, n: int = 1) -> None:
        """Add to a count of `Stats` by its name."""
        with self._lock:
            self._counts[what] += n

    def mistyped(self, column: str, n: int, message: str) -> None:
        """Values that were of another type than their column."""
        with self._lock:
            self._mistyped[column] += n
        self.tell(f"type {column}", message)

    def refused(self, name: str, n: int, message: str) -> None:
        """Names that cannot be columns, and the values that came with them."""
        with self._lock:
            self._refused[name] += n
        self.tell(f"name {name}", message)

    def failed(self, error: BaseException) -> None:
        """An attempt to write that failed."""
        with self._lock:
            self._counts["failures"] += 1
            self._last_error = _said(error)

    def tell(self, once: str, message: str) -> None:
        """Say it, unless something of the same name was said before. A listener that fails is not our caller's fault."""
        with self._lock:
            if once in self._told:
                return
            self._told.add(once)
        try:
            self._tell(message)
        except Exception:  # noqa: BLE001 (a filter may turn warnings into errors: serving goes on)
            self.count("untold")

    @property
    def last_error(self) -> str:
        """What the last failure said."""
        return self._last_error

    def stats(self, taken: int) -> Stats:
        """Everything so far, of so many rows taken."""
        with self._lock:
            counted = {n: self._counts[n] for n in ("written", "dropped", "lost", "unsummarised", "files", "failures")}
            return Stats(
                taken=taken,
                waiting=taken - counted["written"] - counted["lost"],
                **counted,
                mistyped=dict(self._mistyped),
                refused=dict(self._refused),
                last_error=self._last_error,
            )


def _warn(message: str) -> None:
    warnings.warn(message, CaptureWarning, stacklevel=4)


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
