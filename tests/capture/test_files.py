"""A file is there whole or not at all, whatever happens between two statements; what is left behind is removed, and no more."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from journal.children import ended, start

from mlops_tui.capture import files
from mlops_tui.capture.files import OLD, WRITING, Names, publish, sweep

DATA = bytes(range(256)) * 4_000
KILLED = -signal.SIGKILL


def killed_at(line: int, work: Callable[[], Any]) -> int:
    """Runs `work` in a process that kills itself (-9) before the `line`-th statement of the module's own code."""
    seen = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if frame.f_code.co_filename != files.__file__:
            return None
        if event == "line":
            seen += 1
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    def run() -> None:
        sys.settrace(trace)
        work()

    return ended(start(run))


def test_a_kill_between_any_two_statements_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    """And what it leaves half-written lies where no reader looks, until the next sweep."""
    code, line, there = KILLED, 0, []
    while code == KILLED:
        line += 1
        root = tmp_path / str(line)
        names = Names()
        code = killed_at(
            line, lambda r=root, n=names: publish(memoryview(DATA), r, r / "date=2026-10-14" / f"{n.next()}.parquet")
        )
        assert code in (0, KILLED)
        found = list(root.glob("**/*.parquet"))
        assert [f.read_bytes() for f in found] in ([], [DATA])
        there.append(len(found))
        sweep(root, names.host)
        assert [p for p in root.rglob("*") if p.is_file()] == found
    assert there == sorted(there)  # once it is there it stays
    assert there[0] == 0
    assert there[-1] == 1
    assert line > 20


def test_names_never_come_again() -> None:
    """Two in one process, and two processes of one number (a restarted container), differ."""
    names = Names()
    assert len({names.next() for _ in range(100)} | {Names().next() for _ in range(100)}) == 200
    assert all(n.startswith(f"{names.host}.{os.getpid()}.") for n in (names.next(), Names().next()))


def stray(root: Path, name: str, age: float = 0) -> Path:
    path = root / WRITING / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_is_being_written_is_not_swept(tmp_path: Path) -> None:
    """A file that its writer holds stays, however old; the same file goes when the writer has died."""
    held = stray(tmp_path, "here.1.aa.000000.parquet.bb.part", age=10 * OLD)
    with held.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert sweep(tmp_path, "here") == 0
        assert held.exists()
    assert sweep(tmp_path, "here") == 1
    assert not held.exists()


def test_other_hosts_are_swept_a_day_later(tmp_path: Path) -> None:
    """Locks may not reach from host to host; a host whose name begins alike is another one."""
    young = stray(tmp_path, "here-2.1.aa.000000.parquet.bb.part", age=OLD / 2)
    old = stray(tmp_path, "there.1.aa.000000.parquet.bb.part", age=OLD + 60)
    assert sweep(tmp_path, "here") == 1
    assert young.exists()
    assert not old.exists()


def test_a_sweep_beside_a_writer_costs_it_nothing(tmp_path: Path) -> None:
    """Swept without pause, a process still publishes every file."""
    names = Names()

    def sweeping() -> None:
        while not (tmp_path / "stop").exists():
            sweep(tmp_path, names.host)

    child = start(sweeping)
    try:
        targets = [tmp_path / "date=2026-10-14" / f"{names.next()}.parquet" for _ in range(300)]
        for target in targets:
            publish(memoryview(b"whole"), tmp_path, target)
    finally:
        (tmp_path / "stop").touch()
        assert ended(child) == 0
    assert {t.read_bytes() for t in targets} == {b"whole"}


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """An error on the way is raised, and there is neither a file nor a half of one; one that was there before stays."""
    target = tmp_path / "date=2026-10-14" / "x.parquet"
    publish(memoryview(b"old"), tmp_path, target)
    with pytest.raises(IsADirectoryError):
        publish(memoryview(b"new"), tmp_path, tmp_path / "date=2026-10-14")
    assert target.read_bytes() == b"old"
    assert list((tmp_path / WRITING).iterdir()) == []
    publish(memoryview(b"new"), tmp_path, target)
    assert target.read_bytes() == b"new"
