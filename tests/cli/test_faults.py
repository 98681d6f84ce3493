"""Errors of the command line: one kind sentence, a hint, an exit code; never a traceback."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mlops_tui.cli import faults
from mlops_tui.cli.root import COMMANDS
from mlops_tui.core.errors import Cancelled, InvalidFiles, LogError, Problem, UnknownName


def told(error: BaseException, tmp_path: Path) -> int:
    return faults.told(error, argv=["check"], start=tmp_path, environ={"TMPDIR": str(tmp_path)})


def test_an_unknown_command_names_the_nearest(runbook):
    """A typo says which command was probably meant, on stderr, with exit 2."""
    said = runbook("incidnt")
    assert said.code == 2
    assert said.out == ""
    assert "unknown command 'incidnt'" in said.err
    assert "'incident'" in said.err


def test_a_wrong_option_points_to_the_commands_help(runbook):
    """A usage error of click is one sentence and names the help to read."""
    said = runbook("schema", "nonsense")
    assert said.code == 2
    assert "see runbook schema --help" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["models", "check", "incidents", "lint", "outbox"])
def test_outside_a_project_the_demo_is_offered(runbook, command):
    """Where no inventory.yaml is found, the way to get one is said."""
    said = runbook(command)
    assert said.code == 2
    assert said.out == ""
    assert "inventory.yaml" in said.err
    assert "runbook demo" in said.err


def test_an_error_of_ours_has_place_and_hint(tmp_path, capsys):
    """Where it happened, what happened, and on a line of its own what to try next."""
    assert told(LogError("no file matches", where="logs/x/*.parquet", hint="see inventory.yaml"), tmp_path) == 1
    assert capsys.readouterr().err == "runbook: logs/x/*.parquet: no file matches\n  see inventory.yaml\n"


def test_every_problem_of_a_file_is_told(tmp_path, capsys):
    """InvalidFiles shows every problem with file, line and column, and exits 2."""
    problems = [Problem("inventory.yaml", 3, 5, "unknown key 'modles'"), Problem("inventory.yaml", 9, 1, "missing key 'log'")]
    assert told(InvalidFiles(problems), tmp_path) == 2
    err = capsys.readouterr().err
    assert "inventory.yaml:3:5" in err
    assert "inventory.yaml:9:1" in err


def test_control_characters_of_data_do_not_reach_the_terminal(tmp_path, capsys):
    """A name from a log that holds an escape sequence is shown without it."""
    told(UnknownName("region", "\x1b[31mES\x1b]0;owned\x07", []), tmp_path)
    assert "\x1b" not in capsys.readouterr().err


def test_a_fault_leaves_a_private_log_and_no_traceback(tmp_path, capsys):
    """An unexpected error says where its details are; only the owner may read them."""
    assert told(ZeroDivisionError("division by zero"), tmp_path) == 70
    err = capsys.readouterr().err
    assert "Traceback" not in err
    (log,) = tmp_path.glob("crash-*.log")
    assert str(log) in err
    assert "ZeroDivisionError" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_fault_in_a_project_is_logged_in_its_state(tmp_path):
    """Within a project the crash log lies in .runbook/state, which git ignores."""
    (tmp_path / "inventory.yaml").write_text("version: 1\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    faults.told(ZeroDivisionError(), argv=[], start=below, environ={"TMPDIR": str(tmp_path)})
    assert len(list((tmp_path / ".runbook" / "state").glob("crash-*.log"))) == 1
    assert (tmp_path / ".runbook" / ".gitignore").read_text() == "*\n"


def test_a_log_that_cannot_be_written_is_said(tmp_path, capsys):
    """Where no folder takes the log, the message still comes."""
    gone = tmp_path / "file"
    gone.write_text("")
    assert faults.told(ZeroDivisionError(), argv=[], start=tmp_path, environ={"TMPDIR": str(gone)}) == 70
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Cancelled(), click.Abort()])
def test_ctrl_c_is_quiet(error, tmp_path, capsys):
    """Ctrl-C ends with 130 and one word."""
    assert told(error, tmp_path) == 130
    assert capsys.readouterr().err == "runbook: stopped\n"


def test_a_reader_that_went_away_is_no_error():
    """`runbook ... | head -0` prints nothing on stderr."""
    command = [sys.executable, "-c", "import sys; from mlops_tui.main import main; sys.exit(main(['schema', 'inventory']))"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.returncode == 141


def test_no_arguments_without_a_terminal_print_help(runbook):
    """`runbook` alone prints its help on stdout, and that is no error."""
    said = runbook()
    assert said.code == 0
    assert said.out.startswith("Usage: runbook")
    for name in COMMANDS:
        assert f"\n  {name} " in said.out


def test_a_project_that_is_not_there_is_named(runbook):
    """--project with a folder that does not exist is a usage error."""
    said = runbook("--project", "nowhere", "models")
    assert said.code == 2
    assert "nowhere" in said.err
