"""The question that a run waits with, in place: its text, and a choice, a word to type, or free text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from mlops_tui.core.leave import one_line
from mlops_tui.engine.types import Question as Asked
from mlops_tui.tui.doc import Doc, Sheet
from mlops_tui.tui.rows import Cell, Column, Row, Rows

NONE = -1


class Question(Vertical):
    """Nothing is answered by one key: a choice is picked, then confirmed with the reason; a dangerous one is typed out."""

    class Given(Message):
        """A person answered."""

        def __init__(self, choice: str, why: str) -> None:
            super().__init__()
            self.choice = choice
            self.why = why

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asked: Asked | None = None
        self._picked = ""

    def compose(self) -> Iterable[Widget]:
        """Text, choices, a line to type into."""
        yield Sheet(id="text")
        yield Rows((Column(""), Column("", shrink=True)), head=False, id="choices")
        yield Input(id="typed", compact=True)

    def on_mount(self) -> None:
        """No blinking."""
        self.query_one("#typed", Input).cursor_blink = False

    def ask(self, question: Asked | None) -> None:
        """Put this question, or none."""
        if question == self.asked:
            return
        self.asked = question
        self._picked = ""
        self.display = question is not None
        if question is not None:
            self._put(question)

    def _put(self, question: Asked) -> None:
        rows, typed = self.query_one("#choices", Rows), self.query_one("#typed", Input)
        pick = bool(question.choices) and question.type_this is None
        rows.display, typed.display = pick, not pick
        typed.value = ""
        if pick:
            rows.styles.height = len(question.choices)
            rows.fill([Row(c, (Cell(str(i), "ask"), Cell(one_line(c)))) for i, c in enumerate(question.choices, 1)])
            rows.cursor = NONE
        elif question.type_this is not None:
            typed.placeholder = f"type {one_line(question.type_this)} to go ahead, or no"
        else:
            typed.placeholder = "your answer"
        self.query_one("#text", Sheet).show(self._draw)

    def _draw(self, doc: Doc) -> None:
        asked = self.asked
        if asked is None:
            return
        doc.prose(asked.text, "plain", indent="  ", first="? ")
        who = [f"by {asked.by}" if asked.by else "", f"not by {asked.not_by}" if asked.not_by else ""]
        if any(who):
            doc.prose("to be answered " + ", ".join(w for w in who if w), "muted", indent="  ")
        if asked.expires is not None:
            doc.prose(f"stands until {asked.expires.astimezone(UTC):%Y-%m-%d %H:%M}Z", "muted", indent="  ")
        doc.prose(self._how(asked), "ask", indent="  ")

    def _how(self, asked: Asked) -> str:
        if self._picked:
            return f"{self._picked}: say why, or just press enter; esc picks again"
        if asked.type_this is not None:
            return f"Type {asked.type_this} to the letter to go ahead; no stops the run here."
        return f"1-{len(asked.choices)} or arrows pick, enter goes on" if asked.choices else "enter answers"

    def take_focus(self) -> None:
        """Put the keys where the answer goes."""
        if self.asked is not None:
            (
                self.query_one("#choices", Rows)
                if self.query_one("#choices", Rows).display
                else self.query_one("#typed", Input)
            ).focus()

    def pick(self, number: int) -> None:
        """Pick a choice by its number, from 1."""
        if self.asked is not None and 1 <= number <= len(self.asked.choices) and not self._picked:
            self.query_one("#choices", Rows).go(number - 1)
            self.query_one("#choices", Rows).refresh()

    def confirm(self) -> None:
        """The picked choice is meant: ask for the reason."""
        rows, typed = self.query_one("#choices", Rows), self.query_one("#typed", Input)
        if self.asked is None or not rows.display or not rows.key:
            return
        self._picked = rows.key
        rows.display, typed.display = False, True
        typed.value, typed.placeholder = "", f"{one_line(self._picked)} because … (may stay empty)"
        typed.focus()
        self.query_one("#text", Sheet).show(self._draw)

    def back(self) -> bool:
        """Undo the pick; whether there was one."""
        if self.asked is None or not self._picked:
            return False
        self._picked = ""
        self._put(self.asked)
        self.take_focus()
        return True

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """A click on the picked choice."""
        event.stop()
        self.confirm()

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """The screen does not care."""
        event.stop()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The screen does not care."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An answer, or why it is none."""
        event.stop()
        asked, text = self.asked, event.value.strip()
        if asked is None:
            return
        if self._picked:
            self.post_message(self.Given(self._picked, text))
        elif asked.type_this is not None:
            self._to_the_letter(asked, text)
        elif text:
            self.post_message(self.Given(text, ""))

    def _to_the_letter(self, asked: Asked, text: str) -> None:
        word, _, why = text.partition(" ")
        if text == asked.type_this or text.startswith(f"{asked.type_this} "):
            self.post_message(self.Given("yes", text[len(asked.type_this or "") :].strip()))
        elif word.lower() in ("no", "n"):
            self.post_message(self.Given("no", why.strip()))
        else:
            self.query_one("#typed", Input).value = ""
            self.query_one("#typed", Input).placeholder = f"{one_line(text)!r} is not {asked.type_this}: type it, or no"
