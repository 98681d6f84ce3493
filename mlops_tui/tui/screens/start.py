"""Starting a runbook: which one, with which inputs, and the line that does the same without the app."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from mlops_tui.tui.doc import Doc, Sheet
from mlops_tui.tui.rows import Cell, Column, Row, Rows

if TYPE_CHECKING:
    from mlops_tui.session.runbooks import RunbookLine
    from mlops_tui.tui.app import RunbookApp


def choose(app: RunbookApp, model: str, name: str = "") -> None:
    """Ask which runbook (unless it is named) and its inputs, then drive it."""
    found = app.state.runbooks_of(model)
    chosen = next((r for r in found if r.name == name), None)

    def chose(picked: str | None) -> None:
        if picked:
            choose(app, model, picked)

    def filled(sets: dict[str, str] | None) -> None:
        if sets is not None and chosen is not None:
            app.begin_run(chosen.name, {"model": model} | sets)

    if chosen is not None and chosen.problem:
        app.tell(chosen.problem, "crit")
    elif chosen is not None:
        app.push_screen(StartBox(chosen, model), filled)
    elif name:
        app.tell(f"no runbook {name} applies to {model}", "warn")
    elif not found:
        app.tell(f"no runbook applies to {model}", "warn")
    else:
        firing = app.state.checks.get(model)
        called = {a.runbook for a in firing.alerts if a.fired} if firing else set()
        app.push_screen(ChooseBox(found, model, frozenset(c for c in called if c)), chose)


class ChooseBox(ModalScreen[str]):
    """Gives the name of a runbook, or an empty text."""

    BINDINGS = [
        Binding("escape,q", "close", show=False),
        Binding("enter", "take", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
    ]

    def __init__(self, found: tuple[RunbookLine, ...], model: str, called: frozenset[str]) -> None:
        super().__init__(classes="box")
        self._found = sorted(found, key=lambda r: r.name not in called)
        self._model, self._called = model, called

    def compose(self) -> ComposeResult:
        """The runbooks that apply, those that an alert calls for first."""

        def draw(doc: Doc) -> None:
            doc.line((f"Which runbook for {self._model}?", "ask"), ("   enter goes on, esc goes back", "muted"))

        rows = Rows((Column(""), Column(""), Column("", shrink=True)), head=False)
        rows.styles.height = min(len(self._found), 10)
        yield Vertical(Sheet(draw), rows)

    def on_mount(self) -> None:
        """Fill the list."""
        calls = {True: Cell("called for", "crit"), False: Cell("", "muted")}
        rows = [Row(r.name, (Cell(r.name), calls[r.name in self._called], Cell(r.title, "muted"))) for r in self._found]
        self.query_one(Rows).fill(rows)
        self.query_one(Rows).focus()

    def on_rows_chosen(self) -> None:
        """Clicked."""
        self.action_take()

    def action_take(self) -> None:
        """This one."""
        self.dismiss(self.query_one(Rows).key)

    def action_move(self, by: int) -> None:
        """Up and down."""
        self.query_one(Rows).step(by)

    def action_close(self) -> None:
        """None of them."""
        self.dismiss("")


class StartBox(ModalScreen["dict[str, str] | None"]):
    """Gives the inputs as typed, or None."""

    BINDINGS = [Binding("escape", "close", show=False), Binding("enter", "go", show=False)]

    def __init__(self, book: RunbookLine, model: str) -> None:
        super().__init__(classes="box")
        self._book, self._model = book, model

    def compose(self) -> ComposeResult:
        """What it is, its inputs, and the line to type."""
        book = self._book

        def draw(doc: Doc) -> None:
            doc.head(f"{book.title}").prose(f"{book.name} on {self._model}: {book.steps} steps, {book.severity}", "muted")
            doc.blank().prose(" ".join(book.description.split())).blank()

        def draw_keys(doc: Doc) -> None:
            doc.blank().line(("the same without the app:", "muted")).prose(self.line())
            doc.blank().line(("enter starts it, esc goes back", "ask"), ("   it can be left and taken up at any time", "muted"))

        parts: list[Sheet | Input] = [Sheet(draw)]
        for given in book.inputs:
            must = "" if given.needed else ", may stay empty"

            def label(doc: Doc, name: str = given.name, text: str = f" ({given.type}{must})  {given.help}") -> None:
                doc.prose(f"{name}{text}", "plain")

            field = Input(given.default, id=f"input-{given.name}", placeholder=", ".join(given.choices) or "type here")
            field.cursor_blink = False
            parts += [Sheet(label), field]
        yield Vertical(*parts, Sheet(draw_keys, id="line"))

    def on_mount(self) -> None:
        """Type into the first input, where there is one."""
        self.set_focus(next(iter(self.query(Input)), None))

    def sets(self) -> dict[str, str]:
        """The inputs that are not empty."""
        found = {i.name: self.query_one(f"#input-{i.name}", Input).value.strip() for i in self._book.inputs}
        return {k: v for k, v in found.items() if v}

    def line(self) -> str:
        """The command line that does the same."""
        sets = {"model": self._model} | (self.sets() if self.is_mounted else {})
        return shlex.join(["runbook", "run", self._book.name, *(w for k, v in sets.items() for w in ("--set", f"{k}={v}"))])

    def on_input_changed(self) -> None:
        """The line follows."""
        sheet = self.query_one("#line", Sheet)
        sheet.show(sheet._draw)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Start, once nothing that is needed is missing."""
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Start it."""
        missing = next((i for i in self._book.inputs if i.needed and i.name not in self.sets()), None)
        if missing is not None:
            self.set_focus(self.query_one(f"#input-{missing.name}", Input))
            return
        self.dismiss(self.sets())

    def action_close(self) -> None:
        """Do not."""
        self.dismiss(None)
