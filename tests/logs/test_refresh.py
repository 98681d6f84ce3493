"""Building: every row is read once and counted as the rows themselves would be, whatever happens to the files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from logs.summing import DAY0, Place, canonical, from_rows, rows, summary_of

from mlops_tui.core.errors import Cancelled, LogError
from mlops_tui.logs.refresh import current
from mlops_tui.logs.wanted import Counters


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


LOOK = """
import os, pathlib, sys
from tests.logs.summing import Place, from_rows, summary_of

def look(place):
    made = place.refresh()
    whole = from_rows(place.wanted, made.snapshot.layout)
    return made.unwritten, made.counters.files_read, summary_of(made).equals(whole)

mine = Place(pathlib.Path(sys.argv[2]))  # everything is loaded before the user changes, who may not read where Python lies
mine.write(0)
look(mine)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(*look(Place(pathlib.Path(sys.argv[1]))), sep="|")
"""


def look_as_nobody(folder: Path, mine: Path) -> list[str]:
    """What a process says that refreshes as a user who may read the folder and write nothing in it; `mine` is a folder of its
    own. No fork of this process, which would copy the locks of its threads."""
    for above in (p for p in (folder, *folder.parents) if not p.stat().st_mode & 0o001):
        above.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [sys.executable, "-c", LOOK, folder, mine]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    for path in folder.rglob("*"):
        path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


def _same_as_rows(place: Place) -> None:
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_what_is_built_is_what_the_rows_give(place: Place) -> None:
    """Days, files and batches make no difference: every count, sum, histogram and category is that of all rows together."""
    for day in range(11):
        place.write(day)
    place.write(3, rows(3, 50, seed=1), "part-1.parquet")
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    assert made.counters.rows_read == 11 * 600 + 50
    assert made.counters.files_read == 12


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kolkata", "America/New_York"])
def test_days_are_those_of_the_zone(tmp_path: Path, zone: str) -> None:
    """Files by UTC day hold two local days each; they add up."""
    place = Place(tmp_path, zone)
    for day in range(23, 27):  # the clocks of Europe change on the 25th
        place.write(day)
    _same_as_rows(place)


def test_a_second_build_reads_nothing(place: Place) -> None:
    for day in range(4):
        place.write(day)
    place.refresh()
    assert place.refresh().counters == Counters(unchanged=4)
    assert current(place.wanted, place.wanted.origin.manifest()) is not None


def test_only_a_new_partition_is_read(place: Place) -> None:
    for day in range(9):
        place.write(day)
    place.refresh()
    place.write(9)
    counters = place.refresh().counters
    assert (counters.files_read, counters.rows_read, counters.unchanged) == (1, 600, 9)
    _same_as_rows(place)


def test_only_an_old_partition_that_was_written_again_is_read(place: Place) -> None:
    for day in range(9):
        place.write(day)
    place.refresh()
    place.write(2, rows(2, 400, seed=7))
    counters = place.refresh().counters
    assert (counters.files_read, counters.rows_read, counters.dropped) == (1, 400, 1)
    _same_as_rows(place)


def test_a_file_written_in_place_with_the_same_size_and_time_is_seen(place: Place) -> None:
    """The footer tells two files apart that nothing else does."""
    path = place.write(0, rows(0, 500, seed=1))
    place.write(1)
    place.refresh()
    about = path.stat()
    other = place.write(0, rows(0, 500, seed=2), "other.parquet")
    data = other.read_bytes()
    other.unlink()
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert place.refresh().counters.files_read == 1
    _same_as_rows(place)


def test_a_late_file_of_an_old_day_is_read_alone(place: Place) -> None:
    for day in range(20):
        place.write(day)
    place.refresh()
    place.write(1, rows(1, 70, seed=3), "late.parquet")
    counters = place.refresh().counters
    assert (counters.files_read, counters.rows_read) == (1, 70)
    _same_as_rows(place)


def test_a_file_that_was_deleted_beside_others_is_no_longer_counted(place: Place) -> None:
    """Its partition still has files: others took its place. The other files of the same day are read again, nothing else."""
    for day in range(5):
        place.write(day)
    gone = place.write(2, rows(2, 100, seed=1), "part-1.parquet")
    place.refresh()
    gone.unlink()
    counters = place.refresh().counters
    assert counters.files_read <= 1
    assert counters.expired == 0
    _same_as_rows(place)


def test_small_files_that_became_one_are_counted_once(place: Place) -> None:
    """A sink writes many small files, and a job of the night makes one of them."""
    small = [place.write(1, rows(1, 40, seed=i), f"s{i}.parquet") for i in range(6)]
    for day in (0, 2, 3):
        place.write(day)
    place.refresh()
    place.write(1, pa.concat_tables(rows(1, 40, seed=i) for i in range(6)), "whole.parquet")
    for path in small:
        path.unlink()
    counters = place.refresh().counters
    assert (counters.files_read, counters.rows_read, counters.dropped) == (1, 240, 6)
    _same_as_rows(place)


def test_a_partition_that_expired_is_kept(place: Place) -> None:
    paths = [place.write(day) for day in range(6)]
    before = summary_of(place.refresh())
    paths[0].unlink()
    paths[0].parent.rmdir()
    made = place.refresh()
    assert made.counters == Counters(unchanged=5, expired=1)
    assert summary_of(made).equals(before)


def test_expiry_in_a_folder_without_partitions(tmp_path: Path) -> None:
    """Without folders for days, the day that a file is about is its partition."""
    place = Place(tmp_path)
    paths = [place.write(day, folder="flat", name=f"d{day}.parquet") for day in range(4)]
    extra = place.write(3, rows(3, 30, seed=2), folder="flat", name="d3b.parquet")
    before = summary_of(place.refresh())
    paths[0].unlink()
    assert place.refresh().counters.expired == 1
    assert summary_of(place.refresh()).equals(before)
    extra.unlink()
    counters = place.refresh().counters
    assert (counters.expired, counters.dropped) == (1, 1)


def test_files_of_a_day_that_is_over_become_one_section(place: Place) -> None:
    """While a day goes on each file is a part of its own; when it is over they are merged, and nothing is read again."""
    for part in range(5):
        place.write(0, rows(0, 40, seed=part), f"p{part}.parquet")
    made = place.refresh()
    assert sum(1 for _ in made.snapshot.index.sections) == 5
    place.write(1)
    made = place.refresh()
    assert made.counters.files_read == 1
    assert made.counters.compacted == 4
    assert sorted(len(s.members) for s in made.snapshot.index.sections) == [1, 5]
    _same_as_rows(place)


def test_few_files_hold_many_days(place: Place) -> None:
    for day in range(70):
        place.write(day, rows(day, 30))
        if day % 9 == 0:
            place.refresh()
    made = place.refresh()
    assert len(made.snapshot.index.units) <= 14
    _same_as_rows(place)


def test_no_summary_of_a_first_build_is_written_twice(place: Place) -> None:
    """Days that are to share a file wait for each other: nothing is packed anew in the end."""
    for day in range(24):
        place.write(day, rows(day, 40))
    made = place.refresh()
    assert made.counters.units_written == len(made.snapshot.index.units) and made.counters.files_read == 24
    assert {u.name for u in made.snapshot.index.units} == {f"{i:08d}.parquet" for i in range(len(made.snapshot.index.units))}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_text_is_read_once(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path)
    for day in range(4):
        place.write(day, name=name)
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    assert made.counters.rows_read == 2400
    assert place.refresh().counters == Counters(unchanged=4)


def test_lines_are_added_to_a_file_while_it_is_written(tmp_path: Path) -> None:
    """Up to the last whole line is counted; the rest when it has come."""
    place = Place(tmp_path)
    place.write(0, name="a.jsonl")
    path = place.write(1, rows(1, 300), name="a.jsonl")
    text = path.read_text()
    half = text.splitlines(keepends=True)
    path.write_text("".join(half[:200]) + half[200][:40])
    made = place.refresh()
    member = next(m for m in made.snapshot.index.members if "10-02" in m.path)
    assert (member.rows, member.rejected, member.note) == (200, 1, "a half-written last line")
    path.write_text(text)
    counters = place.refresh().counters
    assert (counters.files_read, counters.rows_read) == (1, 300)
    _same_as_rows(place)


def test_a_damaged_file_is_set_aside_and_named_until_it_changes(place: Place) -> None:
    for day in range(3):
        place.write(day)
    path = place.write(1, rows(1, 2000, seed=4), "bad.parquet")
    sound = path.read_bytes()
    path.write_bytes(sound[:200] + bytes(len(sound) - 5000) + sound[-4800:])
    made = place.refresh()
    assert [f.shown for f in made.bad] == [f"logs/date={DAY0.replace(day=2)}/bad.parquet"]
    assert made.bad[0].problem
    assert place.refresh().counters.files_read == 0
    path.write_bytes(sound)
    assert place.refresh().counters.files_read == 1
    _same_as_rows(place)


def test_a_folder_that_cannot_be_written_costs_the_summaries_not_the_answer(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for day in range(3):
        place.write(day)
    (tmp_path / "cache").write_text("no folder")
    made = place.refresh()
    assert made.unwritten
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_what_was_built_is_read_where_nothing_can_be_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another person's project: the new file is read into memory, and every time again. Not below pytest's own folder, which
    every session that begins closes to others."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        for day in range(3):
            place.write(day)
        place.refresh()
        stored = place.files
        place.write(3)
        assert look_as_nobody(place.root, tmp_path_factory.mktemp("mine")) == ["permission denied", "1", "True"]
        assert place.files == stored


def test_another_declaration_has_summaries_of_its_own(tmp_path: Path) -> None:
    """Both lie beside each other, so that switching between two branches builds nothing; a third pushes the oldest out."""
    first = Place(tmp_path)
    for day in range(3):
        first.write(day)
    first.refresh()
    second = Place(tmp_path, spec={"segments": ["region"], "pairs": []})
    assert second.refresh().counters.files_read == 3
    assert first.refresh().counters.files_read == 0
    third = Place(tmp_path, spec={"segments": ["channel"], "pairs": []})
    time.sleep(0.02)
    assert third.refresh().counters.files_read == 3
    assert len(list(first.folder.parent.iterdir())) == 2


def test_an_older_format_is_built_again(place: Place) -> None:
    place.write(0)
    place.write(1)
    place.refresh()
    path = place.folder / "index.json"
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":0'))
    assert place.refresh().counters.files_read == 2
    _same_as_rows(place)


def test_rows_of_another_day_and_rows_without_a_time_are_counted(place: Place) -> None:
    table = rows(1, 200)
    away = rows(5, 7, seed=9)
    untimed = rows(1, 5, seed=8).set_column(0, "ts", pa.nulls(5, pa.timestamp("us", "UTC")))
    place.write(0)
    place.write(1, pa.concat_tables([table, away, untimed]))
    place.write(2)
    made = place.refresh()
    member = next(m for m in made.snapshot.index.members if "10-02" in m.path)
    assert (member.rows, member.outside, member.untimed) == (212, 7, 5)
    _same_as_rows(place)


def test_a_broken_file_of_summaries_is_built_again(place: Place) -> None:
    """Cut short, gone, or with a turned byte: what it counted is read again, nothing else."""
    for day in range(18):
        place.write(day)
    whole = summary_of(place.refresh())
    for harm in (lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:-9])):
        harm(place.folder / next(n for n in place.files if n.endswith(".parquet")))
        made = place.refresh()
        assert 0 < made.counters.files_read < 18
        assert summary_of(made).equals(whole)
    path = place.folder / next(n for n in place.files if n.endswith(".parquet"))
    data = bytearray(path.read_bytes())
    data[1000:1016] = bytes(16)
    path.write_bytes(data)
    with pytest.raises(LogError, match="it is built again the next time"):
        summary_of(place.refresh())
    made = place.refresh()
    assert 0 < made.counters.files_read < 18
    assert summary_of(made).equals(whole)


def test_a_segment_that_comes_to_have_too_many_values_is_left_out(place: Place) -> None:
    """A thousand values are told apart; of more the rows must be asked. It is said, and it stays so."""
    for day in range(3):
        place.write(day)
    assert "region" in place.refresh().snapshot.layout.names
    table = rows(3, 2500)
    place.write(3, table.set_column(table.column_names.index("region"), "region", pa.array([f"r{i}" for i in range(2500)])))
    made = place.refresh()
    assert ("region", "more than 1,000 values") in made.snapshot.index.left_out
    assert made.snapshot.layout.names == ("model", "channel", "band", "rich")
    assert made.snapshot.layout.pairs == ()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    assert place.refresh().counters.files_read == 0


def test_words_that_nobody_saw_before_are_counted_like_any_other(place: Place) -> None:
    """Texts come as places in a list of the words known so far; a batch with another word is read as text."""
    for day in range(6):
        table = rows(day)
        if day in (3, 5):
            strange = pa.array(["IT'S", "ES"] * 300)
            table = table.set_column(table.column_names.index("region"), "region", strange)
            table = table.set_column(table.column_names.index("bank"), "bank", strange)
        place.write(day, table)
    made = place.refresh()
    assert made.counters.rows_read == 3600
    assert "IT'S" in made.snapshot.index.words["d:region"]
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    place.write(6, rows(6).append_column("more", pa.array(["x"] * 600)))
    _same_as_rows(place)


def test_times_that_no_calendar_has_are_told(place: Place) -> None:
    """Of the year 9000 and of 1800: they are in no count, and people hear of them."""
    table = rows(1, 200)
    odd = pa.array([-5_300_000_000_000_000, 221_000_000_000_000_000])
    times = pa.chunked_array([odd, *table["ts"].cast(pa.int64())[2:].chunks])
    place.write(0)
    place.write(1, table.set_column(0, "ts", times.cast(pa.timestamp("us", "UTC"))))
    place.write(2)
    made = place.refresh()
    assert sum(s.strange for s in made.snapshot.index.sections) == 2
    assert made.counters.rows_read == 1400
    _same_as_rows(place)


def test_ids_that_come_twice_in_a_file_are_counted(place: Place) -> None:
    table = rows(0, 100)
    place.write(0, pa.concat_tables([table, table.slice(0, 13)]))
    assert [m.doubled for m in place.refresh().snapshot.index.members] == [13]


def test_a_segment_that_old_files_lack_is_missing_there(place: Place) -> None:
    for day in range(2):
        place.write(day, rows(day).drop_columns(["channel"]))
    place.write(2)
    _same_as_rows(place)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_what_was_declared_and_not_there_is_counted_once_it_comes(place: Place, name: str) -> None:
    """A feature, and a slice and a metric of columns that nobody declared: the plan is made anew when they come."""
    for day in range(2):
        place.write(day, rows(day).drop_columns(["amount", "income"]), name=name)
    made = place.refresh()
    assert [n for n, _ in made.snapshot.index.left_out] == ["rich", "income", "volume"]
    assert place.refresh().counters.files_read == 0
    place.write(2, name=name)
    made = place.refresh()
    assert made.snapshot.index.left_out == ()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_a_declared_column_that_no_file_has_is_an_error(tmp_path: Path) -> None:
    place = Place(tmp_path, spec={"segments": ["regio"], "pairs": []})
    place.write(0)
    with pytest.raises(LogError, match="no column 'regio'"):
        place.refresh()


def test_a_build_can_be_stopped_and_goes_on_where_it_was(place: Place) -> None:
    for day in range(20):
        place.write(day)
    looked = 0

    def stopped() -> bool:
        nonlocal looked
        looked += 1
        return looked > 12

    with pytest.raises(Cancelled):
        place.refresh(stopped=stopped)
    counters = place.refresh().counters
    assert 0 < counters.files_read <= 20
    _same_as_rows(place)


def test_progress_is_told_from_none_to_all(place: Place) -> None:
    for day in range(5):
        place.write(day)
    told = []
    place.refresh(tell=told.append)
    assert [p.rows for p in told] == sorted(p.rows for p in told)
    assert (told[-1].files, told[-1].of, told[-1].rows) == (5, 5, 3000)
    assert told[-1].share == pytest.approx(1.0)


def test_reading_some_tables_of_some_days(place: Place) -> None:
    for day in range(12):
        place.write(day)
    snapshot = place.refresh().snapshot
    whole = canonical(snapshot.read(["cells"]))
    assert whole.numbers.num_rows == 0
    start = int(whole.cells.column("at").to_numpy().min())
    some = canonical(snapshot.read(["cells"], between=(start, start + 1440)))
    at = some.cells.column("at").to_numpy()
    assert np.array_equal(
        np.unique(at[at < start + 1440]),
        np.unique(whole.cells.column("at").to_numpy()[whole.cells.column("at").to_numpy() < start + 1440]),
    )
    assert some.cells.num_rows < whole.cells.num_rows


def test_a_folders_value_is_counted_as_a_column(tmp_path):
    """What only the folders' names hold is a dimension as any other."""
    place = Place(tmp_path, spec={"segments": ["region", "date"], "pairs": []})
    place.write(0)
    place.write(1)
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    leaves = {value for s in made.snapshot.read() for value in s.cells.column("value").to_pylist()}
    assert any("2026-10-02" in leaf for leaf in leaves)
