"""What `benchmarks/logs.py` measures of one log: each function gives figures, and what they were taken from."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parts import decisions, peers
from parts.decisions import MODEL
from parts.figures import Figure
from parts.process import Spent, in_turns, middle, probe, ratio, runbook, slope, spend

M = 1_000_000


@dataclass(frozen=True, slots=True)
class Log:
    """A generated log: its name for the table, its rows, the project's folder, days of the reference and current ones."""

    size: str
    rows: int
    root: Path
    reference: int
    current: int
    small: bool

    @property
    def at(self) -> str:
        """The moment that is asked about: the last row's hour ends the current window an hour before."""
        return f"{decisions.moment(self.reference + self.current):%Y-%m-%dT%H:%MZ}"

    @property
    def rounds(self) -> int:
        """How often what takes seconds is taken."""
        return 1 if self.small else 3

    def forget(self) -> None:
        """Remove what the package has made of the log."""
        shutil.rmtree(self.root / ".runbook", ignore_errors=True)

    def ask(self, *argv: str) -> Spent:
        """What one `runbook drift` took."""
        return runbook(self.root, "drift", MODEL, "--at", self.at, *argv)


@dataclass(frozen=True, slots=True)
class Found:
    """Figures, the numbers that they come from by name, and remarks."""

    figures: tuple[Figure, ...] = ()
    taken: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __add__(self, other: Found) -> Found:
        taken = {**self.taken}
        for name, value in other.taken.items():
            taken[name] = {**taken[name], **value} if isinstance(value, dict) and name in taken else value
        return Found((*self.figures, *other.figures), taken, (*self.notes, *other.notes))


def made(folder: Path, size: str, rows: int, small: bool) -> Log:
    """The log of this size, written unless the folder holds it. A small one has few days: summaries must be worth it."""
    log = Log(size, rows, folder, *((3, 1) if small else (30, 7)), small)
    if not (folder / "inventory.yaml").exists():
        spend("-m", "parts.decisions", str(folder), str(rows), "--days", f"{log.reference},{log.current}")
    log.forget()
    return log


def seconds(taken: list[Spent]) -> list[float]:
    """What each said that it took, without its imports."""
    return [s.said["seconds"] for s in taken]


def _told(taken: list[Spent]) -> str:
    return f"{middle([s.wall for s in taken]):.2f} s, {middle([s.peak for s in taken]):.0f} MB"


def cold(log: Log) -> Found:
    """Nothing built: the first report, all and by region, as a whole process, beside S."""

    def ours() -> Spent:
        log.forget()
        return log.ask("--by", "region", "--json")

    probe("limit", str(log.root), "all")  # files into the page cache
    taken = in_turns(log.rounds, {"report": ours, "s": lambda: probe("limit", str(log.root), "all")})
    report, s = taken["report"], seconds(taken["s"])
    told = json.loads(report[0].out)
    return Found(
        (
            Figure(log.size, "S: count, min, max of all columns", f"{middle(s):.2f} s", log.rows / M / middle(s), "M rows/s"),
            Figure(log.size, "cold report, all and 12 regions", _told(report), ratio([r.wall for r in report], s), "S"),
        ),
        {
            log.size: {
                "rows": log.rows,
                "cold_s": [r.wall for r in report],
                "cold_peak_mb": [r.peak for r in report],
                "s": s,
                "windows": [told["reference"]["start"], told["window"]["start"], told["window"]["end"]],
                "distances": len(told["columns"]),
            }
        },
    )


def exact(log: Log) -> Found:
    """Every number of a report against the raw values."""
    report = json.loads(log.ask("--json").out)
    report |= probe("layout", str(log.root)).said | probe("sums", str(log.root), log.at).said
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(report, file)
        file.flush()
        said = spend("-m", "parts.oracle", str(log.root), file.name).said
    wrong = [*said["counts_wrong"], *said["rates_wrong"], *said["sums_wrong"]]
    errors = said["errors"]
    return Found(
        (
            *(_error(log, name, errors[name]) for name in ("ks", "psi", "js")),
            Figure(
                log.size,
                "counts, rates and sums that differ",
                f"of {said['distances']:,} distances, {said['sums']} sums",
                len(wrong),
                "",
                0,
                "exactly",
                False,
            ),
            Figure(log.size, "planted drifts not seen", "of 6", len(said["unseen"]), "", 0, "exactly", False),
        ),
        {log.size: {"oracle": said}},
        tuple(f"{log.size}: {line}" for line in [*wrong[:5], *said["unseen"]]),
    )


def _error(log: Log, name: str, errors: dict[str, Any]) -> Figure:
    """The largest error of a distance: judged where the slice has rows enough, told of smaller ones."""
    large, small = errors["large"], errors["small"]
    told = f"at {large['at']}" + (f"; {small['most']:.4f} at {small['at']}, of few rows" if small["at"] else "")
    return Figure(
        log.size, f"{name.upper()} against raw values", told, large["most"], "", 0.002 if name != "js" else None, timed=False
    )


def beside(log: Log, folder: Path, so_far: Found) -> Found:
    """Each peer once on the same windows, and how often our report fits into the fastest one's time and memory."""
    ours = so_far.taken[log.size]
    moments = tuple(ours["windows"])
    found, taken = Found(), {}
    for peer in peers.PINS:
        if why := peers.unusable(folder, peer):
            found += Found(notes=(f"{peer} is skipped: {why}",))
            continue
        taken[peer] = once = peers.run(folder, peer, log.root / "log", moments)
        times = once.wall / middle(ours["cold_s"])
        name = f"{peer} {once.said['version']}, {len(once.said['values'])} distances"
        found += Found((Figure(log.size, name, _told([once]), times, "x our time"),))
    if not taken:
        return found
    fastest = min(taken, key=lambda peer: taken[peer].wall)
    judged = log.rows >= 5 * M
    theirs = taken[fastest]
    faster, smaller = theirs.wall / middle(ours["cold_s"]), theirs.peak / middle(ours["cold_peak_mb"])
    return found + Found(
        (
            Figure(log.size, f"cold report, times faster than {fastest}", "", faster, "x", 20 if judged else None, "at least"),
            Figure(log.size, f"cold report, times smaller than {fastest}", "", smaller, "x", 8 if judged else None, "at least"),
        ),
        {log.size: {"peers": {peer: {"wall_s": t.wall, "peak_mb": t.peak, **t.said} for peer, t in taken.items()}}},
    )


def growth(so_far: Found) -> Found:
    """How costs grow with the rows, over all sizes."""
    sizes = [(name, t) for name, t in so_far.taken.items() if isinstance(t, dict) and "cold_s" in t]
    if len(sizes) < 2:
        return Found()
    rows = [t["rows"] for _, t in sizes]
    span = f"{sizes[0][0]}-{sizes[-1][0]}"
    wide = rows[-1] >= 20 * rows[0]

    def curve(name: str, of: Callable[[dict[str, Any]], float], bar: float | None) -> Figure:
        return Figure(span, name, "exponent of a fitted power law", slope(rows, [of(t) for _, t in sizes]), "", bar)

    peaks = [middle(t["cold_peak_mb"]) for _, t in sizes]
    return Found(
        (
            curve("time of a cold report over rows", lambda t: middle(t["cold_s"]), 1.1),
            curve("S over rows", lambda t: middle(t["s"]), None),
            Figure(
                span,
                "peak memory, largest over smallest log",
                f"{peaks[0]:.0f} to {peaks[-1]:.0f} MB",
                peaks[-1] / peaks[0],
                "x",
                1.5 if wide else None,
            ),
        )
    )
