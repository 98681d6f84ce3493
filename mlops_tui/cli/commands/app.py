"""What is printed when the app has been left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.cli.root import App
    from mlops_tui.engine.types import RunReport
    from mlops_tui.project import Project

LEFT = 3


def browse(app: App, start: Path, *, given: Path | None) -> int:
    """Show the app on the project that holds `start`; say how the runs that were driven in it ended."""

    def opener(environ: Mapping[str, str]) -> Project:
        from mlops_tui.project import open_project

        return open_project(start, environ=environ)

    reports = app(opener)
    from mlops_tui.project import root_of  # once the app is gone: its first frame waits for no import

    left(reports, root_of(start), given=given)
    return 0


def left(reports: Sequence[RunReport], root: Path, *, given: Path | None) -> int:
    """How each run ended, and the line that goes on with one that was left; the exit code is the first run's."""
    from mlops_tui.cli.commands.run import told

    newest = {(r.incident, r.run): r for r in reports}
    for report in newest.values():
        told(report, root, as_json=False, left="", given=given)
    return newest[reports[0].incident, reports[0].run].exit_code if reports else LEFT
