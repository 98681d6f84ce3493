"""The folder that `runbook demo` writes."""

import errno
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from mlops_tui.core.errors import RunbookError, UsageError
from mlops_tui.simulate import shipped, write
from mlops_tui.simulate.files import prepare


def fingerprints(folder):
    """The hash of every file below a folder."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path, demos):
    """Two demos of one seed and size are equal, file by file; another seed differs."""
    write(tmp_path / "again", seed=7, rows=60_000)
    assert fingerprints(tmp_path / "again") == fingerprints(demos(7))
    assert fingerprints(demos(7)) != fingerprints(demos(11))


def test_a_demo_holds_what_a_project_needs(demos):
    """Logs, the change feed, the truth and a short README are there beside every file that ships."""
    folder = demos(0)
    for name in ("inventory.yaml", "contracts/bank_feed.yaml", "sql/bank_label.sql"):
        assert (folder / name).read_bytes() == (shipped() / name).read_bytes()
    for name in ("README.md", "changes.jsonl", "truth.json", "logs/outcomes"):
        assert (folder / name).exists()
    assert "logs/credit-risk/date=2026-10-13/part-0.parquet" in fingerprints(folder)


def test_the_result_says_what_was_written(results):
    """Decisions, days and data's now are given back; progress rises from 0 to 1."""
    result, told = results(0)
    assert (result.decisions, result.days, result.kept) == (60_000, 157, ())
    assert result.until == datetime(2026, 10, 14, 3, tzinfo=UTC)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_folder_of_somebody_else_is_refused_untouched(tmp_path):
    """A folder that holds anything but an earlier demo stays exactly as it was, and the message says what to do."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="no empty folder") as caught:
        write(tmp_path, rows=1_000)
    assert "runbook demo" in caught.value.hint
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_earlier_demo_is_replaced_and_what_people_made_is_not(tmp_path, demos):
    """Old logs go without a trace; `.runbook` stays, and so does a shipped file that a person edited."""
    write(tmp_path, seed=3, rows=1_000)
    people = {".runbook/state/journal.sqlite": "an incident", "inventory.yaml": "version: 1 # mine\n"}
    for name, text in people.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert write(tmp_path, seed=0, rows=60_000).kept == ("inventory.yaml",)
    assert {name: (tmp_path / name).read_text() for name in people} == people
    others = {".demo.json", *people}
    now, fresh = fingerprints(tmp_path), fingerprints(demos(0))
    assert {k: v for k, v in now.items() if k not in others} == {k: v for k, v in fresh.items() if k not in others}


def test_an_edited_file_is_kept_every_time(tmp_path):
    """An edit is still seen when the demo is written a third time; a deleted file comes back."""
    assert prepare(tmp_path / "d", {}) == ()
    (tmp_path / "d/inventory.yaml").write_text("version: 1 # mine\n")
    (tmp_path / "d/sql/bank_label.sql").unlink()
    assert [prepare(tmp_path / "d", {}) for _ in range(2)] == [("inventory.yaml",)] * 2
    assert (tmp_path / "d/sql/bank_label.sql").is_file()


@pytest.mark.parametrize("rows", [0, 999, 10**9])
def test_sizes_out_of_range_are_refused(tmp_path, rows):
    """Too few rows to tell a story, or too many for a disk, is a usage error before anything is written."""
    with pytest.raises(UsageError, match="decisions"):
        write(tmp_path / "d", rows=rows)
    assert not (tmp_path / "d").exists()


def test_a_negative_seed_is_refused(tmp_path):
    """A seed is a whole number from 0."""
    with pytest.raises(UsageError, match="seed"):
        write(tmp_path / "d", seed=-1, rows=1_000)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    """A path through a file, or onto one, ends in an error that names it, never in a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunbookError, match="file") as caught:
        write(tmp_path / "file" / "demo", rows=1_000)
    assert "folder" in caught.value.hint
    with pytest.raises(UsageError):
        write(tmp_path / "file", rows=1_000)


def test_a_full_disk_is_explained(tmp_path, monkeypatch):
    """Running out of space halfway is a RunbookError, and the folder may be tried again."""
    import pyarrow.parquet

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pyarrow.parquet, "write_table", full)
    for _ in range(2):
        with pytest.raises(RunbookError, match="No space left"):
            write(tmp_path / "d", rows=1_000)


def test_importing_the_room_is_light():
    """Neither numpy nor pyarrow is loaded until a demo is written."""
    code = "import sys, mlops_tui.simulate; print([m for m in ('numpy', 'pyarrow', 'duckdb') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_mark_says_who_wrote_the_folder(demos):
    """The mark names seed and rows, so that a demo can be made again."""
    mark = json.loads((demos(0) / ".demo.json").read_text())
    assert (mark["made_by"], mark["seed"], mark["rows"]) == ("runbook demo", 0, 60_000)
