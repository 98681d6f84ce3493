"""Live and dirty logs, row by row: what each kind of damage does to an answer. Every row is a behaviour that we chose."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.core.errors import LogError
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.deep import deep
from mlops_tui.logs.measure import Rate
from mlops_tui.logs.places import misplaced

START = datetime(2026, 10, 1, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
APPROVED = Decision(column="decision", positive="approved")


def flipped(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x04
    path.write_bytes(bytes(data))


def test_truncated_parquet(write, opened, some_rows):
    """Named with its reason and passed over; the others answer, and the answer says that one of two was not read."""
    write("logs/a.parquet", some_rows(10))
    path = write("logs/b.parquet", some_rows(10))
    path.write_bytes(path.read_bytes()[:-50])
    log = opened()
    assert measure.rates(log, APPROVED, [WEEK]).value == {(0, ()): Rate(10, 5)}
    assert [(f.shown, f.problem) for f in log.unreadable] == [("logs/b.parquet", "truncated: no Parquet footer at its end")]
    assert log.inputs.unreadable == ("logs/b.parquet",)


def test_parquet_with_a_zeroed_footer(write, opened, some_rows):
    """The same: a footer of zeros is no footer."""
    write("logs/a.parquet", some_rows(10))
    path = write("logs/b.parquet", some_rows(10))
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    log = opened()
    assert (measure.volumes(log, [WEEK]).value, [f.shown for f in log.unreadable]) == ({(0, ()): 10}, ["logs/b.parquet"])


def test_parquet_of_no_bytes(write, opened, some_rows, tmp_path):
    """Never silently no rows: an empty file is damage."""
    write("logs/a.parquet", some_rows(10))
    (tmp_path / "logs/b.parquet").touch()
    assert [f.problem for f in opened().unreadable] == ["it is empty (0 bytes)"]


def test_a_flipped_bit_in_a_page(opened, some_rows, tmp_path):
    """Seen by a deep look where the writer kept checksums; where it kept none, the deep look says that it cannot tell."""
    (tmp_path / "logs").mkdir()
    table = pa.table({"ts": [r["ts"] for r in some_rows(5000)], "decision": ["approved"] * 5000, "x": list(range(5000))})
    for name, checked in (("a", True), ("b", True), ("c", False)):
        pq.write_table(table, tmp_path / f"logs/{name}.parquet", write_page_checksum=checked, compression="none")
    flipped(tmp_path / "logs/b.parquet", 20_000)
    found = deep(opened().manifest.files)
    assert (found.files, found.silent) == (3, 1)
    assert [shown for shown, _ in found.damaged] == ["logs/b.parquet"]
    assert str(tmp_path) not in found.damaged[0][1]


def test_jsonl_with_a_half_written_last_line(write, opened, some_rows):
    """Read up to the last whole line; once the writer has ended it, it counts."""
    path = write("logs/a.jsonl", some_rows(4))
    whole = path.read_bytes()
    line = whole.splitlines(keepends=True)[0].replace(b"T00", b"T05")
    path.write_bytes(whole + line[:20])
    assert measure.volumes(opened(), [WEEK]).value == {(0, ()): 4}
    path.write_bytes(whole + line)
    assert measure.volumes(opened(), [WEEK]).value == {(0, ()): 5}


def test_jsonl_with_lines_that_are_no_objects(write, opened, some_rows):
    """Counted and named; never a row of nulls that counts."""
    path = write("logs/a.jsonl", some_rows(4))
    with path.open("a") as file:
        file.write("oops\n[1]\n")
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    assert [(f.rejected, f.note) for f in log.manifest.partial] == [(2, "no JSON objects")]


def test_jsonl_while_it_is_appended_to(write, opened, some_rows):
    """Whatever moment it is read at, whole lines are rows and nothing fails."""
    path = write("logs/a.jsonl", some_rows(50))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    stop = threading.Event()

    def append() -> None:
        with path.open("ab", buffering=0) as file:
            for line in lines[5:]:
                for at in range(0, len(line), 17):
                    file.write(line[at : at + 17])
                if stop.wait(0.001):
                    return

    writer = threading.Thread(target=append)
    writer.start()
    seen = []
    try:
        while writer.is_alive():
            seen.append(measure.volumes(opened(), [WEEK]).value[0, ()])
    finally:
        stop.set()
        writer.join()
    assert seen == sorted(seen)
    assert measure.volumes(opened(), [WEEK]).value == {(0, ()): 50}


def test_csv_with_a_half_row(write, opened, some_rows):
    """The row that does not fit its header is counted and named with its line; the others are rows."""
    path = write("logs/a.csv", some_rows(4))
    with path.open("a") as file:
        file.write("2026-10-01T05")
    log = opened()
    assert measure.volumes(log, [WEEK]).value == {(0, ()): 4}
    assert [f.rejected for f in log.manifest.partial] == [1]
    assert "line 6" in log.manifest.partial[0].note


def test_a_column_that_later_files_lack(write, opened, some_rows):
    """Null there, and said."""
    write("logs/a.parquet", some_rows(4, fee=1.0))
    write("logs/b.parquet", some_rows(4, START + timedelta(hours=9)))
    log = opened()
    nulls = measure.nulls(log, ["fee"], [WEEK]).value
    assert nulls == {(0, (), "fee"): (8, 4)}
    assert any("'fee' is absent from 1 of 2 files" in note for note in log.notes)


def test_a_column_that_only_later_files_have(write, opened, some_rows):
    """Not invisible: it is a column of the log, null before."""
    write("logs/a.parquet", some_rows(4))
    write("logs/b.parquet", some_rows(4, START + timedelta(hours=9), fee=2.0))
    log = opened()
    assert log.columns["fee"] == "DOUBLE"
    assert measure.nulls(log, ["fee"], [WEEK]).value == {(0, (), "fee"): (8, 4)}


def test_a_number_that_became_text(write, opened, some_rows):
    """The column stays a number; text that is none is missing there, and said."""
    write("logs/a.parquet", some_rows(6))
    write("logs/b.parquet", [r | {"score": "high"} for r in some_rows(2, START + timedelta(hours=9))])
    log = opened(features={"score": "numeric"})
    assert log.columns["score"] == "DOUBLE"
    assert measure.nulls(log, ["score"], [WEEK]).value == {(0, (), "score"): (8, 2)}
    assert any("'score' is VARCHAR in 1 of 2 files" in note for note in log.notes)


def test_no_file_matches(opened):
    """An error that says so, and no count of nought."""
    with pytest.raises(LogError, match="no file"):
        opened("logs/**/*.parquet")


def test_a_file_replaced_while_it_is_read(write, opened, some_rows, tmp_path):
    """An answer is of the old file or of the new one, never a fault."""
    path = write("logs/a.parquet", some_rows(2000))
    other = write("other/b.parquet", some_rows(1000))
    log = opened()
    stop = threading.Event()

    def replace() -> None:
        contents = (path.read_bytes(), other.read_bytes())
        turn = 0
        while not stop.wait(0.05):
            (tmp_path / "next").write_bytes(contents[turn % 2])
            os.replace(tmp_path / "next", path)
            turn += 1

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        long = Window(START, START + timedelta(days=90))
        seen = {opened().at_most([long]) for _ in range(20)} | {
            measure.volumes(opened(), [long]).value[0, ()] for _ in range(20)
        }
    finally:
        stop.set()
        writer.join()
    assert seen <= {1000, 2000}
    assert log.unreadable == ()


def test_a_file_rewritten_after_it_was_read(write, opened, some_rows):
    """The next opening sees the new rows: nothing stale is remembered across a change."""
    write("logs/a.parquet", some_rows(5))
    assert measure.volumes(opened(), [WEEK]).value == {(0, ()): 5}
    write("logs/a.parquet", some_rows(9))
    assert measure.volumes(opened(), [WEEK]).value == {(0, ()): 9}


def test_days_do_not_depend_on_the_machines_zone(write, opened, some_rows, monkeypatch):
    """Windows and buckets are in UTC, whatever TZ says; naive times are in the zone that is declared."""
    import time

    write("logs/a.parquet", some_rows(30))
    answers = []
    for zone in ("UTC", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        answers.append(measure.rate_series(opened(), APPROVED, WEEK, grain="day").value)
    monkeypatch.undo()
    time.tzset()
    assert answers[0] == answers[1]


def test_nan_is_missing_and_infinity_is_not(write, opened):
    """NaN counts as missing and shapes no range; infinite values are values, told apart."""
    from mlops_tui.logs.over_time import number_range

    values = [1.0, 2.0, 3.0, float("nan"), float("inf"), None]
    write("logs/a.parquet", [{"ts": START, "decision": "approved", "x": v} for v in values])
    log = opened()
    assert measure.nulls(log, ["x"], [WEEK]).value == {(0, (), "x"): (6, 2)}
    low, high, *_ = number_range(log, "x", WEEK).value
    assert (low, high) == (1.0, 3.0)


def test_rows_in_the_folder_of_another_day(write, opened, some_rows):
    """They count at their own time; the file is named with the times that it holds."""
    write("logs/date=2026-10-01/a.parquet", some_rows(12))
    write("logs/date=2026-10-02/a.parquet", some_rows(12, START + timedelta(days=4)))
    log = opened()
    found, judged = misplaced(log.manifest.files, log.facts())
    assert (judged, [f.file for f in found]) == (2, ["logs/date=2026-10-02/a.parquet"])
    assert measure.volumes(log, [Window(START + timedelta(days=4), START + timedelta(days=5))]).value == {(0, ()): 12}


def test_rows_that_repeat_an_id(write, opened, some_rows):
    """A file delivered twice counts twice, and it is told how many rows repeat an id."""
    write("logs/a.parquet", some_rows(6))
    write("logs/b.parquet", some_rows(6))
    assert measure.doubles(opened(id="id"), "id", WEEK).value == (6, 12)
