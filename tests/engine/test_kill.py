"""Killed at any event, a run loses nothing, does nothing twice, and is never stuck."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from mlops_tui.core.errors import RunbookError
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open
from tests.engine.every import Person, events, stages, whole, write
from tests.engine.killing import begun, drive, ended

KILLED = -9


def test_a_run_goes_on_from_any_event(root: Path, opened: Open, unpainted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the driver dies, the next one ends the run: no event lost, no message, no command and no step twice."""
    found = stages(root, monkeypatch, lambda: run(opened(), write(root), sets={}, front=Person(root)))
    assert len(found) == len(events(root)) > 35
    settled = 0
    for stage in found:
        before, front = events(stage), Person(stage)
        if before[-1].type != "run_ended":
            try:
                assert resume(opened(stage), front=front).state == "ended"
            except RunbookError as error:
                assert "no run was interrupted" in str(error)
                assert run(opened(stage), "every", sets={}, front=front).state == "ended"
        after = events(stage)
        assert after[: len(before)] == before
        whole(stage, after)
        settled += "settle" in front.asked
    assert settled == 1, "only between intent and outcome a person must say what happened"


@pytest.mark.proof
def test_kill_9_after_any_event(root: Path, tmp_path: Path) -> None:
    """The same with real processes and a real signal."""
    write(root)
    kill, code = 0, KILLED
    while code == KILLED:
        kill += 1
        here = tmp_path / str(kill)
        shutil.copytree(root, here)
        code = ended(begun(drive, here, "every", kill))
        assert code in (0, KILLED)
        before = events(here)
        if code == KILLED:
            assert len(before) == kill
        if before[-1].type != "run_ended":
            assert ended(begun(drive, here, "every", 0)) == 0
        after = events(here)
        assert after[: len(before)] == before
        whole(here, after)
    assert kill > 35


def over(root: Path) -> bool:
    """Whether the run came to its end, whenever its process died."""
    found = events(root) if (root / ".runbook" / "state" / "journal.sqlite").exists() else ()
    return bool(found) and found[-1].type == "run_ended"


@pytest.mark.proof
def test_kill_9_at_random_moments(root: Path, tmp_path: Path) -> None:
    """Up to three drivers die at moments that nobody chose; the fourth ends the run."""
    write(root)
    draw = random.Random(7)
    for turn in range(25):
        here = tmp_path / f"r{turn}"
        shutil.copytree(root, here)
        for _ in range(3):
            process = begun(drive, here, "every", 0, turn % 2 == 0)
            time.sleep(draw.uniform(0.05, 2.5))
            process.kill()
            process.join()
            if over(here):
                break
        if not over(here):
            assert ended(begun(drive, here, "every", 0)) == 0
        whole(here, events(here))


@pytest.mark.proof
def test_drivers_that_die_one_after_another_still_end_the_run(root: Path) -> None:
    """Each driver gets at most six events further and dies: the run ends all the same."""
    write(root)
    codes = []
    while not codes or (codes[-1] == KILLED and len(codes) < 80):
        codes.append(ended(begun(drive, root, "every", 6)))
    assert codes[-1] == 0
    whole(root, events(root))
