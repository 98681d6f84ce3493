"""A value keeps its type, through the query and through the text that cites it."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.core.errors import QueryError
from mlops_tui.sql.values import Value, literal, of, struct, struct_fields
from mlops_tui.sql.workbench import Workbench

MOMENT = datetime(2026, 10, 14, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(scope="module")
def bench():
    with Workbench({}) as made:
        yield made


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [
        (True, "BOOLEAN"),
        (5, "BIGINT"),
        (2**70, "HUGEINT"),
        (0.5, "DOUBLE"),
        (Decimal("12.30"), "DECIMAL(4,2)"),
        (Decimal("0.001"), "DECIMAL(3,3)"),
        ("x", "VARCHAR"),
        (MOMENT, "TIMESTAMPTZ"),
        (MOMENT.replace(tzinfo=None), "TIMESTAMP"),
        (date(2026, 1, 1), "DATE"),
        (timedelta(hours=1), "INTERVAL"),
        (["a", None], "VARCHAR[]"),
        ([], "VARCHAR[]"),
        ((None, 1.5), "DOUBLE[]"),
        ({"a": 1, "b c": "x"}, 'STRUCT("a" BIGINT, "b c" VARCHAR)'),
        (None, '"NULL"'),
    ],
)
def test_the_type_that_fits(value, sql_type):
    """Each Python value gets the SQL type that holds it."""
    assert of(value).sql_type == sql_type


def test_what_sql_has_no_type_for():
    """An object of no SQL type is refused by name."""
    with pytest.raises(TypeError, match="a object has no SQL type"):
        of(object())


VALUES = [
    of(value)
    for value in (
        *(True, 5, -5, 2**40, 2**70, 0.1, -0.1, 1e300, math.inf, -math.inf, Decimal("-12.340"), Decimal("1e5")),
        *("", "it's", "x\x00y'z\n$a -- ${b}", "é𝄞", MOMENT, MOMENT.replace(tzinfo=None), date(2026, 1, 1)),
        *(timedelta(days=-1, seconds=3), timedelta(0), timedelta(days=2), [], ["a'b", None], [1.5], (1, None), [MOMENT]),
        *(b"\x00a'", {"key": "a", "value": [1]}, [{"a": 1}, {"a": None}], None),
    )
] + [
    Value("TIMESTAMPTZ", "2026-10-14T03:00:00Z"),
    Value("DOUBLE", 3),
    Value("DECIMAL(10,2)", 1.5),
    Value("VARCHAR", 5),
    Value("BIGINT"),
    Value("VARCHAR[]"),
    Value("DATE", "2026-01-01"),
    struct({"a": "VARCHAR", "onset": "TIMESTAMPTZ", 'od"d': "DOUBLE[]"}, None),
    struct({"onset": "TIMESTAMPTZ", "interval": "DOUBLE[]"}, {"onset": "2026-10-14T03:00:00Z", "interval": (-0.1, 0.2)}),
]


@pytest.mark.parametrize("value", VALUES, ids=literal)
def test_the_cited_text_gives_the_same(bench, value):
    """A query with its values written out gives the rows that it gave with its values bound."""
    text = "select $x as x, $x is null as missing"
    bound = bench.query(text, {"x": value})
    cited = bench.query(bench.shown(text, {"x": value}), {})
    assert bound.to_pylist() == cited.to_pylist()
    assert bound.schema.types == cited.schema.types or value.sql_type in ("BIGINT", "STRUCT")


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_escapes(bench, text):
    """Whatever a text holds, it arrives as it is, bound or cited, and is never SQL."""
    values = {"x": of(text)}
    query = "select $x as x from (values (1)) t(one) where $x = $x"
    assert bench.query(query, values).to_pylist() == [{"x": text}]
    assert bench.query(bench.shown(query, values), {}).to_pylist() == [{"x": text}]


def test_fields_of_a_struct():
    """A struct's fields are told from its type, whatever their names and types."""
    assert struct_fields('STRUCT(a VARCHAR, "b, (c" DECIMAL(10,2), d STRUCT(e DATE, f DOUBLE[]), "g""h" DATE)') == {
        "a": "VARCHAR",
        "b, (c": "DECIMAL(10,2)",
        "d": "STRUCT(e DATE, f DOUBLE[])",
        'g"h': "DATE",
    }
    assert struct_fields("VARCHAR") == {}


def test_an_absent_finding_keeps_its_fields(bench):
    """`$scope.onset - interval` works where there is no Finding: it is null, not an error."""
    scope = struct({"region": "VARCHAR", "onset": "TIMESTAMPTZ"}, None)
    text = "select $scope.region, $scope.onset - interval 24 hour as early, $scope.onset is null as none"
    assert bench.query(text, {"scope": scope}).to_pylist() == [{"region": None, "early": None, "none": True}]


def test_a_null_keeps_its_type(bench):
    """A null text and a null time are still text and time."""
    values = {"region": Value("VARCHAR"), "at": Value("TIMESTAMPTZ")}
    table = bench.query("select coalesce($region, 'all') as r, $at - interval 1 day as t, typeof($region) as k", values)
    assert table.to_pylist() == [{"r": "all", "t": None, "k": "VARCHAR"}]


def test_a_value_that_does_not_fit_its_type(bench):
    """A value that cannot be what its type says is an error of the query, not a crash."""
    with pytest.raises(QueryError, match="Could not convert"):
        bench.query("select $n + 1", {"n": Value("BIGINT", "many")})


def test_cited_fields_stand_alone(bench):
    """A cited `$scope.region` shows the region, not the whole Finding."""
    scope = struct({"region": "VARCHAR", "onset": "TIMESTAMPTZ"}, {"region": "ES", "onset": MOMENT.astimezone(UTC)})
    shown = bench.shown(
        "select 'é $scope' as x where $scope.region = 'ES' and $scope.onset < $at", {"scope": scope, "at": of(MOMENT)}
    )
    assert shown == (
        "select 'é $scope' as x where 'ES' = 'ES' and timestamptz '2026-10-14 01:04:05.678901Z'"
        " < timestamptz '2026-10-14 01:04:05.678901Z'"
    )


def test_a_frame_holds_every_column_of_a_result():
    """Also those of one name."""
    import pyarrow as pa

    from mlops_tui.sql.results import frame

    assert frame(pa.table([pa.array([1]), pa.array(["x"]), pa.array([2])], names=["a", "b", "a"])).rows(named=True) == [
        {"a": 1, "b": "x", "a_2": 2}
    ]
