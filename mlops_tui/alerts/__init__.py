"""Findings held against an alert: does it fire, and why."""

from mlops_tui.alerts.ask import verdict
from mlops_tui.alerts.evaluate import AlertResult, evaluate, unmeasurable

__all__ = ["AlertResult", "evaluate", "unmeasurable", "verdict"]
