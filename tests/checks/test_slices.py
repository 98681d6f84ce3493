from dataclasses import replace

import numpy as np
import pytest

from mlops_tui import checks
from mlops_tui.checks.slices import MOST_FEW, MOST_TOLD, choose
from mlops_tui.logs import measure

from .conftest import HOURS, feed, rows, table


def crowded(values=3000, per_hour=100, broken=False):
    """A log whose segment has thousands of values of very different sizes."""
    columns = rows(per_hour=per_hour)
    rng = np.random.default_rng(4)
    columns["region"] = np.array([f"m{i}" for i in np.minimum(rng.zipf(1.25, len(columns["hour"])), values)])
    if broken:
        columns["decision"] = np.where(columns["hour"] >= HOURS - 24, "rejected", columns["decision"])
    return columns


@pytest.mark.parametrize("check", ["decision_rate", "score_drift", "feature_drift", "missing_rate", "volume"])
def test_a_segment_of_thousands_gives_no_thousands_of_findings(world, check):
    """At most a hundred values and ten that are too small are named, for each column; one Finding counts the rest."""
    world.write(table(crowded(broken=True)))
    found = world.run(check, by="region")
    columns = len({f.target for f in found if f.slice})
    assert len(found) <= (MOST_TOLD + MOST_FEW + 1) * columns + 1
    rest = [f for f in found if f.target == "region" and "are not named" in f.summary]
    assert len(rest) == (check != "volume") and all(f.status == "insufficient" for f in rest)


def test_the_worst_of_thousands_are_told(world):
    """What fell most stands first, whatever the number of values; the whole is always there."""
    world.write(table(crowded(broken=True)))
    found = world.run("decision_rate", by="region", compare="day_over_day")
    assert found[0].status == "crit" and {} in [dict(f.slice) for f in found]
    assert all(f.onset for f in found if f.status == "crit")


def test_three_hundred_values_that_all_fell_are_told_by_the_worst_hundred(world):
    """What is left out has the status of the worst of it, and needs no numbers of its own."""
    columns = rows(per_hour=600)
    columns["region"] = np.random.default_rng(6).integers(0, 300, len(columns["hour"])).astype(str)
    columns["decision"] = np.where(columns["hour"] >= HOURS - 24, "rejected", columns["decision"])
    world.write(table(columns))
    found = world.run("decision_rate", by="region")
    (rest,) = [f for f in found if f.target == "region"]
    assert len(found) == MOST_TOLD + 2 and rest.status == "crit" and "200 more answers by region" in rest.summary


def test_the_largest_values_are_chosen():
    """Rows decide, then names, so that the choice is always the same."""
    now = {f"v{i:03}": 1000 - i for i in range(150)} | {"tiny": 3, "gone": 0}
    before = dict.fromkeys(now, 500) | {"tiny": 9000}
    chosen = choose(now, before, 30)
    assert len(chosen.told) == MOST_TOLD and "v000" in chosen.told and "v149" not in chosen.told
    assert set(chosen.few) == {"tiny", "gone"} and (chosen.left, chosen.left_few) == (50, 0)


def test_a_segment_without_any_value_is_told_as_missing(world):
    """Where the first segment is null in every row, the answer by it is the whole, and the gap itself is told."""
    columns = rows()
    columns["region"] = np.full(len(columns["hour"]), None)
    world.write(table(columns))
    found = {f.target: f for f in world.run("missing_rate", by="region")}
    assert found["region"].status == "unknown" and "Every value of region" in found["region"].summary


def test_what_cannot_be_told_of_the_whole_is_told_once(world):
    """A score of NaN alone is one unknown, not one for each region."""
    columns = rows()
    columns["score"] = np.full(len(columns["hour"]), np.nan)
    world.write(table(columns))
    assert [dict(f.slice) for f in world.run("score_drift", by="region")] == [{}]
    assert [dict(f.slice) for f in world.run("missing_rate", by="region") if f.target == "score"] == [{}]


def test_the_standard_suite_looks_into_the_first_segment(quiet):
    """Drift, missing values and volume are asked as a whole and by the first segment, without any alert."""
    subject = quiet.subject()
    by = {(a.name, a.of): a.by for a in checks.suite(subject.spec, subject.features)}
    assert [by[name, None] for name in ("score_drift", "feature_drift", "missing_rate", "volume")] == ["region"] * 4
    for name in ("score_drift", "feature_drift", "missing_rate", "volume"):
        assert {f.slice.get("region") for f in checks.run(subject, checks.Ask(name, by="region"))} == {None, "DE", "ES", "FR"}


def test_columns_are_read_once_however_many_ask(quiet, monkeypatch):
    """Every drift question of one subject shares one read of each window; another subject reads anew."""
    quiet.write(feed(), log="feed")
    asked = []
    whole = measure.columns

    def counted(log, names, window, **keys):
        asked.append(window)
        return whole(log, names, window, **keys)

    monkeypatch.setattr(measure, "columns", counted)
    subject = quiet.subject()
    for ask in checks.suite(subject.spec, subject.features):
        checks.run(subject, ask)
    checks.run(subject, checks.Ask("feature_drift"))
    assert len(asked) == 2
    again = quiet.subject()
    checks.run(again, checks.Ask("feature_drift"))
    assert len(asked) == 4 and replace(subject)._kept is subject._kept and again._kept is not subject._kept


def test_a_window_that_does_not_fit_is_read_column_by_column(quiet, monkeypatch):
    """Beyond the bound on memory only what is asked is read, nothing is kept, and the numbers are the same."""
    together = [f.as_json() for f in quiet.run("feature_drift", by="region")]
    monkeypatch.setattr("mlops_tui.checks.sheet.MOST_CELLS", 0)
    assert [f.as_json() for f in quiet.run("feature_drift", by="region")] == together
