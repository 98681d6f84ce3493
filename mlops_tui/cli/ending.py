"""The last words of a run: where it stands, what it found, which files it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_tui.cli.page import Look
from mlops_tui.core.leave import one_line, visible

if TYPE_CHECKING:
    from mlops_tui.engine.types import RunReport

_STATES = {"ended": "ok", "failed": "failed", "interrupted": "cancelled", "waiting": "attention"}
MOST_FINDINGS = 10


def ending(report: RunReport, look: Look) -> str:
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
        parts += ["", look.statuses(findings_table(ranked(bad.values()), look.width, most=MOST_FINDINGS))]
    if report.artefacts:
        parts.append("")
        names = [one_line(a.title or a.kind) for a in report.artefacts]
        wide = max(map(len, names))
        parts += [f"{n.ljust(wide)}  {visible(a.path)}" for n, a in zip(names, report.artefacts, strict=True)]
    return "\n".join(parts)
