"""Does an alert fire? Its Findings say, by its own thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from mlops_tui.core.finding import Finding, ranked
from mlops_tui.inventory.types import Alert


@dataclass(frozen=True, slots=True)
class AlertResult:
    """What an alert says now. `firing`, `recoveries` and `unmeasured` are Findings, worst first; `reason` is one sentence.

    `blind` means that nothing could be measured: it does not fire, and it is not quiet either.
    """

    alert_id: str
    check: str
    fired: bool
    firing: tuple[Finding, ...]
    recoveries: tuple[Finding, ...]
    unmeasured: tuple[Finding, ...]
    runbook: str | None
    page: tuple[str, ...]
    severity: str | None
    reason: str
    blind: bool = False

    @property
    def state(self) -> Literal["fired", "quiet", "unknown"]:
        """The verdict as a word; `unknown` where nothing could be measured."""
        return "fired" if self.fired else "unknown" if self.blind else "quiet"

    def as_json(self) -> dict[str, Any]:
        """The alert in `runbook/check/1`: Findings by id."""
        return {
            "id": self.alert_id,
            "check": self.check,
            "fired": self.fired,
            "state": self.state,
            "firing": [f.id for f in self.firing],
            "recoveries": [f.id for f in self.recoveries],
            "unmeasured": [f.id for f in self.unmeasured],
            "runbook": self.runbook,
            "page": list(self.page),
            "severity": self.severity,
            "reason": self.reason,
        }


def evaluate(alert: Alert, findings: Iterable[Finding]) -> AlertResult:
    """The alert's verdict on its own Findings.

    It fires when one is `crit` and no recovery; a warning, too few rows or an unknown never fires, and the last two are
    named, so that silence is not taken for health.
    """
    known = ranked(findings)
    firing = tuple(f for f in known if f.status == "crit" and not f.recovery)
    recoveries = tuple(sorted((f for f in known if f.recovery), key=lambda f: -f.score))
    unmeasured = tuple(f for f in known if f.status in ("unknown", "insufficient"))
    return AlertResult(
        alert_id=alert.id,
        check=alert.check,
        fired=bool(firing),
        firing=firing,
        recoveries=recoveries,
        unmeasured=unmeasured,
        runbook=alert.runbook,
        page=tuple(alert.page),
        severity=alert.severity,
        reason=_reason(known, firing, recoveries, unmeasured),
        blind=len(unmeasured) == len(known),
    )


def unmeasurable(alert: Alert, why: str) -> AlertResult:
    """The verdict on an alert whose model could not be looked at at all: unknown, and why."""
    reason = f"Nothing could be measured: {why}"
    return AlertResult(
        alert.id, alert.check, False, (), (), (), alert.runbook, tuple(alert.page), alert.severity, reason, blind=True
    )


def _reason(
    known: tuple[Finding, ...],
    firing: tuple[Finding, ...],
    recoveries: tuple[Finding, ...],
    unmeasured: tuple[Finding, ...],
) -> str:
    if firing:
        more = f" ({len(firing) - 1} more beyond the threshold)" if len(firing) > 1 else ""
        return firing[0].summary + more
    if not known:
        return "The check gave no findings."
    if recoveries:
        return f"A recovery, not paged: {recoveries[0].summary}"
    if len(unmeasured) == len(known):
        return f"Nothing could be measured: {unmeasured[0].summary}"
    rest = f"; {len(unmeasured)} could not be measured" if unmeasured else ""
    said = "Its only finding is not" if len(known) == 1 else f"None of {len(known)} findings is"
    return f"{said} beyond the threshold{rest}."
