"""The page by the command line: `check --notify`, `ack`, `incident ... note|severity|close`, and `watch` as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.paged import Night, log

from mlops_tui.main import main
from tests.channels.slack_server import TOKEN, SlackServer, Workspace

DROP = {"ES": 0.2}
CALL = "import sys; from mlops_tui.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    running = SlackServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("RUNBOOK_SLACK_URL", running.url)
    monkeypatch.setenv("RUNBOOK_SLACK_TOKEN", TOKEN)
    yield running.space
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A project whose approvals fell ten hours before its log ends."""
    made = Night(tmp_path / "project")
    made.root.mkdir()
    made.settle()
    made.write(log(10, DROP))
    return made


@pytest.fixture
def call(night: Night, slack: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Calls `runbook` on the project; charts are not painted."""
    monkeypatch.setattr("mlops_tui.report.pngs", lambda charts, *, timeout=0: [b"png" for _ in charts])

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(["--project", str(night.root), *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


Call = Callable[..., tuple[int, str, str]]


def test_a_plain_check_writes_nothing(call: Call, night: Night, slack: Workspace) -> None:
    """It fires, and leaves neither a journal nor a message."""
    assert call("check")[0] == 1
    assert call("check", "--json")[0] == 1
    assert not (night.root / ".runbook").exists()
    assert slack.requests == []


def test_notify_pages_and_says_whom(call: Call, slack: Workspace) -> None:
    """The incident and the teams on stdout; once more, that they know; the exit code is the alerts'."""
    code, out, err = call("check", "--notify")
    assert (code, err) == (1, "")
    assert "INC-1  approval-drop of credit opened, paged ml (#ml-incidents), risk (#risk-oncall)" in out
    code, out, _ = call("check", "credit", "--notify")
    assert code == 1
    assert "INC-1  approval-drop of credit: paged" in out
    assert "and no worse" in out
    assert "runbook run drop --incident INC-1" in slack.render("risk-oncall")


def test_notify_as_json_is_one_value(call: Call) -> None:
    """The check's JSON with what was paged, and the messages without the token."""
    code, out, err = call("check", "--notify", "--json")
    value = json.loads(out)
    assert (code, err, value["schema"], value["fired"]) == (1, "", "runbook/check/1", True)
    assert [(p["act"], p["incident"], p["to"]) for p in value["paged"]] == [
        ("opened", "INC-1", ["ml (#ml-incidents)", "risk (#risk-oncall)"])
    ]
    assert [m["state"] for m in value["messages"]] == ["sent", "sent"]
    assert TOKEN not in out


def test_without_a_token_the_page_waits_and_says_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr, with what to do."""
    monkeypatch.delenv("RUNBOOK_SLACK_TOKEN")
    code, out, err = call("check", "--notify")
    assert code == 1
    assert "INC-1  approval-drop of credit opened" in out
    assert "2 messages wait: no Slack token" in err
    assert "RUNBOOK_SLACK_TOKEN" in err


def test_an_acknowledgement_is_seen_in_the_list(call: Call, slack: Workspace) -> None:
    """`no` while nobody has; then who and when; the incident tells the note."""
    call("check", "--notify")
    assert " no " in call("incidents")[1]
    code, out, err = call("ack", "INC-1", "--note", "looking at it")
    assert (code, err) == (0, "")
    assert out.startswith("INC-1 acknowledged by ")
    listed = json.loads(call("incidents", "--json")[1])["incidents"][0]
    assert (listed["firing"], listed["acked"][0]["note"]) == (True, "looking at it")
    assert "approval-drop (fires)" in call("incidents")[1]
    assert "looking at it" in call("incident", "INC-1")[1]
    assert slack.texts("ml-incidents")[-1].endswith("looking at it")
    assert call("ack", "INC-1")[0] == 2
    code, _, err = call("ack", "INC-2")
    assert (code, "INC-1" in err) == (2, True)


def test_what_people_do_to_an_incident(call: Call) -> None:
    """Note, severity, close: one sentence each; what makes no sense is refused with the reason."""
    call("check", "--notify")
    assert call("incident", "INC-1", "note", "the", "bank", "phoned") == (0, "noted in INC-1\n", "")
    code, out, _ = call("incident", "INC-1", "severity", "sev1", "--why", "money")
    assert code == 0
    assert "is SEV1 now (was SEV2)" in out
    code, _, err = call("incident", "INC-1", "severity", "SEV9")
    assert (code, "unknown severity 'SEV9'" in err, "did you mean" in err) == (2, True, True)
    code, out, err = call("incident", "INC-1", "close", "--as", "false_alarm", "--why", "a test")
    assert code == 0
    assert "closed as false alarm" in out
    assert "still fires" in err
    code, _, err = call("incident", "INC-1", "close")
    assert code == 2
    assert "closed at" in err
    value = json.loads(call("incident", "INC-1", "--json")[1])
    assert (value["status"], value["severity"]) == ("closed", "SEV1")
    assert json.loads(call("incident", "--json", "INC-1")[1]) == value
    texts = [e["text"] for e in value["timeline"]]
    assert "note: the bank phoned" in texts
    assert "severity set to SEV1: money" in texts
    assert "incident closed as false alarm: a test" in texts


def test_a_word_that_is_no_act_is_met_with_the_nearest(call: Call) -> None:
    """`incident INC-1 serverity` exits 2 and says what was meant; `--help` behind the ID helps."""
    call("check", "--notify")
    code, _, err = call("incident", "INC-1", "serverity", "SEV1")
    assert (code, "severity" in err) == (2, True)
    code, out, _ = call("incident", "INC-1", "--help")
    assert (code, "close" in out) == (0, True)
    assert call("incident")[0] == 2


def test_a_run_joins_the_paged_incident(call: Call) -> None:
    """The line that the page says to type: one incident, whose timeline shows the page and the run."""
    call("check", "--notify")
    assert call("run", "drop", "--incident", "INC-1", "--auto")[0] == 0
    kinds = [e["kind"] for e in json.loads(call("incident", "INC-1", "--json")[1])["timeline"]]
    assert kinds.index("alert_fired") < kinds.index("run_started")
    assert len(json.loads(call("incidents", "--json")[1])["incidents"]) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_pages_and_stops_cleanly(night: Night, slack: Workspace, number: signal.Signals) -> None:
    """In a process of its own: the first look pages, a signal ends the wait at once, exit code 0, nothing half done."""
    argv = [sys.executable, "-c", CALL, "--project", str(night.root), "watch", "--every", "1h"]
    child = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert child.stdout is not None
    first = child.stdout.readline(), child.stdout.readline()
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    assert first[0].endswith("1 of 1 alert fires\n")
    assert first[1].startswith("  INC-1  approval-drop of credit opened, paged ml")
    assert err.endswith("stopped\n")
    assert "Traceback" not in err + out
    assert len(slack.texts("ml-incidents")) == 2


@pytest.mark.parametrize("every", ["1s", "soon"])
def test_watch_refuses_a_rhythm_that_cannot_be(call: Call, every: str) -> None:
    """Too often, or no time at all: exit 2 with the form."""
    code, out, err = call("watch", "--every", every)
    assert (code, out) == (2, "")
    assert "10s" in err or "20m" in err
