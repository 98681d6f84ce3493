"""The way in: from an opener of projects, and perhaps a run, to the app and what it left behind."""

from __future__ import annotations

import gc
import os
import sys
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
    screen_first()
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


def screen_first() -> None:
    """Let a key reach the screen whatever threads do.

    Python looks through its whole heap seldom: with a chain's findings in it that takes a tenth of a second or more, and it
    falls between a key and the screen. And a thread that computes gives way after 1 ms instead of 5: a key passes from the
    thread that reads it to the app and on to the one that writes, and waits at each (measured beside checks on a busy machine:
    p99 of a key press 41 ms instead of 169).
    """
    gc.set_threshold(20_000, 50, 1_000)
    sys.setswitchinterval(0.001)
