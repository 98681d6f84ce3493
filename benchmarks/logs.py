"""The log engine beside the limit of the machine and beside its peers, on one generated log of each size.

    python benchmarks/logs.py [--sizes 1m,5m] [--peers [DIR]] [--small] [--json OUT] [--keep DIR]
    python benchmarks/logs.py --install-peers DIR

The log: 20 features, score and decision, 3 segments of 12, 4 and 3 values, 37 days of zstd Parquet, planted drift; 30 days
are the reference, 7 are current. S is DuckDB's own count, min and max of all columns. Everything runs on two processors, in
processes of its own, in turns with what it is held against, on files in the page cache; medians count. With `--peers`,
Evidently, NannyML and whylogs compare the same windows of the same files, each in its own environment in DIR
(`--install-peers` makes them); none of them samples. `--small` takes few rows and judges what must be exact, no times.
Exits 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parts import builds, measures, peers
from parts.figures import missed, table
from parts.measures import Found
from parts.process import two_processors

UNITS = {"k": 1_000, "m": 1_000_000}


def rows_of(size: str) -> int:
    """`100k` or `5m` as a number of rows."""
    if size[-1:].lower() not in UNITS or not size[:-1].isdigit():
        raise argparse.ArgumentTypeError(f"{size!r} is no size: write 100k, 1m, 20m")
    return int(size[:-1]) * UNITS[size[-1].lower()]


def sizes_of(text: str) -> list[tuple[str, int]]:
    """`1m,5m` as names and rows, the smallest first."""
    return sorted(((size, rows_of(size)) for size in text.split(",")), key=lambda item: item[1])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=sizes_of, help="by default 1m,5m,10m,20m")
    parser.add_argument("--peers", type=Path, nargs="?", const=Path(tempfile.gettempdir()) / "bench" / "peers", metavar="DIR")
    parser.add_argument("--install-peers", type=Path, metavar="DIR")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where logs are kept for another run")
    return parser.parse_args()


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {"python": platform.python_version(), "processors": os.cpu_count(), "load": os.getloadavg()[0]}


def measured(sizes: Sequence[tuple[str, int]], folder: Path, kept: bool, beside: Path | None, small: bool) -> Found:
    """All sizes, one after the other; a log goes when it has been measured, unless it is kept."""
    found = Found()
    exact = next((size for size, rows in sizes if rows >= 1_000_000), sizes[-1][0])
    for size, rows in sizes:
        print(f"{size}: {rows:,} rows", file=sys.stderr)
        log = measures.made(folder / size, size, rows, small)
        found += measures.cold(log)
        found += builds.build(log)
        found += builds.again(log)
        found += builds.new_day(log, found)
        found += builds.warm(log)
        if size == exact:
            found += measures.exact(log)
        if beside is not None:
            found += measures.beside(log, beside, found)
        if not kept:
            shutil.rmtree(log.root)
    return found + measures.growth(found)


def main() -> int:
    """Measure, print, judge."""
    asked = arguments()
    if asked.install_peers:
        for peer, why in peers.install(asked.install_peers).items():
            print(f"{peer} is skipped: {why}")
        return 0
    two_processors()
    sizes = asked.sizes or sizes_of("100k" if asked.small else "1m,5m,10m,20m")
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="runbook-logs-"))
    here = machine()
    try:
        found = measured(sizes, folder, bool(asked.keep), asked.peers, asked.small)
    finally:
        if not asked.keep:
            shutil.rmtree(folder)
    print(table(found.figures, asked.small))
    for line in found.notes:
        print(line)
    if asked.json:
        body = {
            "machine": here,
            "figures": [f.as_json() for f in found.figures],
            "taken": dict(found.taken),
            "notes": found.notes,
        }
        asked.json.write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    return 1 if missed(found.figures, asked.small) else 0


if __name__ == "__main__":
    sys.exit(main())
