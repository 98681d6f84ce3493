"""Threads only post; what they post is taken in by handlers."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

from screens import QUESTION, WALK, App, do, play, text

from mlops_tui.core.errors import Cancelled, LogError
from mlops_tui.engine.types import Answer, Cancel, Output, Waiting
from mlops_tui.journal import Event
from mlops_tui.tui.drive import Drive, Front
from mlops_tui.tui.jobs import Jobs
from mlops_tui.tui.messages import Happened, JobEnded, Noted
from mlops_tui.tui.screens.incident import IncidentPage
from mlops_tui.tui.shell import SAID

HEAVY = ("duckdb", "polars", "numpy", "pyarrow", "scipy", "slack_sdk", "vl_convert", "jinja2")

PROBE = """
import asyncio, sys
from mlops_tui.tui.app import RunbookApp

def opener():
    print("AT FIRST FRAME", *sorted({"%s"} & {m.split(".")[0] for m in sys.modules}))
    raise SystemExit

class App(RunbookApp):
    def _begin(self):
        try:
            opener()
        except SystemExit:
            self.exit()

async def main():
    async with App(opener).run_test() as pilot:
        await pilot.pause()

asyncio.run(main())
"""


def test_the_first_frame_needs_no_engine():
    """When the first frame stands, no library that reads data is loaded."""
    probe = PROBE % '", "'.join(HEAVY)
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "AT FIRST FRAME", done.stderr


def test_a_stopped_job_is_interrupted_until_it_ends():
    """A query that had not begun misses the first interrupt: it is repeated; the end says that a person stopped it."""
    posted, third = [], threading.Event()
    calls = []
    ended = threading.Event()

    def interrupt() -> None:
        calls.append(1)
        if len(calls) == 3:
            third.set()

    def work(_job):
        assert third.wait(10)
        raise Cancelled

    def post(message):
        posted.append(message)
        ended.set()

    jobs = Jobs(post, lambda text: "")
    assert jobs.start("a", "asking", work, interrupt)
    assert not jobs.start("a", "asking", work, interrupt)
    jobs.stop(jobs.running["a"])
    assert ended.wait(10)
    assert posted[-1].stopped
    assert posted[-1].error is None


def test_a_fault_in_a_thread_is_kept_and_told():
    """An error that nobody foresaw goes to a file with its traceback, and into the message."""
    posted, kept = [], []
    ended = threading.Event()

    def work(_job):
        raise ZeroDivisionError("no")

    def post(message):
        posted.append(message)
        ended.set()

    jobs = Jobs(post, lambda text: kept.append(text) or "crash.log")
    jobs.start("a", "asking", work)
    assert ended.wait(10)
    assert isinstance(posted[-1].error, ZeroDivisionError)
    assert posted[-1].kept == "crash.log"
    assert "Traceback" in kept[0]


def test_the_front_end_only_posts():
    """`show` hands items on; charts in characters are left out, since the app draws its own."""
    posted = []
    front = Front(posted.append)
    front.show(Output("graphs", "~~~", "chart"))
    front.show(Output("contain", "one"))
    assert [type(m) for m in posted] == [Happened]


def test_a_drive_knows_what_is_asked_until_it_is_answered():
    """A question stands until this person or another one answers it."""
    drive = Drive("probe", Front(lambda message: None))
    drive.take(Waiting(QUESTION))
    assert drive.question is QUESTION
    answered = _event("answered", {"question": QUESTION.id, "choice": "data"})
    assert drive.take(answered)
    assert drive.question is None
    drive.take(Waiting(QUESTION))
    drive.answer("data", "it moved", "aruiz", answered.at)
    assert drive.front.inbox.get_nowait() == Answer(QUESTION.id, "data", "aruiz", answered.at, "it moved")
    drive.leave()
    assert drive.front.inbox.get_nowait() == Cancel("run")


def test_what_goes_wrong_is_said_and_nothing_stops():
    """A failed job leaves its row with the reason; the screen goes on."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(200, 50)) as pilot:
            app.fill()
            app.hear(JobEnded("check credit-risk", LogError("no file matches", where="logs/*.parquet"), False))
            await pilot.pause()
            assert "logs/*.parquet: no file matches" in text(app)
            await do(pilot, "down", "open")
            assert "collections-priority" in text(app)

    play(story())


def test_esc_never_leaves_and_ctrl_c_never_kills():
    """esc on the first screen says how to leave; ctrl-c stops what runs, or says that nothing does."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)) as pilot:
            app.fill()
            await do(pilot, "back")
            assert "q leaves" in text(app)
            await pilot.press("ctrl+c")
            assert "nothing is running" in text(app)
            assert app.is_running

    play(story())


def test_a_filter_keeps_and_leaves_out():
    """`/` keeps the rows that hold every word; `!word` leaves rows out; esc brings all back."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)) as pilot:
            app.fill()
            await do(pilot, "open", "filter")
            await pilot.press(*"!ok es", "enter")
            assert "region=FR" not in text(app)
            assert "region=ES" in text(app)
            await do(pilot, "back")
            assert "region=FR" in text(app)

    play(story())


def test_one_key_answers_nothing():
    """Picking a choice only asks for the reason; a dangerous one wants its word; esc undoes the pick."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)) as pilot:
            app.fill()
            drive = app.drives()
            await do(pilot, "walk")
            await pilot.press("enter", "2", "enter")
            assert "model: say why" in text(app)
            assert drive.front.inbox.empty()
            await pilot.press("escape", "1", "enter", "enter")
            assert drive.front.inbox.get_nowait().choice == "data"

    play(story())


def test_what_was_said_is_seen_while_a_question_waits():
    """A note is confirmed also while the status line tells of a question; afterwards it tells of it again."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)) as pilot:
            app.fill()
            app.drives()
            await do(pilot, "walk")
            assert "verdict waits for your answer" in text(app)
            app.hear(Noted("INC-7"))
            await pilot.pause()
            assert "\n noted\n" in text(app)
            app._said = (*app._said[:2], app._said[2] - SAID)
            app.show_status()
            await pilot.pause()
            assert "verdict waits for your answer" in text(app)

    play(story())


def test_only_a_run_that_was_left_can_be_taken_up():
    """`go on` is offered for an open incident whose run stopped; not while it is driven here, nor once it has ended."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(120, 30)) as pilot:
            app.fill()
            await do(pilot, "incidents", "open")
            page = app.screen
            assert isinstance(page, IncidentPage)
            assert "go_on" not in page.hidden()
            drive = app.drives()
            assert "go_on" in page.hidden()
            drive.over = True
            assert "go_on" not in page.hidden()
            app.state.walks["INC-7", "INC-7.1"] = replace(WALK, state="ended")
            assert "go_on" in page.hidden()

    play(story())


def _event(kind, body):
    from support.front import ANA, CLOCK

    return Event("INC-7", 1, "x", CLOCK, ANA, kind, run="INC-7.1", step="verdict", body=body)
