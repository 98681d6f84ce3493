"""The whole way by the command line, on a small demo: check, run, leave, resume, read."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from mlops_tui.main import main

AT = "2026-10-14T03:20Z"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo, written once."""
    target = tmp_path_factory.mktemp("demo") / "demo"
    assert main(["demo", str(target), "--rows", "60000"]) == 0
    return target


@pytest.fixture
def demo(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo without a history; its logs are shared."""
    target = tmp_path / "project"
    shutil.copytree(written, target, ignore=shutil.ignore_patterns("logs"))
    (target / "logs").symlink_to(written / "logs")
    monkeypatch.delenv("RUNBOOK_SLACK_TOKEN", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return target


@pytest.fixture
def call(demo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Calls `runbook` on the demo, with lines on stdin."""

    def run(*argv: str, stdin: str = ""):
        read, write = os.pipe()
        os.write(write, stdin.encode())
        os.close(write)
        with os.fdopen(read) as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            code = main(["--project", str(demo), *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_check_exits_1_when_an_alert_fires_and_0_when_none_does(call):
    """The exit code is the alerts', whatever the findings' status; stdout is one JSON value."""
    code, out, _ = call("check", "credit-risk", "--json", "--at", AT)
    value = json.loads(out)
    assert code == 1
    assert value["schema"] == "runbook/check/1"
    assert value["fired"] is True
    code, out, _ = call("check", "credit-risk", "--json", "--at", "2026-10-12T03:20Z")
    assert (code, json.loads(out)["fired"]) == (0, False)


def test_check_gives_the_same_bytes_twice(call):
    """The same log gives the same JSON."""
    first, second = (call("check", "--json", "--at", AT)[1] for _ in range(2))
    assert first == second


def test_an_unattended_run_ends_with_a_draft_and_charts(call, demo):
    """`run --auto` exits 0, and names the incident, the draft and at least four PNGs, which exist."""
    code, out, err = call("run", "approval-drop", "--auto", "--at", AT)
    assert code == 0, out + err
    assert "INC-1" in out
    pngs = {w for w in out.split() if w.endswith(".png")}
    assert len(pngs) >= 4
    drafts = {w for w in out.split() if w.endswith(".md")}
    assert drafts
    assert all((demo / p).is_file() for p in pngs | drafts)
    assert "\x1b" not in out


def test_json_of_a_run_is_all_of_stdout(call):
    """`run --auto --json` prints one JSON value and nothing else."""
    code, out, err = call("run", "approval-drop", "--auto", "--json", "--at", AT)
    value = json.loads(out)
    assert (code, err) == (0, "")
    assert value["schema"] == "runbook/run/1"
    assert value["state"] == "ended"
    assert {"id", "state", "findings", "result"} <= set(value["steps"][0])


def test_a_run_that_nobody_answers_waits_and_is_resumed(call, demo):
    """At the end of input the run is left with exit 3; `resume` asks the same question again and goes on to the end."""
    code, out, err = call("run", "approval-drop", "--at", AT)
    assert code == 3, out + err
    assert f"runbook --project {demo} resume INC-1" in err
    code, out, err = call("resume", "INC-1", stdin="note the CFO asked\n1 the labels moved\n")
    assert code == 0, out + err
    _, out, _ = call("incident", "INC-1", "--json")
    texts = [e["text"] for e in json.loads(out)["timeline"]]
    assert any("the CFO asked" in t for t in texts)
    assert any("the labels moved" in t for t in texts)


def test_what_ran_can_be_read_again(call):
    """After a run the incident, its draft and its messages are there to read."""
    call("run", "approval-drop", "--auto", "--at", AT)
    code, out, _ = call("incidents")
    assert (code, "INC-1" in out) == (0, True)
    code, out, _ = call("incident", "INC-1")
    assert (code, "credit-risk" in out) == (0, True)
    code, out, err = call("postmortem", "INC-1")
    assert code == 0
    assert out.startswith("#")
    assert "INC-1" in err
    code, out, _ = call("outbox", "--json")
    assert code == 0
    assert len(json.loads(out)["messages"]) >= 2
    code, _, err = call("outbox", "flush")
    assert code == 1
    assert "RUNBOOK_SLACK_TOKEN" in err


def test_the_demos_files_are_in_order(call):
    """`lint` finds nothing in what ships."""
    code, out, _ = call("lint")
    assert (code, out) == (0, "")


@pytest.mark.parametrize(
    ("argv", "known"),
    [
        (["model", "credit-rsk"], "credit-risk"),
        (["check", "credit-rsk"], "credit-risk"),
        (["run", "aproval-drop", "--auto"], "approval-drop"),
        (["run", "approval-drop", "--auto", "--at", AT, "--set", "region=EX"], "ES"),
        (["run", "approval-drop", "--auto", "--at", AT, "--set", "regoin=ES"], "region"),
        (["lint", "aproval-drop"], "approval-drop"),
    ],
)
def test_a_name_nobody_has_is_met_with_the_nearest(call, argv, known):
    """Unknown models, runbooks, regions and inputs exit 2 and name what was probably meant."""
    code, out, err = call(*argv)
    assert (code, out) == (2, "")
    assert known in err


def test_a_model_without_a_history_has_no_incidents(call):
    """Reading makes no journal."""
    code, out, err = call("incidents")
    assert (code, out, err) == (0, "", "no incidents\n")


def test_models_and_model_are_tables_and_json(call):
    """The list and the screen of one model, for people and for programs."""
    assert "credit-risk" in call("models")[1]
    assert json.loads(call("models", "--json")[1])["models"][0]["id"] == "credit-risk"
    assert "Ana Ruiz" in call("model", "credit-risk")[1]
    assert json.loads(call("model", "credit-risk", "--json")[1])["schema"] == "runbook/model/1"
