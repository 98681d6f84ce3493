"""A model under examination: its log, its windows, its features, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mlops_tui.core.window import Compare, Pair, Window, Windows
from mlops_tui.inventory.types import Feature, Model
from mlops_tui.logs.log import Log
from mlops_tui.project.reference import earlier

if TYPE_CHECKING:
    from mlops_tui.project.project import Project

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a check asks about. `dimensions` are the segments; `future_rows` are rows later than the clock.

    `at_given` says that a person chose the moment (`--at`): rows after it are then the replay's future, and not counted.
    """

    project: Project
    model: str
    spec: Model
    log: Log
    windows: Windows
    features: dict[str, Feature]
    dimensions: tuple[str, ...]
    future_rows: int
    at_given: bool
    age: timedelta
    """How old the newest row is, by the clock."""
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this subject: its log's files and its windows do not change under it.

        `key` must say everything that the answer depends on beside them. Nothing is kept where `make` raises.
        """
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    @property
    def answered_from(self) -> Literal["summaries", "rows"]:
        """What questions on windows are answered from."""
        return "rows" if self.log.summed is None else "summaries"

    def source(self, name: str) -> Log:
        """An upstream source's log; opened once. Raises UnknownName, LogError."""
        return self.project.source(name)

    def segment_values(self, dimension: str) -> tuple[str, ...]:
        """The values of a segment in the reference and current windows, most frequent first; empty for no such column."""
        from mlops_tui.logs.measure import values

        if dimension not in self.log.columns:
            return ()
        span = Window(self.windows.reference.start, self.windows.now)
        return tuple(v for v in values(self.log, dimension, span).value if v is not None)

    def interrupt(self) -> None:
        """Stops whatever query runs on the model's log or its sources; it raises Cancelled there."""
        self.project.interrupt()

    def pair(self, compare: Compare, current: timedelta | None = None) -> Pair:
        """The two windows of a comparison. `current` overrides the current window's length.

        The windows of day over day and week over week keep their distance of a day or a week; the reference stays put, but
        for what a longer current window takes of it.
        """
        pair = self.windows.pair(compare)
        if current is None:
            return pair
        here = Window(self.windows.now - current, self.windows.now)
        back = pair.current.start - pair.baseline.start
        return Pair(compare, here, earlier(pair.baseline, here) if compare == "reference" else here.shift(-back))
