"""`runbook run` without an engine: which front end it picks, what it prints, which code it exits with."""

from __future__ import annotations

import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mlops_tui.cli.commands.run import pair, pairs, walked
from mlops_tui.core.errors import UsageError
from mlops_tui.core.settings import Actor
from mlops_tui.engine.types import Artefact, Cancel, Output, Question, RunReport, StepReport, Waiting

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)


class Opened:
    """As much of a project as the command needs."""

    root = Path("/project")
    zone = ZoneInfo("Europe/Madrid")
    actor = Actor("aruiz", 1000, "host", 1)

    def clock(self) -> datetime:
        return NOW


def report(state: str, **more) -> RunReport:
    return RunReport("INC-1", "INC-1.1", "approval-drop", "credit-risk", state, "", NOW, **more)  # type: ignore[arg-type]


@pytest.fixture
def typed(monkeypatch):
    """Puts lines on stdin, as a pipe would."""
    opened = []

    def put(text: str) -> None:
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        opened.append(os.fdopen(read))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield put
    for stream in opened:
        stream.close()


@pytest.mark.parametrize(("state", "code"), [("ended", 0), ("failed", 1), ("interrupted", 3), ("waiting", 3)])
def test_the_exit_code_says_how_the_run_ended(typed, capsys, state, code):
    """0 reached the end, 1 a step failed, 3 interrupted or waiting."""
    typed("")
    assert walked(Opened(), auto=True, as_json=False, go=lambda _front: report(state)) == code


def test_the_ending_names_incident_steps_and_files(typed, capsys):
    """The last lines of stdout hold the incident and the path of every file."""
    typed("")
    step = StepReport("graphs", "chart", "The graphs", "ok")
    done = report("ended", steps=(step,), artefacts=(Artefact("png", ".runbook/state/a.png", "00", "Approval rate"),))
    walked(Opened(), auto=True, as_json=False, go=lambda _front: done)
    out = capsys.readouterr().out
    assert "INC-1 · approval-drop on credit-risk · ended" in out
    assert "chart  /project/.runbook/state/a.png" in out
    assert "next: runbook incident INC-1" in out


def test_commands_that_are_told_can_be_typed_as_they_stand(typed, capsys):
    """Where --project was given, every command that is told next carries it, quoted for the shell."""
    typed("")
    note = StepReport("tell", "notify", "Tell them", "ok")
    given = Path("/my projects/demo")
    walked(Opened(), auto=True, as_json=False, given=given, go=lambda _front: report("waiting", steps=(note,)))
    said = capsys.readouterr()
    assert "next: runbook --project '/my projects/demo' resume INC-1" in said.out
    assert "runbook --project '/my projects/demo' outbox" in said.out
    assert "go on with: runbook --project '/my projects/demo' resume INC-1" in said.err


def test_auto_json_prints_one_json_value_and_no_word(typed, capsys):
    """`--auto --json` is for pipelines: stdout is JSON, stderr is empty."""
    typed("")

    def go(front) -> RunReport:
        front.show(Output("s", "talk"))
        return report("ended")

    assert walked(Opened(), auto=True, as_json=True, go=go) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["schema"] == "runbook/run/1"
    assert said.err == ""


def test_json_with_a_person_keeps_stdout_for_the_value(typed, capsys):
    """Without --auto the walk-through goes to stderr, so that stdout stays one JSON value."""
    typed("1\n")

    def go(front) -> RunReport:
        front.show(Output("s", "talk"))
        front.show(Waiting(Question("q", "s", "ask", "Which?", ("a", "b"))))
        assert front.inbox.get(timeout=5).choice == "a"
        return report("ended")

    walked(Opened(), auto=False, as_json=True, go=go)
    said = capsys.readouterr()
    assert json.loads(said.out)["incident"] == "INC-1"
    assert "talk" in said.err


def test_the_end_of_input_says_how_to_go_on(typed, capsys):
    """A run that nobody answers is left waiting, and the command to resume it is on stderr."""
    typed("")

    def go(front) -> RunReport:
        front.show(Waiting(Question("q", "s", "ask", "Which?", ("a", "b"))))
        assert front.inbox.get(timeout=5) == Cancel("run")
        return report("waiting")

    assert walked(Opened(), auto=False, as_json=False, go=go) == 3
    err = capsys.readouterr().err
    assert "end of input" in err
    assert "runbook resume INC-1" in err


def test_a_closed_stdin_is_the_end_of_input(monkeypatch, capsys):
    """Without any stdin the console works, and leaves the run at the first question."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def go(front) -> RunReport:
        front.show(Waiting(Question("q", "s", "ask", "Which?", ("a", "b"))))
        assert front.inbox.get(timeout=5) == Cancel("run")
        return report("waiting")

    assert walked(Opened(), auto=False, as_json=False, go=go) == 3


def test_sets_are_pairs():
    """--set wants NAME=VALUE; the value may hold anything, also `=` or nothing."""
    assert pair("region=ES") == ("region", "ES")
    assert pair("where=a=b") == ("where", "a=b")
    assert pair("region=") == ("region", "")
    for wrong in ("region", "=ES", " =ES"):
        with pytest.raises(UsageError, match="NAME=VALUE"):
            pair(wrong)


def test_a_name_is_set_once():
    """Nobody can tell which of two values was meant: both are named."""
    assert pairs(["region=ES", "kind=a"]) == {"region": "ES", "kind": "a"}
    with pytest.raises(UsageError, match="region is set twice: to 'ES' and to 'FR'"):
        pairs(["region=ES", "region=FR"])
