"""Killed at any moment, and many at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from mlops_tui.core.errors import NotTheDriver
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal
from mlops_tui.journal import journal as module
from tests.journal.children import ended, start

Open = Callable[..., Journal]
KILLED = -signal.SIGKILL
OURS = str(Path(module.__file__).parent)


def killed_at(line: int, work: Callable[[], Any]) -> int:
    """Runs `work` in a process that kills itself (-9) before the `line`-th statement of the journal's own code."""
    seen = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.startswith(OURS):
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


def test_kill_between_any_two_statements_of_append_leaves_a_sound_chain(opened: Open) -> None:
    """An entry is there whole or not at all, the chain verifies, and a retry with the same id adds what is missing."""
    with opened() as journal:
        journal.append("INC-1", "note", {"i": 0})

        def append(line: int) -> None:
            opened(create=False).append("INC-1", "note", {"i": line}, id=f"k{line}")

        line, code = 0, KILLED
        while code == KILLED:
            line += 1
            code = killed_at(line, partial(append, line))
            assert code in (0, KILLED)
            assert journal.head("INC-1")[0] in (line, line + 1)
            assert journal.verify("INC-1") == ()
            journal.append("INC-1", "note", {"i": line}, id=f"k{line}")
            assert journal.head("INC-1")[0] == line + 1
        assert line > 60, "the kill must have met every statement"


def test_kill_while_the_file_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    """A journal whose making was killed can be opened afterwards, always."""
    actor = Actor("a", 1, "h", 1)

    def make(folder: Path) -> Journal:
        return Journal.open(folder, clock=lambda: datetime(2026, 10, 14, tzinfo=UTC), actor=actor)

    line, code = 0, KILLED
    while code == KILLED:
        line += 1
        folder = tmp_path / str(line)
        code = killed_at(line, partial(make, folder))
        with make(folder) as journal:
            journal.append("INC-1", "note", {})
            assert journal.verify("INC-1") == ()
    assert line > 40


def test_eight_processes_append_one_chain(opened: Open) -> None:
    """The chain stays linear, and nothing is lost or doubled, when eight processes append at once."""
    writers, each = 8, 25

    def write(writer: int) -> None:
        with opened() as own:
            for i in range(each):
                own.append("INC-1", "note", {"writer": writer, "i": i})

    children = [start(partial(write, writer)) for writer in range(writers)]
    assert [ended(child) for child in children] == [0] * writers
    with opened() as journal:
        events = journal.events("INC-1")
        assert journal.verify("INC-1") == ()
    assert len(events) == writers * each
    for writer in range(writers):
        assert [e.body["i"] for e in events if e.body and e.body["writer"] == writer] == list(range(each))


def test_eight_processes_open_eight_incidents(opened: Open) -> None:
    """People who open incidents at once get different numbers."""

    def open_one() -> None:
        with opened() as own:
            own.start_stream("INC-", "incident_opened", {})

    children = [start(open_one) for _ in range(8)]
    assert [ended(child) for child in children] == [0] * 8
    with opened() as journal:
        assert journal.streams("INC-") == tuple(f"INC-{n}" for n in range(1, 9))


def test_a_killed_driver_gives_way(opened: Open) -> None:
    """The lock dies with its process, whatever ended it, and the next driver raises the epoch."""
    ready, tell = os.pipe()

    def drive() -> None:
        with opened().drive("INC-1", "r1") as driver:
            driver.append("run_started", {})
            os.write(tell, b"x")
            signal.pause()

    child = start(drive)
    os.read(ready, 1)
    with opened() as journal:
        try:
            with journal.drive("INC-1", "r1"):
                raise AssertionError("two drivers")
        except NotTheDriver as error:
            assert "Ana Ruiz on host lab" in str(error)
        os.kill(child, signal.SIGKILL)
        assert ended(child) == KILLED
        with journal.drive("INC-1", "r1") as driver:
            assert driver.append("run_joined", {}).epoch == 2
    os.close(ready)
    os.close(tell)
