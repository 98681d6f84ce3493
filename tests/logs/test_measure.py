"""What is measured on a log."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from mlops_tui.core.errors import LogError, QueryError, UnknownName
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.measure import Rate

START = datetime(2026, 10, 1, tzinfo=UTC)
APPROVED = Decision(column="decision", positive="approved")
DAY = timedelta(days=1)


def days(first: int, last: int) -> Window:
    return Window(START + first * DAY, START + last * DAY)


@pytest.fixture
def log(write, opened, some_rows):
    write("logs/a.parquet", some_rows(48))
    return opened(segments=["region"], version="version")


def test_rates_count_decisions_and_positives_in_each_window(log):
    """Two windows and a grouping give one Rate for each window and value."""
    found = measure.rates(log, APPROVED, [days(0, 1), days(1, 2)], by=["region"]).value
    assert found == {
        (0, ("ES",)): Rate(16, 8),
        (0, ("FR",)): Rate(8, 4),
        (1, ("ES",)): Rate(16, 8),
        (1, ("FR",)): Rate(8, 4),
    }
    assert measure.rates(log, APPROVED, [days(0, 1)]).value == {(0, ()): Rate(24, 12)}


def test_windows_may_overlap_and_end_before_their_end(log):
    """A row belongs to every window that holds it; a window's end is not in it."""
    hour = Window(START, START + timedelta(hours=1))
    found = measure.rates(log, APPROVED, [hour, days(0, 2)]).value
    assert found == {(0, ()): Rate(1, 1), (1, ()): Rate(48, 24)}


def test_where_restricts_and_none_does_not(log):
    """A value compares as text; None restricts nothing."""
    found = measure.rates(log, APPROVED, [days(0, 2)], where={"region": "FR", "version": None}).value
    assert found == {(0, ()): Rate(16, 8)}


def test_a_hostile_value_is_only_a_value(log):
    """Quotes in a value restrict; they do not end the text."""
    found = measure.rates(log, APPROVED, [days(0, 2)], where={"region": "x' OR '1'='1"}).value
    assert found == {(0, ()): Rate(0, 0)}


def test_rows_adds_a_condition(log):
    """A slice's expression is held as a condition of its own."""
    found = measure.volumes(log, [days(0, 2)], rows="score < 0.05 or score >= 0.46 -- borderline").value
    assert found == {(0, ()): 7}


def test_a_broken_expression_is_a_query_error(log):
    """SQL that does not bind is told as such, not as a broken log."""
    with pytest.raises(QueryError, match="nothere"):
        measure.volumes(log, [days(0, 2)], rows="nothere > 1")


def test_an_unknown_column_names_the_nearest(log):
    """A misspelt column is an UnknownName with the right one."""
    with pytest.raises(UnknownName, match="did you mean 'region'"):
        measure.rates(log, APPROVED, [days(0, 1)], by=["regoin"])


def test_null_decisions_are_not_counted_and_null_groups_are(write, opened, some_rows):
    """A row without a decision is no decision; a null segment is a group of its own, after the others."""
    rows = some_rows(6)
    rows[0]["decision"] = None
    rows[1]["region"] = None
    write("logs/a.parquet", rows)
    found = measure.rates(opened(), APPROVED, [days(0, 1)], by=["region"]).value
    assert list(found.items()) == [((0, ("ES",)), Rate(2, 1)), ((0, ("FR",)), Rate(2, 1)), ((0, (None,)), Rate(1, 0))]


@pytest.mark.parametrize(
    ("values", "positive"),
    [((True, False, None), "true"), ((1, 0, None), "1"), ((1.0, 0.5, None), "1"), (("yes", "no", None), "yes")],
)
def test_positive_is_compared_in_the_columns_own_type(write, opened, values, positive):
    """Booleans, integers, floats and text each have their own equality."""
    write("logs/a.parquet", [{"ts": START, "decision": v} for v in values])
    found = measure.rates(opened(), Decision(column="decision", positive=positive), [days(0, 1)]).value
    assert found == {(0, ()): Rate(2, 1)}


@pytest.mark.parametrize("value", [True, 1, 1.5])
def test_a_positive_of_another_type_is_an_error(write, opened, value):
    """A positive that the column can never hold is told, not counted as nought."""
    write("logs/a.parquet", [{"ts": START, "decision": value}])
    with pytest.raises(LogError, match="'approved'"):
        measure.rates(opened(), APPROVED, [days(0, 1)])


def test_series_have_buckets_from_the_windows_start(log):
    """Hours count from the window's start; a bucket without rows is left out."""
    window = Window(START + timedelta(minutes=30), START + timedelta(hours=4))
    series = measure.rate_series(log, APPROVED, window, by="region").value
    first = START + timedelta(minutes=30)
    assert series == {
        "ES": [(first, Rate(1, 0)), (first + timedelta(hours=2), Rate(1, 0))],
        "FR": [(first + timedelta(hours=1), Rate(1, 1))],
    }
    assert measure.rate_series(log, APPROVED, days(0, 2), grain="day").value == {
        None: [(START, Rate(24, 12)), (START + DAY, Rate(24, 12))]
    }
    assert measure.volume_series(log, days(0, 2), grain="day", where={"region": "FR"}).value == [(START, 8), (START + DAY, 8)]


def test_columns_keep_nulls_nan_and_order(write, opened, some_rows):
    """Raw values come in the order of the files, with nulls and NaN as they are."""
    rows = some_rows(4)
    rows[1]["score"] = None
    rows[2]["score"] = math.nan
    write("logs/b.parquet", rows[2:])
    write("logs/a.parquet", rows[:2])
    table = measure.columns(opened(), ["score", "region"], days(0, 1)).value
    first, second, third, fourth = table["score"].to_pylist()
    assert (first, second, fourth) == (0.0, None, 0.03)
    assert math.isnan(third)
    assert table["region"].to_pylist() == ["ES", "ES", "FR", "ES"]


def test_nan_is_missing_and_empty_text_is_not(write, opened, some_rows):
    """Missing values are null or NaN."""
    rows = some_rows(6)
    rows[0]["score"] = math.nan
    rows[1]["score"] = None
    rows[2]["region"] = ""
    write("logs/a.parquet", rows)
    found = measure.nulls(opened(), ["score", "region"], [days(0, 1)]).value
    assert found == {(0, (), "score"): (6, 2), (0, (), "region"): (6, 0)}
    assert measure.nulls(opened(), ["score"], [days(0, 1)], by=["region"]).value[0, ("ES",), "score"] == (4, 2)


def test_versions_seen_gives_first_and_last_rows(write, opened, some_rows):
    """Each version with its first and last row before the moment asked."""
    write("logs/a.parquet", some_rows(24, version="1.9"))
    write("logs/b.parquet", some_rows(24, START + DAY, version="1.10"))
    seen = measure.versions_seen(opened(version="version"), START + timedelta(hours=30)).value
    assert seen == {
        "1.9": (START, START + timedelta(hours=23)),
        "1.10": (START + DAY, START + timedelta(hours=29)),
    }
    assert measure.versions_seen(opened(), START + DAY).value == {}


def test_values_count_the_most_frequent_first(log):
    """The values of a column, by how often they occur."""
    assert list(measure.values(log, "region", days(0, 2)).value.items()) == [("ES", 32), ("FR", 16)]


def test_a_window_without_rows_is_nought_not_an_error(log):
    """No rows in the window: zero counts, no groups, no buckets, an empty table with its types."""
    empty = Window(START - 9 * DAY, START - 8 * DAY)
    assert measure.rates(log, APPROVED, [empty]).value == {(0, ()): Rate(0, 0)}
    assert measure.rates(log, APPROVED, [empty], by=["region"]).value == {}
    assert measure.rate_series(log, APPROVED, empty).value == {}
    table = measure.columns(log, ["score"], empty).value
    assert (table.num_rows, str(table.schema.field("score").type)) == (0, "double")


def test_the_same_question_has_the_same_answer_and_provenance(log):
    """An answer carries its query, over the log's relation, and what was read, without paths of this machine."""
    first, again = (measure.rates(log, APPROVED, [days(0, 2)], by=["region"]) for _ in range(2))
    assert first == again
    assert 'FROM "log"' in first.query
    assert "/" not in first.query
    assert (first.inputs.path, first.inputs.files) == ("logs/**/*", 1)


def test_the_kept_query_gives_the_number_again(log):
    """The query of an answer, run over the view, is the answer."""
    import duckdb

    found = measure.rates(log, APPROVED, [days(0, 2)])
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"CREATE VIEW log AS {log.view_sql(None)}")
    assert con.execute(found.query).fetchall() == [(48, 24)]
