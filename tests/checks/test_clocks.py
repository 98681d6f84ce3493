"""Days on which the clocks change in Europe/Madrid: people keep their hours, UTC does not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from .conftest import INVENTORY, World

MADRID = ZoneInfo("Europe/Madrid")
FALL, SPRING = datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)


def shop(change, *, naive=False, seed=3):
    """Sixty days around a change of the clocks: fifty rows an hour from nine to nine in Madrid, none at night."""
    rng = np.random.default_rng(seed)
    start = change.replace(hour=0) - timedelta(days=45)
    hours = [start + timedelta(hours=i) for i in range(60 * 24)]
    counts = [int(rng.poisson(50)) if 9 <= h.astimezone(MADRID).hour < 21 else 0 for h in hours]
    times = [
        h + timedelta(seconds=float(s)) for h, n in zip(hours, counts, strict=True) for s in np.sort(rng.uniform(0, 3600, n))
    ]
    n = len(times)
    return {
        "ts": pa.array([t.astimezone(MADRID).replace(tzinfo=None) for t in times], pa.timestamp("us"))
        if naive
        else pa.array(times, pa.timestamp("us", "UTC")),
        "region": np.array(["DE", "ES"])[rng.integers(0, 2, n)],
        "decision": np.where(rng.random(n) < 0.6, "approved", "rejected"),
        "score": rng.random(n).round(4),
        "amount": rng.lognormal(4, 1, n).round(2),
        "label": np.array(["rent", "tax"])[rng.integers(0, 2, n)],
    }


@pytest.fixture(params=[False, True], ids=["aware", "naive"])
def madrid(request, tmp_path):
    """A project in Madrid whose shop opens and closes by the local clock; times with and without a zone."""

    def made(change):
        world = World(tmp_path, INVENTORY.replace("timezone: UTC", "timezone: Europe/Madrid"))
        world.write(shop(change, naive=request.param))
        return world

    return made


@pytest.mark.parametrize("change", [FALL, SPRING], ids=["fall", "spring"])
def test_opening_hours_move_with_the_clocks(madrid, change):
    """On the morning after the change nothing is late before the shop opens, and something is when it does not."""
    world = madrid(change)
    opens = change.astimezone(MADRID).replace(hour=9, minute=0)
    for day in (0, 1, 2):
        before = (opens + timedelta(days=day, minutes=-20)).astimezone(UTC)
        (found,) = world.run("freshness", clock=before)
        assert found.status == "ok", found.summary
    columns = shop(change)
    closed = np.array([t < change for t in columns["ts"].to_pylist()])
    world.write({k: v.filter(pa.array(closed)) if k == "ts" else v[closed] for k, v in columns.items()})
    (found,) = world.run("freshness", clock=(opens + timedelta(hours=5)).astimezone(UTC))
    assert found.status in ("warn", "crit")


@pytest.mark.parametrize("change", [FALL, SPRING], ids=["fall", "spring"])
def test_an_hour_is_held_against_the_same_local_hour(madrid, change):
    """The first hour after opening is as full as ever, in the days after the change too; so is a whole day."""
    world = madrid(change)
    for day in (1, 2):
        opened = (change.astimezone(MADRID).replace(hour=10, minute=0) + timedelta(days=day)).astimezone(UTC)
        (found,) = world.run("volume", at=opened, compare="day_over_day", current=timedelta(hours=1))
        assert found.status == "ok" and 25 < found.value < 80 and 40 < found.baseline < 60, found.summary
        assert world.run("volume", at=opened, compare="day_over_day")[0].status == "ok"


def test_rows_are_counted_once_through_the_change(madrid):
    """The window that holds the change has exactly its rows, and no finding of the suite takes fright."""
    world = madrid(FALL)
    noon = FALL.replace(hour=12)
    (found,) = world.run("volume", at=noon, compare="day_over_day")
    window = found.window
    rows = shop(FALL)["ts"].to_pylist()
    assert found.n == sum(window.start <= t < window.end for t in rows) and window.length == timedelta(hours=24)
    for check in ("decision_rate", "score_drift", "feature_drift", "missing_rate"):
        for compare in ("day_over_day", "reference"):
            assert {f.status for f in world.run(check, at=noon, by="region", compare=compare)} == {"ok"}
