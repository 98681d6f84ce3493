from datetime import timedelta

import numpy as np
import pytest

from mlops_tui import checks
from mlops_tui.core.threshold import Quantity, Threshold

from .conftest import HOURS, NOW, feed, rows, table

DAY = timedelta(days=1)
TEN = (Threshold("change", below=Quantity(-0.1, "pp"), above=Quantity(0.1, "pp")),)


def weekday(hour):
    return (NOW - timedelta(hours=HOURS - hour)).weekday()


def weekly(hour, region):
    """Fewer approvals from Saturday to Sunday, every week."""
    return 0.45 if weekday(hour) >= 5 else 0.62


def last(day):
    """The last end of that weekday before NOW."""
    return NOW - timedelta(days=(NOW.weekday() - day - 1) % 7)


@pytest.mark.parametrize("compare", ["day_over_day", "reference"])
def test_a_monday_after_a_sunday_is_no_alarm(world, compare):
    """What changes every Monday (and what is lower every Sunday) is the usual course; the sentence says why it is quiet."""
    world.write(table(rows(per_hour=60, rate=weekly)))
    for day in (0, 5, 6):
        found = world.run("decision_rate", at=last(day), by="region", compare=compare, thresholds=TEN)
        assert [f.status for f in found] == ["ok"] * len(found), found[0].summary
    (falls,) = world.run("decision_rate", at=last(5), compare="day_over_day", thresholds=TEN)
    assert falls.change < -0.1 and "earlier windows vary as much" in falls.summary and falls.onset is None
    (rises,) = world.run("decision_rate", at=last(0), compare="day_over_day", thresholds=TEN)
    assert rises.change > 0.1 and not rises.recovery and "earlier windows vary as much" in rises.summary
    assert "recover" not in rises.summary


def test_a_fall_on_a_monday_is_still_an_alarm(world):
    """A weekly course excuses what it explains, not a Monday that falls where others rise."""
    monday = last(0)
    start = HOURS - (NOW - monday) / timedelta(hours=1) - 24

    def broken(hour, region):
        return 0.2 if start <= hour < start + 24 and region == "ES" else weekly(hour, region)

    world.write(table(rows(per_hour=60, rate=broken)))
    first = world.run("decision_rate", at=monday, by="region", compare="day_over_day", thresholds=TEN)[0]
    assert first.slice == {"region": "ES"} and first.status == "crit"


def test_days_that_vary_by_themselves_do_not_warn_every_day(world):
    """A rate that wanders by eight points from day to day warns of no ordinary day, and fires on a day beyond all of them."""
    rng = np.random.default_rng(8)
    level = 0.6 + rng.normal(0, 0.08, HOURS // 24 + 2).clip(-0.16, 0.16)
    world.write(table(rows(per_hour=60, rate=lambda h, r: level[int(h // 24)])))
    days = [NOW - i * DAY for i in range(8)]
    states = [world.run("decision_rate", at=at)[0].status for at in days]
    assert states.count("ok") >= 7 and "crit" not in states
    level[HOURS // 24 - 1] = 0.1
    world.write(table(rows(per_hour=60, rate=lambda h, r: level[int(h // 24)])))
    assert world.run("decision_rate")[0].status == "crit"


def test_a_step_three_weeks_ago_is_not_the_usual_course(world):
    """Windows since the onset of what still lasts excuse nothing: only those before it do."""
    columns = rows(per_hour=30)
    since = columns["hour"] >= HOURS - 21 * 24
    columns["amount"] = np.where(since, columns["amount"] * 3, columns["amount"])
    world.inventory = world.inventory.replace("reference: 28d", "reference: 38d")
    world.write(table(columns))
    found = next(f for f in world.run("feature_drift", by="region") if f.target == "amount" and not f.slice)
    assert found.status in ("warn", "crit") and abs(found.onset - (NOW - 21 * DAY)) < timedelta(hours=6)


def test_a_feature_like_the_weather_does_not_drift_every_day(world):
    """Values that are alike within a day and differ between days are far from the reference each day, as they always were."""
    columns = rows(per_hour=60)
    rng = np.random.default_rng(9)
    level = rng.normal(10, 6, HOURS // 24 + 2).clip(0, 20)
    columns["amount"] = level[(columns["hour"] // 24).astype(int)] + rng.normal(0, 1, len(columns["hour"]))
    world.write(table(columns))
    found = [world.run("feature_drift", at=NOW - i * DAY, feature="amount")[0] for i in range(6)]
    assert all(f.measures["psi_excess"] > 0.25 for f in found)
    assert [f.status for f in found].count("ok") >= 5 and "crit" not in {f.status for f in found}
    columns["amount"] = np.where(columns["hour"] >= HOURS - 24, 60.0, columns["amount"])
    world.write(table(columns))
    assert world.run("feature_drift", feature="amount")[0].status == "crit"


def test_no_custom_excuses_a_bound_on_the_value(world):
    """`value: {below: 40%}` is a promise: a rate that is that low fires, however often it was."""
    rng = np.random.default_rng(10)
    level = rng.uniform(0.3, 0.6, HOURS // 24 + 2)
    level[HOURS // 24 - 1] = 0.3
    world.write(table(rows(per_hour=60, rate=lambda h, r: level[int(h // 24)])))
    floor = (*TEN, Threshold("value", below=Quantity(0.4, "%")))
    assert world.run("decision_rate", thresholds=TEN)[0].status != "crit"
    assert world.run("decision_rate", thresholds=floor)[0].status == "crit"


def test_a_short_history_excuses_nothing(world):
    """With three earlier days a move stands on its counts alone."""
    columns = rows(per_hour=60, rate=lambda h, r: 0.3 if h >= HOURS - 24 else 0.6)
    late = columns["hour"] >= HOURS - 4 * 24
    world.write(table({k: v[late] for k, v in columns.items()}))
    assert world.run("decision_rate")[0].status == "crit"


def test_seasonality_holds_a_move_against_the_week_before(world):
    """With `seasonality: true` a move since yesterday counts only where the same hours a week earlier confirm it."""
    columns = rows(per_hour=60, rate=weekly)
    recent = columns["hour"] >= HOURS - 15 * 24  # too short a history for a usual course of the week
    world.write(table({k: v[recent] for k, v in columns.items()}))
    keys = {"at": last(5), "compare": "day_over_day", "thresholds": TEN}
    assert world.run("decision_rate", **keys)[0].change < -0.1
    found = world.run("decision_rate", seasonal=True, **keys)[0]
    assert found.status == "ok"
    world.write(table(rows(per_hour=60, rate=lambda h, r: 0.3 if h >= HOURS - 24 else weekly(h, r))))
    fired = world.run("decision_rate", compare="day_over_day", thresholds=TEN, seasonal=True)[0]
    assert fired.status == "crit" and "a week earlier confirm it" in fired.summary


def test_seasonality_without_a_day_before_is_refused(quiet):
    """Against the reference it would be ignored; so it is unknown, with the reason."""
    (found,) = quiet.run("decision_rate", seasonal=True)
    assert found.status == "unknown" and "seasonality is of day_over_day alone" in found.summary


def test_a_quiet_small_log_seldom_warns(world):
    """Days of a hundred rows a region, nothing happening: of all that nobody declared, at most one thing warns."""
    bad = []
    for seed in range(3):
        world.write(table(rows(per_hour=12, seed=20 + seed)))
        world.write(feed(), log="feed")
        for back in range(0, 11, 3):
            subject = world.subject(at=NOW - back * DAY)
            for ask in checks.suite(subject.spec, subject.features):
                bad += [f.summary for f in checks.run(subject, ask) if f.status in ("warn", "crit")]
    assert len(bad) <= 1, bad


def test_what_nobody_declared_is_held_to_more(quiet):
    """The standard suite's questions have a lower false-discovery rate than an alert's, which somebody wrote."""
    subject = quiet.subject()
    assert {a.alpha for a in checks.suite(subject.spec, subject.features)} == {0.01}
    assert checks.Ask("decision_rate").alpha == 0.05
