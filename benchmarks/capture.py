"""What a decision costs to log, as a multiple of the line of JSON that `logging` writes in the same run. Bar: at most 1x.

    python benchmarks/capture.py [--small] [--json OUT]

Twenty features, score, decision, segment, version, latency and id; one thread and four. The cost is the whole process's
processor time until everything is in its file, the thread that writes included; beside it what the serving thread waits for
(the median and the slowest of a thousand calls). Taken in turns; the median of the ratios counts.
`--small` takes few decisions and judges nothing: it only shows that the benchmark runs.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_tui.capture import DecisionLog

BAR = 1.0
THREADS = (1, 4)
Write = Callable[[int, dict[str, object]], None]


@dataclass(frozen=True)
class Cost:
    """Seconds of one decision: of the processor, and of its caller."""

    cpu: float
    median: float
    slow: float


def features(count: int) -> list[dict[str, object]]:
    """Some sets of twenty values, as a model's: numbers, a few whole ones, two texts; seeded."""
    pick = random.Random(7)
    made = []
    for _ in range(count):
        each: dict[str, object] = {f"feature_{i}": pick.lognormvariate(0, 1) for i in range(14)}
        each |= {f"count_{i}": pick.randrange(100) for i in range(4)}
        made.append(each | {"label": pick.choice(["invoice", "transfer", "card"]), "channel": pick.choice("ab")})
    return made


def serve(write: Write, rows: int, threads: int) -> list[float]:
    """So many decisions by so many threads; how long each call took, in seconds, sorted."""
    given = features(1_000)
    took: list[float] = []

    def one(share: int) -> None:
        mine = []
        for i in range(share):
            begun = time.perf_counter()
            write(i, given[i % 1_000])
            mine.append(time.perf_counter() - begun)
        took.extend(mine)

    each = [threading.Thread(target=one, args=(rows // threads,)) for _ in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    return sorted(took)


def measured(folder: Path, rows: int, threads: int, begin: Callable[[Path], tuple[Write, Callable[[], None]]]) -> Cost:
    """What one way of logging costs, in a folder of its own."""
    write, end = begin(folder)
    begun = time.process_time()
    took = serve(write, rows, threads)
    end()
    cpu = time.process_time() - begun
    return Cost(cpu / rows, statistics.median(took), took[int(len(took) * 0.999)])


def captured(folder: Path) -> tuple[Write, Callable[[], None]]:
    """By `DecisionLog`."""
    log = DecisionLog(folder, model="bench")

    def write(i: int, values: dict[str, object]) -> None:
        log.write(
            values, score=0.71, decision="approved", segments={"region": "ES"}, version="2026.10", latency_ms=12.5, id=f"a{i}"
        )

    return write, log.close


def lines(folder: Path) -> tuple[Write, Callable[[], None]]:
    """A line of JSON for each, through a logger to a file: what most services do."""
    logger = logging.getLogger("decisions")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.FileHandler(folder / "decisions.jsonl")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)

    def write(i: int, values: dict[str, object]) -> None:
        fixed = {"ts": time.time(), "id": f"a{i}", "version": "2026.10", "score": 0.71, "decision": "approved"}
        logger.info(json.dumps({**fixed, "region": "ES", "latency_ms": 12.5, **values}))

    def end() -> None:
        logger.removeHandler(handler)
        handler.close()

    return write, end


def pair(rows: int, threads: int) -> tuple[Cost, Cost]:
    """Both ways, one after the other."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        return measured(Path(one), rows, threads, captured), measured(Path(other), rows, threads, lines)


def main() -> int:
    """Prints the ratios; exit 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows, pairs = (4_000, 1) if asked.small else (200_000, 5)
    found = {}
    for threads in THREADS:
        costs = [pair(rows, threads) for _ in range(pairs)]
        ratio, median, slow = (
            statistics.median(getattr(a, n) / getattr(b, n) for a, b in costs) for n in ("cpu", "median", "slow")
        )
        ours, theirs = (statistics.median(c[side].cpu for c in costs) * 1e6 for side in (0, 1))
        found[threads] = {"cpu": ratio, "median_call": median, "slow_call": slow}
        print(
            f"{threads} thread{'s' * (threads > 1)}: {ours:.1f} us against {theirs:.1f} us a decision: {ratio:.2f}x "
            f"(bar {BAR:g}x); its call {median:.2f}x, one in a thousand {slow:.2f}x"
        )
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "pairs": pairs, "bar": BAR, "ratios": found}) + "\n")
    return 0 if asked.small or all(r["cpu"] <= BAR for r in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
