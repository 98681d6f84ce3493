"""What stands between a key and the screen is small, whatever threads do."""

from __future__ import annotations

import gc
import os
import sys
import threading
from dataclasses import replace

import duckdb
import pytest
from screens import CHECK, App, do, play, text
from support.front import ANA, CLOCK

from mlops_tui.core.finding import Finding
from mlops_tui.journal import Event
from mlops_tui.tui.drive import Drive, Front
from mlops_tui.tui.jobs import NICE, libraries_stand_back
from mlops_tui.tui.rows import Rows
from mlops_tui.tui.screens.model_tabs import TABS, Known
from mlops_tui.tui.start import screen_first


@pytest.fixture
def tuning():
    """Leave the interpreter as it was."""
    before = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*before[0])
    sys.setswitchinterval(before[1])


def test_a_move_lists_nothing_anew(monkeypatch):
    """A key that moves the cursor hashes no finding and fills no list; neither does news of another model."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)) as pilot:
            app.fill()
            await do(pilot, "open")
            filled = []
            monkeypatch.setattr(Finding, "id", property(lambda _finding: filled.append("a hash")))
            monkeypatch.setattr(Rows, "fill", lambda *_args, **_kwargs: filled.append("a list"))
            await do(pilot, "down", "down", "up")
            app.render_state()
            assert not filled
            assert "▸ CRIT    region=ES  drift bank_label" in text(app)

    play(story())


def test_the_cursor_stays_on_a_question_whose_answer_changed():
    """A finding's line keeps its key when its numbers move, and no two lines share one."""
    moved = replace(CHECK, findings=tuple(replace(f, value=0.5, summary="moved") for f in CHECK.findings))
    keys = [[line.row.key for line in TABS[0].lines(Known(c, None, ()))] for c in (CHECK, moved)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


def test_the_app_tunes_the_interpreter_for_keys(tuning):
    """Collections are rare, and a thread that computes gives way within a millisecond."""
    screen_first()
    assert gc.get_threshold()[0] >= 10_000
    assert sys.getswitchinterval() <= 0.001


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_only_a_reading_step_stands_back():
    """DuckDB's threads and a step that reads run at a lower priority; the engine and a step that runs a command keep theirs."""
    con = duckdb.connect(config={"threads": 3})
    stop = threading.Event()
    for name in ("engine", "look"):
        threading.Thread(target=stop.wait, name=name, daemon=True).start()
    drive = Drive("any", Front(lambda _message: None))
    drive.take(Event("INC-1", 1, "x", CLOCK, ANA, "step_started", step="look", body={"kind": "run"}))
    assert drive.reader == ""
    drive.take(Event("INC-1", 2, "y", CLOCK, ANA, "step_started", step="look", body={"kind": "query"}))
    libraries_stand_back(drive.reader)
    python = {t.native_id: t.name for t in threading.enumerate()}
    lowered = [python.get(int(task), "DuckDB") for task in os.listdir("/proc/self/task") if _nice(int(task)) >= NICE]
    stop.set()
    con.close()
    assert "look" in lowered
    assert "DuckDB" in lowered
    assert not {"engine", "MainThread"} & set(lowered)


def _nice(task: int) -> int:
    try:
        return os.getpriority(os.PRIO_PROCESS, task)
    except OSError:
        return 0
