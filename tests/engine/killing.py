"""Runs in processes of their own that die by kill -9, and the runs that take over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HEAVY = [
    "duckdb",
    "pyarrow.parquet",
    "numpy",
    "mlops_tui.session.runs",
    "mlops_tui.engine.drive",
    "mlops_tui.report.postmortem",
]
AT = datetime(2026, 10, 14, 3, 20, tzinfo=UTC)
PATIENCE = 60.0


def begun(target: Callable[..., None], *args: object) -> Any:
    """A process that does `target(*args)`, forked from a quiet one that has only imported: one with threads may hang."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=target, args=args)
    process.start()
    return process


def ended(process: Any) -> int:
    """Its exit code, minus the signal that ended it. Fails where it is stuck."""
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        raise AssertionError("the run is stuck")
    return int(process.exitcode)


def die_after(events: int) -> None:
    """Makes this process kill itself right after its journal's `events`-th entry is on the disk; 0 is never."""
    from mlops_tui.journal import Journal

    count = 0
    append = Journal._append

    def and_die(self: Journal, event: Any, *, driven: bool) -> Any:
        nonlocal count
        done = append(self, event, driven=driven)
        count += 1
        if count == events:
            self._con.execute("commit")
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    Journal._append = and_die  # type: ignore[method-assign]


def undrawn() -> None:
    """Makes this process draw no charts and no page: their bytes are a few."""
    from mlops_tui.report import page
    from mlops_tui.report.png import Painter

    Painter.warm = lambda self: None  # type: ignore[method-assign]
    Painter.draw = lambda self, charts, **_: [c.id.encode() for c in charts]  # type: ignore[method-assign]
    page.page = lambda *_, **__: "<html></html>"  # type: ignore[assignment]


def drive(root: Path, name: str, kill: int, drawn: bool = False) -> None:
    """In a child: goes on with the run that was left, else begins it; dies after `kill` entries."""
    sys.path[:0] = [str(Path(__file__).parents[1])]
    from support.front import ANA

    from mlops_tui.core.errors import RunbookError
    from mlops_tui.project import open_project
    from mlops_tui.session.runs import resume, run
    from tests.engine.every import Person

    if not drawn:
        undrawn()
    die_after(kill)
    project = open_project(root, clock=lambda: AT, actor=ANA, environ={"PATH": "/usr/bin:/bin"})
    front = Person(root)
    try:
        report = resume(project, front=front)
    except RunbookError as error:
        if "no run" not in str(error) and "nothing ever ran" not in str(error) and "no journal" not in str(error):
            raise
        report = run(project, name, sets={}, front=front)
    if report.state != "ended":
        raise AssertionError(f"{report.state}: {report.reason}")
