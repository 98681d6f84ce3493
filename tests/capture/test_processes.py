"""Processes that are killed, that fork, that write beside each other while a reader reads: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mlops_tui.capture import DecisionLog
from mlops_tui.capture.files import WRITING

CHILD = Path(__file__).with_name("child.py")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
SEEDS = (*range(3), *(pytest.param(s, marks=pytest.mark.proof) for s in range(3, 25)))


def spawn(folder: Path, name: str, rows: int, *options: str) -> subprocess.Popen[str]:
    argv = [sys.executable, CHILD, folder, name, str(rows), *options]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)


def ids(folder: Path) -> Counter[str]:
    """How often each id lies in the log; every file must be whole, page for page."""
    found: Counter[str] = Counter()
    for path in folder.glob("**/*.parquet"):
        found.update(pq.ParquetFile(path, page_checksum_verification=True).read()["id"].to_pylist())
    return found


def counted(folder: Path) -> int:
    return sum(pq.read_metadata(path).num_rows for path in folder.glob("**/*.parquet"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_loses_the_buffer_and_no_more(tmp_path: Path, seed: int) -> None:
    """Killed at random moments, each process leaves the first rows that it took, once each, and all that it had flushed; the
    next one to start removes what was half-written, whoever left it."""
    pick = random.Random(seed)
    for i in range(4):
        child = spawn(tmp_path, f"k{i}", 10_000_000)
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(pick.uniform(0, 0.5))
        child.send_signal(signal.SIGKILL)
        said, wrong = child.communicate(timeout=60)
        assert child.returncode == -signal.SIGKILL, wrong
        promised = max(map(int, re.findall(r"flushed (\d+)", said)), default=0)
        mine = {k: n for k, n in ids(tmp_path).items() if k.startswith(f"k{i}-")}
        assert set(mine.values()) <= {1}
        assert len(mine) >= promised
        assert set(mine) == {f"k{i}-{j}" for j in range(len(mine))}
    with DecisionLog(tmp_path, model="loans") as log:
        log.write(id="last")
    assert list((tmp_path / WRITING).iterdir()) == []
    assert ids(tmp_path)["last"] == 1


INVENTORY = """\
version: 1
organisation: Tiny
timezone: UTC
teams: {ml: {members: [{name: Ana Ruiz, login: aruiz}]}}
features:
  amount: {type: numeric, version: 1, owner: {team: ml, name: Ana Ruiz}, description: What is asked for.}
models:
  loans:
    description: Approves or rejects loans.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml]
    features: [amount]
    decision: {column: decision, positive: approved}
    log:
      path: logs/loans/**/*.parquet
      time: ts
      id: id
      version: model_version
      score: {column: score, means: probability of repayment, approve_from: 0.4}
      latency: latency_ms
      cost: cost_usd
      segments: [region]
    windows: {current: 1d, reference: 1d}
    alerts:
      - {id: drop, check: decision_rate, compare: day_over_day, fire: {change: {below: -90pp}}}
"""


def test_four_processes_write_a_day_while_it_is_checked(tmp_path: Path) -> None:
    """`runbook check` counts, every time, what lay in whole files when it began, or came while it read: never fewer decisions
    or more, never a file that it cannot read. In the end each decision is there once, and the rate is that of the rows."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    folder = tmp_path / "logs" / "loans"
    with DecisionLog(folder, model="loans") as log:
        for i in range(600):
            log.write({"amount": 5.0}, score=0.5, decision="approved", segments={"region": "ES"}, ts=yesterday(i), id=f"y{i}")
        log.write(ts=datetime(2026, 10, 15, 0, 1, tzinfo=UTC), id="next")  # the day before it is complete
    children = [spawn(folder, name, 4_000, "pause=0.1") for name in "abcd"]
    seen = []
    while True:
        ended = all(child.poll() is not None for child in children)
        before = counted(folder)
        n, _ = checked(tmp_path)
        after = counted(folder)
        assert before - 601 <= n <= after - 601
        seen.append(n)
        if ended:
            break
    assert [child.communicate()[0].splitlines()[-1] for child in children] == ["closed"] * 4
    assert ids(folder) == Counter(["next", *(f"y{i}" for i in range(600)), *(f"{c}-{i}" for c in "abcd" for i in range(4_000))])
    assert len({n for n in seen if 0 < n < 16_000}) >= 2
    n, value = checked(tmp_path)
    positive = sum(
        pq.read_table(path, columns=["decision"])["decision"].to_pylist().count("approved")
        for path in folder.glob("date=2026-10-14/*.parquet")
    )
    assert n == 16_000
    assert value == pytest.approx(positive / 16_000, abs=1e-9)


def yesterday(i: int) -> datetime:
    return datetime(2026, 10, 13, tzinfo=UTC) + timedelta(seconds=140 * i)


def checked(root: Path) -> tuple[int, float]:
    """Decisions of the day and their rate, as `runbook check` tells them."""
    call = "import sys; sys.argv[0] = 'runbook'; from mlops_tui.main import main; sys.exit(main())"
    argv = [sys.executable, "-c", call, "--project", root, "check", "--at", "2026-10-15T03:00Z", "--all", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert all(not i.get("unreadable") for f in findings for i in f["provenance"]["inputs"]), done.stdout
    rate = next(f for f in findings if f["check_name"] == "decision_rate" and not f["slice"])
    return rate["n"], rate["value"]


# -- threads and forks


def test_threads_share_a_log(tmp_path: Path) -> None:
    """Eight threads, one log: each row once, and the counts agree."""
    log = DecisionLog(tmp_path, model="m", flush_rows=700)

    def serve(name: int) -> None:
        for i in range(3_000):
            log.write({"i": i}, id=f"{name}-{i}")

    threads = [threading.Thread(target=serve, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert ids(tmp_path) == Counter(f"{n}-{i}" for n in range(8) for i in range(3_000))
    assert (log.stats.taken, log.stats.written, log.stats.waiting) == (24_000, 24_000, 0)


SCRIPT = """
import multiprocessing, os, sys, threading
from mlops_tui.capture import DecisionLog

log = DecisionLog(sys.argv[1], model="m", flush_rows=40, flush_seconds=3600)

def serve(name, rows=500):
    for i in range(rows):
        log.write({"i": i}, id=f"{name}-{i}")

if __name__ == "__main__":
"""


def run(script: str, folder: Path, code: int = 0) -> None:
    """A program of its own, which logs to `folder` and ends with this code, and silently where that is 0."""
    program = folder.with_suffix(".py")
    program.write_text(SCRIPT + textwrap.indent(script, "    "))
    argv = [sys.executable, program, folder]
    done = subprocess.run(argv, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    assert code or done.stderr == ""


def expected(*names: str) -> Counter[str]:
    return Counter(f"{n}-{i}" for n in names for i in range(500))


def test_the_interpreters_end_writes_what_waits(tmp_path: Path) -> None:
    """Without close and without a with block, also where the main thread fell over an error."""
    for name, script, code in (("ended", "", 0), ("left", "sys.exit(3)", 3), ("fell", "1 / 0", 1)):
        run(f"serve('a')\n{script}", tmp_path / name, code)
        assert ids(tmp_path / name) == expected("a")


def test_a_forked_child_begins_anew(tmp_path: Path) -> None:
    """What waits in the parent is written by the parent alone, the child's rows by the child; also while threads log."""
    script = """
serve('parent')
busy = threading.Thread(target=serve, args=('thread', 20_000)); busy.start()
children = []
for n in range(12):
    pid = os.fork()
    if pid == 0:
        serve(f'child{n}')
        assert log.stats.taken == 500
        log.close()
        os._exit(0)
    children.append(pid)
assert [os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in children] == [0] * 12
busy.join()
"""
    run(script, tmp_path / "log")
    forked = expected("parent", *(f"child{n}" for n in range(12)))
    assert ids(tmp_path) == forked + Counter(f"thread-{i}" for i in range(20_000))


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_of_multiprocessing_write_what_waits(tmp_path: Path, method: str) -> None:
    """They leave without running exit handlers, and write all the same."""
    script = f"""
serve('parent')
context = multiprocessing.get_context({method!r})
each = [context.Process(target=serve, args=(f'w{{n}}',)) for n in range(3)]
for p in each: p.start()
for p in each: p.join()
assert [p.exitcode for p in each] == [0] * 3
"""
    run(script, tmp_path / "log")
    assert ids(tmp_path) == expected("parent", *(f"w{n}" for n in range(3)))


def test_a_signal_handler_may_log(tmp_path: Path) -> None:
    """A handler that interrupts `write` in the middle of it does not wait for itself for ever."""
    log = DecisionLog(tmp_path, model="m")
    handled = 0

    def handler(*_: object) -> None:
        nonlocal handled
        handled += 1
        log.write(id=f"h-{handled}")

    with ticking(handler):
        for i in range(20_000):
            log.write(id=f"m-{i}")
    log.close()
    assert handled > 0
    assert ids(tmp_path) == Counter([*(f"m-{i}" for i in range(20_000)), *(f"h-{i + 1}" for i in range(handled))])


@contextmanager
def ticking(handler: object) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)  # type: ignore[arg-type]
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_serving_code_loads_no_engine(tmp_path: Path) -> None:
    """With a decision written, neither an engine nor a screen is in the process, and summaries only where they are made."""
    script = """
log.write({"x": 1.0})
log.close()
mine = {m for m in sys.modules if m.startswith("mlops_tui.")}
assert not {"duckdb", "polars", "textual", "scipy", "click", "yaml", "slack_sdk"} & {m.split(".")[0] for m in sys.modules}
assert {m.split(".")[1] for m in mine} == {"capture", "core", "summaries"}, mine
assert "mlops_tui.summaries.add" not in mine
"""
    run(script, tmp_path / "log")
