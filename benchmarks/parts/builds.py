"""What `benchmarks/logs.py` measures of summaries: building them, keeping them up to date, asking them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from parts import decisions
from parts.decisions import MODEL
from parts.figures import Figure
from parts.measures import Found, Log, M, seconds
from parts.process import Spent, in_turns, middle, probe, ratio, runbook, spend

DAY = 1_000_000
"""Rows of a day from which on it is held against its share of the cold build."""
BARE = ("-c", "import click, yaml, msgspec, numpy, pyarrow.parquet")
"""What a warm report's process is held against."""
ROUNDS = 15


def build(log: Log) -> Found:
    """A cold build with three segments, and without any, beside S; and the room that summaries take."""
    with _without_segments(log) as bare:

        def cold(of: Log) -> Spent:
            of.forget()
            return probe("build", str(of.root))

        sides = {
            "s": lambda: probe("limit", str(log.root), "all"),
            "three": lambda: cold(log),
            "s_bare": lambda: probe("limit", str(log.root), "bare"),
            "none": lambda: cold(bare),
        }
        taken = in_turns(log.rounds, sides)
    size = sum(f.stat().st_size for f in (log.root / "log").rglob("*.parquet"))
    kept = sum(f.stat().st_size for f in (log.root / ".runbook" / "cache" / "summaries").rglob("*") if f.is_file())
    judged = log.rows >= 10 * M
    peak = middle([s.peak for s in taken["three"]])
    share = 0.01 if judged else 0.05 if log.rows == M else None
    return Found(
        (
            _beside_s(log, "cold build, 3 segments", taken["three"], taken["s"], 3.5 if judged else None),
            _beside_s(log, "cold build, no segments", taken["none"], taken["s_bare"], 2 if judged else None),
            Figure(log.size, "cold build, most memory", f"{peak:.0f} MB", peak / 1000, "GB", 1.2),
            Figure(log.size, "summaries beside the Parquet", f"{kept / M:.1f} MB", kept / size, "", share, timed=False),
        ),
        {
            log.size: {
                "build_s": seconds(taken["three"]),
                "build_cpu_s": [s.said["cpu"] for s in taken["three"]],
                "build_peak_mb": [s.peak for s in taken["three"]],
                "build_bare_s": seconds(taken["none"]),
                "log_bytes": size,
                "summary_bytes": kept,
            }
        },
    )


def _beside_s(log: Log, name: str, ours: list[Spent], limit: list[Spent], bar: float | None) -> Figure:
    cpu = ratio([s.said["cpu"] for s in ours], [s.said["cpu"] for s in limit])
    told = f"{middle(seconds(ours)):.2f} s, {log.rows / M / middle(seconds(ours)):.2f} M rows/s, {cpu:.1f} x the processor time"
    return Figure(log.size, name, told, ratio(seconds(ours), seconds(limit)), "S", bar)


@contextmanager
def _without_segments(log: Log) -> Iterator[Log]:
    """The same files in a project that declares no segments."""
    folder = Path(tempfile.mkdtemp(prefix="bare-", dir=log.root.parent))
    try:
        shutil.copytree(log.root / "log", folder / "log", copy_function=os.link)
        decisions.write_inventory(folder, log.reference, log.current, segments=False)
        yield replace(log, root=folder)
    finally:
        shutil.rmtree(folder)


def again(log: Log) -> Found:
    """What a build reads when nothing is new, when a day has come, when an old day was written again: only that."""
    last, old = log.reference + log.current, log.reference // 2
    per_day = decisions.rows_of(old, last, log.rows)
    read = [_rows_read(log)]
    decisions_of(log, last, per_day)
    read.append(_rows_read(log))
    decisions_of(log, old, per_day + 10)
    read.append(_rows_read(log))
    decisions.file_of(log.root, last).unlink()
    decisions_of(log, old, per_day)
    log.forget()
    expected = [0, per_day, per_day + 10]
    told = " ".join(f"{n:,}" for n in read)
    wrong = sum(a != b for a, b in zip(read, expected, strict=True))
    return Found((Figure(log.size, "builds that read other rows than new ones", told, wrong, "", 0, "exactly", False),))


def decisions_of(log: Log, day: int, rows: int) -> None:
    """Writes a day, in a process of its own."""
    days = f"{log.reference},{log.current}"
    spend("-m", "parts.decisions", str(log.root), str(rows), "--days", days, "--day", str(day))


def _rows_read(log: Log) -> int:
    told = json.loads(runbook(log.root, "summaries", "build", MODEL, "--json").out)
    return int(told["logs"][0]["rows_read"])


def new_day(log: Log, so_far: Found) -> Found:
    """A day more, of a million rows where the log is not small: beside as many rows' share of the cold build; and what a
    refresh costs where there is nothing to do."""
    probe("build", str(log.root))
    last = log.reference + log.current
    rows = DAY if log.rows >= 5 * M else decisions.rows_of(0, last, log.rows)
    before = log.root / ".before"
    shutil.copytree(log.root / ".runbook", before)
    idle = probe("refresh", str(log.root), str(ROUNDS))
    decisions_of(log, last, rows)
    taken = []
    try:
        for _ in range(log.rounds):
            log.forget()
            shutil.copytree(before, log.root / ".runbook")
            taken.append(probe("build", str(log.root)))
    finally:
        decisions.file_of(log.root, last).unlink()
        log.forget()
        shutil.move(before, log.root / ".runbook")
    share = middle(so_far.taken[log.size]["build_s"]) * rows / log.rows
    told = f"{middle(seconds(taken)):.2f} s for {rows:,} rows"
    idle_ms = idle.said["seconds"] * 1000
    return Found(
        (
            Figure(
                log.size,
                "one new day, of its share of the cold build",
                told,
                middle(seconds(taken)) / share,
                "x",
                1.5 if rows >= DAY else None,
            ),
            Figure(log.size, "refresh without changes", f"the first {idle.said['first'] * 1000:.0f} ms", idle_ms, "ms", 50),
        ),
        {log.size: {"day_rows": rows, "day_s": seconds(taken), "idle_s": idle.said}},
    )


def warm(log: Log) -> Found:
    """A report that summaries answer: inside a process, as a process, and what that imports."""
    log.ask("--json")  # builds, and counts the parts of days at the windows' ends
    inside = probe("warm", str(log.root), log.at, "2" if log.small else "31")
    rounds = 1 if log.small else ROUNDS
    taken = in_turns(rounds, {"report": lambda: log.ask("--json"), "bare": lambda: spend(*BARE)})
    report, bare = ([s.wall for s in taken[name]] for name in ("report", "bare"))
    cpu = ratio(*([s.cpu for s in taken[name]] for name in ("report", "bare")))
    imported = probe("heavy", str(log.root), log.at).said["imported"]
    first = f"the first {inside.said['first'] * 1000:.0f} ms"
    told = f"{middle(report) * 1000:.0f} beside {middle(bare) * 1000:.0f} ms, {cpu:.1f} x the processor time"
    return Found(
        (
            Figure(log.size, "warm report, 22 columns x 20 slices, inside", first, inside.said["seconds"], "s", 0.1),
            Figure(log.size, "warm report, process beside bare imports", told, ratio(report, bare), "x", 2.5),
            Figure(
                log.size,
                "heavy imports of a warm report",
                " ".join(imported) or "none of duckdb, polars, scipy, pandas",
                len(imported),
                "",
                0,
                "exactly",
                False,
            ),
        ),
        {log.size: {"warm_s": inside.said["rounds"], "warm_process_s": report, "bare_imports_s": bare}},
    )
