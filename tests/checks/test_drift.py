from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from mlops_tui.core.threshold import Quantity, Threshold

from .conftest import HOURS, NOW, rows, table


def late(columns, hours=24):
    return columns["hour"] >= HOURS - hours


def only(found, target="amount", **where):
    return next(f for f in found if f.target == target and dict(f.slice) == where)


def test_a_quiet_log_does_not_drift(quiet):
    """Nothing moved: every feature and the score are close to the reference, the noise floor shown."""
    found = [*quiet.run("feature_drift"), *quiet.run("score_drift")]
    assert {f.status for f in found} == {"ok"} and {f.target for f in found} == {"amount", "label", "score"}
    assert all(f.measures["psi_floor"] > 0 and f.measures["psi_excess"] < 0.05 for f in found)


def test_a_scaled_feature_drifts_and_is_dated(world):
    """Euros become cents for a day: drift, up, since that hour."""
    columns = rows()
    columns["amount"] = np.where(late(columns, 15), columns["amount"] * 100, columns["amount"])
    world.write(table(columns))
    moved = world.run("feature_drift")[0]
    assert moved.target == "amount" and moved.status == "crit" and moved.direction == "up"
    assert abs(moved.onset - (NOW - timedelta(hours=15))) <= timedelta(hours=2)
    assert moved.measures["ks"] > 0.5 and moved.measures["psi"] == moved.value
    assert "median 5" in moved.summary


def test_a_category_whose_meaning_moved_in_one_region_is_found_there(world):
    """By region the region that moved ranks first, and the sentence names the categories."""
    columns = rows(per_hour=24)
    hit = late(columns) & (columns["region"] == "ES") & (columns["label"] == "sales")
    columns["label"] = np.where(hit, "loan", columns["label"])
    world.write(table(columns))
    first, *rest = world.run("feature_drift", by="region")
    assert first.target == "label" and first.slice == {"region": "ES"} and first.status == "crit"
    assert "'sales'" in first.summary and "'loan'" in first.summary
    assert not any(f.status == "crit" for f in rest)


def test_a_new_category_is_drift(world):
    """What the reference never saw has a bin of its own."""
    columns = rows()
    columns["label"] = np.where(late(columns) & (columns["label"] == "rent"), "crypto", columns["label"])
    world.write(table(columns))
    moved = only(world.run("feature_drift", feature="label"), "label")
    assert moved.status == "crit" and "new 'crypto'" in moved.summary


def test_missing_values_are_drift(world):
    """A feature that goes missing in a fifth of the rows drifts by its missing bin alone."""
    columns = rows()
    gone = late(columns) & (np.arange(len(columns["hour"])) % 3 == 0)
    columns["amount"] = np.where(gone, np.nan, columns["amount"])
    world.write(table(columns))
    moved = only(world.run("feature_drift", feature="amount"))
    assert moved.status == "crit" and "missing 0.0% to 3" in moved.summary


def test_a_thousand_categories_are_not_drift(world):
    """High cardinality has a high noise floor: PSI is large, its excess is not."""
    columns = rows(per_hour=60)
    columns["label"] = np.random.default_rng(9).integers(0, 1000, len(columns["hour"])).astype(str)
    world.write(table(columns))
    found = only(world.run("feature_drift", feature="label"), "label")
    assert found.status == "ok" and found.value > 0.1 and found.measures["psi_excess"] < 0.1


def test_a_constant_stays_ok_and_a_changed_constant_is_drift(world):
    """One value in both windows is told as such; another value today is drift."""
    columns = rows()
    columns["amount"] = np.full(len(columns["hour"]), 5.0)
    world.write(table(columns))
    same = only(world.run("feature_drift", feature="amount"))
    assert same.status == "ok" and "always 5 in both windows" in same.summary
    columns["amount"] = np.where(late(columns), 5.2, 5.0)
    world.write(table(columns))
    assert only(world.run("feature_drift", feature="amount")).status == "crit"


def test_a_frozen_value_is_drift(world):
    """A feature that varied and now repeats one value drifts, and the sentence says so."""
    columns = rows()
    columns["amount"] = np.where(late(columns), 54.6, columns["amount"])
    world.write(table(columns))
    frozen = only(world.run("feature_drift", feature="amount"))
    assert frozen.status == "crit" and "always 54.6 now" in frozen.summary


def test_infinite_values_neither_crash_nor_hide(world):
    """Infinities fall into the open ends and are counted in the sentence."""
    columns = rows()
    columns["amount"] = np.where(late(columns) & (np.arange(len(columns["hour"])) % 2 == 0), np.inf, columns["amount"])
    world.write(table(columns))
    found = only(world.run("feature_drift", feature="amount"))
    assert found.status == "crit" and "infinite" in found.summary
    columns["amount"] = np.full(len(columns["hour"]), np.inf)
    world.write(table(columns))
    assert only(world.run("feature_drift", feature="amount")).status == "unknown"


def test_what_cannot_be_compared_is_unknown_with_the_reason(world):
    """All null, text where numbers were declared, a column that is not there: unknown, each with its reason."""
    columns = rows()
    n = len(columns["hour"])
    world.write(table(columns | {"amount": pa.nulls(n, pa.float64()), "label": pa.nulls(n, pa.string())}))
    assert [(f.status, "no value" in f.summary) for f in world.run("feature_drift")] == [("unknown", True)] * 2
    world.write(table(columns | {"amount": np.full(n, "12 EUR")}))
    wrong = only(world.run("feature_drift"))
    assert wrong.status == "unknown" and "number" in wrong.summary
    world.write(table({("amuont" if k == "amount" else k): v for k, v in columns.items()}))
    absent = only(world.run("feature_drift"))
    assert absent.status == "unknown" and "amuont" in absent.summary


def test_numbers_of_every_type_are_read(world):
    """Integers, booleans, decimals and float32 are numbers; dictionaries and integers may be categories."""
    columns = rows()
    amount = np.round(columns["amount"])
    label = pa.array(columns["label"]).dictionary_encode()
    for kind in (pa.int64(), pa.float32(), pa.decimal128(25, 2)):
        world.write(table(columns | {"amount": pa.array(amount).cast(pa.int64()).cast(kind), "label": label}))
        assert {f.status for f in world.run("feature_drift")} == {"ok"}
    world.write(table(columns | {"amount": amount > 50, "label": amount.astype(np.int8)}))
    assert {f.status for f in world.run("feature_drift")} == {"ok"}


def test_few_rows_are_insufficient(quiet):
    """Three rows have no distribution."""
    found = quiet.run("feature_drift", at=NOW - timedelta(hours=HOURS) + timedelta(hours=2))
    assert {f.status for f in found} == {"insufficient"}
    assert {f.status for f in quiet.run("score_drift", min_n=10**6)} == {"insufficient"}


def test_sensitive_values_are_not_shown(world):
    """Values of a sensitive feature stay out of the sentence, while its drift is measured."""
    world.inventory = world.inventory.replace("segments: [region]", "segments: [region]\n      sensitive: [label]")
    columns = rows()
    columns["label"] = np.where(late(columns), "Jane Doe", columns["label"])
    world.write(table(columns))
    moved = only(world.run("feature_drift", feature="label"), "label")
    assert moved.status == "crit" and "Jane" not in moved.summary and "rent" not in moved.summary


def test_text_is_compared_by_length(world):
    """Free text is never shown and drifts when its length does."""
    world.inventory = world.inventory.replace("label: {type: categorical", "label: {type: text")
    columns = rows()
    columns["label"] = np.where(late(columns), "a much longer description", columns["label"])
    world.write(table(columns))
    moved = only(world.run("feature_drift", feature="label"), "label")
    assert moved.status == "crit" and "longer" not in moved.summary


def test_the_way_back_from_drift_is_a_recovery(world):
    """Day over day after the incident: much nearer to the reference than yesterday, so no alarm."""
    columns = rows()
    bad = late(columns, 48) & ~late(columns, 24)
    columns["amount"] = np.where(bad, columns["amount"] * 100, columns["amount"])
    world.write(table(columns))
    back = only(world.run("feature_drift", feature="amount", compare="day_over_day"))
    assert back.recovery and back.status == "ok" and back.value > 0.25
    assert only(world.run("feature_drift", feature="amount")).status == "ok"


def test_declared_bounds_replace_the_defaults(world):
    """KS and JS bounds are held on their own measures."""
    columns = rows()
    columns["amount"] = np.where(late(columns), columns["amount"] * 1.5, columns["amount"])
    world.write(table(columns))
    held = [(Threshold("ks", above=Quantity(b)),) for b in (0.05, 0.9)]
    assert [only(world.run("feature_drift", feature="amount", thresholds=t)).status for t in held] == ["crit", "ok"]


def test_a_log_without_scores_says_so(world):
    """No score declared: unknown, with the key to write."""
    world.inventory = world.inventory.replace("      score: {column: score}\n", "").replace(", best: {top: 10%, by: score}", "")
    world.write(table(rows()))
    (found,) = world.run("score_drift")
    assert found.status == "unknown" and "score" in found.summary


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_scores_that_move_are_seen(world, shift):
    """Scores that fall by a tenth drift, down."""
    columns = rows(per_hour=30)
    columns["score"] = np.where(late(columns), columns["score"] - shift, columns["score"])
    world.write(table(columns))
    (found,) = world.run("score_drift")
    assert (found.status, found.direction == "down") == (("crit", True) if shift else ("ok", found.direction == "down"))
