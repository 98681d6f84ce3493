"""How long `runbook --help` takes, as a multiple of `python -c pass` in the same run. Bar: at most 6x.

    python benchmarks/startup.py [--small] [--json OUT]

Whole processes, taken in turns, so that a busy machine slows both; the median of the ratios pair by pair counts.
`--small` takes a few pairs and judges nothing: it only shows that the benchmark runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BAR = 6.0
CALL = "import sys; sys.argv[:] = ['runbook', '--help']; from mlops_tui.main import main; sys.exit(main())"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}


def seconds(*argv: str) -> float:
    """Wall time of one process, in seconds."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *argv], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - begun


def main() -> int:
    """Prints the ratio; exit 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    pairs = 3 if asked.small else 21
    seconds("-c", CALL)
    found = [(seconds("-c", CALL), seconds("-c", "pass")) for _ in range(pairs)]
    ratio = statistics.median(a / b for a, b in found)
    ours, bare = (statistics.median(side) for side in zip(*found, strict=True))
    print(
        f"runbook --help {1000 * ours:.0f} ms, python -c pass {1000 * bare:.0f} ms: {ratio:.2f}x (bar {BAR:g}x, {pairs} pairs)"
    )
    if asked.json:
        asked.json.write_text(json.dumps({"ratio": ratio, "bar": BAR, "pairs": pairs}) + "\n")
    return 0 if asked.small or ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
