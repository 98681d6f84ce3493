"""In which zone times were written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest


def local(zone: str, start: datetime, days: int) -> pa.Array:
    """A row every five minutes, written as clocks in the zone show it."""
    moments = [start + timedelta(minutes=5 * i) for i in range(days * 288)]
    return pa.array([m.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in moments], pa.timestamp("us"))


def log(ts: pa.Array) -> dict[str, object]:
    """A log with these times."""
    return {"ts": ts, "score": np.linspace(0, 1, len(ts)), "decision": np.arange(len(ts)) % 3 == 0}


@pytest.mark.parametrize(
    ("written", "guessed_zone"),
    [("America/Chicago", "America/New_York"), ("Europe/Madrid", "Europe/Berlin"), ("UTC", "UTC")],
)
def test_the_hour_that_clocks_skip_tells_the_family(guessed, written, guessed_zone):
    """An empty hour on the Sunday when clocks change means local times; rows in it mean none of those places."""
    g = guessed(log(local(written, datetime(2026, 2, 10, tzinfo=UTC), 75)))
    assert g.zone.value == guessed_zone
    assert not g.zone.sure
    assert ("skip" in g.zone.why) == (written != "UTC") or "summer time skips" in g.zone.why


def test_this_machines_zone_is_taken_where_the_log_agrees(guessed):
    """Of the zones that skip the hour which the log lacks, the machine's own is likelier than their most frequent one."""
    g = guessed(log(local("America/Chicago", datetime(2026, 2, 10, tzinfo=UTC), 75)), here="America/Chicago")
    assert g.zone.value == "America/Chicago"


def test_the_night_is_told(guessed):
    """Times that are quiet at night look local: said in words, since no log tells the place."""
    day = [datetime(2026, 8, 1) + timedelta(days=d, minutes=15 * q) for d in range(20) for q in range(24, 96)]
    g = guessed(log(pa.array(day, pa.timestamp("us"))))
    assert g.zone.value == "UTC"
    assert "as nights are" in g.zone.why


def test_times_with_an_offset_need_no_zone(guessed):
    """What carries its offset is clear; the zone is then only the one that is shown."""
    aware = pa.array([datetime(2026, 8, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(900)], pa.timestamp("us", "UTC"))
    assert "only shown" in guessed(log(aware), here="Europe/Madrid").zone.why
    assert guessed(log(aware)).zone.sure


def test_a_person_knows_better(guessed):
    """The zone that a person names is taken."""
    g = guessed(log(local("UTC", datetime(2026, 2, 10, tzinfo=UTC), 75)), zone="Asia/Tokyo")
    assert (g.zone.value, g.zone.sure) == ("Asia/Tokyo", True)
