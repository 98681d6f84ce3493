"""The last words of a run: where it stands, what it found, which files it left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.cli.page import Look, filed, wrapped

if TYPE_CHECKING:
    from mlops_tui.engine.types import RunReport

_STATES = {"ended": "ok", "failed": "failed", "interrupted": "cancelled", "waiting": "attention"}
MOST_FINDINGS = 10


def ending(report: RunReport, look: Look, root: Path, again: str = "runbook") -> str:
    """The run's report as text: incident and state, the steps as one line of counts, the worst findings, every file, and
    what to type next. `again` is how this project is called."""
    from mlops_tui.core.finding import ranked
    from mlops_tui.report.tables import findings_table

    state = look.paint(report.state, _STATES[report.state])
    parts = ["", look.paint(f"{report.incident} · {report.runbook} on {report.model}", "bold") + f" · {state}"]
    if report.reason:
        parts.append(wrapped(report.reason, look.width))
    counts: dict[str, int] = {}
    for step in report.steps:
        counts[step.state] = counts.get(step.state, 0) + 1
    parts.append("steps: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    bad = {f.id: f for s in report.steps for f in s.findings if f.status in ("crit", "warn", "unknown")}
    if bad:
        parts += ["", look.statuses(findings_table(ranked(bad.values()), look.wide, most=MOST_FINDINGS))]
    if report.artefacts:
        parts.append("")
        parts += [filed(a.kind, root, a.path) for a in report.artefacts]
    parts += ["", *following(report, again)]
    return "\n".join(parts)


def following(report: RunReport, again: str) -> list[str]:
    """The commands that make sense now: to go on, to read what is known, to send what waits."""
    left = report.state in ("waiting", "interrupted")
    commands = [f"resume {report.incident}"] if left else []
    if report.state == "failed":
        commands.append(f"run {report.runbook} --incident {report.incident}    (once that is mended)")
    commands += [f"incident {report.incident}"]
    if any(s.kind == "postmortem" and s.state == "ok" for s in report.steps):
        commands.append(f"postmortem {report.incident}")
    if any(s.kind == "notify" and s.state == "ok" for s in report.steps):
        commands.append("outbox")
    return [f"{'next:' if i == 0 else '':6}{again} {c}" for i, c in enumerate(commands)]
