"""The last words of a run: where it stands, what it found, which files it left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.cli.page import Look, place
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.engine.types import RunReport

_WORDS = {"png": "chart", "markdown": "draft"}
_STATES = {"ended": "ok", "failed": "failed", "interrupted": "cancelled", "waiting": "attention"}
MOST_FINDINGS = 10


def ending(report: RunReport, look: Look, root: Path) -> str:
    """The run's report as text: incident and state, the steps as one line of counts, the worst findings, every file."""
    from mlops_tui.core.finding import ranked
    from mlops_tui.report.tables import findings_table

    state = look.paint(report.state, _STATES[report.state])
    reason = f": {one_line(report.reason)}" if report.reason else ""
    parts = ["", look.paint(f"{report.incident} · {report.runbook} on {report.model}", "bold") + f" · {state}{reason}"]
    counts: dict[str, int] = {}
    for step in report.steps:
        counts[step.state] = counts.get(step.state, 0) + 1
    parts.append("steps: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    bad = {f.id: f for s in report.steps for f in s.findings if f.status in ("crit", "warn", "unknown")}
    if bad:
        parts += ["", look.statuses(findings_table(ranked(bad.values()), look.wide, most=MOST_FINDINGS))]
    if report.artefacts:
        parts.append("")
        parts += [f"{_WORDS.get(a.kind, a.kind):5}  {place(root, a.path)}" for a in report.artefacts]
    return "\n".join(parts)
