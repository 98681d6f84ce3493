"""Windows and thresholds from how a log behaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from support.habits import write

from mlops_tui.govern import history
from mlops_tui.govern.history import Span
from mlops_tui.inventory.types import Decision, LogSpec
from mlops_tui.logs.log import Log

DAY = timedelta(days=1)
END = datetime(2026, 10, 1, tzinfo=UTC)


def span(days: float, per_day: int) -> Span:
    """A log of this length with the same number of rows every day."""
    return Span(END - days * DAY, END, END, (per_day,) * max(1, round(days)))


@pytest.mark.parametrize(
    ("days", "per_day", "current", "reference"),
    [
        (90, 5_000, DAY, 28 * DAY),
        (600, 165, 7 * DAY, 28 * DAY),
        (20, 5_000, DAY, 14 * DAY),
        (6, 5_000, DAY, 5 * DAY),
        (1, 50_000, timedelta(hours=4), timedelta(hours=20)),
        (600, 8, 28 * DAY, 112 * DAY),
    ],
)
def test_windows_fit_the_logs_length_and_its_rows(days, per_day, current, reference):
    """Whole weeks where there are some, long enough to tell a move, never longer than the log."""
    found = history.windows(span(days, per_day))
    assert (found[0].value, found[1].value) == (current, reference)
    assert found[0].value + found[1].value <= days * DAY


@pytest.fixture
def quiet(tmp_path: Path) -> Log:
    """Forty days of 600 decisions in two regions: 60 % yes, but 20 % in the west on the thirtieth day."""
    r = np.random.default_rng(5)
    day = np.repeat(np.arange(40), 600)
    west = r.random(len(day)) < 0.5
    yes = r.random(len(day)) < np.where(west & (day == 29), 0.2, 0.6)
    ts = [
        END - 40 * DAY + timedelta(days=int(d), seconds=float(s))
        for d, s in zip(day, r.uniform(0, 86_000, len(day)), strict=True)
    ]
    write(
        tmp_path / "log.parquet", {"ts": ts, "region": np.where(west, "west", "east"), "yes": yes, "score": r.random(len(day))}
    )
    return Log.open(LogSpec(path="log.parquet", time="ts"), root=tmp_path, zone=ZoneInfo("UTC"), name="log", required=["yes"])


def test_the_threshold_is_the_logs_own_spread(quiet):
    """Wide enough for what chance does from day to day, narrow enough for the day that was bad, which is named."""
    known = history.span_of(quiet, END)
    assert known is not None
    learned = history.learn_rate(quiet, Decision(column="yes", positive="true"), known, ["region"], DAY, 28 * DAY)
    assert learned is not None
    assert (learned.by, learned.compare) == ("region", "day_over_day")
    assert 0.08 <= learned.bound <= 0.30
    assert "2026-09-20" in learned.why


def test_scores_that_never_drift_have_the_tightest_bound(quiet):
    """PSI beyond its noise stays near zero: the credit industry's lower band is the bound."""
    known = history.span_of(quiet, END)
    assert known is not None
    learned = history.learn_psi(quiet, "score", np.linspace(0, 1, 1000), known, DAY, 28 * DAY)
    assert learned is not None
    assert learned.bound == 0.10
    assert "under 0.01; beyond the bound on none" in learned.why


def test_a_log_of_a_day_teaches_nothing(tmp_path):
    """Two days cannot say what is usual."""
    write(
        tmp_path / "log.parquet",
        {"ts": [END - timedelta(hours=h) for h in range(1, 30)], "yes": [True, False, True] * 9 + [True, False]},
    )
    log = Log.open(LogSpec(path="log.parquet", time="ts"), root=tmp_path, zone=ZoneInfo("UTC"), name="log")
    known = history.span_of(log, END)
    assert known is not None
    assert history.learn_rate(log, Decision(column="yes", positive="true"), known, [], DAY, DAY) is None
