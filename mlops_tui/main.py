"""Picks the front end. The only module that may know both the command line and the app."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `runbook` with these arguments (the process's by default) and give its exit code."""
    from mlops_tui.cli.root import invoke

    return invoke(list(sys.argv[1:] if argv is None else argv))
