"""Picks the front end. The only module that may know both the command line and the app."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.engine.types import FrontEnd, RunReport
    from mlops_tui.project import Project


def main(argv: Sequence[str] | None = None) -> int:
    """Run `runbook` with these arguments (the process's by default) and give its exit code."""
    from mlops_tui.cli.root import invoke

    return invoke(list(sys.argv[1:] if argv is None else argv), app=_app if _fits() else None)


def _fits() -> bool:
    """Whether the app can be shown: a person at both ends, on a terminal that can be painted."""
    ends = (sys.stdin, sys.stdout)
    return all(s is not None and not s.closed and s.isatty() for s in ends) and os.environ.get("TERM", "") not in ("", "dumb")


def _app(
    opener: Callable[[Mapping[str, str]], Project], go: Callable[[FrontEnd], RunReport] | None = None, name: str = ""
) -> tuple[RunReport, ...]:
    from mlops_tui.tui.start import show

    return show(opener, go, name)
