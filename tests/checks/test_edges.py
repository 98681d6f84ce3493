"""Logs at the edge of what a log can be: nothing crashes, nothing is NaN, and two reads give the same bytes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mlops_tui.core.canonical import pretty
from mlops_tui.core.settings import Actor
from mlops_tui.project import open_project
from mlops_tui.session.check import check

from .conftest import HOURS, INVENTORY, NOW, feed, rows, table

R = rows()
N = len(R["hour"])
LATE = R["hour"] >= HOURS - 24
THIRD, SEVENTH = np.arange(N) % 3 == 0, np.arange(N) % 7 == 0


def part(rows_kept):
    return {k: v[rows_kept] for k, v in R.items()}


ODD = {
    "one_row": part(slice(0, 1)),
    "one_hour": part(R["hour"] >= HOURS - 1),
    "one_segment_value": R | {"region": np.full(N, "ES")},
    "null_segments": R | {"region": pa.array([None if i % 3 else "ES" for i in range(N)])},
    "no_segment_value": R | {"region": pa.nulls(N, pa.string())},
    "all_positive": R | {"decision": np.full(N, "approved")},
    "none_positive": R | {"decision": np.full(N, "rejected")},
    "null_decisions": R | {"decision": pa.nulls(N, pa.string())},
    "nan_scores": R | {"score": np.full(N, np.nan)},
    "infinite_scores": R | {"score": np.full(N, np.inf)},
    "both_infinities": R | {"score": np.where(THIRD, -np.inf, np.where(SEVENTH, np.inf, np.nan))},
    "scores_with_holes": R | {"score": np.where(LATE & THIRD, np.nan, np.where(SEVENTH, -np.inf, R["score"]))},
    "infinite_since_today": R | {"score": np.where(LATE, np.inf, R["score"])},
    "constant_score": R | {"score": np.full(N, 0.5)},
    "decimal_score": R | {"score": pa.array([Decimal(str(s)) for s in R["score"].tolist()], pa.decimal128(10, 4))},
    "whole_scores": R | {"score": (R["score"] * 1000).astype(int)},
    "text_scores": R | {"score": np.full(N, "high")},
    "unique_categories": R | {"label": np.arange(N).astype(str)},
    "whole_categories": R | {"label": np.arange(N) % 5},
    "truths_as_numbers": R | {"amount": THIRD},
    "empty_texts": R | {"label": np.full(N, ""), "region": np.full(N, "")},
    "doubled_day": {k: np.concatenate([v, v[LATE]]) for k, v in R.items()},
}


def reports(world, at=None, clock=NOW + timedelta(minutes=30)):
    (world.root / "inventory.yaml").write_text(world.inventory)
    for _ in range(2):
        yield check(open_project(world.root, clock=lambda: clock, actor=Actor("a", 1, "h", 1), environ={}), at=at)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_log_is_answered_twice_alike(world, name):
    """Whatever its values, a log gives Findings that are plain JSON, the same each time."""
    world.write(table(ODD[name]))
    world.write(feed(), log="feed")
    first, second = (pretty(r.as_json()) for r in reports(world))
    assert first == second and "NaN" not in first and "Infinity" not in first
    assert '"check_name"' in first


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-01-01", "no rows up to 2026-01-01"),
        ((NOW - timedelta(hours=HOURS)).isoformat(), "no rows up to 2026-09-04 00:00Z"),
        ("2026-09-25T12:00", ""),
        ("2027-01-01", ""),
    ],
)
def test_a_moment_before_in_and_after_the_log(quiet, at, said):
    """Before its first row a log says so; in the middle it knows nothing of later rows; in the future only its age tells."""
    first, second = reports(quiet, at=at)
    assert pretty(first.as_json()) == pretty(second.as_json())
    (model,) = first.models
    assert [said in p for p in model.problems] == [True] * bool(said)
    if not said:
        states = {(f.check_name, f.status) for f in model.findings}
        assert (("freshness", "crit") in states) == (at > "2027") and ("decision_rate", "ok") in states
        assert model.windows.now <= datetime.fromisoformat(at).replace(tzinfo=UTC)
        assert not any("later than the clock" in f.summary for f in model.findings)


def test_a_clock_before_the_log_sees_nothing(quiet):
    """A machine whose clock is years behind is told that there are no rows yet, and when the first one is."""
    (model,) = next(reports(quiet, clock=datetime(2020, 1, 1, tzinfo=UTC))).models
    assert model.windows is None and "its oldest row is of 2026-09-04" in model.problems[0]


def test_a_log_without_its_score_column_says_which(world):
    """A declared column that no file has is named."""
    world.write(table({k: v for k, v in R.items() if k != "score"}))
    (model,) = next(reports(world)).models
    assert "no column 'score'" in model.problems[0]


def test_an_alert_may_answer_by_a_protected_group(world):
    """Groups that the model must not harm are asked like segments."""
    world.inventory = INVENTORY.replace("    windows:", "    protected: [age]\n    windows:", 1)
    world.write(table(R | {"age": np.where(THIRD, "under 30", "older")}))
    found = world.run("decision_rate", by="age")
    assert {f.slice.get("age") for f in found} == {None, "under 30", "older"}
    assert {f.slice.get("age") for f in world.run("score_drift", by="age")} == {None, "under 30", "older"}
