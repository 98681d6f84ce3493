"""An alert's question put to its model, and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_tui.alerts.evaluate import AlertResult, evaluate, unmeasurable
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding
from mlops_tui.inventory.types import Alert

if TYPE_CHECKING:
    from mlops_tui.project import Subject


def verdict(subject: Subject, alert: Alert) -> tuple[tuple[Finding, ...], AlertResult]:
    """The Findings of an alert's own check, and whether it fires.

    One alert that names what nobody has (a check, a segment's value) is `unknown` with the reason; it does not take the
    others with it.
    """
    from mlops_tui import checks
    from mlops_tui.checks.words import reason

    try:
        findings = checks.run(subject, checks.ask_from_alert(alert, subject.spec))
    except RunbookError as error:
        return (), unmeasurable(alert, f"{reason(error)}.")
    return findings, evaluate(alert, findings)
