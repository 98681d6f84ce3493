"""Only one SELECT over declared relations gets past the guard, and it answers the same each time."""

from __future__ import annotations

import duckdb
import pytest

from mlops_tui.core.errors import QueryError
from mlops_tui.sql.guard import Guard, check, steady

LOG = "create table log(ts timestamptz, region varchar, score double, version varchar, tags varchar[])"

WRITES = [
    "with x as (copy (select 1) to 'elsewhere') from x",
    "with x as (copy (select 1) to 'elsewhere') select 1",
    "select (select x from (with y as (delete from log returning 1 x) from y))",
    "with x as (insert into log default values returning 1) select * from x",
    "with x as (update log set score = 1 returning 1) select * from x",
    "from log where exists (with z as materialized (copy log to 'f') select 1)",
    "explain analyze copy (select 1) to 'elsewhere'",
    "explain select 1",
    "copy log to 'elsewhere'",
    "select 1; drop table log",
    "select 1; select 2",
    "drop table log",
    "create table x as select 1",
    "create view x as select 1",
    "attach 'file' as f",
    "export database 'folder'",
    "install httpfs",
    "load httpfs",
    "set memory_limit = '1GB'",
    "pragma version",
    "pragma enable_logging",
    "call range(3)",
    "checkpoint",
    "vacuum",
    "begin",
    "prepare p as select 1",
    "use memory",
    "",
    "  ",
    "-- nothing",
    ";",
]

READS_ELSEWHERE = [
    "from '/etc/passwd'",
    "from 'other.parquet'",
    'select * from "other.parquet"',
    "from read_csv('/etc/passwd')",
    "from read_text('/etc/hostname')",
    "from read_blob('/etc/hostname')",
    "from read_parquet('x')",
    "from glob('*')",
    "from sniff_csv('x')",
    "from parquet_metadata('x')",
    "from query('select 1')",
    "from query_table('log')",
    "from duckdb_settings()",
    "from duckdb_tables()",
    "from json_execute_serialized_sql('{}')",
    "select json_serialize_plan('from log')",
    "select __internal_compress_string_utinyint('x')",
    "from test_all_types()",
    "from histogram(log, score)",
    "select * from information_schema.tables",
    "select * from pg_catalog.pg_class",
    "select * from sqlite_master",
    "select * from duckdb_tables",
    "select * from main.log",
    "select * from memory.main.log",
    "select * from shape.log",
    "select * from secret",
    'select (select count(*) from (with "p.parquet" as (select 1) from "p.parquet")) n, p.* from "p.parquet" p',
    "with log as (select 1) from log",
    "with LOG as (select 1) from log",
    'with "Log" as (select 1) from "Log"',
    'select (with "a.csv" as (select 1) select 1), (select count(*) from "a.csv")',
    "select (with inner_one as (select 1) select 1), (select count(*) from inner_one)",
    "with a as (from b), b as (select 1) from a",
    "with a as (from a) from a",
    "from log at (version => 1)",
]

NOT_THE_SAME_TWICE = [
    "select random()",
    'select "random"()',
    "select main.random()",
    "select system.main.random()",
    "select list_transform([1], lambda x: random())",
    "select sum(score) filter (where random() < 0.5) from log",
    "select count(*) over (order by random()) from log",
    "from log order by random()",
    "select region from log group by region having random() < 0.5",
    "select today()",
    "select now()",
    "select current_date",
    "select CURRENT_TIMESTAMP",
    "select current_timestamp - interval 1 day",
    "select localtime",
    "select localtimestamp",
    "select current_user",
    "select user",
    "select session_user",
    "select current_schema",
    "select get_current_time()",
    "select get_current_timestamp()",
    "select transaction_timestamp()",
    "select ago(interval 1 day)",
    "select age(ts) from log",
    "select age(timestamp '2026-01-01')",
    "select ts.age() from log",
    "select main.age(ts) from log",
    "select pg_postmaster_start_time()",
    "select uuid()",
    "select uuidv7()",
    "select gen_random_uuid()",
    "select sleep_ms(1)",
    "select pg_sleep(1)",
    "select setseed(0.1)",
    "select nextval('s')",
    "select txid_current()",
    "select current_query()",
    "select current_connection_id()",
    "select current_setting('threads')",
    "select getvariable('x')",
    "select write_log('x')",
    "select in_search_path('a', 'b')",
    "select reservoir_quantile(score, 0.5) from log",
    "select approx_quantile(score, 0.5) from log",
    "from log tablesample 10%",
    "from log using sample 10",
    "select * from (from log tablesample reservoir(5))",
    "from (from log using sample 1%) t",
]

OTHER_STATEMENTS = [
    "describe log",
    "from (describe log)",
    "from (show tables)",
    "show tables",
    "from (summarize log)",
    "summarize log",
    "pivot log on region using count(*)",
    "from (pivot log on region using count(*))",
    "from log pivot (count(*) for region in ('ES'))",
    "unpivot log on score into name n value v",
    "select ?",
    "select $1",
    "select",
    "selec 1",
    "select /* never ends",
]

ALLOWED = [
    "select 1",
    "select 1;",
    "from log",
    "FROM LOG",
    "table log",
    "values (1)",
    "with x as (from log) select count(*) from x",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r",
    "with a as (with b as (from log) from b) from a",
    "with a as (select 1 x), b as (from a) from b join a using (x)",
    "with a as materialized (from log) from a where exists (with c as (from a) from c)",
    "select region, avg(score) from log group by all order by 2 limit 3",
    "from log where region in (select unnest($l))",
    "select l.region from log l join (select 'a' region) b using (region)",
    "from log qualify row_number() over (partition by region order by ts desc) = 1",
    "select ts > $at - interval 1 day from log",
    "from (values (1), (2)) t(x)",
    "select list_transform([1, 2], lambda x: x + 1)",
    "select [x * 2 for x in tags] from log",
    "from range(3) t(i), generate_series(1, 2) s(j)",
    "select * from log, lateral (select score * 2 as twice) z, unnest(tags) u(tag)",
    "select region.lower().upper() from log",
    "select * exclude (ts) replace (score * 2 as score) from log",
    "select columns('s.*') from log",
    "select 1 union select 2 except select 3",
    "select date_trunc('hour', ts at time zone 'Europe/Madrid') from log",
    "select median(score), quantile_cont(score, 0.9), approx_count_distinct(region), string_agg(region) from log",
    "select count(*) filter (where score > 1), sum(score) over w from log group by score window w as (order by score)",
    "select age($at, ts), date_diff('day', ts, $at), time_bucket($w, ts) from log",
    "select date_part('hour', ts), strftime(ts, '%d'), hour(ts) from log",
    "select 'now()', \"region\", $$random()$$ from log -- random()",
    "select l.user from (select region as user from log) l",
    "select date '2026-01-01', timestamptz '2026-10-14T03:00Z', x'ab', 1e5, -1",
    "select struct_pack(a := 1).a, {'a': 1}['a'], map {'a': 1}['a']",
]


@pytest.fixture(scope="module")
def guard():
    con = duckdb.connect()
    con.execute(LOG)
    yield Guard(con)
    con.close()


@pytest.mark.parametrize("text", WRITES + READS_ELSEWHERE + NOT_THE_SAME_TWICE + OTHER_STATEMENTS)
def test_is_refused(guard, text):
    """Whatever writes, reads what is not declared, or may answer differently, is refused before it runs."""
    with pytest.raises(QueryError):
        guard.check(text, {"log"})


def test_the_zone_is_ours_and_the_clock_is_not():
    """What reckons with the session's zone is the same each time, since ours is locked; what reads a clock is not."""
    zoned = "TIMESTAMP WITH TIME ZONE"
    assert steady("CONSISTENT_WITHIN_QUERY", [zoned, "INTERVAL"], zoned)
    assert steady("CONSISTENT_WITHIN_QUERY", ["BIGINT", "DOUBLE"], zoned)
    assert steady("CONSISTENT", [], "DOUBLE")
    assert not steady("CONSISTENT_WITHIN_QUERY", [], zoned)
    assert not steady("CONSISTENT_WITHIN_QUERY", ["VARCHAR"], "VARCHAR")
    assert not steady("VOLATILE", [zoned], zoned)


@pytest.mark.parametrize("text", ALLOWED)
def test_is_allowed(guard, text):
    """What only reads declared relations passes, in every shape that SQL has for it."""
    guard.check(text, {"log"})


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("select *\nfrom scop", "unknown relation 'scop' (did you mean 'scope'?)", 2),
        ("select\n  1,\n  now()", "the function 'now' is not allowed in a query (a query must answer the same", 3),
        ("select 'é€𝄞\n', x from\n main.log", "'main.log' is not a relation's bare name (did you mean 'log'?)", 3),
        ("delete from log", "a query must be a SELECT; this is DELETE", 0),
        ("pivot log on region", "a query must be a SELECT; this is PIVOT", 0),
        ("select 1; select 2", "a query must be exactly one SELECT; it holds 2 statements", 0),
        ("", "a query must be exactly one SELECT; it is empty", 0),
        ("with x as (copy (select 1) to 'f')\nfrom x", "COPY is not allowed inside a query (a query only reads)", 1),
        ("select 1\nfrom log\nwhere\n\ngroup region", "syntax error at or near", 5),
        ("select 1,\n interval $n hour", "an interval of a value needs brackets: interval ($n) hour", 2),
        ("select\n$1", "values have names: write $name", 2),
        ("from log\ntablesample 10%", "TABLESAMPLE is not allowed", 1),
        ("from\nread_csv('f')", "the table function 'read_csv' is not allowed", 2),
        ("select\ncurrent_date", "'current_date' is not allowed", 2),
        ("with Recent as (from log) from Recent", "'Recent' cannot name a WITH clause", 1),
    ],
)
def test_says_what_and_where(guard, text, message, line):
    """A refusal names what is wrong, the author's line and the nearest name."""
    with pytest.raises(QueryError) as caught:
        guard.check(text, {"log", "scope"})
    assert message in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["select \x00", "select '\ud800'", "select " + "1+" * 60_000 + "1"])
def test_refuses_texts_that_no_parser_should_see(guard, text):
    """NUL bytes, half characters and very long texts end in an ordinary error."""
    with pytest.raises(QueryError):
        guard.check(text, {"log"})


@pytest.mark.parametrize("depth", [50, 200, 400, 900, 5000])
@pytest.mark.parametrize("piece", ["(select {})", "abs({})", "1+({})", "case when true then {} end"])
def test_deep_nesting_never_crashes(guard, depth, piece):
    """A text nested however deep passes or is refused; it never ends in another error."""
    head, tail = piece.split("{}")
    try:
        guard.check("select " + head * depth + "1" + tail * depth, {"log"})
    except QueryError as error:
        assert "deep" in str(error) or "longer" in str(error) or error.message


def test_one_call_is_enough(guard):
    """`check` needs no guard of one's own."""
    con = duckdb.connect()
    con.execute(LOG)
    check(con, "from log", {"log"})
    with pytest.raises(QueryError, match="unknown relation"):
        check(con, "from log", {"other"})
    con.close()
