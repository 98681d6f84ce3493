"""`runbook lint`: the house plan's own examples, and projects that are broken in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui.core.errors import UnknownName
from mlops_tui.session.lint import lint

DESIGN = Path(__file__).parents[1] / "fixtures" / "design"

NOBODY_HAS_MADE_YET = [
    "inventory.yaml: there is no file 'contracts/bank_feed.yaml'",
    "inventory.yaml: there is no file 'sql/merchant_age_days.sql'",
    "inventory.yaml: unknown model 'collections-priority'",
    "inventory.yaml: there is no file 'score.py'",
    "inventory.yaml: unknown check 'metric'",
    "inventory.yaml: unknown runbook 'guardrail-breach'",
    "runbooks/approval-drop.yaml: step cause: no step kind 'diagnose'",
    "runbooks/approval-drop.yaml: step rollback: no step kind 'rollback'",
    "runbooks/approval-drop.yaml: step redress: no step kind 'affected'",
]
"""What the examples name and this version lacks. Who makes one of them takes its line out; none is ever added."""

RUNBOOK = """\
runbook: drop
title: It dropped
steps:
  - id: scope
    check: {alert: drop}
  - id: scope
    note: "Twice."
  - id: stop
    end: {as: resolved}
  - id: more
    diagnos: {finding: $scope}
"""


def test_the_designs_own_blocks_lack_only_what_is_still_to_come():
    """The examples of the house plan read without an error of form, and name exactly what nobody has made yet."""
    report = lint(DESIGN)
    assert report.files == ("inventory.yaml", "runbooks/approval-drop.yaml")
    assert [f"{p.file}: {p.message}" for p in report.problems] == NOBODY_HAS_MADE_YET
    assert all(p.line and p.column for p in report.problems)


@pytest.mark.parametrize("broken", ["models: [", "version: 1\nmodles: {}\n", "", None], ids=["yaml", "key", "empty", "none"])
def test_a_broken_inventory_does_not_hide_the_runbooks(broken, tmp_path):
    """Without an inventory that can be read, a runbook's own form is checked all the same, beside the inventory's fault."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "drop.yaml").write_text(RUNBOOK)
    if broken is not None:
        (tmp_path / "inventory.yaml").write_text(broken)
    found = [f"{p.file}:{p.line}:{p.column}: {p.message}" for p in lint(tmp_path).problems]
    assert any(p.startswith("inventory.yaml") for p in found)
    own = [p for p in found if p.startswith("runbooks/drop.yaml")]
    assert own == [
        "runbooks/drop.yaml:6:5: step scope: two steps have the id 'scope'",
        "runbooks/drop.yaml:10:5: step more: is never reached: step stop always ends the run before it",
        "runbooks/drop.yaml:11:5: step more: no step kind 'diagnos'",
    ]


def test_every_problem_of_every_file_is_told_at_once(tmp_path):
    """Faults of form in inventory and runbooks stand in one report, sorted by file and line."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "inventory.yaml").write_text("version: 2\norganisaton: Acme\n")
    (tmp_path / "runbooks" / "a.yaml").write_text("runbook: a\ntitel: A\nsteps: []\n")
    (tmp_path / "runbooks" / "b.yaml").write_text("runbook: b\ntitle: B\nsteps:\n  - id: x\n")
    files = [p.file for p in lint(tmp_path).problems]
    assert files == sorted(files)
    assert set(files) == {"inventory.yaml", "runbooks/a.yaml", "runbooks/b.yaml"}
    assert files.count("runbooks/a.yaml") >= 3


def test_only_what_is_named_is_linted(tmp_path):
    """A runbook's name restricts the report to its file; an unknown one is met with those there are."""
    (tmp_path / "inventory.yaml").write_text("version: 1\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "drop.yaml").write_text(RUNBOOK)
    assert lint(tmp_path, ["drop"]).files == ("runbooks/drop.yaml",)
    with pytest.raises(UnknownName, match="unknown runbook 'dorp'"):
        lint(tmp_path, ["dorp"])
