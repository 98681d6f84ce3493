"""The plain console: what it prints, what it asks, and that it never stands in the run's way."""

from __future__ import annotations

import io
import os
import queue
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mlops_tui.cli.console import Console, Quiet, interruptible
from mlops_tui.cli.lines import Lines
from mlops_tui.cli.page import Look
from mlops_tui.core.errors import JournalError
from mlops_tui.core.settings import Actor
from mlops_tui.engine.types import Answer, Cancel, Output, Progress, Question, Waiting
from mlops_tui.journal import Event

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
WHO = Actor("aruiz", 1000, "host", 1, "Ana Ruiz")
ASK = Question("q1", "verdict", "ask", "What broke?", ("data", "model"))


def event(kind: str, body: dict | None = None, step: str = "scope") -> Event:
    return Event("INC-1", 1, "id", NOW, WHO, kind, run="INC-1.1", step=step, body=body or {})


class Room:
    """A console on a pipe: what was typed goes in, what was printed and noted can be read."""

    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        read, self._write = os.pipe()
        self._stdin = os.fdopen(read)
        self.lines = Lines(self._stdin)
        self.notes: list[tuple[str, str]] = []
        self.front = Console(
            out=self.out,
            err=self.err,
            lines=self.lines,
            look=Look(colour=False, width=80, wide=80, limit=80),
            root=Path("/project"),
            zone=ZoneInfo("Europe/Madrid"),
            person="aruiz",
            clock=lambda: NOW,
            note=lambda incident, text: self.notes.append((incident, text)),
        )

    def type(self, text: str) -> None:
        os.write(self._write, text.encode())

    def end(self) -> None:
        os.close(self._write)
        self._write = -1

    def said(self) -> Answer | Cancel:
        return self.front.inbox.get(timeout=5)

    def close(self) -> None:
        self.front.close()
        self.lines.close()
        self._stdin.close()
        if self._write >= 0:
            os.close(self._write)


@pytest.fixture
def room():
    """A console with a pipe for a keyboard."""
    made = Room()
    yield made
    made.close()


def test_a_step_shows_its_title_and_why(room):
    """As a step starts, the reader learns what it does and why."""
    room.front.show(
        event("step_started", {"title": "Where did it move?", "why": "One region means upstream.", "kind": "check"})
    )
    assert room.out.getvalue() == "\nscope · Where did it move?\n  One region means upstream.\n"


def test_a_step_that_ended_says_its_state_as_a_word(room):
    """The state is a word, with the reason of a failure and the time it took."""
    room.front.show(event("step_ended", {"state": "failed", "error": "no rows", "findings": [], "seconds": 1.23}))
    assert room.out.getvalue() == "  failed: no rows (1.2 s)\n"


def test_a_skipped_step_says_why(room):
    """A skipped step shows its title and the reason."""
    room.front.show(
        event("step_skipped", {"reason": "needs a person", "kind": "run", "title": "Send to people"}, step="contain")
    )
    assert room.out.getvalue() == "\ncontain · Send to people\n  skipped: needs a person\n"


def test_a_run_begins_with_both_zones_and_the_age_of_the_data(room):
    """Until when the data goes stands there in UTC and in the project's zone, with its age and what is compared."""
    windows = {
        "current": {"start": "2026-10-13T03:00:00Z", "end": "2026-10-14T03:00:00Z"},
        "reference": {"start": "2026-09-15T03:00:00Z", "end": "2026-10-13T03:00:00Z"},
    }
    body = {"title": "Approvals", "model": "credit-risk", "at": "2026-10-14T03:00:00Z", "age": 420.0, "windows": windows}
    room.front.show(event("run_started", body | {"replayed": True, "clock": "2026-10-14T03:20:00Z"}))
    assert room.out.getvalue() == (
        "INC-1 · Approvals · credit-risk\n"
        "  data until 2026-10-14 03:00Z (05:00 CEST) · newest row 7m old\n"
        "  replayed: as it stood at 2026-10-14 03:20Z (05:20 CEST)\n"
        "  window: the last 1d; reference: the 28d before\n"
    )


def test_what_the_message_repeats_is_cut(room):
    """The words of a message, which repeat what earlier steps said, take two lines of the screen."""
    room.front.show(event("step_ended", {"state": "ok", "kind": "notify", "text": "to #ml: " + "It fell. " * 60}, step="tell"))
    printed = room.out.getvalue()
    assert printed.count("\n") == 2
    assert printed.endswith("…\n")


def test_a_single_value_is_told_once(room):
    """A query of one cell is its value, not also a table."""
    table = {"columns": ["region"], "types": ["VARCHAR"], "rows": [["ES"]], "more": 0}
    room.front.show(event("step_ended", {"state": "ok", "kind": "query", "table": table, "text": "ES"}))
    assert room.out.getvalue() == "  ok: ES\n"


def test_rows_of_a_query_are_shown_as_a_table(room):
    """A query's rows stand in columns, and those left out are counted."""
    table = {"columns": ["ts", "n"], "types": ["VARCHAR", "BIGINT"], "rows": [["a", 1], ["b", 2]], "more": 40}
    room.front.show(event("step_ended", {"state": "ok", "table": table}))
    printed = room.out.getvalue()
    assert "ts" in printed
    assert "40 more" in printed


def test_text_from_data_cannot_drive_the_terminal(room):
    """Escape sequences in titles, outputs, charts and notes do not reach the stream."""
    evil = "\x1b[2J\x1b]0;x\x07"
    room.front.show(event("step_started", {"title": evil, "why": evil}))
    room.front.show(
        event("step_ended", {"state": "ok", "text": evil, "artefacts": [{"kind": "png", "path": evil, "title": evil}]})
    )
    room.front.show(event("note", {"text": evil}))
    room.front.show(event("message_queued", {"to": evil, "text": evil}))
    room.front.show(Output("s", evil))
    room.front.show(Output("s", evil, "chart"))
    room.front.show(Progress("s", 1, 2, evil))
    assert "\x1b" not in room.out.getvalue()
    assert "\x07" not in room.out.getvalue()


def test_a_question_is_answered_by_number(room):
    """The number chosen becomes an Answer by this person at this moment; the question itself went to stderr."""
    room.type("2 since the deploy\n")
    room.front.show(Waiting(ASK))
    assert room.said() == Answer("q1", "model", "aruiz", NOW, "since the deploy")
    assert room.out.getvalue() == ""
    assert "  2) model" in room.err.getvalue()


def test_what_is_no_answer_is_asked_again(room):
    """A typo does not answer; the next line may."""
    room.type("modle\n\n1\n")
    room.front.show(Waiting(ASK))
    assert room.said() == Answer("q1", "data", "aruiz", NOW)
    assert "'modle' is none of the answers" in room.err.getvalue()


def test_a_refused_answer_can_be_given_again(room):
    """The engine shows the question again after a refusal; the console then asks again."""
    room.type("1\n2\n")
    room.front.show(Waiting(ASK))
    assert room.said().choice == "data"
    room.front.show(Waiting(ASK))
    assert room.said().choice == "model"


def test_the_end_of_input_leaves_the_run(room):
    """When nothing more can be read, the run is asked to stop where it can be resumed; later questions too."""
    room.end()
    room.front.show(Waiting(ASK))
    assert room.said() == Cancel("run")
    assert room.front.left == "end of input"
    room.front.show(Waiting(Question("q2", "s", "ask", "And?")))
    assert room.said() == Cancel("run")


def test_quit_leaves_the_run(room):
    """`quit` at a question leaves it standing."""
    room.type("quit\n")
    room.front.show(Waiting(ASK))
    assert room.said() == Cancel("run")
    assert room.front.left == "as you said"


def test_a_note_goes_to_the_incident_and_the_question_stands(room):
    """`note TEXT` is kept with the incident that the run belongs to; then the question still wants an answer."""
    room.front.show(event("run_started", {"title": "Approval rate dropped", "model": "credit-risk"}))
    room.type("note the CFO asked\n1\n")
    room.front.show(Waiting(ASK))
    assert room.said().choice == "data"
    assert room.notes == [("INC-1", "the CFO asked")]


def test_a_note_that_cannot_be_kept_is_said(room):
    """A full disk is told at the prompt; the question still stands."""

    def full(_incident: str, _text: str) -> None:
        raise JournalError("the disk is full")

    room.front._note = full
    room.front.show(event("run_started"))
    room.type("note x\n1\n")
    room.front.show(Waiting(ASK))
    assert room.said().choice == "data"
    assert "the disk is full" in room.err.getvalue()


def test_an_answer_from_elsewhere_ends_the_prompt(room):
    """Once somebody else has answered, the prompt stops and the next line belongs to the next question."""
    room.front.show(Waiting(ASK))
    room.front.show(event("answered", {"question": "q1", "choice": "data", "person": "tbeck"}))
    room.front.show(Waiting(Question("q2", "s", "ask", "Who?")))
    room.type("Lea\n")
    assert room.said() == Answer("q2", "Lea", "aruiz", NOW)
    assert room.front.inbox.empty()


def test_a_reader_that_went_away_does_not_stop_the_run(room):
    """When stdout is closed, showing goes on without a word and without an error."""
    room.out.close()
    room.front.show(Output("s", "line"))
    room.front.show(event("step_skipped", {"reason": "x"}))


def test_colour_only_repeats_words():
    """With colour the same words stand there; without a terminal, with NO_COLOR or on a dumb one there is none."""
    assert "failed" in Look(colour=True, width=80, wide=80, limit=80).paint("failed", "failed")

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert Look.of(Tty(), {"TERM": "xterm"}).colour
    assert not Look.of(Tty(), {"TERM": "xterm", "NO_COLOR": "1"}).colour
    assert not Look.of(Tty(), {"TERM": "dumb"}).colour
    assert not Look.of(io.StringIO(), {"TERM": "xterm"}).colour


def test_quiet_shows_nothing(capsys):
    """The front end of `--auto --json` prints nothing at all."""
    Quiet().show(Output("s", "x"))
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_asks_first_and_stops_at_the_second():
    """The first Ctrl-C puts a Cancel of the run into the inbox, the second raises KeyboardInterrupt."""
    inbox: queue.Queue = queue.Queue()
    said = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    with interruptible(inbox, said.set):
        signal.raise_signal(signal.SIGINT)
        assert inbox.get(timeout=5) == Cancel("run")
        assert said.wait(5)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_times_of_a_table_are_short(room):
    """A column of times reads as everywhere: UTC to the minute, not as the journal spells it."""
    table = {"columns": ["ts", "who"], "types": ["timestamp[us, tz=UTC]", "string"], "more": 0}
    rows = [["2026-10-13T07:00:00Z", "2026-10-13T07:00:00Z"], [None, "b"]]
    room.front.show(event("step_ended", {"state": "ok", "kind": "query", "table": table | {"rows": rows}}))
    printed = room.out.getvalue()
    assert "2026-10-13 07:00Z" in printed
    assert printed.count("2026-10-13T07:00:00Z") == 1


def test_a_condition_that_is_not_met_reads_as_such(room):
    """The reason of a step left out by its `when:` says that the condition does not hold."""
    room.front.show(event("step_skipped", {"reason": "not when $region is null", "title": "Quiet?"}, step="quiet"))
    assert room.out.getvalue() == "\nquiet · Quiet?\n  skipped: this does not hold: $region is null\n"


def test_who_comes_back_is_told_where_the_run_stands(room):
    """A run that goes on begins with the same words: which model, until when its data goes."""
    body = {"by": "ana", "title": "Approvals", "model": "credit-risk", "at": "2026-10-14T03:00:00Z"}
    room.front.show(event("run_joined", body))
    assert room.out.getvalue() == (
        "INC-1 · Approvals · credit-risk\n  data until 2026-10-14 03:00Z (05:00 CEST)\n  going on with run INC-1.1\n"
    )
