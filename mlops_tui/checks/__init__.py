"""One declared question each, answered by Findings. Nothing heavy is imported until a check runs."""

from mlops_tui.checks.ask import Ask, ask_from_alert
from mlops_tui.checks.health import log_health
from mlops_tui.checks.registry import keys, names, run
from mlops_tui.checks.suite import suite

__all__ = ["Ask", "ask_from_alert", "keys", "log_health", "names", "run", "suite"]
