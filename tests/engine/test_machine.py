"""`decide` is a pure function of the folded journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from mlops_tui.core.settings import Actor
from mlops_tui.engine.machine import Ask, Conclude, Do, End, Settle, decide
from mlops_tui.incidents.run import NOT_STARTED, AskedQuestion, IntendedEffect, RunState, StepRecord
from mlops_tui.journal.event import Event

AT = datetime(2026, 10, 14, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    id: str
    kind: str = "check"
    continue_on_error: bool = False


def state(
    *records: StepRecord, questions: tuple[AskedQuestion, ...] = (), effects: tuple[IntendedEffect, ...] = ()
) -> RunState:
    return RunState(
        run="INC-1.1",
        steps={r.id: r for r in records},
        questions={q.id: q for q in questions},
        effects={e.id: e for e in effects},
    )


def record(step: str, word: str, kind: str = "check", reason: str = "", **body: object) -> StepRecord:
    return StepRecord(step, kind, step, word, reason=reason, body=body)


STEPS = (Step("scope"), Step("verdict", "ask"), Step("stop", "end"), Step("writeup", "postmortem"))


def test_steps_run_in_the_order_written() -> None:
    """Nothing done yet: the first step; a step done or skipped: the next."""
    assert decide(STEPS, state()) == Do(("scope",))
    assert decide(STEPS, state(record("scope", "attention"))) == Do(("verdict",))
    assert decide(STEPS, state(record("scope", "skipped"))) == Do(("verdict",))


def test_an_open_question_is_waited_for() -> None:
    """A question that was put and not answered is the next thing, whatever else is done."""
    asked = AskedQuestion("q", "verdict", "ask", {}, AT)
    found = decide(STEPS, state(record("scope", "ok"), record("verdict", "running", "ask"), questions=(asked,)))
    assert found == Ask(asked)


@pytest.mark.parametrize("word", ["failed", "cancelled", "unknown"])
def test_a_failed_step_stops_the_run(word: str) -> None:
    """The run fails, and says which step and why."""
    found = decide(STEPS, state(record("scope", word, reason="no such column")))
    assert found == End("failed", f"step scope {word}: no such column")


def test_an_unattended_run_writes_its_draft_even_when_a_step_fails() -> None:
    """With nobody watching, the draft is made before the run fails; with somebody there, the run stops at once."""
    failed = record("scope", "failed", reason="no such column")
    start = Event("INC-1", 1, "e", AT, Actor("ana", 1, "h", 1), "run_started", body={"auto": True})
    unattended = replace(state(failed), started=start)
    assert decide(STEPS, unattended) == Do(("writeup",))
    drafted = replace(state(failed, record("writeup", "ok", "postmortem")), started=start)
    assert decide(STEPS, drafted) == End("failed", "step scope failed: no such column")
    assert decide(STEPS, replace(state(failed), started=replace(start, body={"auto": False}))) == decide(STEPS, state(failed))


def test_continue_on_error_passes_a_failure_and_never_an_unknown() -> None:
    """A step may be allowed to fail; nobody may be allowed not to know."""
    steps = (Step("scope", continue_on_error=True), Step("next"))
    assert decide(steps, state(record("scope", "failed"))) == Do(("next",))
    assert isinstance(decide(steps, state(record("scope", "unknown"))), End)


def test_an_end_that_was_reached_ends_and_one_that_was_skipped_does_not() -> None:
    """`end` is the only way out before the last step."""
    before = (record("scope", "ok"), record("verdict", "ok", "ask"))
    assert decide(STEPS, state(*before, record("stop", "ok", "end", text="false_alarm"))) == End("ended", "false_alarm")
    assert decide(STEPS, state(*before, record("stop", "skipped", "end"))) == Do(("writeup",))


def test_an_effect_without_an_outcome_is_settled_by_a_person() -> None:
    """A write that may have happened is never silently done again."""
    effect = IntendedEffect("e1", "scope", 1, {"plan": {}}, AT)
    assert decide(STEPS, state(record("scope", "running"), effects=(effect,))) == Settle("scope", "e1")


@pytest.mark.parametrize("word", ["running", "unknown"])
def test_what_became_of_an_effect_decides_how_its_step_goes_on(word: str) -> None:
    """Nobody knows: settle. Its end is known, or a person saw it done: conclude. It never happened: begin anew."""
    known = record("scope", word)
    effect = IntendedEffect("e1", "scope", 1, {"plan": {}}, AT)
    for now, then in (
        (effect, Settle("scope", "e1")),
        (replace(effect, state="failed"), Conclude("scope", "e1")),
        (replace(effect, state="ok", settled=True), Conclude("scope", "e1")),
        (replace(effect, state="failed", settled=True), Do(("scope",))),
        (replace(effect, state=NOT_STARTED), Do(("scope",))),
    ):
        assert decide(STEPS, state(known, effects=(now,))) == then
    asked = AskedQuestion("q", "scope", "settle", {}, AT)
    assert decide(STEPS, state(known, questions=(asked,), effects=(effect,))) == Ask(asked)


def test_an_effect_of_an_earlier_attempt_says_nothing_of_this_one() -> None:
    """After it was settled as not done, the step began anew: the old effect is over."""
    effect = IntendedEffect("e1", "scope", 1, {"plan": {}}, AT, state="failed", settled=True)
    assert decide(STEPS, state(replace(record("scope", "running"), attempt=2), effects=(effect,))) == Do(("scope",))
    again = replace(effect, id="e2", attempt=2, state=None, settled=False)
    found = decide(STEPS, state(replace(record("scope", "running"), attempt=2), effects=(effect, again)))
    assert found == Settle("scope", "e2")


def test_the_end_of_the_runbook_is_an_end() -> None:
    """After the last step there is nothing to do."""
    done = tuple(record(s.id, "ok" if s.kind != "end" else "skipped", s.kind) for s in STEPS)
    assert decide(STEPS, state(*done)) == End("ended", "")
