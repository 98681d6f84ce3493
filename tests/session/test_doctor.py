"""`runbook doctor`: each question answered, each fault with its fix, nothing changed by the asking."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal
from mlops_tui.session.doctor import DoctorReport, Line, Terminal, doctor
from tests.channels.slack_server import TOKEN, SlackServer

NOW = datetime(2026, 10, 14, 3, 20, tzinfo=UTC)
GOOD = Terminal(tty=True, colour=True, encoding="utf-8", columns=120, rows=40, term="xterm-256color")
INVENTORY = """\
version: 1
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: LOGIN}], slack: "#ml-incidents"}
models:
  risk:
    description: Approves loans.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml]
    decision: {column: decision, positive: approved}
    log: {path: logs/*.csv, time: ts, segments: [region]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one model with a small log, its newest row 20 minutes before `NOW`."""
    import pwd

    login = pwd.getpwuid(os.getuid()).pw_name
    (tmp_path / "inventory.yaml").write_text(INVENTORY.replace("LOGIN", login))
    write(tmp_path, NOW - timedelta(minutes=20))
    return tmp_path


def write(root: Path, newest: datetime, name: str = "a") -> None:
    (root / "logs").mkdir(exist_ok=True)
    rows = "".join(f"{newest - timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ},approved,ES\n" for h in range(50))
    (root / "logs" / f"{name}.csv").write_text("ts,decision,region\n" + rows)


def asked(root: Path, terminal: Terminal = GOOD, environ: Mapping[str, str] | None = None) -> DoctorReport:
    return doctor(root, terminal, clock=lambda: NOW, environ=environ or {})


def line(report: DoctorReport, name: str) -> Line:
    return next(found for found in report.lines if found.id == name)


def test_a_sound_project_has_only_the_token_to_wish_for(root):
    """Every line is OK but the missing token, which is a warning; the asking leaves nothing behind."""
    report = asked(root)
    assert {found.id: found.verdict for found in report.lines if found.verdict != "OK"} == {"slack": "WARN"}
    assert not report.failed
    assert "newest row 2026-10-14 03:00Z (05:00 CEST), 20m old" in line(report, "clock risk").text
    assert not (root / ".runbook").exists()


def test_every_fault_has_a_fix(tmp_path):
    """Outside a project too: what is not OK says what to do."""
    report = asked(tmp_path, replace(GOOD, encoding="ascii", columns=50, clipboard="external"))
    assert report.failed
    assert line(report, "project").verdict == "FAIL"
    assert all(found.fix for found in report.lines if found.verdict != "OK")
    assert report.as_json()["checks"][0]["status"] == "FAIL"


def test_a_broken_inventory_is_one_line(root):
    """It fails, and `runbook lint` is named; the rest is still looked at."""
    (root / "inventory.yaml").write_text("version: 1\nmodles: {}\n")
    found = line(asked(root), "project")
    assert (found.verdict, found.fix) == ("FAIL", "runbook lint names them all")
    assert "1 problem: inventory.yaml:2:1: unknown key 'modles'" in found.text


def test_logs_that_cannot_be_read_are_named(root):
    """A bad file among good ones is a warning with its name; no file at all is a failure."""
    (root / "logs" / "b.csv").write_text("")
    found = line(asked(root), "log risk")
    assert found.verdict == "WARN"
    assert "1 of 2 files cannot be read: logs/b.csv" in found.text
    (root / "logs" / "a.csv").unlink()
    assert line(asked(root), "log risk").verdict == "FAIL"


def test_the_clock_is_held_against_the_newest_row(root):
    """Rows from the future question the clock; rows older than the current window, whether any still arrive."""
    write(root, NOW + timedelta(hours=2), "b")
    found = line(asked(root), "clock risk")
    assert (found.verdict, "2 rows later than the clock" in found.text) == ("WARN", True)
    (root / "logs" / "b.csv").unlink()
    write(root, NOW - timedelta(days=9))
    found = line(asked(root), "clock risk")
    assert (found.verdict, found.fix) == ("WARN", "do rows still arrive? To look back: --at 2026-10-05T03:20Z")


@pytest.mark.parametrize(
    ("mode", "verdict", "word"),
    [(0o700, "OK", "yours alone"), (0o2770, "OK", "your group"), (0o770, "WARN", "2770"), (0o755, "WARN", "others")],
)
def test_the_state_is_for_those_who_may(root, mode, verdict, word):
    """`.runbook` is 0700, or 2770 for the project's group; anything wider is said with the mode to set."""
    actor = Actor("ana", 1, "host", 1)
    with Journal.open(root / ".runbook" / "state", clock=lambda: NOW, actor=actor) as journal:
        journal.start_stream("INC-", "incident_opened", {"title": "It fell"})
    (root / ".runbook").chmod(mode)
    report = asked(root)
    found = line(report, ".runbook")
    assert found.verdict == verdict
    assert word in found.text + found.fix
    assert (line(report, "journal").verdict, line(report, "journal").text) == ("OK", "1 incident")


def test_a_journal_that_is_none_fails(root):
    """A file of another program in the journal's place stops every run: FAIL, with what to do."""
    (root / ".runbook" / "state").mkdir(parents=True)
    (root / ".runbook").chmod(0o700)
    (root / ".runbook" / "state" / "journal.sqlite").write_bytes(b"no journal at all, but long enough to look at" * 40)
    found = line(asked(root), "journal")
    assert found.verdict == "FAIL"
    assert found.fix


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    """A Slack on this machine that knows the token and channels such as #ml-incidents."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    server = SlackServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.space.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def told(server: SlackServer, token: str = TOKEN) -> dict[str, str]:
    return {"RUNBOOK_SLACK_TOKEN": token, "RUNBOOK_SLACK_URL": server.url}


def test_slack_knows_the_token_and_the_channels(root, slack):
    """The token is tried without posting, and every team's channel is looked for, page by page."""
    slack.space.scopes.add("channels:read")
    report = asked(root, environ=told(slack))
    assert line(report, "slack").text == "the token is runbook's in acme"
    assert (line(report, "channels").verdict, line(report, "channels").text) == ("OK", "the app is in #ml-incidents")
    assert slack.space.asked("chat.postMessage") == []


@pytest.mark.parametrize(
    ("scopes", "verdict", "word"),
    [
        ({"chat:write", "files:write", "channels:history"}, "OK", "chat:write"),
        ({"chat:write", "files:write"}, "WARN", "may be doubled"),
        ({"chat:write"}, "WARN", "charts and drafts are not sent"),
        ({"files:write"}, "FAIL", "nothing is sent"),
    ],
)
def test_the_scopes_are_told(root, slack, scopes, verdict, word):
    """What the token may not is said by what becomes of it."""
    slack.space.scopes = scopes
    found = line(asked(root, environ=told(slack)), "scopes")
    assert found.verdict == verdict
    assert word in found.text


def test_a_token_that_slack_refuses_fails(root, slack):
    """The refusal is told with its reason, the token itself never."""
    report = asked(root, environ=told(slack, "xoxb-wrong-1234"))
    assert line(report, "slack").verdict == "FAIL"
    assert "invalid_auth" in line(report, "slack").text
    assert "xoxb-wrong" not in str(report.as_json())


def test_a_channel_that_nobody_sees_is_named_with_the_nearest(root, slack):
    """A misspelt channel is a warning: it may be a private one that the app was not invited to."""
    slack.space.scopes.add("channels:read")
    text = (root / "inventory.yaml").read_text()
    (root / "inventory.yaml").write_text(text.replace("#ml-incidents", "#ml-incident"))
    found = line(asked(root, environ=told(slack)), "channels")
    assert found.verdict == "WARN"
    assert "#ml-incident (ml)" in found.text
    assert "'ml-incidents'" in found.fix


@pytest.mark.parametrize("channel", ["#elsewhere", "C0000AWAY"])
def test_a_channel_that_the_app_is_not_in_is_named(root, slack, channel):
    """It is there, and a post would be refused: whoever set Slack up invites the app, by whichever name it goes."""
    slack.space.scopes.add("channels:read")
    text = (root / "inventory.yaml").read_text()
    (root / "inventory.yaml").write_text(text.replace("#ml-incidents", channel))
    found = line(asked(root, environ=told(slack)), "channels")
    assert (found.verdict, found.text) == ("WARN", f"the app is not in {channel} (ml)")
    assert "/invite" in found.fix


def test_a_slack_that_cannot_be_reached_says_nothing_of_the_token(root):
    """No connection is no refusal: the network is to be looked at, not the token."""
    environ = {"RUNBOOK_SLACK_TOKEN": TOKEN, "RUNBOOK_SLACK_URL": "http://127.0.0.1:9/api/", "NO_PROXY": "*"}
    found = line(asked(root, environ=environ), "slack")
    assert (found.verdict, "cannot be reached" in found.text, "token" in found.text) == ("FAIL", True, False)


def test_without_the_scope_channels_stay_unknown(root, slack):
    """Where the app may not list channels, that is said, and how to allow it."""
    found = line(asked(root, environ=told(slack)), "channels")
    assert (found.verdict, "missing_scope" in found.text) == ("WARN", True)


@pytest.mark.parametrize(
    ("change", "name", "verdict"),
    [
        ({"tty": False}, "terminal", "OK"),
        ({"columns": 59}, "terminal", "WARN"),
        ({"columns": 79}, "terminal", "WARN"),
        ({"term": "dumb"}, "terminal", "WARN"),
        ({"encoding": "ANSI_X3.4-1968"}, "encoding", "WARN"),
        ({"encoding": "UTF8"}, "encoding", "OK"),
        ({"clipboard": "on"}, "clipboard", "OK"),
        ({"clipboard": "external"}, "clipboard", "WARN"),
        ({"clipboard": ""}, "clipboard", "WARN"),
    ],
)
def test_the_terminal_is_looked_at(tmp_path, change, name, verdict):
    """Size, TERM, encoding, and whether tmux passes on what is copied."""
    assert line(asked(tmp_path, replace(GOOD, **change)), name).verdict == verdict
