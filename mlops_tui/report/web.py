"""Charts for a page and as SVG: pressed in short-lived child processes, so that the session never holds the engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from mlops_tui.core.errors import Cancelled, RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.report.chart import Chart
from mlops_tui.report.vega import vega_lite

TIMEOUT = 120.0
TICK = 0.05
"""Seconds between two looks whether anybody still wants the page."""
RUNTIME = "vega-embed-6.4.js"
"""The name under which the runtime is kept; with another version of Vega-Lite it changes."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Charts ready for a page: `runtime` is JavaScript that gives `vegaEmbed`; `live` are Vega specifications, `still` SVGs."""

    runtime: str
    live: tuple[dict[str, Any], ...]
    still: tuple[str, ...]


def svgs(charts: Sequence[Chart], *, timeout: float = TIMEOUT) -> list[str]:
    """One SVG for each chart, in order. Raises RunbookError where the child fails or takes longer than `timeout` seconds."""
    if not charts:
        return []
    return list(_answer(_start({"runtime": False, "live": [], "still": [vega_lite(c) for c in charts]}), timeout)["still"])


def pressed(
    charts: Sequence[Chart],
    *,
    cache: Path | None = None,
    timeout: float = TIMEOUT,
    cancelled: Callable[[], bool] = lambda: False,
) -> Pressed:
    """The charts for a page. The runtime takes a second to bundle: `cache` is a folder where it is kept for the next time.

    Raises RunbookError where a child fails or takes longer than `timeout` seconds, and Cancelled.
    """
    kept = _kept(cache)
    asked = {"live": [vega_lite(c, live=True) for c in charts], "still": [vega_lite(c) for c in charts]}
    children = [_start({"runtime": False} | asked)]
    if not kept:
        children.append(_start({"runtime": True, "live": [], "still": []}))
    try:
        answers = [_answer(child, timeout, cancelled) for child in children]
    finally:
        for child in children:
            _end(child)
    runtime = kept or str(answers[1]["runtime"])
    if not kept and cache is not None:
        _keep(cache, runtime)
    return Pressed(runtime, tuple(answers[0]["live"]), tuple(answers[0]["still"]))


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _kept(cache: Path | None) -> str:
    try:
        return (cache / RUNTIME).read_text("utf-8") if cache is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _keep(cache: Path, runtime: str) -> None:
    # what cannot be kept is made again the next time
    try:
        cache.mkdir(parents=True, exist_ok=True)
        part = cache / f".{RUNTIME}.part"
        part.write_text(runtime, "utf-8")
        part.replace(cache / RUNTIME)
    except OSError:
        return


def _start(asked: dict[str, Any]) -> subprocess.Popen[bytes]:
    # -P keeps the working directory out of the child's path: a project's own json.py must not be imported.
    argv = [sys.executable, "-P", "-m", "mlops_tui.report.press"]
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    except OSError as error:
        raise RunbookError(f"the charts could not be drawn: {error.strerror}", where="page") from error
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps(asked).encode())
        child.stdin.close()
    except BrokenPipeError:
        pass  # what it died of is on its standard error
    child.stdin = None
    return child


def _answer(child: subprocess.Popen[bytes], timeout: float, cancelled: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    end = monotonic() + timeout
    while True:
        try:
            out, err = child.communicate(timeout=min(TICK, timeout))
            break
        except subprocess.TimeoutExpired:
            gone, late = cancelled(), monotonic() >= end
        if gone or late:
            child.kill()
            child.communicate()
            if gone:
                raise Cancelled
            raise RunbookError(f"the charts were not drawn within {timeout:g} s", where="page")
    if child.returncode != 0:
        said = err.decode(errors="replace").strip().splitlines()
        reason = one_line(said[-1]) if said else f"the drawing process ended with {child.returncode}"
        raise RunbookError(f"the charts could not be drawn: {reason}", where="page")
    answer: dict[str, Any] = json.loads(out)
    return answer
