import json
from datetime import timedelta

import numpy as np
import pytest

from mlops_tui.core.canonical import pretty
from mlops_tui.core.errors import UnknownName
from mlops_tui.core.finding import describe_slice
from mlops_tui.core.threshold import Quantity, Threshold

from .conftest import HOURS, NOW, rows, table

TEN = (Threshold("change", below=Quantity(-0.1, "pp"), above=Quantity(0.1, "pp")),)


def drop(start, end=HOURS, region="ES", low=0.35):
    return lambda hour, where: low if start <= hour < end and where == region else 0.6


def names(findings):
    return [(describe_slice(f.slice), f.status) for f in findings]


def test_the_moved_segment_ranks_first_and_is_dated(world):
    """A fall in one region is that region's, not the whole's, and the onset is found."""
    world.write(table(rows(per_hour=30, rate=drop(HOURS - 18))))
    first, *rest = world.run("decision_rate", by="region")
    assert first.slice == {"region": "ES"} and first.status == "crit" and first.direction == "down"
    assert abs(first.onset - (NOW - timedelta(hours=18))) <= timedelta(hours=2)
    assert first.interval[0] < first.change < first.interval[1] < 0
    assert all(f.status in ("ok", "warn") and f.score < first.score for f in rest)
    assert "Approval rate of region=ES fell from " in first.summary and first.summary.endswith("Z.")


def test_a_quiet_log_is_quiet(quiet):
    """Nothing moved: all is ok, the whole first asked."""
    found = quiet.run("decision_rate", by="region")
    assert {f.status for f in found} == {"ok"}
    assert sum(f.slice == {} for f in found) == 1 and len(found) == 4


def test_a_large_move_of_few_rows_is_no_alarm(world):
    """Ten points among forty decisions are chance: effect size alone never passes."""
    rng = np.random.default_rng(3)
    columns = rows(per_hour=2, rate=lambda h, r: 0.6)
    keep = (columns["region"] != "FR") | (rng.random(len(columns["hour"])) < 0.1)
    world.write(table({k: v[keep] for k, v in columns.items()}))
    found = world.run(
        "decision_rate",
        by="region",
        compare="day_over_day",
        min_n=1,
        thresholds=(Threshold("change", below=Quantity(-0.01), above=Quantity(0.01)),),
    )
    assert {f.status for f in found} == {"ok"}


def test_a_sure_move_below_the_bound_is_no_alarm(world):
    """Two sure points are below a bound of ten: significance alone never passes."""
    world.write(table(rows(per_hour=300, rate=lambda h, r: 0.6 if h < HOURS - 24 else 0.57)))
    (whole,) = world.run("decision_rate", thresholds=TEN)
    assert whole.p_value < 1e-3 and whole.status == "ok"


def test_few_rows_are_insufficient_never_ok(world):
    """A segment below the minimum says how many rows it has."""
    columns = rows()
    columns["region"] = np.where(
        (columns["region"] == "FR") & (np.arange(len(columns["hour"])) % 40 > 0), "DE", columns["region"]
    )
    world.write(table(columns))
    few = next(f for f in world.run("decision_rate", by="region") if f.slice == {"region": "FR"})
    assert few.status == "insufficient" and "30 are needed" in few.summary and few.n < 30


def test_a_segment_that_vanished_or_is_new_is_insufficient(world):
    """No decisions on one side is told, whichever side it is."""
    columns = rows()
    late = columns["hour"] >= HOURS - 24
    columns["region"] = np.where((columns["region"] == "FR") & late, "PT", columns["region"])
    world.write(table(columns))
    found = {f.slice.get("region"): f for f in world.run("decision_rate", by="region")}
    assert found["FR"].status == found["PT"].status == "insufficient"
    assert "no decisions in the window" in found["FR"].summary and "to compare with" in found["PT"].summary


def test_a_window_before_the_log_begins_is_insufficient(world):
    """At the log's second hour there is no reference: that is said, and is not green."""
    world.write(table(rows()))
    (whole,) = world.run("decision_rate", at=NOW - timedelta(hours=HOURS - 2))
    assert whole.status == "insufficient" and whole.n_reference == 0


def test_null_decisions_are_not_counted(world):
    """Rows without a decision lower neither the rate nor hide in it."""
    columns = rows()
    columns["decision"] = np.where(np.arange(len(columns["hour"])) % 2 == 0, columns["decision"], None).tolist()
    world.write(table(columns))
    (whole,) = world.run("decision_rate")
    assert whole.value == pytest.approx(0.6, abs=0.1) and whole.n == pytest.approx(144, abs=30)


def test_the_way_back_is_a_recovery_and_does_not_fire(world):
    """After the incident day over day rises: a recovery, status ok, whatever the size."""
    world.write(table(rows(rate=drop(HOURS - 48, HOURS - 24, low=0.2))))
    found = world.run("decision_rate", by="region", compare="day_over_day", thresholds=TEN)
    back = next(f for f in found if f.slice == {"region": "ES"})
    assert back.recovery and back.status == "ok" and back.change > 0.2
    assert "recovered" in back.summary and "the reference is" in back.summary
    assert not any(f.status in ("warn", "crit") for f in found)


def test_a_recovery_does_not_excuse_a_value_below_its_floor(world):
    """Halfway back and still below the declared floor fires: the bound is on where the rate is, not on where it goes."""

    def rate(hour, region):
        return 0.6 if hour < HOURS - 48 else 0.1 if hour < HOURS - 24 else 0.35

    world.write(table(rows(rate=rate)))
    floor = (*TEN, Threshold("value", below=Quantity(0.5, "%")))
    (whole,) = world.run("decision_rate", compare="day_over_day", thresholds=floor)
    assert whole.status == "crit" and not whole.recovery and whole.threshold.measure == "value"


def test_a_second_fall_is_no_recovery(world):
    """From bad to worse moves away from the reference and fires."""

    def rate(hour, region):
        return 0.6 if hour < HOURS - 48 else 0.45 if hour < HOURS - 24 else 0.2

    world.write(table(rows(rate=rate)))
    (whole,) = world.run("decision_rate", compare="day_over_day", thresholds=TEN)
    assert whole.status == "crit" and not whole.recovery


def test_a_rise_above_the_reference_is_no_recovery(world):
    """A rate that was usual yesterday and doubles today is news."""
    world.write(table(rows(rate=lambda h, r: 0.4 if h < HOURS - 24 else 0.8)))
    (whole,) = world.run("decision_rate", compare="day_over_day", thresholds=TEN)
    assert whole.status == "crit" and whole.direction == "up" and not whole.recovery


def test_day_over_day_says_how_far_the_reference_is(world):
    """On the second bad day nothing moved since yesterday, and the sentence still tells what is usual."""
    world.write(table(rows(rate=drop(HOURS - 48, low=0.2))))
    found = {f.slice.get("region"): f for f in world.run("decision_rate", by="region", compare="day_over_day", thresholds=TEN)}
    assert found["ES"].status == "ok" and "the reference is" in found["ES"].summary and not found["ES"].recovery
    assert next(iter(world.run("decision_rate", by="region"))).slice == {"region": "ES"}


def test_week_over_week_compares_the_same_hours(quiet):
    """The comparison window lies seven days earlier and is as long."""
    (whole,) = quiet.run("decision_rate", compare="week_over_week", current=timedelta(hours=6))
    assert whole.window.start - whole.reference.start == timedelta(days=7)
    assert whole.window.length == whole.reference.length == timedelta(hours=6)


def test_where_and_slices_restrict(quiet):
    """A restriction, a declared slice and a top slice reach the rows and stand in the Finding."""
    (es,) = quiet.run("decision_rate", where={"region": "ES"})
    (any_region,) = quiet.run("decision_rate", where={"region": None})
    (big,) = quiet.run("decision_rate", slice="big")
    (best,) = quiet.run("decision_rate", slice="best", min_n=5)
    assert es.slice == {"region": "ES"} and any_region.slice == {} and es.n < any_region.n
    assert big.slice == {"slice": "big"} and big.n < any_region.n
    assert best.n == pytest.approx(any_region.n * 0.1, abs=20) and "score" in best.provenance.query


@pytest.mark.parametrize(
    ("keys", "near"),
    [
        ({"by": "regoin"}, "region"),
        ({"where": {"region": "EES"}}, "ES"),
        ({"where": {"regon": "ES"}}, "region"),
        ({"slice": "bigg"}, "big"),
        ({"feature": "amuont"}, "amount"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(quiet, keys, near):
    """A typing error is never an empty answer."""
    with pytest.raises(UnknownName, match=f"did you mean .*{near}"):
        quiet.run("decision_rate", **keys)


def test_an_unknown_check_is_refused(quiet):
    """A check that nobody has is named with the nearest one."""
    with pytest.raises(UnknownName, match="decision_rate"):
        quiet.run("decison_rate")


def test_what_cannot_be_asked_is_unknown_with_the_reason(world):
    """A broken slice, a measure that the check lacks, a bound that nothing measures: unknown, never green."""
    world.inventory = world.inventory.replace("amount > 100", "amuont > 100")
    world.write(table(rows()))
    (broken,) = world.run("decision_rate", slice="big")
    (odd,) = world.run("decision_rate", thresholds=(Threshold("psi", above=Quantity(0.2)),))
    (learned,) = world.run("decision_rate", unmeasured="change: learned 3sd")
    assert broken.status == odd.status == learned.status == "unknown"
    assert "amuont" in broken.summary and "psi" in odd.summary and "learned" in learned.summary


def test_relative_bounds_and_values_are_held_as_written(world):
    """`-30%` of a change is relative, `-30pp` is not; a value below its bound needs more than chance."""
    world.write(table(rows(rate=lambda h, r: 0.6 if h < HOURS - 24 else 0.36)))
    relative = (Threshold("change", below=Quantity(-0.3, "%")),)
    points = (Threshold("change", below=Quantity(-0.3, "pp")),)
    value = (Threshold("value", below=Quantity(0.45, "%")),)
    near = (Threshold("value", below=Quantity(0.38, "%")),)
    got = [world.run("decision_rate", thresholds=t)[0].status for t in (relative, points, value, near)]
    assert got == ["crit", "ok", "crit", "ok"]


def test_the_same_log_gives_the_same_bytes(world):
    """Two openings of one log answer alike to the byte, and the query names its input."""
    world.write(table(rows(rate=drop(HOURS - 18))))
    first, second = (pretty([f.as_json() for f in world.run("decision_rate", by="region")]) for _ in range(2))
    assert first == second
    origin = json.loads(first)[0]["provenance"]
    assert "count(*)" in origin["query"] and origin["inputs"][0]["path"] == "logs/risk/*.parquet"


def test_hostile_segment_values_are_shown_plainly(world):
    """Control characters of a segment's value do not reach a sentence."""
    columns = rows()
    columns["region"] = np.where(columns["region"] == "ES", "\x1b[31mES\n'; --", columns["region"])
    world.write(table(columns))
    found = world.run("decision_rate", by="region")
    assert len(found) == 4 and all("\x1b" not in f.summary and "\n" not in f.summary for f in found)
