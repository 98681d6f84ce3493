"""Whatever the seed broke, the run's draft agrees with the truth that nothing else reads."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.front import ANA, Script

from mlops_tui.project import open_project
from mlops_tui.session.check import check
from mlops_tui.session.demo import demo
from mlops_tui.session.incidents import postmortem
from mlops_tui.session.runs import run

FEW = (0, 7, 3)
REST = (1, 2, 4, 5, 6, 8, 9)


@pytest.mark.parametrize("seed", [*FEW, *(pytest.param(s, marks=pytest.mark.proof) for s in REST)])
def test_the_draft_agrees_with_the_truth(seed: int, tmp_path: Path, unpainted: None) -> None:
    """Region, day, feature, score and cause of the draft are the simulator's; the alert fires there and only there."""
    root = tmp_path / "demo"
    demo(root, seed=seed, rows=300_000)
    truth = json.loads((root / "truth.json").read_text())
    onset, now = (datetime.fromisoformat(truth[k].replace("Z", "+00:00")) for k in ("onset", "now"))
    # half an hour later: the last hour of the log is complete by then
    project = open_project(root, clock=lambda: now + timedelta(minutes=30), actor=ANA, environ={})

    report = run(project, "approval-drop", sets={}, front=Script(), auto=True)
    found = {s.id: s for s in report.steps}
    worst = found["scope"].findings[0]
    assert report.state == "ended"
    assert (worst.status, dict(worst.slice)) == ("crit", {"region": truth["region"]})
    assert worst.onset is not None
    assert abs((worst.onset - onset).total_seconds()) <= 2 * 3600
    moved = {f.target for s in ("drift", "missing") for f in found[s].findings if f.status in ("warn", "crit")}
    assert moved == {truth["feature"]}
    assert found["scores"].findings[0].status == "crit"

    text = postmortem(project, report.incident).text
    name = project.inventory.model("credit-risk").log.names["region"][truth["region"]]
    for word in (name, f"{onset.astimezone(project.zone):%-d %B %Y}", truth["feature"], truth["cause_ref"]):
        assert word in text
    assert all(v in text for v in truth["versions_contaminated"] if v.startswith("2026"))

    checked = check(project, ["credit-risk"])
    assert checked.fired
    fired = next(a for a in checked.models[0].alerts if a.alert_id == "approval-drop")
    assert {f.slice.get("region") for f in fired.firing} == {truth["region"]}
