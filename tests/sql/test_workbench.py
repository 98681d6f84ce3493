"""Queries of a runbook: what they see, what they may not reach, how they stop, and what their errors say."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from mlops_tui.core.errors import Cancelled, QueryError
from mlops_tui.sql.values import Value, of, struct
from mlops_tui.sql.workbench import Workbench

AT = datetime(2026, 10, 14, 3, tzinfo=UTC)
ENDLESS = "select count(*) from range(10000000) a(x), range(10000000) b(y) where (x * y) % 7 = 3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A log of two hive partitions, and a file beside it that nobody declared."""
    root = tmp_path_factory.mktemp("project")
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(
        f"""copy (select timestamptz '2026-10-13 00:00:00Z' + i * interval 1 minute as ts, i as id,
                  case when i % 3 = 0 then 'ES' else 'FR' end as region, i / 1000 as score, 'secret' as applicant_name,
                  (date '2026-10-13' + (i // 1440)::int)::varchar as day
           from range(2880) t(i)) to '{root}/logs' (format parquet, partition_by (day))"""
    )
    con.execute(f"copy (select 'pii' as name) to '{root}/private.parquet'")
    con.close()
    return root


@pytest.fixture(scope="module")
def bench(folder):
    """One workbench for all tests that put nothing into it."""
    with opened(folder) as made:
        yield made


@pytest.fixture
def fresh(folder):
    """A workbench of one's own."""
    with opened(folder) as made:
        yield made


def opened(folder):
    view = f"select * exclude (applicant_name) from read_parquet('{folder}/logs/**/*.parquet', union_by_name = true)"
    versions = pa.table({"id": ["2026.1", "2026.10"], "rows": [3, 4]})
    return Workbench({"log": view}, tables={"versions": versions}, folders=[folder / "logs"])


def rows(bench, text, **values):
    return bench.query(text, {name: of(value) for name, value in values.items()}).to_pylist()


def test_a_query_over_a_log_with_values(bench):
    """A log is read with values bound, and times come in UTC."""
    table = bench.query(
        "select region, count(*) as n, min(ts) as first from log where ts >= $at - interval 3 hour group by all order by 1",
        {"at": of(AT), "unused": of(1)},
    )
    assert table.to_pylist() == [
        {"region": "ES", "n": 480, "first": datetime(2026, 10, 14, 0, 0, tzinfo=UTC)},
        {"region": "FR", "n": 960, "first": datetime(2026, 10, 14, 0, 1, tzinfo=UTC)},
    ]
    assert str(table.schema.field("first").type) == "timestamp[us, tz=UTC]"


def test_what_can_be_read_is_known(bench):
    """Relations come with their columns and types; what the view hides is not there."""
    assert bench.relations["versions"] == {"id": "VARCHAR", "rows": "BIGINT"}
    assert "applicant_name" not in bench.relations["log"]
    assert bench.relations["log"]["ts"] == "TIMESTAMP WITH TIME ZONE"
    with pytest.raises(QueryError, match="unknown column 'applicant_name'"):
        bench.query("select applicant_name from log", {})


def test_results_of_steps_become_relations(fresh):
    """A step's rows can be read by its id, are replaced by a later run, and a skipped step has no rows."""
    fresh.put("scope", fresh.query("select region, ts from log limit 2", {}))
    assert rows(fresh, "select count(*) as n from scope join log using (region, ts)") == [{"n": 2}]
    fresh.put("scope", pa.table({"region": ["IT"]}))
    assert rows(fresh, "from scope") == [{"region": "IT"}]
    fresh.put_empty("drift", {"feature": "VARCHAR", "psi": "DOUBLE", "onset": "TIMESTAMPTZ"})
    assert rows(fresh, "select count(*) as n, max(psi) as psi from drift") == [{"n": 0, "psi": None}]
    assert fresh.condition("exists (from drift where psi > 0.1)", {}) is False


@pytest.mark.parametrize("name", ["log", "Scope", "a.b", "x; drop table y", ""])
def test_names_that_no_result_may_have(bench, name):
    """A result cannot take a view's name, nor one that SQL cannot read bare."""
    with pytest.raises(QueryError):
        bench.put(name, pa.table({"a": [1]}))
    with pytest.raises(QueryError):
        bench.put_empty(name, {"a": "BIGINT"})


def test_whole_numbers_and_enums_are_plain(bench):
    """Sums of whole numbers are integers and enums text, as every later reader expects."""
    table = bench.query(
        "select sum(rows) as n, 'a'::enum('a', 'b') as e, sum(17014118346046923173168730371588410::hugeint) as h from versions",
        {},
    )
    assert [str(t) for t in table.schema.types] == ["int64", "string", "decimal128(38, 0)"]
    assert table.to_pylist()[0]["n"] == 7


def test_columns_are_named_as_the_author_wrote(bench):
    """The casts that type the values do not show in the names of columns."""
    values = {"place": of("ES"), "scope": struct({"region": "VARCHAR"}, None), "n": of(1)}
    names = bench.query("select $place, $scope.region, $n + 1, 2 as two", values).column_names
    assert names == ["place", "region", "($n + 1)", "two"]
    assert bench.query("select *, $place from versions", values).column_names == ["id", "rows", "place"]
    assert bench.query("select $place, * from versions", values).column_names == ["place", "id", "rows"]
    assert bench.query("select $place union all select 'x'", values).column_names == ["place"]


def test_columns_are_known_without_running(bench):
    """A step that is skipped still has the columns that its query would give."""
    values = {"place": of("ES"), "at": of(AT)}
    columns = bench.columns("select ts - ($at - ts) as early, $place, count(*) as n from log group by all", values)
    assert columns == {"early": "TIMESTAMP WITH TIME ZONE", "place": "VARCHAR", "n": "BIGINT"}
    with pytest.raises(QueryError, match="unknown column"):
        bench.columns("select nope from log", {})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$verdict = 'data'", "select ('data' = 'data') as ok"),
        ("true and\n$verdict = 'x' -- y", "select (\ntrue and\n'data' = 'x' -- y\n) as ok"),
        ("select count(*) > 0 from versions where id = $verdict", "select count(*) > 0 from versions where id = 'data'"),
    ],
)
def test_a_condition_is_cited_as_a_query(bench, text, shown):
    """What a condition asked can be asked again."""
    values = {"verdict": of("data")}
    assert bench.shown(text, values) == shown
    assert bench.query(shown, {}).column(0)[0].as_py() == bench.condition(text, values)


def test_what_cannot_be_cited(bench):
    """A text that is no query and no condition is refused with the query's own error."""
    with pytest.raises(QueryError, match="unknown relation"):
        bench.shown("select 1 from nowhere", {})


# -- what it cannot reach ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "from read_csv('/etc/passwd')",
        "from read_text('/etc/hostname')",
        "from glob('/*')",
        "from read_parquet('{root}/private.parquet')",
        "from '{root}/private.parquet'",
        "from read_parquet('{root}/logs/../private.parquet')",
        "from read_parquet('{root}/logs/link.parquet')",
        "copy (select 1) to '{root}/out.csv'",
        "attach '{root}/other.db' as other",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '100GB'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset threads",
        "pragma enable_logging",
        "from table_in_python",
    ],
)
def test_the_lock_holds_without_the_guard(bench, folder, text):
    """Even SQL that no guard has seen can open, write and set nothing outside the log's folder."""
    table_in_python = pa.table({"a": [1]})
    link = folder / "logs" / "link.parquet"
    if not link.is_symlink():
        link.symlink_to(folder / "private.parquet")
    cursor = bench._box.cursor()
    try:
        with pytest.raises(duckdb.Error):
            cursor.execute(text.format(root=folder)).fetchall()
    finally:
        cursor.close()
        link.unlink()
    assert table_in_python.num_rows == 1
    assert not (folder / "out.csv").exists()


def test_the_guard_holds_what_the_lock_cannot(bench, folder):
    """Writing inside the log's own folder is DuckDB's leak; the guard closes it."""
    for text in (
        f"copy (select 1) to '{folder}/logs/x.csv'",
        f"with x as (copy (select 1) to '{folder}/logs/x.csv') from x",
        f"explain analyze copy (select 1) to '{folder}/logs/x.csv'",
        f"select (with x as (copy (select 1) to '{folder}/logs/x.csv') select true from x)",
    ):
        with pytest.raises(QueryError):
            bench.query(text, {})
        with pytest.raises(QueryError):
            bench.condition(text, {})
    assert not list(folder.rglob("*.csv"))


def test_a_log_behind_a_link_can_be_read(folder, tmp_path):
    """A declared folder that is a link is read through it."""
    (tmp_path / "linked").symlink_to(folder / "logs")
    view = f"select * from read_parquet('{tmp_path}/linked/**/*.parquet')"
    with Workbench({"log": view}, folders=[tmp_path / "linked"]) as made:
        assert rows(made, "select count(*) as n from log") == [{"n": 2880}]


def test_no_spill_without_a_folder(tmp_path, monkeypatch):
    """Without a spill folder a query that needs more memory fails with words, writes nothing, and others still run."""
    monkeypatch.chdir(tmp_path)
    big = "select count(*) from (select distinct x, x::varchar || repeat('y', 200) as y from range(3000000) t(x))"
    with Workbench({}, memory="60MB") as made:
        with pytest.raises(QueryError, match="needs more memory"):
            made.query(big, {})
        assert rows(made, "select 1 as one") == [{"one": 1}]
    assert not list(tmp_path.iterdir())


def test_a_view_that_cannot_be_made_is_named(tmp_path):
    """A relation whose files are not there is told by its name."""
    with pytest.raises(QueryError, match="the relation 'log' cannot be made"):
        Workbench({"log": f"select * from read_parquet('{tmp_path}/none.parquet')"}, folders=[tmp_path])


# -- conditions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("true", True),
        ("true -- really", True),
        ("$verdict in ('data', 'unsure')", True),
        ("$verdict = 'model'", False),
        ("$region = 'ES'", None),
        ("null", None),
        ("select count(*) = 2 from versions", True),
        ("(select count(*) > 5 from versions)", False),
        ("from versions select bool_and(rows > 2)", True),
        ("select true from versions where false", None),
        ("exists (from versions where id = $verdict)", False),
        ("with v as (from versions) select count(*) = 2 from v", True),
        ("$scope.onset < $at", None),
        ("not ($verdict = 'data' and 1 in (1, 2)) or 2 between 1 and 3", True),
        ("select count(*) > 0 and bool_and(id = '2026.1') from versions", False),
    ],
)
def test_conditions(bench, text, answer):
    """A boolean expression, or a SELECT of one cell, is true, false or undecided."""
    values = {"verdict": of("data"), "region": Value("VARCHAR"), "at": of(AT), "scope": struct({"onset": "TIMESTAMPTZ"}, None)}
    assert bench.condition(text, values) is answer


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$verdict", "a condition must be true or false; this is VARCHAR"),
        ("1", "this is INTEGER"),
        ("select count(*) from versions", "this is BIGINT"),
        ("select true, false", "Subquery returns 2 columns"),
        ("select rows > 0 from versions", "a subquery that stands for one value gave several rows"),
        ("true, true", "this is TUPLE(BOOLEAN, BOOLEAN)"),
        ("true) as ok, (false", "a condition is one expression"),
        ("true) from versions where (true", "syntax error"),
        ("true) order by (1", "syntax error"),
        ("true) limit (1", "syntax error"),
        ("1) union all select (true", "a condition is one expression"),
        ("1); drop table versions; select (1", "a query must be a SELECT; this is DROP"),
        ("true); select (true", "exactly one SELECT"),
        ("true /*", ""),
        ("", "the condition is empty"),
        ("true) from versions t (ok", "syntax error"),
        ("true) from (select true", "a condition is one expression"),
        ("now() > $at", "the function 'now' is not allowed"),
        ("(with y as (copy (select 1) to 'elsewhere') select true from y)", "COPY is not allowed"),
    ],
)
def test_what_is_no_condition(bench, text, message):
    """Text and numbers are never true, and nothing slips out of a condition's brackets."""
    with pytest.raises(QueryError) as caught:
        bench.condition(text, {"verdict": of("data"), "at": of(AT)})
    assert message in str(caught.value)


# -- text against numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "exists (from versions where id = 2026.10)",
        "$version = 2026.10",
        "'2026.1' = 2026.10",
        "2026.10 <> $version",
        "$version > 5",
        "$version is distinct from 1",
        "$version in ('a', 'b') and $version in (1, 2)",
        "$version not in (1)",
        "$version between 1 and 2",
        "1 between '0' and 2",
        "1 = any (select id from versions)",
        "$version in (select rows from versions)",
        "nullif($version, 3) is null",
        "case $version when 2026.10 then true else false end",
        "select count(*) = 1 from versions a join versions b on a.id = b.rows",
        "select bool_and(id = rows) from versions",
        "(select count(*) from versions group by id having max(id) > 3 limit 1) is null",
        "(with v as (select id from versions where rows = '3') select true from v)",
        "len(list_filter([1, 2], lambda x: x > '1')) = 1",
        "$number::bigint = $version",
        "$s.name = 4",
        "(1, 2) = (1, 2) and (id, rows) in (select id, rows from versions) and id = 1 from versions",
    ],
)
def test_text_is_not_compared_with_numbers(bench, text):
    """Version 2026.1 is not 2026.10: such a comparison is an error, wherever it stands."""
    values = {"version": of("2026.1"), "number": of(4), "s": struct({"name": "VARCHAR"}, {"name": "x"})}
    with pytest.raises(QueryError, match="text is compared with a number"):
        if text.endswith("from versions") and text.startswith("(1"):
            bench.query("select " + text, values)
        else:
            bench.condition(text, values)


@pytest.mark.parametrize(
    "text",
    [
        "select rows > 3 as high, count(*) as n from versions group by rows > 3 order by rows > 3",
        "select distinct id = 'x' as y from versions order by id = 'x'",
        "from versions a full join versions b on a.id = b.id",
        "from versions a asof join versions b on a.id = b.id and a.rows >= b.rows",
        "select * from versions where (id, rows) in (select id, rows from versions)",
        "select * from versions where (id, rows) = ('2026.1', 3)",
        "select list_filter([1, 2], lambda x: x > 1) as l, [x for x in [1, 2] if x = 1] as m",
        "select count(*) filter (where rows = 3) as n, sum(rows) over (partition by rows > 3) from versions group by rows",
        "select id::double = 2026.1 as same from versions",
        "from versions where rows::varchar = '3'",
        "select timestamptz '2026-10-14' > '2026-10-13' as after, true = 'true' as yes, date '2026-01-01' = '2026-01-01'",
        "from versions semi join log on versions.rows = log.id",
        "select case when id = 'a' then 1 end from versions union all select rows from versions where rows in (3, null)",
        "from versions qualify row_number() over (order by rows) = 1",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r where n <> 2",
        "select exists (from versions v where v.rows = versions.rows) as e from versions",
    ],
)
def test_fair_comparisons_run(bench, text):
    """What compares like with like runs, in every clause."""
    bench.query(text, {})


# -- stopping ------------------------------------------------------------------------------------------------------


def test_a_query_ends_at_its_timeout(bench):
    """A query that takes too long ends soon after, says so, and the next one runs."""
    before = time.monotonic()
    with pytest.raises(QueryError, match=r"took longer than 0\.2s"):
        bench.query(ENDLESS, {}, timeout=timedelta(seconds=0.2))
    assert time.monotonic() - before < 2
    assert rows(bench, "select 1 as one") == [{"one": 1}]


def test_a_query_ends_when_it_is_cancelled(bench):
    """A person's wish to stop ends the query and is told apart from an error."""
    asked = threading.Event()
    before = time.monotonic()
    with pytest.raises(Cancelled):
        bench.query(ENDLESS, {}, timeout=timedelta(seconds=30), cancelled=lambda: asked.is_set() or asked.set() or False)
    assert time.monotonic() - before < 2


def test_a_quick_query_is_not_disturbed(bench):
    """A timeout and a cancel that nobody uses change nothing, and leave no thread."""
    before = threading.active_count()
    for _ in range(20):
        assert bench.condition("1 = 1", {}, timeout=timedelta(seconds=30), cancelled=lambda: False) is True
    assert threading.active_count() == before


def test_queries_on_several_threads(fresh):
    """Reads may run side by side, while results are put beside them."""
    answers, faults = [], []

    def work(number):
        try:
            fresh.put(f"step_{number}", pa.table({"n": [number]}))
            for _ in range(5):
                values = {"n": of(number)}
                answers.append(
                    fresh.query(f"select n + (select count(*) from log) as n from step_{number} where n = $n", values)
                )
        except QueryError as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(t.to_pylist()[0]["n"] for t in answers) == sorted([2880 + n for n in range(4)] * 5)


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("select\n  regoin\nfrom log", "unknown column 'regoin' (did you mean 'region'?)", 2),
        ("select *\nfrom scop", "unknown relation 'scop' (known: log, versions)", 2),
        ("select 1,\n\n v.row from versions v", "v has no column 'row'", 3),
        ("select\n sum(region) from log", "sum(VARCHAR) is not possible with these types", 2),
        ("select\n quantil(score) from log", "unknown function 'quantil' (did you mean 'quantile'", 2),
        ("select region from log\ngroup by score", "column 'region' is neither grouped nor aggregated", 1),
        ("select\n\n $regoin from log", "unknown value $regoin (did you mean 'region'?)", 3),
        ("select $scope.regoin", "$scope has no field 'regoin' (did you mean 'region'?)", 1),
        ("select 1\nwhere $region = 1 and\n region from log", "syntax error at or near", 3),
        ("select 1 +\n ('a' || region)::int from log", "Could not convert string 'aES' to INT32", 2),
        ("select error_here(1),\n $region", "unknown function 'error_here'", 1),
        ("select $region,\n regoin from log where region = $region", "unknown column 'regoin' (did you mean 'region'?)", 2),
    ],
)
def test_errors_say_what_where_and_what_next(bench, text, message, line):
    """An error names the fault in plain words, the author's line and the nearest name; nothing of DuckDB's JSON."""
    values = {"region": of("ES"), "scope": struct({"region": "VARCHAR"}, None)}
    with pytest.raises(QueryError) as caught:
        bench.query(text, values, where="step shipped")
    assert message in str(caught.value)
    assert str(caught.value).startswith("step shipped: ")
    assert caught.value.line == line
    assert "{" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lines_of_a_condition_are_its_own(bench):
    """The line that we put in front of a condition is not counted."""
    with pytest.raises(QueryError) as caught:
        bench.condition("true\nand regoin = 'x'", {})
    assert caught.value.line == 2


def test_a_file_that_went_away(folder, tmp_path):
    """A log file deleted under the run is an error of the query, with the file named."""
    source = next((folder / "logs").rglob("*.parquet"))
    (tmp_path / "a.parquet").write_bytes(source.read_bytes())
    with Workbench({"log": f"select * from read_parquet('{tmp_path}/a.parquet')"}, folders=[tmp_path]) as made:
        (tmp_path / "a.parquet").unlink()
        with pytest.raises(QueryError, match=r"a\.parquet"):
            made.query("from log", {})


# -- lint ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty():
    with Workbench({}) as made:
        made.put_empty("log", {"ts": "TIMESTAMPTZ", "region": "VARCHAR", "score": "DOUBLE"})
        made.put_empty("scope", {"status": "VARCHAR", "onset": "TIMESTAMPTZ"})
        yield made


TYPES = {
    "at": "TIMESTAMPTZ",
    "region": "VARCHAR",
    "p": "DOUBLE",
    "n": "BIGINT",
    "day": "DATE",
    "names": "VARCHAR[]",
    "scope": "STRUCT(region VARCHAR, onset TIMESTAMPTZ)",
}


@pytest.mark.parametrize(
    "text",
    [
        "select region, quantile_cont(score, $p) from log where ts > $at and region in (select unnest($names)) group by 1",
        "select $scope.region, $scope.onset - interval 1 day, $day + 1 limit $n",
        "from scope where onset between $scope.onset and $at",
    ],
)
def test_a_sound_query_binds_without_data(empty, text):
    """Lint needs the columns and the types, no rows and no files."""
    assert empty.bind_check(text, TYPES) == ()


@pytest.mark.parametrize(
    ("text", "condition", "problems"),
    [
        ("select regoin\nfrom log", False, ((1, "unknown column 'regoin' (did you mean 'region'?)"),)),
        (
            "select $regoin,\n $att, $scope.onst",
            False,
            (
                (1, "unknown value $regoin (did you mean 'region'?)"),
                (2, "unknown value $att (did you mean 'at'?)"),
                (2, "$scope has no field 'onst' (did you mean 'onset'?)"),
            ),
        ),
        ("(select count(*) from scope)", True, ((1, "a condition must be true or false; this is BIGINT (compare it with"),)),
        ("true and\n region = 'x'", True, ((2, "unknown column 'region'"),)),
        ("$region = 3", True, ((1, "text is compared with a number: $region = 3"),)),
        ("select now()", False, ((1, "the function 'now' is not allowed in a query"),)),
        ("select $at - $day from (values (1)) where", False, ((1, "syntax error at or near"),)),
        ("delete from log", False, ((0, "a query must be a SELECT; this is DELETE"),)),
    ],
)
def test_lint_finds_it_before_three_in_the_morning(empty, text, condition, problems):
    """What would fail in the incident is found by lint, each with its line."""
    found = empty.bind_check(text, TYPES, condition=condition)
    assert [line for line, _ in found] == [line for line, _ in problems]
    for (_, said), (_, expected) in zip(found, problems, strict=True):
        assert said.startswith(expected)
