"""Charts as PNG, drawn in one short-lived child process: six of them hold 226 MiB, which the session gives back at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.report.chart import Chart
from mlops_tui.report.paint import LENGTH
from mlops_tui.report.vega import vega_lite

TIMEOUT = 120.0


def pngs(charts: Sequence[Chart], *, timeout: float = TIMEOUT) -> list[bytes]:
    """One PNG for each chart, in order, at twice the size for sharp screens.

    Raises RunbookError where the child fails or takes longer than `timeout` seconds.
    """
    if not charts:
        return []
    # -P keeps the working directory out of the child's path: a project's own json.py must not be imported.
    argv = [sys.executable, "-P", "-m", "mlops_tui.report.paint"]
    specs = json.dumps([vega_lite(c) for c in charts]).encode()
    try:
        child = subprocess.run(argv, input=specs, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise RunbookError(f"the charts were not drawn within {timeout:g} s", where="png") from None
    except OSError as error:
        raise RunbookError(f"the charts could not be drawn: {error.strerror}", where="png") from error
    if child.returncode != 0:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        reason = one_line(said[-1]) if said else f"the drawing process ended with {child.returncode}"
        raise RunbookError(f"the charts could not be drawn: {reason}", where="png")
    images = _split(child.stdout)
    if len(images) != len(charts):
        raise RunbookError(f"{len(images)} of {len(charts)} charts were drawn", where="png")
    return images


def _split(data: bytes) -> list[bytes]:
    images = []
    at = 0
    while at + LENGTH <= len(data):
        size = int.from_bytes(data[at : at + LENGTH], "big")
        images.append(data[at + LENGTH : at + LENGTH + size])
        at += LENGTH + size
    return images
