"""Sending goes on beside a run, and nothing that fails there reaches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import ANA, CLOCK, Script

from mlops_tui.core.errors import ChannelError
from mlops_tui.engine.types import Item, Output
from mlops_tui.project import Project, open_project
from mlops_tui.session import messages
from mlops_tui.session.outlets import sending
from mlops_tui.session.runs import run

TWICE = "  - {id: a, notify: {to: ml, text: x}}\n  - {id: b, notify: {to: ml, text: y}}\n"
Open = Callable[..., Project]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """A tiny chain whose run notifies twice."""
    root = tiny.write(tmp_path / "tiny")
    tiny.runbook(root, TWICE)
    return lambda **environ: open_project(root, clock=lambda: CLOCK, actor=ANA, environ=environ)


def test_without_a_token_it_is_said_once(opened: Open) -> None:
    """Two steps that notify: the messages wait, and one line says which variable to set."""
    front = Script()
    assert run(opened(), "probe", sets={}, front=front).state == "ended"
    assert [e for e in front.errors if "RUNBOOK_SLACK_TOKEN" in e] == front.errors


@pytest.mark.parametrize("fault", [ChannelError("no route"), ZeroDivisionError("ours")])
def test_what_fails_while_sending_is_told_and_does_not_stop_the_run(
    opened: Open, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """A refusal and a fault of ours alike: the run ends, and the line says that messages wait."""

    def fails(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(messages, "flush_journal", fails)
    front = Script()
    assert run(opened(RUNBOOK_SLACK_TOKEN="x"), "probe", sets={}, front=front).state == "ended"
    assert len(front.errors) == 2
    assert all(e.startswith("messages wait: ") for e in front.errors)


def test_a_front_end_that_fails_there_does_not_stop_it_either(opened: Open) -> None:
    """It is told of a failing screen at the next event, not in the middle of sending."""

    class Blind(Script):
        def show(self, item: Item) -> None:
            if isinstance(item, Output):
                raise ValueError("no screen")
            super().show(item)

    project = opened()
    with project.journal(create=True) as journal, sending(project, journal, Blind()) as send:
        send("a")
        send("b")
