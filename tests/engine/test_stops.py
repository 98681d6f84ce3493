"""Whatever stops a step, the run is left where it can go on, and nothing waits for ever."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import Script, states

from mlops_tui.core.errors import Cancelled
from mlops_tui.engine import perform, watch
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.types import Answer, Cancel, Item, Outcome, Output, Waiting
from mlops_tui.engine.watch import watched
from mlops_tui.journal import Event
from mlops_tui.report.png import Painter
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import AT, Open
from tests.engine.every import Person, events, whole, write

SHORT = timedelta(milliseconds=150)
FOREVER = timedelta(minutes=10)


def never() -> watch.Wish:
    return ""


def until(stopped: Callable[[], bool]) -> None:
    """Works until it is asked to stop, and gives in at once."""
    while not stopped():
        threading.Event().wait(0.01)
    raise Cancelled


# -- watched work


def test_work_gives_its_value_or_its_error() -> None:
    """Whatever it raises comes back as a value: nothing is lost on a thread."""
    assert watched(lambda _: 7, name="w", limit=FOREVER, look=never, interrupt=lambda: None).value == 7

    def leave(_: Callable[[], bool]) -> int:
        raise SystemExit

    assert isinstance(watched(leave, name="w", limit=FOREVER, look=never, interrupt=lambda: None).error, SystemExit)


def test_work_that_does_not_stop_is_left_behind() -> None:
    """A thread that never ends costs its limit and some patience, and nothing more."""
    hold = threading.Event()
    found = watched(
        lambda _: hold.wait(), name="w", limit=SHORT, look=never, interrupt=lambda: None, patience=timedelta(seconds=0.1)
    )
    hold.set()
    assert (found.left, found.why, found.value) == (True, "timeout", None)


def test_ctrl_c_is_a_wish_and_a_second_one_leaves_at_once() -> None:
    """The first Ctrl-C lets the work stop by itself; the second does not wait for it."""
    stops: list[bool] = []
    waited = threading.Event()

    def looking() -> watch.Wish:
        waited.set()
        return ""

    def press(stopped: Callable[[], bool]) -> None:
        waited.wait()
        os.kill(os.getpid(), signal.SIGINT)
        until(stopped)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = watched(press, name="w", limit=FOREVER, look=looking, interrupt=lambda: stops.append(True))
        assert (found.why, found.left, type(found.error), bool(stops)) == ("run", False, Cancelled, True)
        hold = threading.Event()

        waited.clear()

        def press_twice(stopped: Callable[[], bool]) -> None:
            waited.wait()
            os.kill(os.getpid(), signal.SIGINT)
            while not stopped():
                hold.wait(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            hold.wait()

        found = watched(press_twice, name="w", limit=FOREVER, look=looking, interrupt=lambda: None, patience=FOREVER)
        hold.set()
        assert (found.why, found.left) == ("run", True)
    finally:
        signal.signal(signal.SIGINT, before)


# -- time-outs

STUCK = {
    "check": "check: {alert: drop}",
    "query": "query: select 1",
    "assert": "assert: {that: 1 = 1}",
    "chart": "chart: decision_rate",
    "note": "note: x",
    "notify": "notify: {to: ml, text: x}",
    "postmortem": "postmortem: {}",
    "end": "end: {as: x}",
    "ask": "ask: {question: x, answers: [a]}",
    "confirm": "confirm: {text: x}",
}


@pytest.mark.parametrize("kind", STUCK)
def test_a_time_out_fails_the_step(root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Of each kind: the step fails in its time, with the reason, and the run stops as declared."""
    monkeypatch.setattr(type(kinds()[kind]), "perform", lambda self, call, emit, stopped: until(stopped))
    name = tiny.runbook(root, f"  - {{id: slow, when: 1 = 1, timeout: 150ms, {STUCK[kind]}}}\n  - {{id: after, note: x}}\n")
    report = run(opened(), name, sets={}, front=Script({"slow": "a" if kind == "ask" else "yes"}))
    assert states(report) == {"slow": "failed", "after": "pending"}
    assert "timed out after 0.15s" in report.steps[0].reason


SLOW_SQL = "(select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3)"


SLOW_USES = (f"query: 'select {SLOW_SQL} as n'", f"assert: {{that: '{SLOW_SQL} > 0'}}", f"when: '{SLOW_SQL} > 0'")


@pytest.mark.parametrize("use", SLOW_USES, ids=("query", "assert", "when"))
def test_a_query_that_takes_too_long_is_interrupted(root: Path, opened: Open, use: str) -> None:
    """In a query, a condition and a `when`: stopped in its time, and the next step reads on."""
    rest = ", note: x" if use.startswith("when") else ""
    name = tiny.runbook(
        root, f"  - {{id: slow, timeout: 300ms, continue_on_error: true, {use}{rest}}}\n  - {{id: after, query: select 1}}\n"
    )
    report = run(opened(), name, sets={}, front=Script())
    assert states(report) == {"slow": "failed", "after": "ok"}
    assert "timed out after 0.3s" in report.steps[0].reason


def test_a_command_that_takes_too_long_is_unknown_and_a_person_says(root: Path, opened: Open) -> None:
    """TERM ends it, with all that it started; its output is kept; the very next thing is the question what it did."""
    name = tiny.runbook(
        root,
        "  - {id: act, timeout: 500ms, run: {argv: [sh, -c, 'echo begun; sleep 60 & sleep 60']}}\n  - {id: after, note: x}\n",
    )
    front = Script({"act": "yes"})
    front.show = _settles(front, "done")  # type: ignore[method-assign]
    report = run(opened(), name, sets={}, front=front)
    assert states(report) == {"act": "ok", "after": "ok"}
    assert "settled by aruiz: it was done" in report.steps[0].text
    found = events(root)
    unknown = next(e for e in found if e.type == "step_ended" and e.step == "act")
    assert (unknown.body or {})["state"] == "unknown"
    assert "timed out after 0.5s" in (unknown.body or {})["error"]
    assert unknown.artefacts


def _settles(front: Script, word: str) -> Callable[[Item], None]:
    shown = Script.show

    def show(item: Item) -> None:
        if isinstance(item, Waiting) and item.question.kind == "settle":
            front.items.append(item)
            front.inbox.put(Answer(item.question.id, word, "aruiz", AT))
        else:
            shown(front, item)

    return show


def test_what_was_not_done_is_asked_for_again(root: Path, opened: Open) -> None:
    """After `not_done` the command is confirmed anew: it is neither skipped nor silently done."""
    name = tiny.runbook(
        root, "  - {id: act, timeout: 300ms, run: {argv: [sh, -c, 'test -e go || sleep 60; echo x >> calls']}}\n"
    )
    front = Script({"act": "yes"})
    settle = _settles(front, "not_done")

    def show(item: Item) -> None:
        if isinstance(item, Waiting) and item.question.kind == "settle":
            (root / "go").touch()
        settle(item)

    front.show = show  # type: ignore[method-assign]
    report = run(opened(), name, sets={}, front=front)
    asked = [i.question.kind for i in front.items if isinstance(i, Waiting)]
    assert asked == ["approve", "settle", "approve"]
    assert states(report) == {"act": "ok"}
    assert (root / "calls").read_text() == "x\n"


def test_a_step_whose_thread_never_ends_is_left_behind(root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blocking call in C cannot be ended: the step fails, says so, and the run goes on."""
    hold = threading.Event()
    monkeypatch.setattr(type(kinds()["check"]), "perform", lambda *_: hold.wait())
    monkeypatch.setattr(perform, "PATIENCE", timedelta(seconds=0.1))
    name = tiny.runbook(
        root,
        "  - {id: stuck, timeout: 100ms, continue_on_error: true, check: {alert: drop}}\n"
        "  - {id: after, query: select 1 as x}\n",
    )
    report = run(opened(), name, sets={}, front=Script())
    hold.set()
    assert states(report) == {"stuck": "failed", "after": "ok"}
    assert "left behind" in report.steps[0].reason


def test_a_pipe_that_a_child_holds_open_does_not_hold_the_step(root: Path, opened: Open) -> None:
    """A command that leaves a child behind with its output is over when it is over."""
    name = tiny.runbook(root, "  - {id: act, timeout: 20s, run: {argv: [sh, -c, 'echo a; sleep 30 & exit 0']}}\n")
    report = run(opened(), name, sets={}, front=Script({"act": "yes"}))
    assert states(report) == {"act": "ok"}


def test_output_without_end_is_capped(root: Path, opened: Open) -> None:
    """Megabytes on one line and many lines: what is kept is bounded, and the command runs to its end."""
    big = "head -c 30000000 /dev/zero | tr '\\\\0' x; seq 1 100000"
    name = tiny.runbook(root, f'  - {{id: act, run: {{argv: [sh, -c, "{big}"]}}}}\n')
    front = Script({"act": "yes"})
    report = run(opened(), name, sets={}, front=front)
    assert states(report) == {"act": "ok"}
    kept = root / next(a.path for a in report.artefacts)
    assert kept.stat().st_size < 1_100_000
    assert kept.read_text().endswith("(the rest was not kept)\n")
    assert max(len(i.text) for i in front.items if isinstance(i, Output)) <= 4_096


# -- wishes


@pytest.mark.parametrize("kind", ["check", "query", "chart", "postmortem", "notify", "note"])
def test_a_cancelled_run_does_the_step_again(root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """What can be done twice is begun anew by `resume`, the draft among it: stopping there does not cost the run."""
    name = tiny.runbook(root, f"  - {{id: it, {STUCK[kind]}}}\n")
    with monkeypatch.context() as patch:
        patch.setattr(type(kinds()[kind]), "perform", lambda self, call, emit, stopped: until(stopped))
        report = run(opened(), name, sets={}, front=_late("it"))
    assert report.state == "interrupted"
    monkeypatch.setattr(type(kinds()[kind]), "perform", lambda *_: Outcome("ok"))
    assert resume(opened(), front=Script()).state == "ended"


def _late(step: str) -> Any:
    """A front end that cancels the run from another thread, once the step is being performed."""

    class Late:
        def __init__(self) -> None:
            self.inbox: queue.Queue[Any] = queue.Queue()

        def show(self, item: Item) -> None:
            if isinstance(item, Event) and item.type == "step_started" and item.step == step:
                threading.Timer(0.1, self.inbox.put, [Cancel("run")]).start()

    return Late()


def test_a_cancelled_step_is_cancelled_and_the_run_goes_on_where_it_may(
    root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Cancel("step")` ends one read."""
    monkeypatch.setattr(type(kinds()["check"]), "perform", lambda self, call, emit, stopped: until(stopped))
    name = tiny.runbook(root, "  - {id: it, continue_on_error: true, check: {alert: drop}}\n  - {id: after, note: x}\n")
    front = _late("it")
    kept = front.inbox.put
    front.inbox.put = lambda item: kept(Cancel("step"))
    report = run(opened(), name, sets={}, front=front)
    assert states(report) == {"it": "cancelled", "after": "ok"}


def test_stopping_between_intent_and_start_does_nothing(root: Path, opened: Open) -> None:
    """A wish that comes just before the command is never late: nothing ran, nobody must settle, it is asked for again."""
    name = tiny.runbook(root, "  - {id: act, run: {argv: [sh, -c, 'echo x >> calls']}}\n")

    class Breaks(Script):
        def show(self, item: Item) -> None:
            super().show(item)
            if isinstance(item, Event) and item.type == "effect_intended":
                raise RuntimeError("the terminal is gone")

    report = run(opened(), name, sets={}, front=Breaks({"act": "yes"}))
    assert report.state == "interrupted"
    assert "the terminal is gone" in report.reason
    assert not (root / "calls").exists()
    front = Script({"act": "yes"})
    assert resume(opened(), front=front).state == "ended"
    assert [i.question.kind for i in front.items if isinstance(i, Waiting)] == ["approve"]
    assert (root / "calls").read_text() == "x\n"


def test_charts_that_nobody_wants_any_more_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child that draws is killed as soon as somebody cancels."""
    from tests.report import chart_samples

    painter = Painter()
    with pytest.raises(Cancelled):
        painter.draw([chart_samples.decision_rate()], cancelled=lambda: True)
    assert painter._child is None


@pytest.mark.parametrize("part", ["question", "plan", "perform"])
def test_a_fault_of_ours_costs_the_step_and_not_the_run(
    root: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Whatever part of a step breaks: it fails, or is unknown once it began, with a log file; the run goes on as declared."""

    def breaks(*_: Any) -> Any:
        raise KeyError("ours")

    monkeypatch.setattr(type(kinds()["run"]), part, breaks)
    name = tiny.runbook(root, "  - {id: act, continue_on_error: true, run: {argv: [echo]}}\n  - {id: after, note: x}\n")
    front = Script({"act": "yes"})
    front.show = _settles(front, "done")  # type: ignore[method-assign]
    report = run(opened(), name, sets={}, front=front)
    assert states(report) == {"act": "ok" if part == "perform" else "failed", "after": "ok"}
    said = next((e.body or {})["error"] for e in events(root) if e.type == "step_ended" and e.step == "act")
    assert "internal error in step act: KeyError" in said
    log = Path(said.split("details: ")[1].rstrip(")"))
    assert "breaks" in log.read_text()


# -- a front end that fails


def test_a_front_end_that_fails_anywhere_leaves_a_run_that_goes_on(root: Path, opened: Open, unpainted: None) -> None:
    """It raises at the n-th thing it is shown, for every n: the run stops at a safe place, and the next one ends it."""
    write(root)
    report, drives = None, 0
    while report is None or report.state != "ended":
        drives += 1
        front = _Fails(root, drives)
        report = resume(opened(), front=front) if report else run(opened(), "every", sets={}, front=front)
        if report.state != "ended":
            assert report.state in ("interrupted", "waiting")
            assert "what shows the run failed: ValueError: no screen" in report.reason
    assert drives > 5
    whole(root, events(root))


class _Fails(Person):
    """Raises once, at the n-th item."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self.left = at

    def show(self, item: Item) -> None:
        self.left -= 1
        if not self.left:
            raise ValueError("no screen")
        super().show(item)
