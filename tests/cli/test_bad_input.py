"""Bad input, as a person meets it: every kind with real files, told in a sentence, with the place and an exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.main import main

AT = "2026-10-14T03:20Z"
NOW = datetime(2026, 10, 14, 3, 0, tzinfo=UTC)
INVENTORY = """\
version: 1
organisation: Acme
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}], slack: "#ml"}
models:
  risk:
    description: Approves loans.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml]
    decision: {column: decision, positive: approved}
    log: {path: logs/*.parquet, time: ts, complete_after: 20m, segments: [region]}
    windows: {current: 1d, reference: 3d}
    alerts:
      - {id: drop, check: decision_rate, by: region, compare: day_over_day, fire: {change: {below: -10pp}}, runbook: drop}
"""
RUNBOOK = """\
runbook: drop
title: It dropped
applies_to: {models: [risk]}
inputs:
  region: {type: segment, optional: true}
steps:
  - id: place
    query: select $region as region
  - id: wrong
    query: |
      select region,
        amuont
      from log
  - id: after
    note: "It went on."
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sound project of one model, with a day of rows in each of six Parquet files."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "drop.yaml").write_text(RUNBOOK)
    (tmp_path / "logs").mkdir()
    for day in range(6):
        end = NOW - timedelta(days=day)
        times = [end - timedelta(minutes=7 * i) for i in range(200)]
        table = pa.table(
            {
                "ts": pa.array(times, pa.timestamp("us", tz="UTC")),
                "decision": ["approved", "rejected"] * 100,
                "region": ["ES", "FR"] * 100,
            }
        )
        pq.write_table(table, tmp_path / "logs" / f"{day}.parquet")
    return tmp_path


Said = tuple[int, str, str]


@pytest.fixture
def call(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Calls `runbook` on the project: (code, stdout, stderr), and no traceback in either."""
    monkeypatch.setenv("TMPDIR", str(root.parent))
    monkeypatch.delenv("RUNBOOK_SLACK_TOKEN", raising=False)

    def run(*argv: str) -> Said:
        code = main(["--project", str(root), *argv])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert "fault of ours" not in said.err
        return code, said.out, said.err

    return run


def edit(root: Path, old: str, new: str, file: str = "inventory.yaml") -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))


@pytest.mark.parametrize("command", [["models"], ["check"], ["run", "drop", "--auto"], ["incidents"], ["outbox"]])
def test_every_mistake_of_the_inventory_is_told_at_once(call, root, command):
    """Unknown key, wrong type, duplicate key: all with file, line and column, and the nearest known key; exit 2."""
    edit(root, "organisation:", "organisaton:")
    edit(root, "complete_after: 20m", "complete_after: soon")
    edit(root, "    on_call: [ml]\n", "    on_call: [ml]\n    on_call: [ml]\n")
    code, out, err = call(*command)
    assert (code, out) == (2, "")
    assert "3 problems" in err
    assert "inventory.yaml:2:1: unknown key 'organisaton' (did you mean 'organisation'?)" in err
    assert "inventory.yaml:11:5: duplicate key 'on_call' (first at line 10)" in err
    assert "expected a duration such as 20m, found 'soon'" in err


def test_a_file_that_is_named_and_missing_is_told_by_lint(call, root):
    """A runbook of an alert that is not there is a problem with its line."""
    (root / "runbooks" / "drop.yaml").unlink()
    code, out, _ = call("lint")
    assert code == 2
    assert "inventory.yaml:15:" in out
    assert "unknown runbook 'drop'" in out


@pytest.mark.parametrize("how", ["none", "empty"])
def test_a_log_without_a_file_that_can_be_read(call, root, how):
    """The alert is unknown, not quiet: `check` says why, exits 0 as no alert fires, and `run` refuses to begin."""
    for file in (root / "logs").iterdir():
        file.unlink() if how == "none" else file.write_bytes(b"")
    code, out, err = call("check", "--at", AT)
    assert code == 0
    assert "UNKNOWN  drop" in out
    assert ("no file matches" if how == "none" else "can be read") in out
    assert "could not be looked at: risk" in err
    value = json.loads(call("check", "--json", "--at", AT)[1])
    assert value["models"][0]["alerts"][0]["state"] == "unknown"
    assert value["models"][0]["problems"]
    code, out, err = call("run", "drop", "--auto", "--at", AT)
    assert (code, out) == (1, "")
    assert not (root / ".runbook" / "state" / "journal.sqlite").exists()


def test_no_rows_in_the_window(call):
    """Before the first row there is nothing to look at; the answer says when the log begins, in both zones."""
    code, out, _ = call("check", "--at", "2026-01-01")
    assert code == 0
    told = " ".join(out.split())
    assert "no rows up to 2025-12-31 23:00Z (2026-01-01 00:00 CET)" in told
    assert "its oldest row is of 2026-10-08" in told
    assert call("run", "drop", "--auto", "--at", "2026-01-01")[0] == 1


@pytest.mark.parametrize(
    ("argv", "nearest"),
    [
        (["check", "rsk"], "did you mean 'risk'?"),
        (["model", "rsk"], "did you mean 'risk'?"),
        (["run", "dorp", "--auto"], "did you mean 'drop'?"),
        (["run", "drop", "--auto", "--at", AT, "--set", "region=EX"], "ES"),
        (["incident", "INC-7"], "unknown incident 'INC-7'"),
        (["outbox", "flsh"], "did you mean 'flush'?"),
        (["check", "--at", "yesterday"], "2026-10-14T03:00"),
    ],
)
def test_names_that_nobody_has(call, argv, nearest):
    """Models, runbooks, regions, incidents, commands and times: exit 2, and what was probably meant."""
    code, out, err = call(*argv)
    assert (code, out) == (2, "")
    assert nearest in err


def test_damaged_parquet_is_named_counted_and_passed_over(call, root):
    """A truncated file and one of noise do not stop the others; both are told, and their names."""
    whole = (root / "logs" / "4.parquet").read_bytes()
    (root / "logs" / "4.parquet").write_bytes(whole[: len(whole) // 2])
    (root / "logs" / "5.parquet").write_bytes(os.urandom(3000))
    code, out, _ = call("check", "--at", AT)
    assert code == 0
    assert "2 of 6 files unreadable: logs/4.parquet" in out
    assert "2 of 6 files unreadable: logs/4.parquet" in " ".join(call("model", "risk")[1].split())


def test_a_step_whose_sql_is_wrong_fails_with_file_and_line(call):
    """The run stops there with exit 1; the message has the file's line, and the nearest column where there is one."""
    code, out, _ = call("run", "drop", "--auto", "--at", AT)
    assert code == 1
    assert "runbooks/drop.yaml:12" in out
    assert "amuont" in out
    assert "It went on" not in out
    assert "next: runbook --project" in out


def test_a_step_that_may_fail_does_not_stop_the_run(call, root):
    """With continue_on_error the run goes on as declared, and ends with exit 0."""
    edit(root, "  - id: wrong\n", "  - id: wrong\n    continue_on_error: true\n", "runbooks/drop.yaml")
    code, out, _ = call("run", "drop", "--auto", "--at", AT)
    assert code == 0
    assert "runbooks/drop.yaml:13" in out
    assert "It went on" in out


AS_OTHER = """
import os, shutil, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from mlops_tui.main import main

root, argv = sys.argv[1], sys.argv[2:]
with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # what is imported late must be there before we may not read it
    shutil.copytree(root, root + ".copy")
    main(["--project", root + ".copy", *argv])
    main(["--project", root + ".copy", "models"])
os.setgroups([]), os.setgid(65534), os.setuid(65534)
sys.exit(main(["--project", root, *argv]))
"""
"""Runs a command on a project as a user who owns nothing of it."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_cannot_be_written(root):
    """As another user: reading works, a run refuses before it begins, with the reason and no traceback."""
    open_to_all = Path(tempfile.mkdtemp())
    open_to_all.chmod(0o755)
    theirs = Path(shutil.copytree(root, open_to_all / "theirs"))
    theirs.chmod(0o755)

    def done(*argv: str) -> subprocess.CompletedProcess[str]:
        shutil.rmtree(f"{theirs}.copy", ignore_errors=True)
        command = [sys.executable, "-c", AS_OTHER, str(theirs), *argv]
        env = {"PATH": os.environ["PATH"], "TMPDIR": str(open_to_all)}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    checked = done("check", "--at", AT)
    assert (checked.returncode, checked.stderr) == (0, "")
    run = done("run", "drop", "--auto", "--at", AT)
    assert (run.returncode, run.stdout) == (1, "")
    assert "cannot make .runbook: permission denied" in run.stderr
    assert not (theirs / ".runbook").exists()
    shutil.rmtree(open_to_all)
