"""What many Findings are about: the same answer for whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlops_tui.core.finding import Finding
from mlops_tui.core.headline import began, headline

EARLY, LATE = (datetime(2026, 10, day, tzinfo=UTC) for day in (12, 13))


def found(kind: Any, status: Any = "crit", **more: Any) -> Finding:
    return Finding(status, "model", "monitoring", kind, str(kind), "credit-risk", str(kind), **more)


def test_the_worst_movement_of_decisions_comes_first() -> None:
    """A feature may have moved further; people are told about decisions."""
    drift, rate = found("feature_drift", onset=EARLY), found("decision_rate", "warn", onset=LATE)
    assert headline([drift, rate]) is rate
    assert headline([drift]) is drift
    assert began([drift, rate]) == LATE


def test_what_is_well_or_comes_back_is_no_headline() -> None:
    """Recoveries, too few rows and unknowns are not what an incident is about."""
    back = found("decision_rate", "ok", recovery=True, onset=EARLY)
    fine = [back, found("volume", "insufficient"), found("volume", "unknown")]
    assert headline(fine) is None
    assert began(fine) is None


def test_without_an_onset_of_its_own_the_next_worst_dates_it() -> None:
    """A headline whose moment did not stand out takes that of what moved with it."""
    assert began([found("decision_rate"), found("feature_drift", onset=EARLY)]) == EARLY
