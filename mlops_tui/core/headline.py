"""What many Findings are about, and since when: one answer for charts, versions, messages and the draft."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlops_tui.core.finding import Finding


def headline(findings: Sequence[Finding]) -> Finding | None:
    """The Finding that an incident is about, of those given worst first: the worst movement of decisions, else the worst
    of any kind; a warning or worse, and no recovery."""
    bad = [f for f in findings if f.status in ("crit", "warn") and not f.recovery]
    return next((f for f in bad if f.kind == "decision_rate"), bad[0] if bad else None)


def began(findings: Sequence[Finding]) -> datetime | None:
    """When it began: the onset of the headline, else that of the worst Finding which has one."""
    about = headline(findings)
    if about is not None and about.onset is not None:
        return about.onset
    return next((f.onset for f in findings if f.onset is not None and f.status in ("crit", "warn") and not f.recovery), None)
