"""One text, the same rows from every engine: values that engines are known to disagree about."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.core.errors import LogError, QueryError, UnknownName
from mlops_tui.inventory.types import ENGINES as NAMED
from mlops_tui.logs.engines import ENGINES, open_engine

T0 = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # clocks go back in Europe half an hour later
ROWS = pa.table(
    {
        "ts": pa.array([T0 + timedelta(minutes=30 * i) for i in range(6)], pa.timestamp("us", "UTC")),
        "x": pa.array([1.5, None, math.nan, math.inf, -math.inf, -0.0]),
        "i": pa.array([1, 2, 2**31 - 1, 2**31 - 1, None, -7], pa.int32()),
        "s": ["a", "b", None, "é🤦", "", "a"],
        "b": [True, None, False, True, False, True],
    }
)
NOT_A_NUMBER = "x <> x OR x = CAST('NaN' AS DOUBLE)"
TEXTS = {
    "SELECT s, COUNT(*) AS n FROM log GROUP BY s ORDER BY s": [("", 1), ("a", 2), ("b", 1), ("é🤦", 1), (None, 1)],
    "SELECT s FROM log WHERE i = 1 OR s IS NULL ORDER BY s DESC": [("a",), (None,)],
    f"SELECT COUNT(*) FILTER (WHERE {NOT_A_NUMBER}) AS nan, COUNT(x) AS held, COUNT(*) AS n FROM log": [(1, 5, 6)],
    f"SELECT MIN(x) AS low, MAX(x) AS high FROM log WHERE NOT ({NOT_A_NUMBER})": [(-math.inf, math.inf)],
    "SELECT i FROM log WHERE x > 1e308": [(2**31 - 1,), (2**31 - 1,)],  # NaN is above everything
    "SELECT SUM(i) AS total FROM log": [(2**32 - 2 + 3 - 7,)],  # beyond 32 bits
    "SELECT SUM(CASE WHEN b THEN 1 ELSE 0 END) AS yes, SUM(i) AS none FROM log WHERE i IS NULL OR b": [(3, 2**31 - 7)],
    "SELECT CASE WHEN x > 1 THEN 'yes' ELSE 'no' END AS rich, COUNT(*) AS n FROM log GROUP BY CASE WHEN x > 1 THEN 'yes' "
    "ELSE 'no' END ORDER BY rich": [("no", 3), ("yes", 3)],
    "SELECT epoch_us(MIN(ts)) AS first, COUNT(*) AS n FROM log WHERE ts >= TIMESTAMPTZ '2026-10-25 01:00:00+00'": [
        (1_792_890_000_000_000, 5)
    ],
    "SELECT LENGTH(s) AS n, s || '!' AS t FROM log WHERE s IS NOT NULL AND i IS NOT NULL ORDER BY i": [
        (1, "a!"),
        (1, "a!"),
        (1, "b!"),
        (2, "é🤦!"),
    ],
    "SELECT i / 2 AS half, FLOOR(i / 2) AS floor, CEIL(i / 2) AS ceil, CAST(FLOOR(i / 2) AS BIGINT) AS whole FROM log "
    "WHERE i < 0": [(-3.5, -4.0, -3.0, -4)],
    "SELECT LOG2(CAST(8 AS DOUBLE)) AS three, POW(2, 3) AS eight, CAST(1 AS DOUBLE) / 3 AS third, LN(1) AS none FROM log "
    "WHERE i = 1": [(3.0, 8.0, 1 / 3, 0.0)],
    "SELECT k, n FROM (SELECT s AS k, i AS n, ROW_NUMBER() OVER (PARTITION BY b ORDER BY i DESC) AS r FROM log) AS q "
    "WHERE r = 1 ORDER BY n": [("b", 2), (None, 2**31 - 1), ("é🤦", 2**31 - 1)],
    "SELECT s, b, COUNT(*) AS n FROM log WHERE s = 'a' GROUP BY GROUPING SETS ((s), (b), (s, b), ()) ORDER BY s, b, n": [
        ("a", True, 2),
        ("a", None, 2),
        (None, True, 2),
        (None, None, 2),
    ],
    "WITH few AS (SELECT s, i FROM log WHERE i < 3) SELECT f.s AS s, COUNT(l.i) AS n FROM few AS f "
    "LEFT JOIN log AS l ON f.s = l.s GROUP BY f.s ORDER BY s": [("a", 4), ("b", 1)],
    "SELECT s FROM log WHERE s LIKE 'a%' UNION ALL SELECT 'z' AS s FROM log WHERE i = 1 ORDER BY s": [("a",), ("a",), ("z",)],
    "SELECT COUNT(DISTINCT s) AS n, COUNT(DISTINCT b) AS m FROM log": [(4, 2)],
    "SELECT TRY_CAST(s AS DOUBLE) AS x, COALESCE(s, '?') AS t, s IN ('a', 'b') AS few FROM log WHERE i IS NULL OR s IS NULL "
    "ORDER BY t": [(None, "", False), (None, "?", None)],
    "SELECT i FROM log WHERE x = 0 AND x < 1e-300 AND x > -1e-300": [(-7,)],
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_portable_text_gives_the_same_rows(opened, text):
    table = opened({"log": ROWS}).arrow(text)
    assert [tuple(row.values()) for row in table.to_pylist()] == TEXTS[text]


def test_a_quotient_is_that_of_the_two_numbers(opened):
    """Not the product with a reciprocal, which is another in one of four."""
    values = [i / 7 for i in range(1000)]
    table = opened({"log": pa.table({"x": values})}).arrow("SELECT x / CAST(1.3 AS DOUBLE) AS y FROM log ORDER BY x")
    assert table.column("y").to_pylist() == [v / 1.3 for v in values]


def test_types_that_come_back_are_the_same(opened):
    """Whole numbers have 64 bits, text is string, times are microseconds in UTC."""
    table = opened({"log": ROWS}).arrow("SELECT ts, x, i, s, b, COUNT(*) AS n, SUM(i) AS t FROM log GROUP BY ts, x, i, s, b")
    kinds = ["timestamp[us, tz=UTC]", "double", "int64", "string", "bool", "int64", "int64"]
    assert [str(f.type) for f in table.schema] == kinds


def test_schemas_are_told_in_the_words_of_duckdb(opened):
    told = {"ts": "TIMESTAMP WITH TIME ZONE", "x": "DOUBLE", "i": "INTEGER", "s": "VARCHAR", "b": "BOOLEAN"}
    engine = opened({"log": ROWS})
    assert engine.schema("log") == told
    with pytest.raises(UnknownName, match="did you mean 'log'"):
        engine.schema("logg")


def test_values_stand_for_names(opened):
    """Values are values: nothing in a text can end it; a moment is the same moment in any zone."""
    engine = opened({"log": ROWS})
    madrid = T0.astimezone(timezone(timedelta(hours=2)))
    text = "SELECT i FROM log WHERE ts = $at AND x = $x AND i = $i AND s = $s AND b = $b"
    assert engine.arrow(text, {"at": madrid, "x": 1.5, "i": 1, "s": "a", "b": True}).column("i").to_pylist() == [1]
    assert engine.arrow("SELECT i FROM log WHERE s = $s", {"s": "a' OR true --"}).num_rows == 0
    assert engine.arrow("SELECT i FROM log WHERE $s IS NULL", {"s": None}).num_rows == 6


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_times_of_any_zone_are_times_of_utc(opened, zone, tmp_path):
    """The zone that a file's column is written in changes nothing."""
    column = ROWS.column("ts")
    pq.write_table(pa.table({"ts": column.cast(pa.timestamp("ns", zone)), "i": ROWS.column("i")}), tmp_path / "a.parquet")
    engine = opened({"log": [tmp_path / "a.parquet"]})
    assert engine.arrow("SELECT ts FROM log ORDER BY ts").column("ts").to_pylist() == column.to_pylist()


def test_files_are_read_as_one_by_the_names_of_their_columns(opened, tmp_path):
    """A column that came later is missing before; one that became wider is wide."""
    pq.write_table(pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": ["y"], "a": pa.array([2.5]), "c": [True]}), tmp_path / "2.parquet")
    engine = opened({"log": sorted(tmp_path.iterdir())})
    assert engine.schema("log") == {"a": "DOUBLE", "b": "VARCHAR", "c": "BOOLEAN"}
    assert engine.arrow("SELECT a, b, c FROM log ORDER BY a").to_pylist() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 2.5, "b": "y", "c": True},
    ]


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1 cut short"])
def test_a_file_that_is_none_is_an_error_that_names_it(opened, content, tmp_path):
    path = tmp_path / "bad.parquet"
    path.write_bytes(content)
    with pytest.raises(LogError, match=r"bad\.parquet"):
        opened({"log": [path]})


def test_an_inventory_may_name_what_is_registered():
    assert tuple(ENGINES) == NAMED


def test_an_unknown_engine_is_told_with_the_nearest_name():
    with pytest.raises(UnknownName, match="did you mean 'polars'"):
        open_engine("polar", {"log": ROWS})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT xx FROM log", "unknown column 'xx'.*'x'"),
        ("SELECT x FROM logg", "unknown relation 'logg'.*'log'"),
        ("SELEC x FROM log", "SELEC|SELECT"),
        ("SELECT x FROM log; SELECT x FROM log", "not one SELECT"),
        ("DELETE FROM log", "not one SELECT"),
        ("COPY log TO '/tmp/out.csv'", "not one SELECT"),
        ("SELECT lenght(s) FROM log", "lenght"),
        ("SELECT x + s FROM log", "cast"),
        ("SELECT s FROM log GROUP BY x", "(?i)group"),
        ("SELECT x FROM log WHERE i = $i", "(?i)value"),
    ],
)
def test_bad_sql_is_refused_before_and_while_it_runs(opened, text, said):
    engine = opened({"log": ROWS})
    with pytest.raises(QueryError, match=said):
        engine.validate(text)
    with pytest.raises(QueryError, match=said):
        engine.arrow(text)


def test_a_good_text_is_valid_and_reads_nothing(opened, tmp_path):
    """Validating looks at no row: the rows may be gone."""
    pq.write_table(ROWS, tmp_path / "a.parquet")
    engine = opened({"log": [tmp_path / "a.parquet"]})
    engine.validate("SELECT s, COUNT(*) AS n FROM log WHERE x > $x GROUP BY s", {"x": 0.5})
