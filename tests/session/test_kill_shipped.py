"""The shipped runbook, left at any event: whoever takes over finds the same, and tells nobody twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.front import CLOCK, Script, states

from mlops_tui.core.errors import RunbookError
from mlops_tui.engine.types import RunReport
from mlops_tui.project import Project, open_project
from mlops_tui.session.runs import resume, run
from tests.engine.every import events, stages


def person() -> Script:
    return Script({"verdict": "data"})


def told(root: Path) -> Counter[tuple[str, str]]:
    return Counter((e.step, (e.body or {})["channel"]) for e in events(root) if e.type == "message_queued")


def found(report: RunReport) -> list[list[str]]:
    return [[f.id for f in s.findings] for s in report.steps]


@pytest.mark.proof
def test_approval_drop_goes_on_from_any_event(
    project: Project,
    root: Path,
    unpainted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same states, findings and messages as in a run that nothing stopped; each step ended once."""
    whole = run(project, "approval-drop", sets={}, front=person())
    messages = told(root)
    assert set(messages.values()) == {1}
    left = stages(root, monkeypatch, lambda: run(project, "approval-drop", sets={}, incident="new", front=person()))
    assert len(left) > 30
    for stage in left:
        before = events(stage)
        here = open_project(stage, clock=lambda: CLOCK, actor=project.actor, environ={"PATH": "/usr/bin:/bin"})
        try:
            report = resume(here, front=person())
        except RunbookError as error:
            assert "no run was interrupted" in str(error)
            if before[-1].type == "run_ended":
                continue
            report = run(here, "approval-drop", sets={}, incident="INC-2", front=person())
        assert (report.incident, report.run, report.state) == ("INC-2", "INC-2.1", "ended")
        assert states(report) == states(whole)
        assert found(report) == found(whole)
        after = events(stage)
        assert after[: len(before)] == before
        assert told(stage) == messages + messages
        ended = Counter(e.step for e in after if e.type == "step_ended" and e.run == "INC-2.1")
        assert set(ended.values()) == {1}
