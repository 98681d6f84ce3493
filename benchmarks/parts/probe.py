"""What is measured inside a process: `python -m parts.probe WHAT ARGUMENTS`.

The last line is JSON; its `seconds` are without imports."""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parts.decisions import COLUMNS, METRIC, MODEL, SEGMENTS

HEAVY = ("duckdb", "polars", "scipy", "pandas", "pyarrow.compute")
"""What an answer from summaries must not import."""


def limit(root: str, which: str) -> dict[str, Any]:
    """S: DuckDB's own count, min and max of all columns (`all`), or of those that are no segments (`bare`)."""
    import duckdb

    names = [c for c in COLUMNS if which == "all" or c not in SEGMENTS]
    asked = ", ".join(f"count({c}), min({c}), max({c})" for c in names)
    con = duckdb.connect(config={"threads": 2})
    begun = time.perf_counter(), time.process_time()
    # as Arrow: fetching times as Python values needs pytz
    table = con.sql(f"SELECT count(*), {asked} FROM read_parquet('{root}/log/**/*.parquet')").to_arrow_table()
    taken = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return {"seconds": taken[0], "cpu": taken[1], "rows": table[0][0].as_py()}


def _project(root: str) -> Any:
    from mlops_tui.project import open_project

    return open_project(Path(root), environ={})


def _timed(rounds: int, do: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        do()
        taken.append(time.perf_counter() - begun)
    return taken


def build(root: str) -> dict[str, Any]:
    """Summaries of the log, brought up to date: what it took, and what was done."""
    import duckdb  # noqa: F401 - the limit begins with it as well
    import pyarrow.parquet  # noqa: F401

    from mlops_tui.session.summaries import build as built

    project = _project(root)
    begun = time.perf_counter(), time.process_time()
    report = built(project, [MODEL])
    taken = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return {"seconds": taken[0], "cpu": taken[1], **report.as_json()["logs"][0]}


def refresh(root: str, rounds: str) -> dict[str, Any]:
    """A refresh where nothing is to be done: the first, which may import, and the median of many."""
    from mlops_tui.session.summaries import build as built

    project = _project(root)
    taken = _timed(int(rounds) + 1, lambda: built(project, [MODEL]))
    return {"first": taken[0], "seconds": statistics.median(taken[1:])}


def warm(root: str, at: str, rounds: str) -> dict[str, Any]:
    """A report of an open project, with the log's files looked for and its summaries read anew each time: the first, which
    imports, and the median of many."""
    from mlops_tui.session.drift import drift

    project = _project(root)
    taken = _timed(int(rounds) + 1, lambda: drift(project.apart(), MODEL, at=at))
    return {"first": taken[0], "seconds": statistics.median(taken[1:]), "rounds": taken[1:]}


def heavy(root: str, at: str) -> dict[str, Any]:
    """Which engines and libraries the command line has imported after a report that summaries answer."""
    from mlops_tui.main import main

    out, argv = sys.stdout, sys.argv
    sys.stdout, sys.argv = io.StringIO(), ["runbook", "--project", root, "drift", MODEL, "--at", at, "--json"]
    try:
        code = main()
    finally:
        sys.stdout, sys.argv = out, argv
    return {"code": code, "imported": [name for name in HEAVY if name in sys.modules]}


def layout(root: str) -> dict[str, Any]:
    """What the summaries keep of the categories: by name, and by fingerprint those that are not new."""
    (index,) = (Path(root) / ".runbook" / "cache" / "summaries" / "models" / MODEL).glob("*/index.json")
    columns = json.loads(json.loads(index.read_text("utf-8"))["layout"])["columns"]
    return {"categories": {c["name"]: {"known": c["known"], "seen": c["seen"]} for c in columns if c["kind"] == "category"}}


def sums(root: str, at: str) -> dict[str, Any]:
    """The business metric of the two windows, as a whole and by segments: how many rows count, and their exact sum."""
    from mlops_tui.core.window import Window
    from mlops_tui.logs.summed import minutes
    from mlops_tui.session.moments import read_at

    project = _project(root)
    subject = project.subject(MODEL, at=read_at(at, project.zone))
    pair, summed = subject.pair("reference"), subject.log.summed
    windows: list[Window] = [pair.current, pair.baseline]
    found = []
    for by in ((), *((d,) for d in SEGMENTS)):
        for (place, group), total in summed.cells.totals(METRIC, minutes(windows), by).items():
            where = dict(zip(by, group, strict=True))
            found.append({"window": place, "slice": where, "n": total.n, "micros": int(total.sum.scaleb(6))})
    return {"totals": found}


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    "limit": limit,
    "build": build,
    "refresh": refresh,
    "warm": warm,
    "heavy": heavy,
    "layout": layout,
    "sums": sums,
}


def main() -> None:
    """Measure one thing."""
    what, *given = sys.argv[1:]
    print(json.dumps(PROBES[what](*given), default=str))


if __name__ == "__main__":
    main()
