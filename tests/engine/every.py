"""A runbook of every kind, and what holds of a run of it that came to its end, whatever happened on the way."""

from __future__ import annotations

import queue
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import ANA

from mlops_tui.engine.types import Answer, Item, RunReport, Waiting
from mlops_tui.incidents.run import fold_run, runs_of
from mlops_tui.journal import Event, Journal

STEPS = """
  - {id: scope, check: {alert: drop}}
  - {id: quiet, when: "(select bool_and(status = 'ok') from scope)", end: {as: false_alarm}}
  - {id: place, query: "select $scope.region as region"}
  - {id: sure, assert: {that: "$place = 'ES'", text: "not ${place}"}}
  - {id: graphs, chart: decision_rate}
  - {id: word, notify: {to: on_call, text: "${scope.summary}", attach: [graphs]}}
  - {id: what, ask: {question: "What is it in ${place}?", answers: [data, model], auto: data}}
  - {id: mind, note: "It is ${what}."}
  - {id: really, confirm: {text: "Really?"}}
  - id: act
    when: $what = 'data'
    run: {argv: [sh, -c, "echo x >> calls"]}
  - {id: writeup, postmortem: {template: default}}
  - {id: done, end: {as: resolved, text: over}}
"""


def write(root: Path) -> str:
    """Writes the runbook into the tiny chain."""
    return tiny.runbook(root, STEPS, name="every")


class Person:
    """A front end that answers as a careful person does: looks whether the command has happened before saying so."""

    def __init__(self, root: Path) -> None:
        self.inbox: queue.Queue[Any] = queue.Queue()
        self.calls = root / "calls"
        self.asked: list[str] = []

    def show(self, item: Item) -> None:
        """Answers what is asked."""
        if not isinstance(item, Waiting):
            return
        question = item.question
        self.asked.append(question.kind)
        known = "done" if self.calls.exists() else "not_done"
        choice = known if question.kind == "settle" else "data" if question.kind == "ask" else "yes"
        self.inbox.put(Answer(question.id, choice, "aruiz", datetime.now(UTC)))


def events(root: Path) -> tuple[Event, ...]:
    """Every event of every incident, from journals that verify."""
    with Journal.open(root / ".runbook" / "state", clock=lambda: datetime.now(UTC), actor=ANA, create=False) as journal:
        found = tuple(e for s in journal.streams("INC-") for e in journal.events(s))
        assert all(journal.verify(s) == () for s in journal.streams("INC-"))
    return found


def whole(root: Path, found: tuple[Event, ...]) -> None:
    """Each step ended once and well, each message was queued once, each question answered, and the command ran once."""
    assert {e.stream for e in found} == {"INC-1"}
    assert len(runs_of(found)) == 1
    state = fold_run(found, "INC-1.1")
    assert {k: r.state for k, r in state.steps.items()} == {
        **dict.fromkeys(("place", "sure", "graphs", "word", "what", "mind", "really", "act", "writeup", "done"), "ok"),
        "scope": "attention",
        "quiet": "skipped",
    }
    assert all(q.answered is not None for q in state.questions.values())
    assert all(e.state is not None for e in state.effects.values())
    queued = Counter((e.body or {})["channel"] for e in found if e.type == "message_queued")
    assert queued == {"#ml": 1, "#risk": 1}
    assert [(e.body or {})["text"] for e in found if e.type == "note"] == ["It is data."]
    assert sum(e.type == "incident_closed" for e in found) == 1
    ended = Counter(e.step for e in found if e.type == "step_ended")
    assert set(ended.values()) == {1}
    assert (root / "calls").read_text() == "x\n", "the command ran once"
    assert found[-1].type == "run_ended"
    assert (found[-1].body or {})["state"] == "ended"


def stages(root: Path, monkeypatch: pytest.MonkeyPatch, go: Callable[[], RunReport]) -> list[Path]:
    """The project's folder as it lies on the disk after each event of one run: what a kill there leaves behind."""
    found: list[Path] = []
    append = Journal._append

    def kept(self: Journal, event: Event, *, driven: bool) -> Event:
        done = append(self, event, driven=driven)
        self._con.execute("commit")
        found.append(root.with_name(f"stage{len(found) + 1}"))
        shutil.copytree(root, found[-1], symlinks=True, ignore=shutil.ignore_patterns("logs"))
        (found[-1] / "logs").symlink_to((root / "logs").resolve())
        self._con.execute("begin immediate")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_append", kept)
        assert go().state == "ended"
    return found
