"""Which front end a person meets."""

from __future__ import annotations

import io
import sys

import pytest

from mlops_tui import main as entry


class _Stream(io.StringIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "fits"),
    [
        (True, True, "xterm-256color", True),
        (False, True, "xterm-256color", False),
        (True, False, "xterm-256color", False),
        (True, True, "dumb", False),
        (True, True, "", False),
    ],
)
def test_the_app_needs_a_terminal_at_both_ends(stdin, stdout, term, fits, monkeypatch):
    """A pipe at either end, and TERM=dumb, mean the plain console."""
    monkeypatch.setattr(sys, "stdin", _Stream(stdin))
    monkeypatch.setattr(sys, "stdout", _Stream(stdout))
    monkeypatch.setenv("TERM", term)
    assert entry._fits() is fits


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the app was asked for, on a terminal and in a project."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(entry, "_fits", lambda: True)
    monkeypatch.setattr(entry, "_app", lambda *given: calls.append(given) or ())
    (tmp_path / "inventory.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    return calls


def test_runbook_alone_opens_the_app(asked, capsys):
    """Without a command the app is shown; `--plain` shows the help instead."""
    assert entry.main([]) == 0
    assert len(asked) == 1
    assert entry.main(["--plain"]) == 0
    assert len(asked) == 1
    assert "Usage" in capsys.readouterr().out


def test_outside_a_project_there_is_help(asked, tmp_path, monkeypatch, capsys):
    """Where there is no inventory, the app would have nothing to show."""
    (tmp_path / "inventory.yaml").unlink()
    assert entry.main([]) == 0
    assert asked == []
    assert "Usage" in capsys.readouterr().out


def test_a_run_opens_the_app_and_an_unattended_one_does_not(asked, capsys):
    """`run NAME` walks in the app; a run that was never begun there exits 3. `--auto` and `--plain` never open it."""
    assert entry.main(["run", "approval-drop"]) == 3
    assert [name for *_, name in asked] == ["approval-drop"]
    entry.main(["run", "approval-drop", "--auto"])
    entry.main(["run", "approval-drop", "--plain"])
    assert len(asked) == 1
