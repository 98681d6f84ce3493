from datetime import timedelta

import numpy as np
import pyarrow as pa

from .conftest import HOURS, NOW, rows, table


def with_missing(share, column="amount"):
    columns = rows()
    gone = (columns["hour"] >= HOURS - 24) & (np.random.default_rng(5).random(len(columns["hour"])) < share)
    return columns | {column: pa.array(columns[column], mask=gone)}


def test_a_quiet_log_misses_nothing(quiet):
    """Features, score, decision and segments are looked at, and all is ok."""
    found = quiet.run("missing_rate")
    assert {f.target for f in found} == {"amount", "label", "score", "decision", "region"}
    assert {f.status for f in found} == {"ok"}


def test_values_that_go_missing_are_found(world):
    """A fifth of the amounts missing is a fire; the sentence says from what to what."""
    world.write(table(with_missing(0.2)))
    first, *rest = world.run("missing_rate")
    assert first.target == "amount" and first.status == "crit" and first.plane == "feature"
    assert "rose from 0.0% to" in first.summary and abs(first.onset - (NOW - timedelta(hours=24))) <= timedelta(hours=2)
    assert {f.status for f in rest} == {"ok"}


def test_nan_is_missing(world):
    """NaN counts as missing."""
    columns = rows()
    columns["amount"] = np.where(columns["hour"] >= HOURS - 24, np.nan, columns["amount"])
    world.write(table(columns))
    first = world.run("missing_rate", feature="amount")[0]
    assert first.value == 1.0 and first.status == "crit"


def test_always_missing_is_unknown_not_green(world):
    """A column that holds nothing in either window cannot be watched."""
    columns = rows()
    world.write(table(columns | {"amount": pa.nulls(len(columns["hour"]), pa.float64())}))
    found = next(f for f in world.run("missing_rate") if f.target == "amount")
    assert found.status == "unknown" and "nothing can be watched" in found.summary


def test_the_bound_beside_the_feature_holds(world):
    """`checks: {missing: {above: 2%}}` fires where the default change would not, and only beyond chance."""
    world.inventory = world.inventory.replace("description: Euros.", "description: Euros., checks: {missing: {above: 2%}}")
    columns = rows()
    gone = np.random.default_rng(5).random(len(columns["hour"])) < 0.12
    world.write(table(columns | {"amount": pa.array(columns["amount"], mask=gone)}))
    found = next(f for f in world.run("missing_rate") if f.target == "amount")
    assert found.status == "crit" and found.threshold.measure == "value" and abs(found.change) < 0.05


def test_a_declared_feature_that_the_log_lacks_is_unknown(world):
    """A column that is not there is not zero per cent missing."""
    columns = rows()
    del columns["label"]
    world.write(table(columns))
    found = next(f for f in world.run("missing_rate") if f.target == "label")
    assert found.status == "unknown" and "no such column" in found.summary


def test_by_segment_the_segment_with_the_gap_is_named(world):
    """Missing in one region is that region's."""
    columns = rows(per_hour=24)
    gone = (columns["hour"] >= HOURS - 24) & (columns["region"] == "FR")
    world.write(table(columns | {"amount": pa.array(columns["amount"], mask=gone)}))
    first = world.run("missing_rate", by="region", feature="amount")[0]
    assert first.slice == {"region": "FR"} and first.status == "crit"


def test_the_mended_gap_is_a_recovery(world):
    """The day after, the share falls: a recovery."""
    columns = rows()
    gone = (columns["hour"] >= HOURS - 48) & (columns["hour"] < HOURS - 24)
    world.write(table(columns | {"amount": pa.array(columns["amount"], mask=gone)}))
    found = world.run("missing_rate", feature="amount", compare="day_over_day")[0]
    assert found.recovery and found.status == "ok"
