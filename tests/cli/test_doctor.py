"""`runbook doctor` as a command: lines with a verdict and a fix, JSON, and the exit code."""

from __future__ import annotations

import json

from mlops_tui.cli.commands import doctor
from mlops_tui.cli.page import Look
from mlops_tui.session.doctor import Line


def test_outside_a_project_it_fails_and_says_how_to_begin(runbook, monkeypatch):
    """Exit 1, the fault first, the fix on the line below."""
    monkeypatch.delenv("RUNBOOK_SLACK_TOKEN", raising=False)
    said = runbook("doctor")
    assert said.code == 1
    first, rest = said.out.split("\n", 1)
    assert first.startswith("FAIL  project")
    assert "runbook demo" in rest


def test_json_holds_every_line(runbook, monkeypatch):
    """One JSON value, with id, status, text and fix of each."""
    monkeypatch.delenv("RUNBOOK_SLACK_TOKEN", raising=False)
    said = runbook("doctor", "--json")
    value = json.loads(said.out)
    assert (said.code, value["schema"], value["failed"]) == (1, "runbook/doctor/1", True)
    assert {"id", "status", "text", "fix"} == set(value["checks"][0])


def test_a_line_is_folded_and_its_commands_can_be_typed():
    """At 80 columns text and fix keep their place, and a command carries --project."""
    look = Look(colour=False, width=60, wide=60, limit=60)
    line = Line("files", "WARN", "2 problems, first inventory.yaml:3:1: unknown key 'modles'", "runbook lint names them all")
    assert doctor.told(line, look, 8, "runbook --project demo").split("\n") == [
        "WARN  files     2 problems, first inventory.yaml:3:1:",
        "                unknown key 'modles'",
        "                → runbook --project demo lint names them all",
    ]


def test_tmux_is_asked_what_it_does_with_copies(tmp_path, monkeypatch):
    """The server option is read by argv; a tmux that fails or is not there says nothing."""
    tmux = tmp_path / "tmux"
    tmux.write_text('#!/bin/sh\n[ "$*" = "show-options -sv set-clipboard" ] && echo external\n')
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.clipboard() == "external"
    tmux.write_text("#!/bin/sh\nexit 1\n")
    assert doctor.clipboard() == ""
    tmux.unlink()
    assert doctor.clipboard() == ""
