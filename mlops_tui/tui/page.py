"""What every screen has: a line that says where one is, a body, a line of what goes on, a line of keys; common actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from mlops_tui.tui.actions import ScreenName, actions
from mlops_tui.tui.parts import Crumbs, Keys, Pane, Status, TooSmall
from mlops_tui.tui.rows import Rows

if TYPE_CHECKING:
    from mlops_tui.tui.app import RunbookApp


def bindings(screen: ScreenName) -> list[BindingType]:
    """The bindings of a screen, from the table of actions."""
    return [
        Binding(",".join(a.keys), a.id, a.label, show=False, tooltip=a.help, id=f"{screen}.{a.id}") for a in actions(screen)
    ]


class Page(Screen[None]):
    """A screen of the app. Subclasses give the body, and `render_state`, which shows the app's state."""

    NAME: ClassVar[ScreenName]
    AUTO_FOCUS = "Rows"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (34, "-high")]

    def compose(self) -> ComposeResult:
        """The four parts, and what is said where they do not fit."""
        yield Crumbs(id="crumbs")
        yield Vertical(*self.body(), id="body")
        yield Input(id="filter", placeholder="words to keep, !word to leave out; esc clears", compact=True)
        yield Status(id="status")
        yield Keys(self.NAME, id="keys")
        yield TooSmall(id="small")

    def body(self) -> Iterable[Widget]:
        """The widgets of the body."""
        raise NotImplementedError

    def render_state(self) -> None:
        """Show the app's state as it is now."""
        raise NotImplementedError

    @property
    def own(self) -> RunbookApp:
        """The app."""
        return cast("RunbookApp", self.app)

    def on_mount(self) -> None:
        """Show what is known already; typing goes to a filter only once it is asked for."""
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#filter", Input).display = False
        self.render_state()
        self.own.show_status()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was on top."""
        if self.is_mounted:
            self.render_state()
            self.own.show_status()

    def hidden(self) -> set[str]:
        """The actions that mean nothing now: the line of keys leaves them out."""
        hidden = set() if self.own.can_stop() else {"cancel"}
        return hidden if self.own.drive is not None else hidden | {"walk"}

    def say(self, text: str, tone: str = "muted") -> None:
        """Put a line above the keys."""
        for status in self.query(Status):
            status.show(text, tone)
        for keys in self.query(Keys):
            keys.hide(frozenset(self.hidden()))

    # -- where keys go

    @property
    def rows(self) -> Rows | None:
        """The list that moving moves: the one with the focus, else the first one in view."""
        if isinstance(self.focused, Rows):
            return self.focused
        return next((r for r in self.query(Rows) if r.display and r.is_on_screen), None)

    @property
    def pane(self) -> Pane | None:
        """The text that `read on` scrolls."""
        return next((p for p in self.query(Pane) if p.is_on_screen), None)

    def _move(self, rows_by: int, pane_by: int) -> None:
        rows = self.rows
        if rows is not None:
            rows.step(rows_by)
        elif self.pane is not None:
            self.pane.scroll_relative(y=pane_by, animate=False)

    def action_down(self) -> None:
        """Down by one."""
        self._move(1, 1)

    def action_up(self) -> None:
        """Up by one."""
        self._move(-1, -1)

    def action_top(self) -> None:
        """To the first."""
        if self.rows is not None:
            self.rows.go(0)
        elif self.pane is not None:
            self.pane.scroll_home(animate=False)

    def action_bottom(self) -> None:
        """To the last."""
        if self.rows is not None:
            self.rows.go(10**9)
        elif self.pane is not None:
            self.pane.scroll_end(animate=False)

    def action_page_down(self) -> None:
        """A page down."""
        self._page(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._page(-1)

    def _page(self, by: int) -> None:
        if self.rows is not None:
            self.rows.page(by)
        elif self.pane is not None:
            self.pane.turn(by)

    def action_read_on(self) -> None:
        """Scroll the text."""
        if self.pane is not None:
            self.pane.turn(1)

    def action_read_back(self) -> None:
        """Scroll the text back."""
        if self.pane is not None:
            self.pane.turn(-1)

    # -- filter

    def action_filter(self) -> None:
        """Open the filter line."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list while one types."""
        if event.input.id == "filter":
            event.stop()
            for rows in self.query(Rows):
                rows.narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the list."""
        if event.input.id == "filter":
            event.stop()
            self._to_rows()
            if not event.value.strip():
                event.input.display = False

    def _to_rows(self) -> None:
        rows = next((r for r in self.query(Rows) if r.display), None)
        self.set_focus(rows)

    def _close_filter(self) -> bool:
        """Clear and close the filter; whether there was one."""
        field = self.query_one("#filter", Input)
        if not field.display:
            return False
        field.value = ""
        field.display = False
        self._to_rows()
        return True

    # -- what every screen can do

    def action_back(self) -> None:
        """One level back; on the first screen only a word."""
        if self._close_filter():
            return
        if len(self.own.screen_stack) > 2:
            self.own.pop_screen()
        else:
            self.own.tell("this is the first screen; q leaves")

    def action_help(self) -> None:
        """The help of this screen."""
        from mlops_tui.tui.screens.help import Help

        self.own.push_screen(Help(self.NAME))

    def action_palette(self) -> None:
        """Every action by name."""
        self.own.action_command_palette()

    def action_theme(self) -> None:
        """The other theme."""
        self.own.other_theme()

    def action_cancel(self) -> None:
        """Stop what runs."""
        self.own.cancel()

    async def action_quit(self) -> None:
        """Leave."""
        self.own.leave()

    def action_refresh(self) -> None:
        """Ask everything again that this screen shows."""
        self.own.ask_again()

    def action_incidents(self) -> None:
        """The list of incidents."""
        from mlops_tui.tui.screens.incidents import Incidents

        self.own.push_screen(Incidents())

    def action_walk(self) -> None:
        """The walk that this app drives."""
        self.own.to_walk()
