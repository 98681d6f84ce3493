"""What of SQL is the same on every engine, and what is said of the rest."""

from __future__ import annotations

import pytest

from mlops_tui.core.errors import QueryError
from mlops_tui.logs.portable import expression_faults, faults, transpiled

GOOD = """
    WITH held AS (
      SELECT region, CAST(score AS DOUBLE) AS score, epoch_us(ts) AS us FROM log
      WHERE ts >= TIMESTAMPTZ '2026-10-01 00:00:00+00'
    )
    SELECT region, COUNT(*) AS n, COUNT(*) FILTER (WHERE score <> score OR score = CAST('NaN' AS DOUBLE)) AS nan,
      SUM(CASE WHEN score > CAST(0.5 AS DOUBLE) THEN 1 ELSE 0 END) AS high, MIN(us) AS first,
      CAST(FLOOR(LOG2(ABS(MAX(score)) + 1e-3)) AS BIGINT) AS octave
    FROM held WHERE region IN ('ES', 'FR') AND region LIKE 'E%' AND score BETWEEN 0 AND $most
    GROUP BY GROUPING SETS ((region), ()) ORDER BY n DESC LIMIT 10
"""
REFUSED = {
    "SELECT [a, b] AS x FROM t": "lists",
    "SELECT list_sum(a) AS x FROM t": "lists",
    "SELECT list_transform(a, x -> x + 1) AS x FROM t": "lists",
    "SELECT map {'a': 1} AS x FROM t": "lists",
    "SELECT a['k'] AS x FROM t": "lists",
    "SELECT unnest(a) AS x FROM t": "lists",
    "SELECT approx_quantile(a, 1) AS x FROM t": "approximation",
    "SELECT approx_count_distinct(a) AS x FROM t": "approximation",
    "SELECT median(a) AS x FROM t": "approximation",
    "SELECT a, COUNT(*) AS n FROM t GROUP BY ALL": "GROUP BY ALL",
    "SELECT a FROM t ORDER BY ALL": "ORDER BY ALL",
    "SELECT DISTINCT ON (a) b FROM t": "DISTINCT ON",
    "SELECT * EXCLUDE (a) FROM t": "EXCLUDE",
    "SELECT COLUMNS(*) FROM t": "COLUMNS",
    "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1": "QUALIFY",
    "SELECT a FROM t USING SAMPLE 10": "sample",
    "SELECT a FROM t ASOF JOIN u ON t.b >= u.b": "join",
    "SELECT a FROM t JOIN u USING (a)": "join",
    "SELECT a * 0.5 AS x FROM t": "CAST(0.5 AS DOUBLE)",
    "SELECT CAST(a AS DECIMAL(18,6)) AS x FROM t": "DECIMAL",
    "SELECT CAST(a AS FLOAT) AS x FROM t": "FLOAT",
    "SELECT CAST(a / 2 AS BIGINT) AS x FROM t": "FLOOR",
    "SELECT a & 1 AS x FROM t": "bits",
    "SELECT a::BIT AS x FROM t": "bits",
    "SELECT hash(a) AS x FROM t": "bits",
    "SELECT date_trunc('day', ts) AS x FROM t": "time zone",
    "SELECT ts::DATE AS x FROM t": "time zone",
    "SELECT a FROM t WHERE ts > TIMESTAMP '2026-10-01 00:00:00'": "time zone",
    "SELECT a FROM t WHERE ts > TIMESTAMPTZ '2026-10-01 00:00:00'": "time zone",
    "SELECT a FROM t WHERE ts > now()": "time zone",
    "SELECT extract(hour FROM ts) AS x FROM t": "time zone",
    "SELECT strftime(ts, '%H') AS x FROM t": "time zone",
    "SELECT ts - INTERVAL 1 DAY AS x FROM t": "time zone",
    "SELECT isnan(a) AS x FROM t": "x <> x",
    "SELECT round(a) AS x FROM t": "FLOOR",
    "SELECT a // 2 AS x FROM t": "FLOOR",
    "SELECT a % 2 AS x FROM t": "remainder",
    "SELECT log(a) AS x FROM t": "LN",
    "SELECT greatest(a, b) AS x FROM t": "CASE",
    "SELECT least(a, b) AS x FROM t": "CASE",
    "SELECT concat(a, b) AS x FROM t": "||",
    "SELECT regexp_matches(a, 'b') AS x FROM t": "patterns",
    "SELECT a ILIKE 'b' AS x FROM t": "patterns",
    "SELECT a FROM read_parquet('x')": "read_parquet",
    "SELECT levenshtein(a, b) AS x FROM t": "levenshtein",
    "SELECT jaro_similarity(a, b) AS x FROM t": "DuckDB's own",
    "FROM t SELECT a; SELECT b FROM t": "not one SELECT",
    "PIVOT t ON a USING sum(b)": "not one SELECT",
    "SELECT a FRM t WHERE": "cannot be parsed",
}


def test_an_ordinary_query_is_portable():
    assert faults(GOOD) == ()
    assert "UNIX_MICROS(ts)" in transpiled(GOOD, "spark")


@pytest.mark.parametrize("text", REFUSED)
def test_what_differs_is_refused_in_one_sentence(text):
    told = faults(text)
    assert len(told) == 1, told
    assert REFUSED[text] in told[0][1]
    assert "\n" not in told[0][1]
    with pytest.raises(QueryError):
        transpiled(text, "spark")


def test_a_fault_is_told_with_its_line():
    assert faults("SELECT a\nFROM t\nWHERE levenshtein(a, b) < 3") == (
        (3, "levenshtein is not known to mean the same to every engine"),
    )


def test_each_fault_of_a_line_is_told_once():
    assert len(faults("SELECT isnan(a) OR isnan(b) AS x, round(c) AS y FROM t")) == 2


@pytest.mark.parametrize("expression", ["income > 60", "region = 'ES' -- Spain", "CASE WHEN paid THEN amount END"])
def test_expressions_of_an_inventory_are_judged_alone(expression):
    assert expression_faults(expression) == ()
    assert len(expression_faults(f"isnan(a) OR {expression}")) == 1
