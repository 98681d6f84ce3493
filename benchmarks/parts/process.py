"""Whole processes: what one took in time, processor time and memory, and several taken in turns."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
RUNBOOK = ("-c", "import sys; sys.argv[0] = 'runbook'; from mlops_tui.main import main; sys.exit(main())")
"""Arguments of Python that call the command line of this checkout."""
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of `ru_maxrss`."""
THIN = 64.0
"""MB that a measuring process may have had."""


class Failed(Exception):
    """A process that had to succeed did not; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one process: seconds, processor seconds of all its threads, the most memory in MB (10^6 bytes), what it printed."""

    wall: float
    cpu: float
    peak: float
    out: str

    @property
    def said(self) -> Any:
        """The JSON of its last line."""
        return json.loads(self.out.strip().rpartition("\n")[2])


def held() -> float:
    """The most memory that this program has had since it was started, in MB; 0 where the system does not say.

    Not `ru_maxrss` of this process: that includes what its parent had.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:")), 0.0)


def two_processors() -> None:
    """Hold this process and all that it starts to two processors, so that every side has two threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def spend(
    *argv: str, python: str | Path = sys.executable, codes: Sequence[int] = (0,), most: float = 3600, **env: str
) -> Spent:
    """What `python *argv` took. Raises Failed where it ends with another exit code, or after `most` seconds.

    A child is born with what its parent holds (Linux keeps the highest resident size across exec), so that a process which
    holds data cannot measure others, and raises Failed as well: everything heavy happens elsewhere.
    """
    if held() > THIN:
        raise Failed(f"a process that has had {held():.0f} MB holds too much to measure others")
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    environment |= {"PYTHONPATH": str(HERE), "PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "ignore", **env}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        child = subprocess.Popen([str(python), *argv], stdout=out, stderr=err, env=environment)
        clock = threading.Timer(most, child.kill)
        clock.start()
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        clock.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        if child.returncode not in codes:
            said = err.read().decode(errors="replace").strip()[-1500:]
            raise Failed(f"{' '.join(argv)[-200:]} ended with {child.returncode}: {said}")
        return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT / 1e6, out.read().decode(errors="replace"))


def runbook(project: Path, *argv: str, codes: Sequence[int] = (0,)) -> Spent:
    """What one command took."""
    return spend(*RUNBOOK, "--project", str(project), *argv, codes=codes)


def probe(what: str, *argv: str) -> Spent:
    """What a measurement of `parts.probe` took; it says what it found in `said`."""
    return spend("-m", "parts.probe", what, *argv)


def in_turns(rounds: int, sides: Mapping[str, Callable[[], Spent]]) -> dict[str, list[Spent]]:
    """Every side once a round, one after the other, so that a busy machine slows all of them."""
    taken: dict[str, list[Spent]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
    return taken


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent of a power law fitted through the costs by least squares: 1 where the cost is linear in the size."""
    return statistics.linear_regression([math.log(s) for s in sizes], [math.log(c) for c in costs]).slope
