"""Parquet, CSV and JSONL, by glob or by folders of a partition, as one relation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from mlops_tui.core.errors import LogError
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.measure import Rate

START = datetime(2026, 10, 1, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
APPROVED = Decision(column="decision", positive="approved")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz", "ndjson"])
def test_every_format_gives_the_same_numbers(write, opened, some_rows, suffix):
    """The same rows are the same answers, whatever file holds them, here and through the view."""
    import duckdb

    write(f"logs/a.{suffix}", some_rows(30))
    write(f"logs/b.{suffix}", some_rows(30, START + timedelta(hours=30)))
    log = opened(segments=["region"], version="version", features={"score": "numeric"})
    assert measure.rates(log, APPROVED, [WEEK], by=["region"]).value == {(0, ("ES",)): Rate(40, 20), (0, ("FR",)): Rate(20, 10)}
    assert log.newest(WEEK.end) == START + timedelta(hours=59)
    assert measure.versions_seen(log, WEEK.end).value.keys() == {"1.10"}
    assert log.columns["score"] == "DOUBLE"
    assert log.columns["ts"] == "TIMESTAMP WITH TIME ZONE"
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    hidden = con.execute(f"SELECT * FROM ({log.view_sql(WEEK, hide=['id'])})")
    assert "id" not in [c[0] for c in hidden.description]
    assert con.execute(f"SELECT count(*), count(score), min(typeof(ts)) FROM ({log.view_sql(WEEK)})").fetchall() == [
        (60, 60, "TIMESTAMP WITH TIME ZONE")
    ]


def test_formats_may_stand_side_by_side(write, opened, some_rows):
    """A log that moved from CSV to Parquet is one log."""
    write("logs/a.csv", some_rows(10))
    write("logs/b.parquet", some_rows(10, START + timedelta(hours=10)))
    write("logs/c.jsonl", some_rows(10, START + timedelta(hours=20)))
    log = opened(segments=["region"], features={"score": "numeric"})
    assert measure.rates(log, APPROVED, [WEEK]).value == {(0, ()): Rate(30, 15)}
    assert log.columns["score"] == "DOUBLE"


def test_a_folder_or_a_file_is_a_pattern_too(write, opened, some_rows):
    """A path without a glob means the file, or everything below the folder."""
    write("logs/deep/a.parquet", some_rows(3))
    assert measure.volumes(opened("logs"), [WEEK]).value == {(0, ()): 3}
    assert measure.volumes(opened("logs/deep/a.parquet"), [WEEK]).value == {(0, ()): 3}


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_partition_folders_are_columns_only_where_declared(write, opened, some_rows, suffix):
    """`region=ES/` is a column when the inventory names it and the files lack it; `date=...` is none."""
    rows = [{k: v for k, v in r.items() if k != "region"} for r in some_rows(10)]
    for day, region in (("2026-10-01", "ES"), ("2026-10-02", "A%2FB"), ("2026-10-02", "__HIVE_DEFAULT_PARTITION__")):
        write(f"logs/date={day}/region={region}/a.{suffix}", rows)
    log = opened(segments=["region"])
    assert "date" not in log.columns
    found = measure.volumes(log, [WEEK], by=["region"]).value
    assert found == {(0, ("A/B",)): 10, (0, ("ES",)): 10, (0, (None,)): 10}
    with pytest.raises(LogError, match="no column 'region_name' \\(did you mean 'region'"):
        opened(segments=["region_name"])


def test_a_partition_folder_never_shadows_a_column(write, opened, some_rows):
    """Where the files hold the column, theirs counts, and its type stays."""
    write("logs/region=XX/score=high/a.parquet", some_rows(10))
    log = opened(segments=["region"], features={"score": "numeric"})
    assert measure.volumes(log, [WEEK], by=["region"]).value.keys() == {(0, ("ES",)), (0, ("FR",))}
    assert log.columns["score"] == "DOUBLE"


def test_a_partition_folder_can_be_the_time(write, opened):
    """A log whose only time is its folder's date is read at midnight of its zone."""
    write("logs/day=2026-10-02/a.parquet", [{"decision": "approved"}])
    log = opened(time="day", zone="Europe/Madrid")
    assert log.newest(WEEK.end) == datetime(2026, 10, 1, 22, tzinfo=UTC)


NOON = datetime(2026, 7, 1, 12)


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")])
def test_naive_times_are_in_the_declared_zone(write, opened, kind):
    """Noon in Madrid in July is ten in the morning in UTC, whatever the unit; the log's own zone comes first."""
    schema = pa.schema([("ts", kind), ("decision", pa.string())])
    write("logs/a.parquet", [{"ts": NOON, "decision": "approved"}], schema)
    assert opened(zone="Europe/Madrid").newest(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    log = opened(zone="Europe/Madrid", timezone="America/New_York")
    assert log.newest(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 16, tzinfo=UTC)
    exact = Window(datetime(2026, 7, 1, 16, tzinfo=UTC), datetime(2026, 7, 1, 17, tzinfo=UTC))
    assert measure.volumes(log, [exact, exact.shift(-exact.length)]).value == {(0, ()): 1, (1, ()): 0}


def test_the_hour_the_clocks_change_is_not_lost(write, opened):
    """Rows around the end of summer time are found, by windows as narrow as an hour."""
    naive = [datetime(2026, 10, 25, 0, 30) + timedelta(minutes=30 * i) for i in range(8)]
    write("logs/a.parquet", [{"ts": t, "decision": "approved"} for t in naive])
    log = opened(zone="Europe/Madrid")
    start = datetime(2026, 10, 24, 21, tzinfo=UTC)
    hours = [Window(start + timedelta(hours=i), start + timedelta(hours=i + 1)) for i in range(9)]
    assert sum(measure.volumes(log, hours).value.values()) == len(naive)
    assert sum(measure.volumes(log, [h]).value[0, ()] for h in hours) == len(naive)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-07-01T12:00:00Z", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01 12:00:00+02:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01T12:00:00.250", datetime(2026, 7, 1, 10, 0, 0, 250000, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        (1782907200, datetime(2026, 7, 1, 12, tzinfo=UTC)),
        (1782907200.25, datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=UTC)),
        (1782907200250, datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=UTC)),
        (1782907200250000, datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=UTC)),
        (1782907200250000000, datetime(2026, 7, 1, 12, 0, 0, 250000, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_times_as_text_and_numbers_are_read(write, opened, suffix, value, moment):
    """ISO texts with and without an offset, dates, and Unix times in any unit."""
    write(f"logs/a.{suffix}", [{"ts": value, "decision": "approved"}])
    assert opened(zone="Europe/Madrid").newest(datetime(2027, 1, 1, tzinfo=UTC)) == moment


def test_dates_are_midnight_in_the_declared_zone(write, opened):
    """A DATE column is the start of its day, and a window finds it."""
    write("logs/a.parquet", [{"ts": date(2026, 7, 1), "decision": "approved"}])
    log = opened(zone="Europe/Madrid")
    first = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert (log.oldest(), log.newest(START)) == (first, first)
    assert measure.volumes(log, [Window(first, first + timedelta(hours=1))]).value == {(0, ()): 1}


def test_csv_columns_get_the_type_that_all_values_fit(write, opened):
    """Numbers are numbers, `007` and `1.10` of a version stay text, NA is missing where numbers are declared."""
    rows = [
        {"ts": START, "decision": 1, "code": "007", "version": "1.10", "n": 5, "x": "1.5", "flag": "true", "f": "NA"},
        {"ts": START, "decision": 0, "code": "12", "version": "1.9", "n": 6, "x": "nan", "flag": "False", "f": "2"},
    ]
    write("logs/a.csv", rows)
    log = opened(version="version", features={"f": "numeric"})
    types = {c: t for c, t in log.columns.items() if c != "ts"}
    assert types == {
        "decision": "BIGINT",
        "code": "VARCHAR",
        "version": "VARCHAR",
        "n": "BIGINT",
        "x": "DOUBLE",
        "flag": "BOOLEAN",
        "f": "DOUBLE",
    }
    assert measure.nulls(log, ["f", "x"], [WEEK]).value == {(0, (), "f"): (2, 1), (0, (), "x"): (2, 1)}


def test_csv_dialects_are_told_apart(write, opened, tmp_path):
    """Semicolons, tabs, a byte order mark, CRLF and quoted commas."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.csv").write_bytes("\ufeffts;region;decision\r\n2026-10-01T00:00:00Z;ES;approved\r\n".encode())
    (folder / "b.tsv").write_text("ts\tdecision\tregion\n2026-10-01T00:00:00Z\tapproved\tES\n")
    (folder / "c.csv").write_text('ts,region,decision\n2026-10-01T00:00:00Z,"E,S",approved\n')
    found = measure.volumes(opened(segments=["region"]), [WEEK], by=["region"]).value
    assert found == {(0, ("E,S",)): 1, (0, ("ES",)): 2}


def test_a_column_of_later_files_is_missing_before_and_named(write, opened, some_rows):
    """A column that only some files have is there, null elsewhere, and told."""
    write("logs/a.parquet", some_rows(4))
    write("logs/b.parquet", some_rows(4, START + timedelta(hours=4), amount=5.0))
    log = opened()
    assert measure.nulls(log, ["amount"], [WEEK]).value == {(0, (), "amount"): (8, 4)}
    assert log.notes == ("column 'amount' is absent from 1 of 2 files: missing there",)
    early = Window(START, START + timedelta(hours=4))
    assert measure.columns(log, ["amount"], early).value["amount"].to_pylist() == [None] * 4


def test_numbers_of_several_widths_are_one_column(write, opened, some_rows):
    """An integer that became a float is a float throughout, without a word."""
    write("logs/a.parquet", some_rows(2, amount=1))
    write("logs/b.parquet", some_rows(2, START + timedelta(hours=2), amount=1.5))
    log = opened()
    assert (log.columns["amount"], log.notes) == ("DOUBLE", ())
    assert measure.columns(log, ["amount"], WEEK).value["amount"].to_pylist() == [1.0, 1.0, 1.5, 1.5]


def test_a_type_that_changed_does_not_turn_the_column_to_text(write, opened, some_rows):
    """Most rows decide the type; what does not fit is missing, and that is told."""
    write("logs/a.parquet", some_rows(6, amount=1.5))
    write("logs/b.parquet", some_rows(2, START + timedelta(hours=6), amount="oops"))
    log = opened()
    assert log.columns["amount"] == "DOUBLE"
    assert log.notes == ("column 'amount' is VARCHAR in 1 of 2 files, read as DOUBLE: what does not fit is missing",)
    assert measure.nulls(log, ["amount"], [WEEK]).value == {(0, (), "amount"): (8, 2)}


def test_a_declared_number_is_one_even_where_files_hold_text(write, opened, some_rows):
    """The inventory's type wins over the files': text that is a number is read as one."""
    write("logs/a.parquet", some_rows(3, amount="7"))
    log = opened(features={"amount": "numeric"})
    assert measure.columns(log, ["amount"], WEEK).value["amount"].to_pylist() == [7.0, 7.0, 7.0]


def test_json_keeps_its_own_types(write, opened):
    """Text stays text however it looks; mixed values are text; objects are JSON text; null fits anything."""
    rows = [
        {"ts": START.isoformat(), "decision": True, "v": "1.10", "m": 1, "o": {"k": 1}, "n": None, "x": 1},
        {"ts": START.isoformat(), "decision": None, "v": "1.9", "m": "oops", "o": None, "n": 2, "x": 1.5},
    ]
    write("logs/a.jsonl", rows)
    log = opened()
    types = [log.columns[c] for c in ("decision", "v", "m", "o", "n", "x")]
    assert types == ["BOOLEAN", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE"]
    assert measure.columns(log, ["o"], WEEK).value["o"].to_pylist() == ['{"k":1}', None]


def test_strange_names_of_files_and_columns_are_only_names(write, opened):
    """Quotes, brackets and spaces in paths and columns."""
    write("logs/it's [1] {x}/a'b.parquet", [{"ts": START, "decision": "approved", 'he"y;': 1}])
    log = opened()
    assert measure.volumes(log, [WEEK], by=['he"y;']).value == {(0, ("1",)): 1}


def test_spelling_of_case_is_one_column(write, opened, some_rows):
    """SQL does not tell `Region` from `region`, so the log does not either; the declared spelling is kept."""
    write("logs/a.parquet", [{("Region" if k == "region" else k): v for k, v in r.items()} for r in some_rows(3)])
    write("logs/b.csv", [{("REGION" if k == "region" else k): v for k, v in r.items()} for r in some_rows(3)])
    log = opened(segments=["region"], features={"score": "numeric"})
    assert [c for c in log.columns if c.lower() == "region"] == ["region"]
    assert measure.volumes(log, [WEEK], by=["region"]).value == {(0, ("ES",)): 4, (0, ("FR",)): 2}


def test_naive_and_aware_times_meet_in_one_log(write, opened, some_rows):
    """Files before and after a change of the time's type are read each in its own way, and nothing is complained of."""
    naive = pa.schema([("ts", pa.timestamp("us")), ("decision", pa.string())])
    write("logs/a.parquet", [{"ts": datetime(2026, 10, 1, 2), "decision": "approved"}], naive)
    write("logs/b.parquet", [{"ts": START, "decision": "approved"}])
    log = opened(zone="Europe/Madrid")
    assert measure.volume_series(log, WEEK).value == [(START, 2)]
    assert log.notes == ()


def test_rows_without_a_readable_time_are_counted(write, opened, some_rows):
    """They are in no window, and can be told."""
    write("logs/a.csv", [{"ts": t, "decision": "approved"} for t in ("2026-10-01T00:00:00Z", "yesterday", "")])
    log = opened()
    assert (log.untimed(), measure.volumes(log, [WEEK]).value) == (2, {(0, ()): 1})


def test_a_variable_in_the_path_is_filled_and_shown_as_written(write, opened, some_rows, tmp_path):
    """The path may be a parameter; answers do not tell where it lay, and an unset one is named."""
    from zoneinfo import ZoneInfo

    from mlops_tui.inventory.types import LogSpec
    from mlops_tui.logs.log import Log

    write("far/away/a.parquet", some_rows(3))
    spec = LogSpec(path="${DATA}/*.parquet", time="ts")
    log = Log.open(spec, root=tmp_path, zone=ZoneInfo("UTC"), name="log", environ={"DATA": str(tmp_path / "far/away")})
    assert (log.inputs.path, [f.shown for f in log.manifest.files]) == ("${DATA}/*.parquet", ["${DATA}/a.parquet"])
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 3}
    with pytest.raises(LogError, match="variable DATA is not set"):
        Log.open(spec, root=tmp_path, zone=ZoneInfo("UTC"), name="log")
