"""A run that goes on answers from where it began, and says what has changed since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import Script, states

from mlops_tui import __version__
from mlops_tui.core.errors import LogError
from mlops_tui.core.settings import Actor
from mlops_tui.session.messages import outbox
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open
from tests.engine.every import events

STEPS = """
  - {id: before, check: {alert: drop}}
  - {id: stop, ask: {question: x, answers: [go]}}
  - {id: after, check: {alert: drop}}
  - {id: counts, query: "select count(*) as n, min(ts) as a, max(ts) as b from log"}
  - {id: upstream, query: "select count(*) as n from feed"}
  - {id: times, query: "select $at as a, $window_start as w, $reference_start as r"}
  - {id: word, notify: {to: on_call, text: "${after.summary}"}}
"""
Left = Callable[[], None]


@pytest.fixture
def left(root: Path, opened: Open) -> None:
    """A run that waits at `stop`."""
    tiny.runbook(root, STEPS)
    assert run(opened(), "probe", sets={}, front=Script()).state == "waiting"


def go_on(opened: Open) -> tuple[Any, Script]:
    front = Script({"stop": "go"})
    return resume(opened(), front=front), front


def rows(report: Any, *names: str) -> list[Any]:
    return [next(s for s in report.steps if s.id == n).table.rows for n in names]


def as_if_nothing_happened(root: Path, tmp_path: Path, opened: Open) -> Any:
    """The same run in a chain of its own that nobody touches."""
    other = tiny.write(tmp_path / "other")
    tiny.runbook(other, STEPS)
    return run(opened(other), "probe", sets={}, front=Script({"stop": "go"}))


def test_the_start_freezes_all_that_it_stands_on(root: Path, opened: Open, left: None) -> None:
    """Runbook and inventory bytes, inputs, moment, every window's dates, each log's files with size and rows, the version."""
    started = next(e for e in events(root) if e.type == "run_started")
    body = started.body or {}
    assert body["text"] == (root / "runbooks" / "probe.yaml").read_text()
    assert body["inventory"] == (root / "inventory.yaml").read_text()
    assert (body["at"], body["clock"], body["tool"]) == ("2026-10-14T02:00:00Z", "2026-10-14T03:20:00Z", __version__)
    assert body["windows"]["reference"] == {"start": "2026-10-04T02:00:00Z", "end": "2026-10-12T02:00:00Z"}
    assert [(m["path"], m["files"]) for m in body["manifest"]] == [("logs/loans/*.parquet", 12), ("logs/feed/*.parquet", 12)]
    assert started.artefacts == (body["files"],)
    with opened().journal(create=False) as journal:
        kept = json.loads(journal.artefact(body["files"]).read_bytes())
    assert set(kept) == {"log", "feed"}
    first = "logs/loans/2026-10-02.parquet"
    assert kept["log"][first] == [(root / first).stat().st_size, 288, ""]


def test_a_log_that_grew_changes_nothing(root: Path, opened: Open, left: None, tmp_path: Path) -> None:
    """Late rows, even for hours within the windows, and newer hours are not read; the new file is named."""
    for log, columns in (("loans", None), ("feed", ("at", "event_id", "iban"))):
        made = tiny.rows(tiny.NOW - timedelta(hours=30), 40)
        if columns:
            made = {"at": made["ts"], "event_id": made["id"], "iban": made["name"]}
        tiny.put(root / "logs" / log / "late.parquet", made)
    report, front = go_on(opened)
    whole = as_if_nothing_happened(root, tmp_path, opened)
    names = ("counts", "upstream", "times")
    assert rows(report, *names) == rows(whole, *names)
    assert report.steps[0].findings == report.steps[2].findings
    assert any("the files of log changed" in e and "new, not read: logs/loans/late.parquet" in e for e in front.errors)
    assert any("the files of feed changed" in e for e in front.errors)


def test_a_file_that_grew_is_read_and_named(root: Path, opened: Open, left: None) -> None:
    """What was written into a file in between cannot be told apart; it is said."""
    path = root / "logs" / "loans" / "2026-10-13.parquet"
    made = tiny.rows(tiny.NOW - timedelta(hours=23), 20)
    tiny.put(path, made)
    _, front = go_on(opened)
    assert any("of another size, read as now: logs/loans/2026-10-13.parquet" in e for e in front.errors)


def test_files_that_vanished_are_named(root: Path, opened: Open, left: None) -> None:
    """Some gone: told, and the rest is read. All gone: a clear error, and the run can go on when they are back."""
    folder = root / "logs" / "loans"
    (folder / "2026-10-03.parquet").unlink()
    shutil.move(folder, root / "elsewhere")
    with pytest.raises(LogError, match=r"gone: logs/loans/2026-10-02.parquet.* and 9 more"):
        go_on(opened)
    shutil.move(root / "elsewhere", folder)
    report, front = go_on(opened)
    assert report.state == "ended"
    assert any("gone: logs/loans/2026-10-03.parquet" in e for e in front.errors)


def test_an_edited_runbook_is_shown_and_not_followed(root: Path, opened: Open, left: None) -> None:
    """The frozen copy is walked; the difference is shown line by line."""
    tiny.runbook(root, STEPS.replace("select count(*) as n from feed", "select 0 as n"))
    report, front = go_on(opened)
    assert next(s.value for s in report.steps if s.id == "upstream") > 0
    said = "\n".join(front.errors)
    assert "probe.yaml changed since this run began" in said
    assert '+  - {id: upstream, query: "select 0 as n"}' in said


def test_a_removed_runbook_does_not_stop_its_run(root: Path, opened: Open, left: None) -> None:
    """The run has its own copy."""
    (root / "runbooks" / "probe.yaml").unlink()
    report, front = go_on(opened)
    assert report.state == "ended"
    assert any("is gone since this run began" in e for e in front.errors)


def edit(root: Path, *changes: tuple[str, str]) -> None:
    path = root / "inventory.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_what_is_measured_stays_and_people_are_those_of_now(root: Path, opened: Open, left: None, tmp_path: Path) -> None:
    """Thresholds, windows and the zone of then; a channel that moved gets the message where people read today."""
    edit(
        root, ("below: -10pp", "below: -99pp"), ("reference: 8d", "reference: 3d"), ("#risk", "#risk-now"), ("Madrid", "London")
    )
    report, front = go_on(opened)
    assert report.steps[0].findings == report.steps[2].findings
    assert rows(report, "times") == rows(as_if_nothing_happened(root, tmp_path, opened), "times")
    assert {m.channel for m in outbox(opened())} == {"#ml", "#risk-now"}
    assert any("inventory.yaml changed since this run began" in e for e in front.errors)


def test_a_model_an_alert_and_a_team_that_are_gone(root: Path, opened: Open, left: None) -> None:
    """The run still measures as it began; who is gone is named, and the others are told."""
    gone = '  risk: {members: [{name: Lea Vogt, login: lvogt}], slack: "#risk"}\n'
    edit(root, (gone, ""), ("team: risk", "team: ml"), ("on_call: [ml, risk]", "on_call: [ml]"))
    edit(root, ("id: drop", "id: fall"), ("  loans:\n", "  credits:\n"))
    report, front = go_on(opened)
    assert report.state == "ended", report.reason
    assert {m.channel for m in outbox(opened())} == {"#ml"}
    assert any("team risk is not in inventory.yaml" in e for e in front.errors)


def test_a_team_that_confirms_and_is_gone_is_an_answer_to_nobody(root: Path, opened: Open) -> None:
    """Nobody can confirm then: said, the question stands, and nothing is done."""
    tiny.runbook(root, "  - {id: act, run: {argv: [sh, -c, 'echo x >> calls'], confirm: {by: risk}}}\n")
    run(opened(), "probe", sets={}, front=Script())
    gone = '  risk: {members: [{name: Lea Vogt, login: lvogt}], slack: "#risk"}\n'
    edit(root, (gone, ""), ("team: risk", "team: ml"), ("on_call: [ml, risk]", "on_call: [ml]"))
    front = Script({"act": "yes"}, person="lvogt")
    front.inbox.put = _twice(front)  # type: ignore[method-assign]
    report = resume(opened(), front=front)
    assert report.state == "waiting"
    assert any("unknown team 'risk'" in e for e in front.errors)
    assert not (root / "calls").exists()


def _twice(front: Script) -> Callable[[Any], None]:
    from mlops_tui.engine.types import Cancel

    put, said = front.inbox.put, []

    def once(item: Any) -> None:
        said.append(item)
        put(item if len(said) == 1 else Cancel("run"))

    return once


def deploy(ts: str, version: str) -> str:
    change = {"ts": ts, "kind": "deploy", "target": "loans", "what": "v", "who": "x", "version": version}
    return json.dumps(change | {"trained_on": ["2026-09-01", "2026-09-30"]}) + "\n"


def test_a_changed_plan_voids_its_approval(root: Path, opened: Open) -> None:
    """What was confirmed names the exact command: another one is asked for again, and the first is never done."""
    changes = root / "changes.jsonl"
    edit(root, ("    windows:", "    changes: [{jsonl: changes.jsonl}]\n    windows:"))
    changes.write_text(deploy("2026-10-05T00:00:00Z", "8"))
    tiny.runbook(root, "  - {id: act, run: {argv: [sh, -c, 'echo $0 >> calls', $last_good_version]}}\n")

    class Leaves(Script):
        def show(self, item: Any) -> None:
            super().show(item)
            if getattr(item, "type", "") == "answered":
                raise RuntimeError("gone just after the answer")

    assert run(opened(), "probe", sets={}, front=Leaves({"act": "yes"})).state == "interrupted"
    assert not (root / "calls").exists()
    with changes.open("a") as file:
        file.write(deploy("2026-10-06T00:00:00Z", "9"))
    front = Script({"act": "yes"})
    report = resume(opened(), front=front)
    assert states(report) == {"act": "ok"}
    assert any("no longer what was confirmed" in e for e in front.errors)
    asked = [e for e in events(root) if e.type == "question_asked"]
    assert [(e.body or {})["effect"]["plan"]["argv"][-1] for e in asked] == ["8", "9"]
    assert (root / "calls").read_text() == "9\n"


def test_another_person_takes_over(root: Path, opened: Open, left: None) -> None:
    """Who resumes is the runner from then on, and the timeline says so."""
    tom = Actor("tbeck", 1002, "lab", 78, "Tom Beck")
    report = resume(opened(actor=tom), front=Script({"stop": "go"}, person="tbeck"))
    assert report.state == "ended"
    joined = next(e for e in events(root) if e.type == "run_joined")
    assert (joined.actor.login, joined.epoch) == ("tbeck", 2)
