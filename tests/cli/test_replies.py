"""What a typed line means as the reply to a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlops_tui.cli.replies import Again, Choose, Leave, TakeNote, described, understand
from mlops_tui.engine.types import Question

ASK = Question("q", "verdict", "ask", "What broke?", ("data", "model", "world", "unsure"))
CONFIRM = Question("q", "sure", "confirm", "Go on?", ("yes", "no"))
APPROVE = Question("q", "contain", "approve", "Run it?", ("yes", "no"), type_this="credit-risk")
FREE = Question("q", "why", "ask", "Why?")


@pytest.mark.parametrize(
    ("line", "question", "reply"),
    [
        ("1", ASK, Choose("data")),
        ("4", ASK, Choose("unsure")),
        ("model", ASK, Choose("model")),
        ("Model", ASK, Choose("model")),
        ("  world  ", ASK, Choose("world")),
        ("2 since the deploy at nine", ASK, Choose("model", "since the deploy at nine")),
        ("y", CONFIRM, Choose("yes")),
        ("NO", CONFIRM, Choose("no")),
        ("n too late", CONFIRM, Choose("no", "too late")),
        ("it was the feed", FREE, Choose("it was the feed")),
        ("note the CFO asked", ASK, TakeNote("the CFO asked")),
        ("note typed at a free text", FREE, TakeNote("typed at a free text")),
        ("quit", ASK, Leave()),
        ("q", CONFIRM, Leave()),
        ("credit-risk", APPROVE, Choose("yes")),
        ("credit-risk looks right", APPROVE, Choose("yes", "looks right")),
        ("no", APPROVE, Choose("no")),
        ("2", APPROVE, Choose("no")),
    ],
)
def test_a_line_is_understood(line, question, reply):
    """Numbers, names and letters choose; words after them say why; note and quit work everywhere."""
    assert understand(line, question) == reply


@pytest.mark.parametrize(
    ("line", "question"),
    [("", ASK), ("0", ASK), ("5", ASK), ("modle", ASK), ("y", ASK), ("note", ASK), ("maybe", CONFIRM)]
    + [(text, APPROVE) for text in ("y", "yes", "1", "credit", "Credit-Risk", "credit-risk2", "")],
)
def test_what_is_no_answer_is_asked_again(line, question):
    """Nothing is guessed: a dangerous act needs its word to the letter."""
    assert isinstance(understand(line, question), Again)


def test_the_nearest_answer_is_named():
    """A typo is met with what was probably meant."""
    reply = understand("modle", ASK)
    assert isinstance(reply, Again)
    assert "'model'" in reply.message


def test_a_question_shows_its_choices_by_number():
    """Every choice has its number."""
    assert described(ASK) == "? What broke?\n  1) data\n  2) model\n  3) world\n  4) unsure"


def test_a_question_says_who_and_until_when():
    """Who may answer and until when is on the screen, in UTC."""
    text = described(
        Question(
            "q", "s", "confirm", "Go?", ("yes", "no"), by="risk", not_by="runner", expires=datetime(2026, 10, 14, 3, tzinfo=UTC)
        )
    )
    assert "by risk, not by runner" in text
    assert "2026-10-14 03:00Z" in text


def test_text_of_a_question_is_data():
    """Escape sequences in a question's text or choices are not sent to the terminal."""
    text = described(Question("q", "s", "ask", "what\x1b[2J?", ("a\x1b[0m", "b")))
    assert "\x1b" not in text
