"""The February 2013 storm over New York. Set FLIGHTS_DATA to the folder with decisions.parquet."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from mlops_tui import checks
from mlops_tui.alerts import evaluate
from mlops_tui.core.finding import ranked
from mlops_tui.core.settings import Actor
from mlops_tui.core.threshold import Quantity
from mlops_tui.inventory.types import Alert, Bounds
from mlops_tui.project.project import open_project

DATA = os.environ.get("FLIGHTS_DATA", "")

pytestmark = pytest.mark.skipif(
    not Path(DATA, "decisions.parquet").is_file(), reason="FLIGHTS_DATA names no folder with flights"
)

INVENTORY = """\
version: 1
timezone: America/New_York
teams: {ops: {members: [{name: Olive Tran}]}}
models:
  departures:
    description: Operates or cancels.
    owner: {team: ops, name: Olive Tran}
    on_call: [ops]
    decision: {column: decision, positive: "1"}
    log: {path: logs/*.parquet, time: ts, complete_after: 0s, score: {column: score}, segments: [origin, carrier]}
    windows: {current: 1d, reference: 28d}
"""
ALERT = Alert(
    id="cancellations",
    check="decision_rate",
    by="origin",
    compare="day_over_day",
    fire={"change": Bounds(below=Quantity.parse("-10pp"), above=Quantity.parse("10pp"))},
)


@pytest.fixture
def at(tmp_path):
    """The model at a local time of New York."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "decisions.parquet").symlink_to(Path(DATA, "decisions.parquet").resolve())
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    project = open_project(tmp_path, actor=Actor("o", 1, "h", 1), environ={})
    return lambda text: project.subject("departures", at=datetime.fromisoformat(text).replace(tzinfo=project.zone))


def everything(subject):
    return ranked(f for a in checks.suite(subject.spec, subject.features) for f in checks.run(subject, a))


@pytest.mark.parametrize("moment", ["2013-02-09T12:00", "2013-02-10T00:00"])
def test_the_storm_is_the_top_finding(at, moment):
    """The whole of New York fell, which says weather and not an airport; it is dated to the evening of the eighth."""
    top = everything(at(moment))[0]
    assert (top.check_name, dict(top.slice), top.status, top.direction) == ("decision_rate", {}, "crit", "down")
    assert top.change < -0.5 and f"{top.onset:%m-%dT%H}" in {f"02-08T{h}" for h in range(16, 23)}


def test_the_day_of_the_storm_fires(at):
    """Day over day the alert fires at noon of the ninth."""
    subject = at("2013-02-09T12:00")
    assert evaluate(ALERT, checks.run(subject, checks.ask_from_alert(ALERT, subject.spec))).fired


def test_the_thaw_is_a_recovery(at):
    """Two days later day over day rises by fifteen points: a recovery that does not fire."""
    subject = at("2013-02-11T12:00")
    result = evaluate(ALERT, checks.run(subject, checks.ask_from_alert(ALERT, subject.spec)))
    assert not result.fired and len(result.recoveries) == 4 and "recovered" in result.reason
