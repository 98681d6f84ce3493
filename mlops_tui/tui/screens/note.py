"""A line for a note, over whatever is on the screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from mlops_tui.tui.doc import Doc, Sheet


class NoteBox(ModalScreen[str]):
    """Gives the note, or an empty text."""

    BINDINGS = [Binding("escape", "close", show=False)]

    def __init__(self, incident: str) -> None:
        super().__init__(classes="box")
        self._incident = incident

    def compose(self) -> ComposeResult:
        """The line."""

        def draw(doc: Doc) -> None:
            doc.line((f"Note for {self._incident}", "ask"), ("   enter keeps it, esc drops it", "muted"))

        field = Input(placeholder="what you saw, did or were told")
        field.cursor_blink = False
        yield Vertical(Sheet(draw), field)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it."""
        event.stop()
        self.dismiss(event.value.strip())

    def action_close(self) -> None:
        """Drop it."""
        self.dismiss("")
