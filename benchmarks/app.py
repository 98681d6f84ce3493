"""The app against its bars, each measured in this run: `python benchmarks/app.py [--small] [--json OUT]`.

Everything on pseudo-terminals of 80x24, in processes of their own. First frame: from exec of `runbook` to the first painted
words, against a Textual app that shows a Header, a Static and a Footer (bar: at most 1.5 times; the two are taken in turns,
and the quickest of each counts; `cpu_ratio` is the same in CPU seconds, which a busy machine disturbs less).
Keys: while a step of a runbook reads 5 million rows, 100 key presses in its walk, each from the press to the terminal's
repaint (bar: p99 under 100 ms; a bare Textual list beside the same step is shown with it). Then x twice, until the walk says
that the step was stopped.
Idle: CPU of the process with the fleet on the screen and nothing running (bar: under 1 %).
Exits 1 where a bar is missed; `--small` takes fewer rounds and rows and judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parts.process import RUNBOOK
from parts.terminal import Terminal

HELLO = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Hello(App):
    def compose(self):
        yield Header()
        yield Static("hello")
        yield Footer()
Hello().run()
"""
LIST = """
from textual.app import App
from textual.widgets import Footer, Header, OptionList
class List(App):
    def compose(self):
        yield Header()
        yield OptionList(*[f"row {i}" for i in range(20)])
        yield Footer()
List().run()
"""
LONG = """\
runbook: long
title: A query that takes long
severity: SEV3
applies_to: {models: [credit-risk]}
steps:
  - id: long
    title: Every row many times
    query: |
      with k as (select distinct hour(ts) as h from log)
      select a.region, sum(sin(a.score * k.h * l.h + m.h)) as total
      from log a cross join k cross join k l cross join k m group by 1
  - {id: second, title: Not begun, query: select 1 as one}
  - {id: third, title: Not begun, query: select 1 as one}
  - {id: fourth, title: Not begun, query: select 1 as one}
"""
RUN = ("run", "long", "--set", "model=credit-risk", "--incident", "new")


def first_frame(argv: list[str], cwd: Path) -> tuple[float, float]:
    """Seconds from exec to the first painted words, and the CPU seconds until then."""
    with Terminal([sys.executable, *argv], cwd) as terminal:
        terminal.until("hello", "STATUS", seconds=30)
        passed = time.perf_counter() - terminal.started
    return passed, terminal.spent


def frames(project: Path, rounds: int) -> dict[str, float]:
    """First frames of both, in turns."""
    first_frame([*RUNBOOK], project)
    pairs = [(first_frame([*RUNBOOK], project), first_frame(["-c", HELLO], project)) for _ in range(rounds)]
    ours, hello = (tuple(min(times) for times in zip(*side, strict=True)) for side in zip(*pairs, strict=True))
    return {
        "first_frame_s": round(ours[0], 3),
        "hello_s": round(hello[0], 3),
        "ratio": round(ours[0] / hello[0], 2),
        "cpu_ratio": round(ours[1] / hello[1], 2),
    }


def pressed(terminal: Terminal, down: str, up: str, mark: str, presses: int) -> dict[str, float]:
    """Median and 99th percentile of so many presses, in milliseconds."""
    took = sorted(terminal.press(down if i % 6 < 3 else up, mark) * 1000 for i in range(presses))
    return {"p50_ms": round(took[len(took) // 2], 1), "p99_ms": round(took[min(int(len(took) * 0.99), len(took) - 1)], 1)}


def keys(project: Path, rows: int, presses: int) -> dict[str, float]:
    """Latency of key presses while a step reads all rows, in our app and in a bare one; and how long stopping it takes."""
    (project / "runbooks" / "long.yaml").write_text(LONG)
    with Terminal([sys.executable, *RUNBOOK, *RUN], project) as terminal:
        terminal.until("fourth")
        terminal.until("long is running")
        time.sleep(1)
        ours = pressed(terminal, "j", "k", "▸", presses)
        started = time.perf_counter()
        terminal.type("xx")
        terminal.until("cancelled", "was left", seconds=20)
        stopped = time.perf_counter() - started
    argv = ["nice", sys.executable, *RUNBOOK, *RUN, "--auto"]
    with subprocess.Popen(argv, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        time.sleep(3)
        with Terminal([sys.executable, "-c", LIST], project) as terminal:
            terminal.until("row 5")
            terminal.quiet(0.5)
            bare = pressed(terminal, "\x1b[B", "\x1b[A", "row", presses)
        other.kill()
    return {
        "query_rows": rows,
        "presses": presses,
        **ours,
        **{f"bare_{name}": value for name, value in bare.items()},
        "stopped_ms": round(stopped * 1000, 1),
    }


async def idle(project: Path, seconds: float) -> dict[str, float]:
    """CPU of this process with the fleet shown and nothing running."""
    from mlops_tui.project import open_project
    from mlops_tui.tui.app import RunbookApp

    app = RunbookApp(lambda: open_project(project))
    async with app.run_test(size=(80, 24)) as pilot:
        while len(app.state.checks) < 2 or app.jobs.running:
            await pilot.pause(0.05)
        await asyncio.sleep(2)
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        await asyncio.sleep(seconds)
        after, passed = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - started
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return {"idle_cpu_percent": round(used / passed * 100, 2)}


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="fewer rounds and rows: seconds instead of a minute")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    small = asked.small
    from mlops_tui.session.demo import demo

    folder = Path(tempfile.mkdtemp(prefix="runbook-app-"))
    try:
        project = folder / "demo"
        rows = 200_000 if small else 5_000_000
        demo(project, rows=rows)
        found: dict[str, float] = frames(project, 3 if small else 11)
        found |= keys(project, rows, 40 if small else 100)
        found |= asyncio.run(idle(project, 3 if small else 15))
    finally:
        shutil.rmtree(folder)
    met = {
        "first_frame": found["ratio"] <= 1.5,
        "keys": found["p99_ms"] < 100,
        "idle": found["idle_cpu_percent"] < 1,
    }
    print(
        f"app: first frame {found['first_frame_s'] * 1000:.0f} ms, {found['ratio']:.2f}x a bare Textual app (bar 1.5x);"
        f" keys beside a query p99 {found['p99_ms']:.0f} ms (bar 100 ms; a bare list {found['bare_p99_ms']:.0f} ms),"
        f" stopping it {found['stopped_ms']:.0f} ms; idle {found['idle_cpu_percent']:.2f} % CPU (bar 1 %)"
    )
    if asked.json:
        asked.json.write_text(json.dumps(found | {"met": met}, indent=2) + "\n")
    return 0 if small or all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
