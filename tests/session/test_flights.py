"""Real departures: the storm of February 2013 is found, and its end is called a recovery."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.front import Script

from mlops_tui.project import Project, open_project
from mlops_tui.session.check import check
from mlops_tui.session.incidents import postmortem
from mlops_tui.session.lint import lint
from mlops_tui.session.runs import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
DATA = os.environ.get("FLIGHTS_DATA", "")
needs_data = pytest.mark.skipif(
    not (Path(DATA) / "decisions.parquet").is_file(), reason="FLIGHTS_DATA names no folder with flights"
)


@pytest.fixture
def flights(tmp_path: Path) -> Project:
    """The example, where a run may write."""
    root = tmp_path / "flights"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".runbook"))
    return open_project(root, clock=lambda: datetime(2013, 4, 2, tzinfo=UTC), environ={"FLIGHTS_DATA": DATA})


def test_the_example_is_right() -> None:
    """Inventory and runbook of the example have no lint problem."""
    assert lint(EXAMPLE).problems == ()


def test_a_path_that_is_not_set_says_which_variable(tmp_path: Path) -> None:
    """The path is a parameter: without it the model's log is unknown, with the line to type."""
    shutil.copytree(EXAMPLE, tmp_path / "flights")
    project = open_project(tmp_path / "flights", environ={})
    report = check(project)
    assert report.unreadable
    assert "FLIGHTS_DATA" in report.models[0].problems[0]
    assert "export" in report.models[0].problems[0]


@needs_data
@pytest.mark.parametrize("at", ["2013-02-09T12:00", "2013-02-10T00:00"])
def test_the_storm_is_the_top_finding(flights: Project, at: str) -> None:
    """At noon of the second day and at midnight after it: departures fell, overall, since the afternoon of the 8th."""
    report = check(flights, at=at)
    top = report.findings[0]
    assert (top.kind, top.status, top.direction, dict(top.slice)) == ("decision_rate", "crit", "down", {})
    assert top.onset is not None
    assert top.onset.date().isoformat() == "2013-02-08"
    assert report.fired


@needs_data
def test_the_end_of_the_storm_is_a_recovery(flights: Project) -> None:
    """At noon on the 11th flights come back: shown, and no alert fires."""
    report = check(flights, at="2013-02-11T12:00")
    assert not report.fired
    assert all(a.recoveries for a in report.models[0].alerts)


@needs_data
def test_the_runbook_writes_the_storms_draft(flights: Project) -> None:
    """The draft names the day, the fall and the weather; no path of this machine stands in it."""
    report = run(flights, "cancellations", sets={}, at="2013-02-09T12:00", front=Script(), auto=True)
    assert report.state == "ended"
    text = postmortem(flights, report.incident).text
    for word in ("8 February 2013", "wind_speed", "${FLIGHTS_DATA}/decisions.parquet"):
        assert word in text
    assert DATA not in text
