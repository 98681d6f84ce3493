"""What a first project is written from: the guesses, what the log's days say, and the names that people own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from mlops_tui.core.threshold import Quantity
from mlops_tui.core.window import floor_hour
from mlops_tui.govern.guess import Guess
from mlops_tui.govern.guesses import Guesses
from mlops_tui.govern.history import Learned, Span

TEAM = "my-team"
DECISIONS, SCORES, VOLUME = "decisions-moved", "scores-moved", "volume-moved"
"""The ids of the alerts that a draft may have."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written: the guesses, how the log behaves, and the names that belong to the person who asks.

    `path` is the log's as it stands in the file, with `path_note`; `start` and `end` are shown as dates.
    """

    guesses: Guesses
    span: Span | None
    current: Guess[timedelta]
    reference: Guess[timedelta]
    rate: Learned | None
    psi: Learned | None
    path: str
    path_note: str
    model: str
    runbook: str
    login: str

    @property
    def rate_bound(self) -> str:
        """The bound on moves of the decision rate, as it is written: learned, or ten points where the log is too short."""
        return str(Quantity(round(self.rate.bound if self.rate else 0.10, 4), "pp"))

    @property
    def alerts(self) -> tuple[str, ...]:
        """The ids of its alerts: the first one is the runbook's."""
        first = (DECISIONS,) if self.guesses.decision else ()
        second = (SCORES,) if self.guesses.score else (VOLUME,)
        return first + second


def moment_after(newest: datetime, zone: tzinfo) -> str:
    """The first full hour after the newest row, as `--at` takes it in the project's zone."""
    return f"{(floor_hour(newest) + timedelta(hours=1)).astimezone(zone):%Y-%m-%dT%H:%M}"
