"""The timeline reads well to a tired person."""

from __future__ import annotations

from datetime import timedelta

from mlops_tui.incidents.incident import fold
from mlops_tui.incidents.vocabulary import DRIVER_TYPES, EVENT_TYPES
from mlops_tui.journal import Event
from mlops_tui.journal.journal import DRIVER_ONLY
from tests.incidents.story import Story, finding


def lines(story: Story) -> list[str]:
    return [f"{e.who}: {e.text}" for e in fold(story.events).timeline]


def test_a_whole_run_reads_as_a_story() -> None:
    """What happened, who did it, in whole words; nothing is told twice."""
    tell = Story().opened()
    tell("run_started", {"runbook": "approval-drop"})
    tell("step_started", {"kind": "check", "title": "Where?"}, step="scope")
    worst = "Approval rate of region=ES fell from 61.2% to 40.3%."
    found = [finding("ok", "fine", 0), finding("crit", worst, 9), finding("warn", "less", 2)]
    tell("step_ended", {"kind": "check", "state": "attention", "findings": found}, step="scope")
    tell("step_started", {"kind": "notify", "title": "Say it"}, step="first_word")
    tell("message_queued", {"to": "credit-ml", "channel": "#ml-incidents", "text": "INC-1 is open"}, id_="m1")
    tell("step_ended", {"kind": "notify", "state": "ok", "text": "to #ml-incidents: INC-1 is open"}, step="first_word")
    tell("message_tried", {"message": "m1", "part": 1})
    tell("message_settled", {"message": "m1", "state": "sent", "ts": "1.2", "channel_id": "C1", "parts_sent": 1})
    drift = finding("crit", "bank_label drifted (PSI 0.41)")
    tell("step_ended", {"kind": "check", "state": "attention", "findings": [drift]}, step="drift")
    tell("question_asked", {"id": "q1", "kind": "ask", "text": "What broke?"}, step="verdict")
    tell("answered", {"question": "q1", "choice": "data", "person": "aruiz"}, step="verdict", wait=timedelta(minutes=12))
    tell("step_ended", {"kind": "ask", "state": "ok", "value": "data"}, step="verdict")
    tell("step_skipped", {"kind": "run", "reason": "not when $verdict = 'model'"}, step="rollback")
    tell("run_ended", {"state": "ended", "reason": ""})
    assert lines(tell) == [
        "aruiz: incident opened: Approval rate dropped: credit-risk (SEV2)",
        "aruiz: runbook approval-drop started (run INC-1.1)",
        f"aruiz: step scope: attention: {worst} (and 1 more)",
        "aruiz: message to #ml-incidents queued: INC-1 is open",
        "aruiz: message to #ml-incidents sent",
        "aruiz: step drift: attention: bank_label drifted (PSI 0.41)",
        "aruiz: answered 'data' to: What broke? (after 12m)",
        "aruiz: step rollback: skipped: not when $verdict = 'model'",
        "aruiz: run INC-1.1 ended",
    ]


def test_a_message_that_waits_says_why() -> None:
    """A queued message shows what it waits for, until it goes out; then how late it was."""
    tell = Story().opened()
    tell("message_queued", {"channel": "#ml-incidents", "text": "hello"}, id_="m1")
    assert lines(tell)[1:] == ["aruiz: message to #ml-incidents queued (waits): hello"]
    tell("message_settled", {"message": "m1", "state": "waiting", "reason": "no token"})
    assert lines(tell)[1:] == ["aruiz: message to #ml-incidents queued (waits: no token): hello"]
    tell("message_tried", {"message": "m1", "part": 1}, wait=timedelta(minutes=40))
    tell("message_settled", {"message": "m1", "state": "sent", "doubled": True, "parts_sent": 1})
    assert lines(tell)[1:] == [
        "aruiz: message to #ml-incidents queued: hello",
        "aruiz: message to #ml-incidents sent 40m late (may be doubled)",
    ]


def test_a_message_that_was_refused_or_lost_says_so() -> None:
    """A refusal and an unknown outcome are entries of their own."""
    tell = Story().opened()
    tell("message_queued", {"channel": "#x", "text": "a"}, id_="m1")
    tell("message_settled", {"message": "m1", "state": "failed", "reason": "Slack says channel_not_found"})
    tell("message_settled", {"message": "m1", "state": "unsure", "reason": "the connection broke"})
    assert lines(tell)[2:] == [
        "aruiz: message to #x failed: Slack says channel_not_found",
        "aruiz: message to #x may have arrived: the connection broke",
    ]


def test_a_write_is_told_by_its_exact_command_and_its_end() -> None:
    """The intent shows the argv; an effect whose step never ended says what is known of it."""
    tell = Story().opened()
    tell("step_started", {"kind": "run", "title": "Contain"}, step="contain")
    tell("effect_intended", {"id": "x", "plan": {"argv": ["mlctl", "review", "a b"]}}, step="contain")
    assert lines(tell)[1:] == ["aruiz: begins: mlctl review 'a b'"]
    tell("effect_ended", {"id": "x", "state": "unknown"}, step="contain")
    tell("effect_settled", {"id": "x", "state": "ok", "person": "tbeck"}, step="contain", who="tbeck")
    assert lines(tell)[2:] == ["aruiz: write of step contain: unknown", "tbeck: settled what step contain did: it was done"]
    tell("step_ended", {"kind": "run", "state": "failed", "error": "exit 3: no such model"}, step="contain")
    assert lines(tell)[1:] == [
        "aruiz: begins: mlctl review 'a b'",
        "tbeck: settled what step contain did: it was done",
        "aruiz: step contain: failed: exit 3: no such model",
    ]


def test_a_step_that_was_taken_up_again_is_told_once() -> None:
    """A step that asked, or that a second process ended, has one end and no start beside it; one that begins anew has."""
    tell = Story().opened()
    tell("step_started", {"kind": "check", "title": "Where?"}, step="a", attempt=1)
    assert lines(tell)[1:] == ["aruiz: step a started: Where?"]
    tell("step_started", {"kind": "check", "title": "Where?"}, step="a", attempt=2)
    tell("step_ended", {"kind": "check", "state": "ok", "text": "nothing"}, step="a", attempt=2)
    tell("step_started", {"kind": "ask", "title": "Say"}, step="b", attempt=1)
    tell("question_asked", {"id": "q", "text": "What?"}, step="b", attempt=1)
    assert lines(tell)[1:] == ["aruiz: step a: ok: nothing", "aruiz: asked: What?"]
    tell("step_started", {"kind": "check", "title": "Where?"}, step="a", run="INC-1.2")
    assert lines(tell)[3:] == ["aruiz: step a started: Where?"]


def test_answers_name_the_person_who_gave_them() -> None:
    """An answer is the person's, not the process's; an unattended one says so; refusals keep their reason."""
    tell = Story().opened()
    tell("question_asked", {"id": "q1", "text": "Roll back?\n  mlctl deploy credit-risk\nRun it?"})
    assert lines(tell)[1:] == ["aruiz: asked: Roll back? mlctl deploy credit-risk Run it?"]
    tell("answered", {"question": "q1", "choice": "no", "person": "lvogt", "why": "wait for risk"})
    tell("question_asked", {"id": "q2", "text": "What broke?"})
    tell("answered", {"question": "q2", "choice": "unsure", "person": "auto", "why": "unattended"})
    tell("question_asked", {"id": "q3", "text": "And now?"})
    tell("question_expired", {"question": "q3"})
    assert lines(tell)[1:] == [
        "lvogt: answered 'no' to: Roll back? mlctl deploy credit-risk; because: wait for risk",
        "auto: answered 'unsure' to: What broke?",
        "aruiz: nobody answered in time: And now?",
    ]


def test_text_from_data_cannot_play_with_the_terminal() -> None:
    """Escape sequences and line breaks in notes, findings and answers do not reach the screen."""
    tell = Story().opened(title="x\x1b]0;owned\x07\ny")
    tell("note", {"text": "a\x1b[2Jb\nc\u202e"})
    tell("step_ended", {"kind": "check", "state": "attention", "findings": [finding("crit", "\x1b[31mred")]}, step="s")
    text = "".join(lines(tell))
    assert not {"\x1b", "\n", "\x07", "\u202e"} & set(text)


def test_a_long_text_is_cut() -> None:
    """One entry stays one line that can be read."""
    tell = Story().opened()
    tell("note", {"text": "word " * 500})
    assert len(lines(tell)[1]) < 300


def test_every_type_has_words_of_its_own_even_without_its_body() -> None:
    """A purged body leaves a line that still says what kind of thing happened; unknown types are shown plainly."""
    silent = {"message_tried"}
    for type_ in EVENT_TYPES:
        tell = Story().opened()
        tell("message_queued", None, id_="m1")
        event = tell(type_, {"message": "m1"} if type_.startswith("message_") else None, step="s")
        tell.events[-1] = Event(**{f: getattr(event, f) for f in event.__slots__} | {"body": event.body or None})
        if type_ not in silent:
            assert len(fold(tell.events).timeline) == 3, type_
    tell = Story().opened()
    tell("from_the_future", {"text": "hello"})
    assert lines(tell)[1:] == ["aruiz: from the future: hello"]


def test_the_journal_and_the_vocabulary_agree_on_the_drivers_types() -> None:
    """What the vocabulary calls the driver's is what the journal refuses from others."""
    assert {t for t in EVENT_TYPES if t.startswith(DRIVER_ONLY)} == DRIVER_TYPES
    assert "answered" not in DRIVER_TYPES
