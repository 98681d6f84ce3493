from datetime import timedelta

import numpy as np

from mlops_tui.core.threshold import Quantity, Threshold
from mlops_tui.report import words

from .conftest import HOURS, NOW, REGIONS, feed, rows, table


def weekly(seed=7, per_hour=20, spread=0.1, factor=None):
    """A log with weekends at a third, nights at a tenth, and days that vary by a tenth."""
    rng = np.random.default_rng(seed)
    hours = []
    for h in range(HOURS):
        at = NOW - timedelta(hours=HOURS - h)
        level = per_hour * (0.33 if at.weekday() >= 5 else 1) * (0.1 if at.hour < 6 else 1)
        hours.append(level * (factor(h) if factor else 1))
    day = np.repeat(np.exp(rng.normal(0, spread, HOURS // 24 + 1)), 24)[:HOURS]
    counts = rng.poisson(np.array(hours) * day)
    hour = np.sort(np.repeat(np.arange(HOURS), counts) + rng.random(counts.sum()))
    quiet = rows(per_hour=1, hours=len(hour))
    return {k: v[: len(hour)] for k, v in quiet.items()} | {"hour": hour}


def test_a_weekend_is_held_against_weekends(world):
    """On Sunday night a third of the usual rows is usual."""
    world.write(table(weekly()))
    sunday = NOW - timedelta(days=(NOW.weekday() + 1) % 7)
    assert sunday.weekday() == 6
    (found,) = world.run("volume", at=sunday + timedelta(hours=12), compare="day_over_day")
    assert found.status == "ok" and found.baseline < 350


def test_usual_days_never_warn(world):
    """Over three weeks of ends of day with overdispersed counts, none is called out."""
    world.write(table(weekly()))
    ends = [NOW - timedelta(days=d) for d in range(10)]
    assert [world.run("volume", at=at, compare="day_over_day")[0].status for at in ends] == ["ok"] * 10


def test_a_day_with_a_third_of_its_rows_is_found(world):
    """A loss of two thirds is a fire that says how many rows were usual."""
    world.write(table(weekly(factor=lambda h: 0.3 if h >= HOURS - 24 else 1)))
    (found,) = world.run("volume", compare="day_over_day")
    assert found.status == "crit" and found.change < -0.6 and found.direction == "down"
    assert "usual at these hours" in found.summary and found.interval[0] < found.change < found.interval[1] < 0


def test_rows_are_told_as_rows(world):
    """Value and baseline are counts of rows and their change is relative: a table says `480` and `-70.1%`, never `48000%`."""
    world.write(table(weekly(factor=lambda h: 0.3 if h >= HOURS - 24 else 1)))
    (found,) = world.run("volume", compare="day_over_day")
    assert found.unit == "rows" and found.value == found.n
    assert words.value(found.value, found.unit) == f"{found.n:,}"
    assert words.change(found) == f"{found.change * 100:.1f}%"
    assert words.interval(found).startswith("-") and "%" not in words.interval(found)


def test_doubling_is_found_too(world):
    """Duplicated rows are a fire upwards."""
    world.write(table(weekly(factor=lambda h: 2.3 if h >= HOURS - 24 else 1)))
    (found,) = world.run("volume", compare="day_over_day")
    assert found.status == "crit" and found.direction == "up"


def test_upstream_logs_are_counted_by_name(world):
    """`of: sources` names the source that lost its rows, and leaves the model's log alone."""
    world.write(table(rows()))
    world.write(feed(keep=lambda h: h < HOURS - 24 or h % 1 < 0.2), log="feed")
    (found,) = world.run("volume", of="sources", compare="day_over_day")
    assert found.target == "feed" and found.status == "crit" and found.plane == "data"


def test_a_silent_source_is_counted_not_skipped(world):
    """No rows at all in the window is a fire, not a missing answer."""
    world.write(table(rows()))
    world.write(feed(keep=lambda h: h < HOURS - 30), log="feed")
    (found,) = world.run("volume", of="feed", compare="day_over_day")
    assert found.status == "crit" and found.n == 0


def test_a_source_that_cannot_be_opened_is_unknown(world):
    """A source without files does not take the answer with it."""
    world.write(table(rows()))
    (found,) = world.run("volume", of="sources")
    assert found.status == "unknown" and found.target == "feed" and "no file matches" in found.summary


def test_a_source_is_not_judged_on_hours_it_has_not_delivered(world):
    """A source that is complete after a day is compared on the hours that are complete."""
    world.inventory = world.inventory.replace("complete_after: 0s}", "complete_after: 26h}")
    world.write(table(rows()))
    world.write(feed(keep=lambda h: h < HOURS - 26), log="feed")
    (found,) = world.run("volume", of="sources", compare="day_over_day")
    assert found.status == "ok" and found.window.end == NOW - timedelta(hours=26)


def test_a_short_history_is_insufficient(world):
    """Two earlier days say nothing about the usual."""
    world.write(table(rows()))
    (found,) = world.run("volume", at=NOW - timedelta(hours=HOURS - 60), compare="day_over_day")
    assert found.status == "insufficient" and "earlier window" in found.summary


def test_segments_are_counted_one_by_one(world):
    """One region that stops sending ranks first."""
    columns = rows(per_hour=30)
    keep = (columns["region"] != "ES") | (columns["hour"] < HOURS - 24)
    world.write(table({k: v[keep] for k, v in columns.items()}))
    first, *rest = world.run("volume", by="region", compare="day_over_day")
    assert first.slice == {"region": "ES"} and first.status == "crit"
    assert {f.slice.get("region") for f in (first, *rest)} == {None, *REGIONS}


def test_few_rows_are_insufficient(world):
    """A log with a row a day cannot lose volume significantly."""
    columns = rows(per_hour=1)
    world.write(table({k: v[::24] for k, v in columns.items()}))
    (found,) = world.run("volume", compare="day_over_day")
    assert found.status == "insufficient"


def test_a_week_is_held_against_weeks(world):
    """A seven-day window is compared with earlier weeks, and ratios can be bound."""
    world.write(table(weekly(factor=lambda h: 0.4 if h >= HOURS - 168 else 1)))
    bound = (Threshold("ratio", below=Quantity(0.5, "x")),)
    (found,) = world.run("volume", current=timedelta(days=7), thresholds=bound)
    assert found.status == "crit" and found.n_reference == 4
