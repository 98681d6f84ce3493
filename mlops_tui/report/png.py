"""Charts as PNG, drawn in one short-lived child process: six of them hold 226 MiB, which the session gives back at once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from time import monotonic

from mlops_tui.core.errors import Cancelled, RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.report.chart import Chart
from mlops_tui.report.paint import LENGTH
from mlops_tui.report.vega import vega_lite

TIMEOUT = 120.0
TICK = 0.05
"""Seconds between two looks whether anybody still wants the charts."""


def pngs(charts: Sequence[Chart], *, timeout: float = TIMEOUT) -> list[bytes]:
    """One PNG for each chart, in order, at twice the size for sharp screens.

    Raises RunbookError where the child fails or takes longer than `timeout` seconds.
    """
    painter = Painter()
    try:
        return painter.draw(charts, timeout=timeout)
    finally:
        painter.close()


class Painter:
    """The child that draws. It takes half a second to make itself ready: `warm` lets it do so while other work goes on.

    Not to be used from two threads at once, except for `close`.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def warm(self) -> None:
        """Starts the child where none is waiting. That it cannot be started is told by `draw`."""
        if self._child is None:
            try:
                self._child = _start()
            except OSError:
                return

    def draw(
        self, charts: Sequence[Chart], *, timeout: float = TIMEOUT, cancelled: Callable[[], bool] = lambda: False
    ) -> list[bytes]:
        """One PNG for each chart, in order, at twice the size for sharp screens; the child ends with it.

        Raises RunbookError where the child fails or takes longer than `timeout` seconds, and Cancelled; the child is
        killed then.
        """
        if not charts:
            return []
        try:
            child = self._child = self._child or _start()
        except OSError as error:
            raise RunbookError(f"the charts could not be drawn: {error.strerror}", where="png") from error
        try:
            images = _drawn(child, json.dumps([vega_lite(c) for c in charts]).encode(), timeout, cancelled)
        finally:
            self.close()
        if len(images) != len(charts):
            raise RunbookError(f"{len(images)} of {len(charts)} charts were drawn", where="png")
        return images

    def close(self) -> None:
        """Ends the child, whatever it does."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def _start() -> subprocess.Popen[bytes]:
    # -P keeps the working directory out of the child's path: a project's own json.py must not be imported.
    # A session of its own, so that Ctrl-C is for the run alone: the child ends when its input does.
    argv = [sys.executable, "-P", "-m", "mlops_tui.report.paint"]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)


def _drawn(child: subprocess.Popen[bytes], specs: bytes, timeout: float, cancelled: Callable[[], bool]) -> list[bytes]:
    said: list[tuple[bytes, bytes]] = []
    # On a thread: communicate(timeout=...) loses the rest of its input when it is called again.
    talk = threading.Thread(target=lambda: said.append(child.communicate(specs)), name="charts", daemon=True)
    end = monotonic() + timeout
    talk.start()
    while talk.is_alive():
        talk.join(TICK)
        stopped, late = cancelled(), monotonic() >= end
        if talk.is_alive() and (stopped or late):
            child.kill()
            talk.join()
            if stopped:
                raise Cancelled
            raise RunbookError(f"the charts were not drawn within {timeout:g} s", where="png")
    out, err = said[0] if said else (b"", b"")
    if child.returncode != 0:
        words = err.decode(errors="replace").strip().splitlines()
        reason = one_line(words[-1]) if words else f"the drawing process ended with {child.returncode}"
        raise RunbookError(f"the charts could not be drawn: {reason}", where="png")
    return _split(out)


def _split(data: bytes) -> list[bytes]:
    images = []
    at = 0
    while at + LENGTH <= len(data):
        size = int.from_bytes(data[at : at + LENGTH], "big")
        images.append(data[at + LENGTH : at + LENGTH + size])
        at += LENGTH + size
    return images
