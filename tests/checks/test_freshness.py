from datetime import timedelta

from mlops_tui.core.threshold import Quantity, Threshold

from .conftest import HOURS, NOW, feed, rows, table


def day_only(hour):
    """Rows from six to midnight only."""
    return (NOW - timedelta(hours=HOURS - hour)).hour >= 6


def test_a_log_that_writes_is_fresh(quiet):
    """Rows up to the clock: ok, and the age is told."""
    (found,) = quiet.run("freshness")
    assert found.status == "ok" and found.value < 3600 and "old" in found.summary


def test_a_silent_log_is_found_against_the_clock(quiet):
    """Nine hours after the last row the windows still end at the last row, and freshness does not."""
    (found,) = quiet.run("freshness", clock=NOW + timedelta(hours=10))
    assert found.status == "crit" and found.value > 8.9 * 3600 and found.score > 4


def test_a_nightly_pause_is_usual(world):
    """At five in the morning a log that sleeps from midnight is fresh; at ten it is not."""
    world.write(table(rows(hours=HOURS)))
    world.write(feed(hours=HOURS, keep=day_only), log="feed")
    asleep = world.run("freshness", of="sources", clock=NOW + timedelta(hours=5))[0]
    late = world.run("freshness", of="sources", clock=NOW + timedelta(hours=10))[0]
    assert asleep.status == "ok" and asleep.value >= 5 * 3600
    assert late.status in ("warn", "crit")


def test_complete_after_is_granted(world):
    """A log that is declared to be late by a day is not called late after ten hours."""
    world.inventory = world.inventory.replace("complete_after: 0s}", "complete_after: 24h}")
    world.write(table(rows(hours=HOURS)))
    world.write(feed(hours=HOURS), log="feed")
    assert world.run("freshness", of="feed", clock=NOW + timedelta(hours=10))[0].status == "ok"
    assert world.run("freshness", of="feed", clock=NOW + timedelta(hours=30))[0].status == "warn"


def test_a_declared_age_is_held(quiet):
    """`value: {above: 2h}` fires at three hours, whatever is usual."""
    bound = (Threshold("value", above=Quantity(7200.0, "h")),)
    assert quiet.run("freshness", clock=NOW + timedelta(hours=4), thresholds=bound)[0].status == "crit"
    assert quiet.run("freshness", thresholds=bound)[0].status == "ok"


def test_without_history_nothing_is_usual(quiet):
    """On the second day of a log its pauses are not known yet."""
    (found,) = quiet.run("freshness", at=NOW - timedelta(hours=HOURS - 20))
    assert found.status == "insufficient" and "earlier day" in found.summary


def test_a_missing_source_is_unknown(world):
    """A source without files has no age."""
    world.write(table(rows(hours=HOURS)))
    (found,) = world.run("freshness", of="sources")
    assert found.status == "unknown" and found.target == "feed"
