"""Bad files are named, counted and passed over; the others are read."""

from __future__ import annotations

import gzip
import os
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from mlops_tui.core.errors import Cancelled, LogError
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.manifest import find
from mlops_tui.logs.measure import Rate

START = datetime(2026, 10, 1, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
APPROVED = Decision(column="decision", positive="approved")


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def flip(path, start, count):
    data = bytearray(path.read_bytes())
    data[start : start + count] = bytes(b ^ 0xFF for b in data[start : start + count])
    path.write_bytes(bytes(data))


def test_damaged_parquet_is_named_and_passed_over(write, opened, some_rows, tmp_path):
    """Cut, empty, foreign and corrupt files each have their reason; the sound one is read."""
    write("logs/a.parquet", some_rows(10))
    cut(write("logs/cut.parquet", some_rows(10)))
    footer = write("logs/footer.parquet", some_rows(10))
    length = int.from_bytes(footer.read_bytes()[-8:-4], "little")
    flip(footer, footer.stat().st_size - 8 - length, 100)
    (tmp_path / "logs/empty.parquet").touch()
    (tmp_path / "logs/foreign.parquet").write_text("this is no parquet file at all")
    (tmp_path / "logs/notes.txt").write_text("hello")
    log = opened()
    assert measure.rates(log, APPROVED, [WEEK]).value == {(0, ()): Rate(10, 5)}
    told = {f.shown: f.problem for f in log.unreadable}
    assert told["logs/empty.parquet"] == "it is empty (0 bytes)"
    assert told["logs/cut.parquet"] == "truncated: no Parquet footer at its end"
    assert told["logs/foreign.parquet"] == "not a Parquet file (no magic bytes at its start)"
    assert told["logs/notes.txt"].startswith("its name does not tell its format")
    assert told["logs/footer.parquet"]
    assert str(tmp_path) not in str(told)
    assert log.inputs.files == 1
    assert log.inputs.unreadable == (
        "logs/cut.parquet",
        "logs/empty.parquet",
        "logs/footer.parquet",
        "logs/foreign.parquet",
        "logs/notes.txt",
    )


def test_a_page_that_breaks_while_it_is_read_is_found(write, opened, some_rows):
    """A file whose footer is sound and whose pages are not is found by the query, named, and left out of the answer."""
    write("logs/a.parquet", some_rows(10))
    path = write("logs/b.parquet", some_rows(500, START + timedelta(hours=10)))
    flip(path, 4, path.stat().st_size // 2)
    log = opened()
    assert not log.unreadable
    assert measure.columns(log, ["id", "score", "decision"], Window(START, START + timedelta(days=60))).value.num_rows == 10
    assert [f.shown for f in log.unreadable] == ["logs/b.parquet"]
    assert measure.rates(log, APPROVED, [WEEK]).value == {(0, ()): Rate(10, 5)}


def test_a_file_that_vanishes_is_named(write, opened, some_rows):
    """A file taken away after the log was opened is passed over, and said so."""
    write("logs/a.parquet", some_rows(4))
    gone = write("logs/b.parquet", some_rows(4))
    log = opened()
    gone.unlink()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    assert [f.shown for f in log.unreadable] == ["logs/b.parquet"]


def test_a_half_written_last_line_is_counted_and_left_out(write, opened, some_rows):
    """The line that a writer has not finished is no row; the lines before it are."""
    path = write("logs/a.jsonl", some_rows(4))
    with path.open("a") as file:
        file.write('{"ts": "2026-10-01T0')
    log = opened()
    assert measure.rates(log, APPROVED, [WEEK]).value == {(0, ()): Rate(4, 2)}
    assert [(f.shown, f.rejected, f.note) for f in log.manifest.partial] == [("logs/a.jsonl", 1, "a half-written last line")]
    assert log.notes == ("logs/a.jsonl: 1 row left out (a half-written last line)",)
    assert measure.volumes(log, [WEEK]).query.startswith("SELECT count(*)")


def test_broken_lines_of_json_are_counted(write, opened, some_rows):
    """Lines that are no objects never become rows of nulls."""
    path = write("logs/a.jsonl", some_rows(4))
    path.write_text(path.read_text() + 'oops\n[1, 2]\n\n5\n{"ts": "2026-10-01T09:00:00Z", "decision": "approved"}\n')
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 5}
    assert [(f.rejected, f.note) for f in log.manifest.partial] == [(3, "no JSON objects")]


def test_rows_of_csv_that_do_not_fit_are_counted(write, opened, some_rows):
    """A half row, a row too long and broken UTF-8 are left out and told; the rest counts, in the view too."""
    import duckdb

    path = write("logs/a.csv", some_rows(4))
    path.write_bytes(path.read_bytes() + b"1,2,3,4,5,6,7,8,9\n2026-10-01T00:00:00Z,\xff\xfe,ES,approved,1,1\n2026-10-01T0")
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    assert [(f.rejected, f.note) for f in log.manifest.partial] == [(3, "first line 6: too many columns")]
    assert duckdb.connect().execute(f"SELECT count(*) FROM ({log.view_sql(None)})").fetchall() == [(4,)]


@pytest.mark.parametrize("suffix", ["csv.gz", "jsonl.gz"])
def test_truncated_gzip_is_passed_over(write, opened, some_rows, suffix):
    """An archive that ends too early is not read in part; the others are."""
    write(f"logs/a.{suffix}", some_rows(4))
    cut(write(f"logs/b.{suffix}", some_rows(500)))
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    assert [f.shown for f in log.unreadable] == [f"logs/b.{suffix}"]
    assert re.search("GZIP|Compressed file ended", log.unreadable[0].problem)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("b.csv", b"PAR1\x00\x01", "it is not text"),
        ("b.csv", b"\xff\xfe,b\n1,2\n", "its header is not UTF-8"),
        ("b.csv", b"\n1,2\n", "it has no header line"),
        ("b.csv", b"ts,ts\n1,2\n", "its header names 'ts' twice"),
        ("b.csv", b"ts,decision\n1,2,3\n", "none of its 1 lines fits its header (first line 2: too many columns)"),
        ("b.csv.gz", b"not gzip", "it cannot be unpacked: Not a gzipped file (b'no')"),
        ("b.jsonl", b'[\n{"ts": 1}\n]\n', "no line of it is a JSON object"),
        ("b.jsonl", b"\n\n", "it holds no rows"),
    ],
)
def test_text_that_is_no_log_says_why(write, opened, some_rows, tmp_path, name, data, problem):
    """Each kind of nonsense has its own sentence."""
    write("logs/a.parquet", some_rows(4))
    (tmp_path / "logs" / name).write_bytes(data)
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    if problem.startswith("no line"):
        assert log.manifest.partial or log.unreadable
    else:
        assert [f.problem for f in log.unreadable] == [problem]


def test_no_file_and_no_readable_file_are_errors(opened, tmp_path):
    """Nothing that matches, and nothing that can be read, are told apart."""
    with pytest.raises(LogError, match=r"no file matches logs/\*\*/\*\.parquet"):
        opened("logs/**/*.parquet")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.parquet").touch()
    with pytest.raises(LogError, match=r"none of the 1 files .* can be read: logs/a\.parquet: it is empty"):
        opened()


def test_a_declared_column_that_is_missing_names_the_nearest(write, opened, some_rows):
    """Every missing column at once, each with what it may have been."""
    write("logs/a.parquet", some_rows(2))
    with pytest.raises(
        LogError, match=r"no columns 'regon' \(did you mean 'region'\?\); 'decison' \(did you mean 'decision' or 'region'\?\)"
    ):
        opened(segments=["regon"], required=["decison"])


def test_an_engine_is_not_a_path(opened):
    """A log in an engine is refused in words."""
    with pytest.raises(LogError, match="engine"):
        opened(None, engine="spark", table="x")


def test_hidden_files_are_no_data(write, opened, some_rows, tmp_path):
    """Writers' temporary files and markers are not read and not complained of."""
    write("logs/a.parquet", some_rows(4))
    write("logs/_temporary/b.parquet", some_rows(4))
    write("logs/.c.parquet", some_rows(4))
    (tmp_path / "logs/_SUCCESS").touch()
    log = opened()
    assert (measure.volumes(log, [WEEK]).value, log.unreadable) == ({(0, ()): 4}, ())


def test_a_broken_link_is_named(write, opened, some_rows, tmp_path):
    """A link to nowhere is a file that cannot be read."""
    write("logs/a.parquet", some_rows(4))
    os.symlink(tmp_path / "nowhere", tmp_path / "logs/b.parquet")
    assert [(f.shown, f.problem) for f in opened().unreadable] == [("logs/b.parquet", "no such file or directory")]


def test_the_fingerprint_is_of_names_and_sizes_not_of_times(write, tmp_path, some_rows):
    """A touch changes nothing; a new row, a new name or a file that went does."""
    path = write("logs/a.jsonl", some_rows(4))
    first = find("logs/*", tmp_path).fingerprint
    os.utime(path, (1, 1))
    assert find("logs/*", tmp_path).fingerprint == first
    with path.open("a") as file:
        file.write("{}\n")
    assert find("logs/*", tmp_path).fingerprint != first


def test_rows_after_the_clock_are_counted_and_do_not_move_it(write, opened, some_rows):
    """The newest row is the newest that is not after the clock."""
    write("logs/a.parquet", some_rows(10))
    write("logs/b.parquet", some_rows(3, START + timedelta(days=400)))
    log = opened()
    clock = START + timedelta(hours=5, minutes=30)
    assert (log.newest(clock), log.after(clock)) == (START + timedelta(hours=5), 7)
    assert log.newest(START + timedelta(days=1)) == START + timedelta(hours=9)
    assert (log.after(START + timedelta(days=1)), log.newest(START - timedelta(days=1))) == (3, None)
    assert log.oldest() == START


def test_a_log_without_rows_or_without_times_has_no_newest(write, opened):
    """An empty table and a column of nulls are read, and hold nothing."""
    import pyarrow as pa

    schema = pa.schema([("ts", pa.timestamp("us", tz="UTC")), ("decision", pa.string())])
    write("logs/a.parquet", [], schema)
    write("logs/b.parquet", [{"ts": None, "decision": "approved"}], schema)
    log = opened()
    assert (log.newest(START), log.oldest(), log.after(START)) == (None, None, 0)


def test_an_interrupt_stops_a_query_and_the_log_lives_on(write, opened, some_rows):
    """A wish to stop, repeated until it is heard, ends in Cancelled; the next question is answered."""
    write("logs/a.parquet", some_rows(4))
    log = opened()
    done = threading.Event()

    def stop():
        while not done.wait(0.02):
            log.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with pytest.raises(Cancelled):
            log.rows("SELECT sum(a.range % 7) FROM range(10000000000) a")
    finally:
        done.set()
        thread.join()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}


def test_threads_may_ask_at_the_same_time(write, opened, some_rows):
    """Each question has a cursor of its own."""
    write("logs/a.parquet", some_rows(100))
    log = opened()
    found = []

    def ask():
        found.append(measure.rates(log, APPROVED, [WEEK], by=["region"]).value)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(f == found[0] for f in found)


def test_gzip_says_parquet_is_not_for_it(write, opened, some_rows, tmp_path):
    """A zipped Parquet file is named, not guessed at."""
    data = write("logs/a.parquet", some_rows(4)).read_bytes()
    (tmp_path / "logs/b.parquet.gz").write_bytes(gzip.compress(data))
    assert [f.shown for f in opened().unreadable] == ["logs/b.parquet.gz"]


def test_folders_are_those_behind_links(write, opened, some_rows, tmp_path):
    """The view reads under lock, also where files or folders are links to elsewhere."""
    import duckdb

    write("elsewhere/a.parquet", some_rows(3))
    (tmp_path / "logs").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "logs/deep")
    os.symlink(tmp_path / "elsewhere/a.parquet", tmp_path / "logs/b.parquet")
    log = opened("logs/*/*.parquet"), opened("logs/*.parquet")
    for each in log:
        con = duckdb.connect()
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE VIEW log AS {each.view_sql(None)}")
        con.execute(f"SET allowed_directories = {[f'{f}/' for f in each.folders]!r}")
        con.execute("SET enable_external_access = false")
        assert con.execute("SELECT count(*) FROM log").fetchall() == [(3,)]
