"""How long the main job takes, as whole processes on 2,000,000 decisions: the demo, what moved, the walk to the draft.

    python benchmarks/main_job.py [--small] [--json OUT]

Bars: the demo is there within 15 s, `check` answers within 15 s, an unattended run has charts and draft within a minute.
`--small` takes few rows and judges nothing: it only shows that the benchmark runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARS = {"demo": 15.0, "check": 15.0, "run": 60.0}
"""Seconds."""
CALL = "import sys; sys.argv[0] = 'runbook'; from mlops_tui.main import main; sys.exit(main())"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}


def seconds(*argv: str, code: int = 0) -> float:
    """Wall time of one command that must end with this exit code, in seconds."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CALL, *argv], capture_output=True, env=ENVIRONMENT, check=False)
    if done.returncode != code:
        raise SystemExit(f"runbook {' '.join(argv)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return time.perf_counter() - begun


def main() -> int:
    """Prints what each command took; exit 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = 300_000 if asked.small else 2_000_000
    with tempfile.TemporaryDirectory() as folder:
        root = str(Path(folder) / "demo")
        took = {"demo": seconds("demo", root, "--rows", str(rows))}
        at = json.loads((Path(root) / ".demo.json").read_text("utf-8"))["at"]
        took["check"] = seconds("--project", root, "check", "--at", at, code=1)
        took["run"] = seconds("--project", root, "run", "approval-drop", "--auto", "--at", at)
    for name, measured in took.items():
        print(f"runbook {name} on {rows:,} decisions {measured:.1f} s (bar {BARS[name]:g} s)")
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "seconds": took, "bars": BARS}) + "\n")
    return 0 if asked.small or all(measured <= BARS[name] for name, measured in took.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
