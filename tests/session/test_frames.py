"""Results go on in Python as Polars frames; commands do without Polars."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest
from support.front import Script

from mlops_tui.core.errors import RunbookError, UnknownName
from mlops_tui.session import frames
from mlops_tui.session.check import check
from mlops_tui.session.drift import drift
from mlops_tui.session.runs import run

AT = "2026-10-14T03:20Z"
STEPS = """\
  - id: scope
    check: {alert: approval-drop}
  - id: odd
    query: select 1::hugeint as n, interval 26 hour as waited, [interval 1 day] as each, $at as at, null::integer as gone
  - id: told
    note: done
"""


def test_findings_are_rows(project):
    """As runbook SQL sees them: a text column per segment, times with their zone."""
    report = check(project, ["credit-risk"], at=AT)
    told = frames.findings(report.findings)
    assert told.height == len(report.findings)
    assert told.schema["onset"] == pl.Datetime("us", "UTC")
    assert set(told.filter(pl.col("status") == "crit")["region"]) == {"ES"}
    assert frames.findings(()).height == 0


def test_a_comparison_is_a_row_a_column_and_slice(project):
    report = drift(project, "credit-risk", at=AT)
    told = frames.compared(report)
    assert told.height == len(report.comparison.columns)
    assert told.columns[: 1 + len(report.by)] == ["column", *report.by]
    first = report.comparison.columns[0]
    assert told.row(0, named=True)["psi"] == first.psi
    assert told.row(0, named=True)[report.by[0]] == first.slice.get(report.by[0])


def test_results_of_steps_are_whole_and_typed(project, write_runbook):
    """What Polars has no type for is text, as people read it."""
    run(project, write_runbook(STEPS), sets={}, at=AT, front=Script())
    odd = frames.step(project, "INC-1", "odd")
    assert odd.rows(named=True) == [{"n": 1, "waited": "26:00:00", "each": '["1 day"]', "at": odd["at"][0], "gone": None}]
    assert odd.schema["n"] == pl.Int64
    assert odd.schema["at"] == pl.Datetime("us", "UTC")
    assert frames.step(project, "INC-1", "scope").height > 0
    with pytest.raises(RunbookError, match="told gave no rows"):
        frames.step(project, "INC-1", "told")
    with pytest.raises(UnknownName, match="did you mean 'odd'"):
        frames.step(project, "INC-1", "ood")


@pytest.mark.parametrize("command", [["check", "credit-risk"], ["drift", "credit-risk"], ["models"]])
def test_commands_do_without_polars(root, command):
    """It is imported where a log names it, or frames are asked for."""
    probe = (
        "import sys; from mlops_tui.main import main; main(sys.argv[1:]);"
        "print('LOADED', *({'polars', 'sqlglot'} & set(sys.modules)), file=sys.stderr)"
    )
    argv = [sys.executable, "-c", probe, "--project", str(root), *command]
    done = subprocess.run(
        [*argv, *([] if command == ["models"] else ["--at", AT])], capture_output=True, text=True, timeout=120
    )
    assert done.stderr.splitlines()[-1] == "LOADED", done.stderr
