"""Nobody guesses whether a command ran; nobody is asked in an unattended run; a question belongs to its attempt."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import Script, states

from mlops_tui.core.errors import NotTheDriver, RunbookError
from mlops_tui.engine.types import Cancel, Item, Waiting
from mlops_tui.incidents.run import fold_run
from mlops_tui.journal import Event
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open
from tests.engine.every import Person, events

ACT = "run: {argv: [sh, -c, 'echo x >> calls']}"


class Dies(Person):
    """Is gone (with the whole process, as far as the run can tell) at an event of this type."""

    def __init__(self, root: Path, at: str) -> None:
        super().__init__(root)
        self.at = at

    def show(self, item: Item) -> None:
        if isinstance(item, Event) and item.type == self.at:
            raise SystemExit
        super().show(item)


def died(root: Path, opened: Open, at: str, steps: str = f"  - {{id: act, {ACT}}}\n") -> None:
    tiny.runbook(root, steps)
    try:
        run(opened(), "probe", sets={}, front=Dies(root, at))
    except SystemExit:
        return
    raise AssertionError("it did not die")


def test_an_unattended_resume_leaves_an_effect_to_a_person(root: Path, opened: Open) -> None:
    """`--auto` neither answers nor spoils the question: the run waits, as often as it is tried, until a person says."""
    died(root, opened, "effect_intended")
    for _ in range(2):
        report = resume(opened(), front=Script(), auto=True)
        assert (report.state, report.exit_code) == ("waiting", 3)
    assert not (root / "calls").exists()
    assert resume(opened(), front=Person(root)).state == "ended"
    assert (root / "calls").read_text() == "x\n"


def test_an_unattended_resume_of_an_approval_skips_it(root: Path, opened: Open) -> None:
    """It needs a person: skipped with that reason, never refused and never done; the run goes on to its end."""
    tiny.runbook(root, f"  - {{id: act, {ACT}}}\n  - {{id: sure, confirm: {{text: x}}}}\n  - {{id: after, note: over}}\n")
    assert run(opened(), "probe", sets={}, front=Script()).state == "waiting"
    report = resume(opened(), front=Script(), auto=True)
    assert states(report) == {"act": "skipped", "sure": "skipped", "after": "ok"}
    assert "needs a person" in report.steps[0].reason
    state = fold_run(events(root), "INC-1.1")
    assert all(q.answered for q in state.questions.values())
    assert not (root / "calls").exists()


def test_an_unattended_resume_takes_the_answer_for_nobody(root: Path, opened: Open) -> None:
    """An `ask` with `auto:` that waited for a person takes it; one without is skipped."""
    tiny.runbook(
        root,
        "  - {id: a, ask: {question: x, answers: [p, q], auto: q}}\n  - {id: b, ask: {question: y}}\n"
        '  - {id: n, note: "${a} ${b}"}\n',
    )
    assert run(opened(), "probe", sets={}, front=Script()).state == "waiting"
    report = resume(opened(), front=Script(), auto=True)
    assert states(report) == {"a": "ok", "b": "skipped", "n": "ok"}
    assert report.steps[2].text == "q –"


def test_whether_to_do_a_write_is_no_approval_of_it(root: Path, opened: Open) -> None:
    """A null condition asks whether to do the step; a driver that dies after the yes must still ask for the command."""
    steps = f"  - {{id: act, when: cast(null as boolean), {ACT}}}\n"
    died(root, opened, "answered", steps)
    front = Person(root)
    assert resume(opened(), front=front).state == "ended"
    assert front.asked == ["approve"]
    assert (root / "calls").read_text() == "x\n"
    kinds = [(e.body or {})["kind"] for e in events(root) if e.type == "question_asked"]
    assert kinds == ["confirm", "approve"]


def test_a_write_that_nobody_wanted_is_left_out(root: Path, opened: Open) -> None:
    """No to a null condition skips the step with who said so, after a resume too."""
    steps = f"  - {{id: act, when: cast(null as boolean), {ACT}}}\n  - {{id: after, note: x}}\n"
    tiny.runbook(root, steps)
    assert run(opened(), "probe", sets={}, front=Script()).state == "waiting"
    report = resume(opened(), front=Script({"act": "no"}))
    assert states(report) == {"act": "skipped", "after": "ok"}
    assert "left out by aruiz" in report.steps[0].reason
    assert not (root / "calls").exists()


def test_an_outcome_that_was_known_is_kept(root: Path, opened: Open) -> None:
    """A driver that dies between the command's end and the step's: nobody is asked, the exit code and output stand."""
    died(root, opened, "effect_ended", "  - {id: act, run: {argv: [sh, -c, 'echo said; echo x >> calls; exit 3']}}\n")
    front = Person(root)
    report = resume(opened(), front=front)
    assert (report.state, front.asked) == ("failed", [])
    assert report.steps[0].reason == "exit 3: said"
    assert report.steps[0].value == 3
    assert (root / report.steps[0].artefacts[0].path).read_text() == "said\n"
    assert (root / "calls").read_text() == "x\n"


def test_only_done_and_not_done_settle(root: Path, opened: Open) -> None:
    """Any other word is refused and asked again."""
    died(root, opened, "effect_intended")

    class Unsure(Script):
        def show(self, item: Item) -> None:
            super().show(item)
            if isinstance(item, Waiting) and len([i for i in self.items if isinstance(i, Waiting)]) == 2:
                self.inbox.put(Cancel("run"))

    front = Unsure({"act": "perhaps"})
    assert resume(opened(), front=front).state == "waiting"
    assert any("'perhaps' is not an answer here" in e for e in front.errors)
    assert resume(opened(), front=Person(root)).state == "ended"


def test_a_refusal_begins_nothing(root: Path, opened: Open) -> None:
    """A no is written down without an intent: nothing was about to happen."""
    tiny.runbook(root, f"  - {{id: act, {ACT}}}\n")
    report = run(opened(), "probe", sets={}, front=Script({"act": "no"}))
    assert states(report) == {"act": "cancelled"}
    assert not {"effect_intended", "effect_ended"} & {e.type for e in events(root)}


def test_the_first_answer_stands(root: Path, opened: Open) -> None:
    """Two people answer one question: the one that was written first counts, for everybody."""
    tiny.runbook(root, "  - {id: what, ask: {question: x, answers: [p, q]}}\n  - {id: stop, ask: {question: y}}\n")
    run(opened(), "probe", sets={}, front=Script({"what": "p"}))
    with opened().journal(create=False) as journal:
        body = {"question": "INC-1.1/what/1", "choice": "q", "person": "tbeck", "why": ""}
        journal.append("INC-1", "answered", body, run="INC-1.1", step="what")
    state = fold_run(events(root), "INC-1.1")
    assert state.questions["INC-1.1/what/1"].choice == "p"


def test_an_answer_from_elsewhere_is_found_and_shown(root: Path, opened: Open) -> None:
    """While the driver waits, another process answers: the run goes on, and the front end is told."""
    from mlops_tui.core.settings import Actor

    tiny.runbook(root, "  - {id: what, ask: {question: x, answers: [p, q]}}\n")

    class Elsewhere(Script):
        def show(self, item: Item) -> None:
            self.items.append(item)
            if isinstance(item, Waiting):
                tom = opened(actor=Actor("tbeck", 1002, "lab", 78, "Tom Beck"))
                with tom.journal(create=False) as journal:
                    body = {"question": item.question.id, "choice": "q", "person": "tbeck", "why": ""}
                    journal.append("INC-1", "answered", body, run="INC-1.1", step="what")
                    journal.append("INC-1", "note", {"text": "it was me"})

    front = Elsewhere()
    report = run(opened(), "probe", sets={}, front=front)
    assert report.steps[0].text == "tbeck: q"
    shown: list[Any] = [i for i in front.items if isinstance(i, Event) and i.actor.login == "tbeck"]
    assert [e.type for e in shown] == ["answered", "note"]


def test_who_lost_the_run_does_nothing_more(root: Path, opened: Open) -> None:
    """Somebody deletes the lock and takes over while the first driver waits: its yes no longer begins the command."""
    tiny.runbook(root, f"  - {{id: act, {ACT}}}\n")

    class Loses(Script):
        def show(self, item: Item) -> None:
            if isinstance(item, Waiting) and item.question.kind == "approve":
                (root / ".runbook" / "state" / "runs" / "INC-1.1.lock").unlink()
                assert resume(opened(), front=Script()).state == "waiting"
            super().show(item)

    with pytest.raises(NotTheDriver, match="driven by another process"):
        run(opened(), "probe", sets={}, front=Loses({"act": "yes"}))
    assert not (root / "calls").exists()
    assert resume(opened(), front=Person(root)).state == "ended"
    assert (root / "calls").read_text() == "x\n"


def test_a_start_that_was_purged_says_so(root: Path, opened: Open) -> None:
    """Nothing can be stood on: a clear error and the way out, not a traceback."""
    tiny.runbook(root, "  - {id: what, ask: {question: x}}\n")
    run(opened(), "probe", sets={}, front=Script())
    with sqlite3.connect(root / ".runbook" / "state" / "journal.sqlite") as con:
        con.execute("update event set body = null where type = 'run_started'")
    con.close()
    with pytest.raises(RunbookError, match="its start was purged"):
        resume(opened(), front=Script())
