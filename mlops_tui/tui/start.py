"""The way in: from an opener of projects, and perhaps a run, to the app and what it left behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.engine.types import FrontEnd, RunReport
    from mlops_tui.project import Project


def show(
    opener: Callable[[Mapping[str, str]], Project], go: Callable[[FrontEnd], RunReport] | None = None, name: str = ""
) -> tuple[RunReport, ...]:
    """Show the app until the person leaves; the reports of the runs that were driven meanwhile, oldest first.

    `go` drives the run that was asked for, `name` is what it is called. The opener is given the environment as it was before
    the app began: Textual takes NO_COLOR out of it. Raises what opening the project or starting the run raised.
    """
    environ = dict(os.environ)
    quiet_heap()
    from mlops_tui.tui.app import RunbookApp

    app = RunbookApp(lambda: opener(environ), go=go, name=name)
    try:
        app.run()
    finally:
        if "NO_COLOR" in environ:
            os.environ["NO_COLOR"] = environ["NO_COLOR"]
    if app.fault is not None:
        raise app.fault
    return tuple(app.reports)


def quiet_heap() -> None:
    """Let Python look through its whole heap seldom: with a chain's findings in it that takes a tenth of a second or more,
    and it falls between a key and the screen (measured: p99 of a key press 94 ms instead of 400 on a busy machine)."""
    gc.set_threshold(20_000, 50, 1_000)
