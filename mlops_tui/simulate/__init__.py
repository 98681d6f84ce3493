"""Seeded chains with a known truth: what `runbook demo` writes, and what rehearsal and tests share."""

from mlops_tui.simulate.demo import DemoResult, shipped, write

__all__ = ["DemoResult", "shipped", "write"]
