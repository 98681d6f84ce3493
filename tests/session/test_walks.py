"""A run can be looked at as values, while it is under way and after."""

from __future__ import annotations

import pytest
from support.front import Script

from mlops_tui.core.errors import RunbookError
from mlops_tui.session.runbooks import runbooks
from mlops_tui.session.runs import run
from mlops_tui.session.walks import newest, walk

STEPS = """\
  - id: first
    title: One
    why: Because.
    query: select 1 as n
  - id: second
    title: Two
    ask: {question: Well?}
  - id: third
    note: done
"""


def test_a_walk_tells_every_step_and_whether_it_waits(project, write_runbook):
    """Steps that were done have their results, the one that asks waits, the rest are pending; `why` is the runbook's."""
    run(project, write_runbook(STEPS), sets={}, front=Script())
    seen = walk(project, "INC-1")
    assert [s.state for s in seen.steps] == ["ok", "waiting", "pending"]
    assert (seen.steps[0].plan.why, seen.steps[0].table.rows) == ("Because.", ((1,),))
    assert (seen.current, seen.state, seen.finished) == (1, "waiting", False)
    assert newest(project, "INC-1") == seen.seq


def test_a_later_look_takes_over_what_did_not_change(project, write_runbook):
    """Results that stand already are not made again."""
    run(project, write_runbook(STEPS), sets={}, front=Script())
    first = walk(project, "INC-1")
    again = walk(project, "INC-1", first.run, known=first)
    assert again.steps[0] is first.steps[0]
    assert again == first


def test_nothing_to_look_at_is_said(project):
    """An incident that nobody has is an error with a hint."""
    with pytest.raises(RunbookError):
        walk(project, "INC-1")


def test_runbooks_are_listed_for_the_models_they_apply_to(project, write_runbook):
    """By model; one that cannot be read is listed with its problem, never left out."""
    write_runbook("  - id: a\n    note: x\n", name="fine", head="inputs:\n  why: {type: text}\n")
    write_runbook("  - nonsense\n", name="broken")
    found = {r.name: r for r in runbooks(project, "collections-priority")}
    assert "fine" not in found
    assert "broken.yaml" in found["broken"].problem
    mine = {r.name: r for r in runbooks(project, "credit-risk")}
    assert mine["fine"].inputs[0].needed
    assert "approval-drop" in mine
