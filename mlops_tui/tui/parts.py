"""The lines that every screen has: where one is, what goes on, which keys there are."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from textual import events
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from mlops_tui.core.leave import one_line
from mlops_tui.tui.actions import ScreenName, footer, shown
from mlops_tui.tui.doc import Draw, Sheet, toned
from mlops_tui.tui.rows import GAP


def fitted(text: str, width: int) -> str:
    """The text, cut with `…` where it is too long."""
    return text if cell_len(text) <= width else text[: max(width - 1, 0)] + "…"


class Crumbs(Widget):
    """`fleet › credit-risk` at the left, what to know about the data at the right."""

    DEFAULT_CSS = "Crumbs { height: 1; background: $bar; color: $plain; }"

    def __init__(self, *path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._path = path
        self._sides: tuple[str, ...] = ("",)

    def show(self, *path: str, side: str = "", short: str = "") -> None:
        """Say where one is; `short` is what stands at the right where `side` does not fit."""
        self._path, self._sides = path, (side, short)
        self.refresh()

    def render(self) -> Content:
        """One line; the side gives way first, then the middle of the path."""
        width = self.size.width - 2
        path = " › ".join(one_line(p) for p in self._path if p)
        room = width - cell_len(path) - GAP
        sides = [one_line(s) for s in self._sides if s] or [""]
        side = next((s for s in sides if cell_len(s) <= room), fitted(sides[-1], room) if room > 12 else "")
        path = fitted(path, width - cell_len(side) - (GAP if side else 0))
        gap = " " * (width - cell_len(path) - cell_len(side))
        return Content("").join([toned(" " + path, bold=True), toned(gap + side + " ", "muted")])


class Status(Widget):
    """One line: what runs now and how to stop it, else the last thing that happened."""

    DEFAULT_CSS = "Status { height: 1; padding: 0 1; color: $muted; }"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._text, self._tone = "", "muted"

    def show(self, text: str, tone: str = "muted") -> None:
        """Say this."""
        if (text, tone) != (self._text, self._tone):
            self._text, self._tone = text, tone
            self.refresh()

    def render(self) -> Content:
        """The line, cut at the width."""
        return toned(fitted(one_line(self._text, most=500), self.size.width - 2), self._tone)


class Keys(Widget):
    """The keys of the screen, as many as fit; each can be clicked."""

    DEFAULT_CSS = "Keys { height: 1; padding: 0 1; background: $bar; color: $plain; }"

    def __init__(self, screen: ScreenName, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._screen = screen
        self._hidden: frozenset[str] = frozenset()
        self._places: list[tuple[int, str]] = []
        """Where each key's place ends, and its action."""

    def hide(self, hidden: frozenset[str]) -> None:
        """Leave out the actions that mean nothing now."""
        if hidden != self._hidden:
            self._hidden = hidden
            self.refresh()

    def render(self) -> Content:
        """` enter open  r run … `."""
        parts: list[Content] = []
        self._places, end = [], 1
        for action in footer(self._screen, self.size.width, self._hidden):
            key = shown(action.keys[0])
            parts += [toned(key, "ask", bold=True), toned(f" {action.label}  ")]
            end += len(key) + len(action.label) + 3
            self._places.append((end, action.id))
        return Content("").join(parts)

    async def on_click(self, event: events.Click) -> None:
        """A click does what the key does."""
        action = next((name for end, name in self._places if event.x < end), None)
        if action is not None:
            await self.screen.run_action(action)


class Pane(VerticalScroll, can_focus=False):
    """A sheet that scrolls. Keys reach it through the screen's `read on` and `read back`."""

    DEFAULT_CSS = "Pane { scrollbar-size-vertical: 1; padding: 0 1; }"

    def __init__(self, draw: Draw | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sheet = Sheet(draw)

    def compose(self) -> Any:
        """The sheet."""
        yield self.sheet

    def show(self, draw: Draw, *, top: bool = False) -> None:
        """Draw this; from its top where it is about something else than before."""
        self.sheet.show(draw)
        if top:
            self.scroll_home(animate=False)

    def turn(self, by: int) -> None:
        """Scroll by most of what is in view."""
        self.scroll_relative(y=by * max(self.size.height - 2, 1), animate=False)


class TooSmall(Widget):
    """What is said below 60 columns or 16 rows, instead of the screen."""

    DEFAULT_CSS = "TooSmall { display: none; padding: 1 1; }"

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """A few lines."""
        return 4

    def render(self) -> Content:
        """The sentence."""
        size = self.app.size
        here = f"The terminal is {size.width}x{size.height}: runbook needs 60x16."
        return toned(f"{here} Make it larger, or leave with q and use runbook --plain.")
