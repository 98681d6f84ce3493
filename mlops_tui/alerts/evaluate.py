"""Does an alert fire? Its Findings say, by its own thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mlops_tui.core.finding import Finding, ranked
from mlops_tui.inventory.types import Alert


@dataclass(frozen=True, slots=True)
class AlertResult:
    """What an alert says now. `firing`, `recoveries` and `unmeasured` are Findings, worst first; `reason` is one sentence."""

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

    def as_json(self) -> dict[str, Any]:
        """The alert in `runbook/check/1`: Findings by id."""
        return {
            "id": self.alert_id,
            "check": self.check,
            "fired": self.fired,
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
    return f"None of {len(known)} findings is beyond the threshold{rest}."
