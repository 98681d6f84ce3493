"""The main job with everything real: logs, checks, charts, page, journal, outbox."""

from __future__ import annotations

from support.front import Script, states

from mlops_tui.project import Project
from mlops_tui.session.incidents import postmortem
from mlops_tui.session.messages import outbox
from mlops_tui.session.runs import run


def test_the_main_job(project: Project) -> None:
    """Unattended, the shipped runbook ends with findings, charts, waiting messages and a draft that names the cause."""
    report = run(project, "approval-drop", sets={}, front=Script(), auto=True)
    assert report.state == "ended"
    assert states(report)["scope"] == "attention"
    kinds = [a.kind for a in report.artefacts]
    assert kinds.count("png") >= 4
    assert kinds.count("markdown") == 1
    assert all((project.root / a.path).is_file() for a in report.artefacts)
    waiting = outbox(project)
    assert {m.channel for m in waiting} == {"#ml-incidents", "#risk-oncall"}
    assert {m.state for m in waiting} <= {"queued", "waiting"}
    text = postmortem(project, report.incident).text
    for word in ("Spain", "13 October 2026", "bank_label", "score", "contaminated", "eu-payment-labels", "Ivo Lang"):
        assert word in text
