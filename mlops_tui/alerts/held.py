"""An open incident is held against what was normal before it: yesterday's fault must not become today's baseline."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlops_tui.alerts.evaluate import AlertResult, evaluate, unmeasurable
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Alert

if TYPE_CHECKING:
    from mlops_tui.project import Subject

COMPARING = frozenset({"decision_rate", "score_drift", "feature_drift", "missing_rate"})
"""Checks that hold one window against another; the others have expectations of their own."""
_DAY = timedelta(days=1)


def baseline(finding: Finding) -> Window | None:
    """The window that a fired Finding was held against, moved (by whole days) or cut so that it ends before the onset."""
    if finding.check_name not in COMPARING or finding.reference is None or finding.window is None:
        return None
    held, onset = finding.reference, finding.onset
    if onset is None or held.end <= onset:
        return held
    if held.length <= finding.window.length:
        days = -((onset - held.end) // _DAY)
        return held.shift(-days * _DAY)
    return Window(held.start, onset) if onset - held.start >= held.length / 2 else held


def held(subject: Subject, alert: Alert, against: Window) -> AlertResult:
    """The alert's verdict on its current window against a frozen baseline."""
    from mlops_tui import checks
    from mlops_tui.checks.words import reason

    try:
        ask = checks.ask_from_alert(alert, subject.spec)
        now = subject.windows.now
        current = Window(now - ask.current, now) if ask.current else subject.windows.current
        frozen = replace(subject, windows=replace(subject.windows, current=current, reference=against))
        return evaluate(alert, checks.run(frozen, replace(ask, compare="reference", current=None)))
    except RunbookError as error:
        return unmeasurable(alert, f"{reason(error)}.")
