"""A process that serves: `python child.py FOLDER NAME ROWS [KEY=VALUE ...]`. Says `flushed N` whenever N rows are on disk."""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime, timedelta

from mlops_tui.capture import DecisionLog

DAY = datetime(2026, 10, 14, tzinfo=UTC)


def main() -> None:
    folder, name, rows, *told = sys.argv[1:]
    options = {k: float(v) for k, v in (t.split("=") for t in told)}
    pick = random.Random(name)
    log = DecisionLog(
        folder,
        model="loans",
        flush_rows=int(options.get("flush_rows", 300)),
        flush_seconds=options.get("flush_seconds", 0.02),
    )
    print("begun", flush=True)
    for i in range(int(rows)):
        region = pick.choice(["ES", "FR", "DE"])
        score = pick.random()
        log.write(
            {"amount": pick.lognormvariate(3, 1), "label": pick.choice("abc")},
            score=score,
            decision="approved" if score >= 0.4 else "rejected",
            segments={"region": region},
            version="7",
            id=f"{name}-{i}",
            ts=DAY + timedelta(seconds=pick.randrange(86_400)),
        )
        if i % 100 == 99:
            time.sleep(options.get("pause", 0))
        if i % 500 == 499 and log.flush(60):
            print("flushed", i + 1, flush=True)
    log.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main()
