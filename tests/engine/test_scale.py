"""A long runbook costs what its steps cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from support import tiny
from support.front import ANA, Script

from mlops_tui.engine.machine import Do, decide
from mlops_tui.incidents.run import RunFold, fold_run
from mlops_tui.journal import Event
from mlops_tui.session.runs import run
from tests.engine.conftest import Open

AT = datetime(2026, 10, 14, 3, tzinfo=UTC)


def history(steps: int) -> list[Event]:
    """Four events for each step, as a run of commands has them."""
    found: list[Event] = []
    for step in range(steps):
        name = f"s{step}"
        for kind, body in (
            ("step_started", {"kind": "run", "title": name}),
            ("effect_intended", {"id": name, "plan": {}}),
            ("effect_ended", {"id": name, "state": "ok"}),
            ("step_ended", {"kind": "run", "state": "ok"}),
        ):
            seq = len(found) + 1
            found.append(Event("INC-1", seq, f"e{seq}", AT + timedelta(seconds=seq), ANA, kind, "INC-1.1", 1, name, 1, body))
    return found


class Step:
    kind = "run"
    continue_on_error = False

    def __init__(self, name: str) -> None:
        self.id = name


def test_ten_thousand_events_fold_in_a_moment() -> None:
    """2,500 steps: far below the 0.2 seconds that a person would notice."""
    events = history(2_500)
    began = process_time()
    state = fold_run(events, "INC-1.1")
    assert process_time() - began < 0.2
    assert len(state.steps) == 2_500


def test_deciding_after_every_event_of_two_hundred_steps() -> None:
    """Folding as events come and deciding after each: milliseconds for a step, not for all of them together."""
    steps = [Step(f"s{i}") for i in range(200)]
    fold = RunFold("INC-1.1")
    began = process_time()
    for event in history(199):
        fold.add([event])
        decide(steps, fold.state)
    assert decide(steps, fold.state) == Do(("s199",))
    assert process_time() - began < 0.5


def walked(opened: Open, root: Path, pairs: int) -> float:
    """The processor's seconds of a run of so many queries and notes that use each other's values."""
    steps = "".join(
        f"  - {{id: q{i}, query: select {i} + {f'$q{i - 1}' if i else '0'} as v}}\n"
        f'  - {{id: n{i}, when: $q{i} >= 0, note: "${{q{i}}}"}}\n'
        for i in range(pairs)
    )
    began = process_time()
    report = run(opened(), tiny.runbook(root, steps), sets={}, front=Script())
    assert report.state == "ended"
    assert next(s.value for s in report.steps if s.id == f"q{pairs - 1}") == sum(range(pairs))
    return process_time() - began


def test_a_runbook_of_two_hundred_steps(root: Path, opened: Open) -> None:
    """Four times the steps cost at most about four times as much."""
    few, many = walked(opened, root, 25), walked(opened, root, 100)
    assert many < 5 * few
