"""A list with columns and a cursor, drawn line by line: 10,000 rows cost no more than those in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mlops_tui.tui.themes import TONES

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column. One that may `shrink` gives way down to `least`; `from_width` leaves it out on narrower lists."""

    title: str
    shrink: bool = False
    least: int = 8
    right: bool = False
    from_width: int = 0
    most: int = 200


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, harmless already, and its tone."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """A row: what it stands for, and its cells."""

    key: str
    cells: tuple[Cell, ...]

    def holds(self, words: Sequence[str]) -> bool:
        """Whether the row holds every word, and none that is written `!word`."""
        text = " ".join(c.text for c in self.cells).lower()
        return all((w[1:] not in text) if w.startswith("!") and len(w) > 1 else (w in text) for w in words)


class Rows(ScrollView, can_focus=True):
    """The list. The row under the cursor has a `▸`, so that it is seen without colour."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"rows--{t}" for t in TONES), "rows--head", "rows--cursor", "rows--away"}
    DEFAULT_CSS = "Rows { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    class Moved(Message):
        """The cursor is on another row now."""

        def __init__(self, rows: Rows, key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    class Chosen(Moved):
        """A row was clicked while the cursor was on it."""

    def __init__(self, columns: Sequence[Column], *, head: bool = True, empty: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._columns = tuple(columns)
        self._head = head
        self._empty = empty
        self._all: tuple[Row, ...] = ()
        self._shown: tuple[Row, ...] = ()
        self._words: tuple[str, ...] = ()
        self._widths: tuple[int, ...] = ()
        self.cursor = 0
        self._inks: dict[tuple[str, bool, bool], Style] = {}

    # -- what it shows

    def fill(self, rows: Sequence[Row], *, columns: Sequence[Column] | None = None, empty: str | None = None) -> None:
        """Show these rows; the cursor stays on the row it was on, where that is still there."""
        if columns is not None:
            self._columns = tuple(columns)
        if empty is not None:
            self._empty = empty
        self._all = tuple(rows)
        self._settle()

    def narrow(self, text: str) -> None:
        """Keep the rows that hold the words of the text."""
        self._words = tuple(text.lower().split())
        self._settle()

    @property
    def key(self) -> str:
        """The key of the row under the cursor, empty where there is none."""
        return self._shown[self.cursor].key if 0 <= self.cursor < len(self._shown) else ""

    @property
    def counts(self) -> tuple[int, int]:
        """How many rows are shown, of how many."""
        return len(self._shown), len(self._all)

    def go(self, at: int | str) -> None:
        """Move the cursor to a row, by its number or its key."""
        if isinstance(at, str):
            at = next((i for i, r in enumerate(self._shown) if r.key == at), self.cursor)
        at = max(0, min(at, len(self._shown) - 1))
        if at == self.cursor:
            return
        before, self.cursor = self.cursor, at
        self._reveal()
        top = int(self.scroll_offset.y)
        self.refresh(*(Region(0, line + self._head - top, self.size.width, 1) for line in (before, at)))
        self.post_message(self.Moved(self, self.key))

    def _settle(self) -> None:
        key = self.key
        self._shown = tuple(r for r in self._all if r.holds(self._words))
        self.cursor = next(
            (i for i, r in enumerate(self._shown) if r.key == key), max(0, min(self.cursor, len(self._shown) - 1))
        )
        self._measure()
        if self.key != key:
            self.post_message(self.Moved(self, self.key))

    def _measure(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self.virtual_size = Size(max(width, 1), max(len(self._shown), bool(self._empty)) + self._head)
        self._widths = self._fitted(width - 2)
        self._reveal()
        self.refresh()

    def _fitted(self, room: int) -> tuple[int, ...]:
        """The columns' widths: natural, the widest that may shrink gives way; 0 leaves a column out."""
        widths = []
        for i, column in enumerate(self._columns):
            natural = max([cell_len(column.title) if self._head else 0, *(cell_len(r.cells[i].text) for r in self._shown)])
            widths.append(min(natural, column.most) if self.size.width >= column.from_width else 0)
        may = [i for i, c in enumerate(self._columns) if c.shrink and widths[i]]
        while may and sum(widths) + GAP * (sum(w > 0 for w in widths) - 1) > room:
            widest = max(may, key=lambda i: widths[i] - self._columns[i].least)
            if widths[widest] <= self._columns[widest].least:
                break
            widths[widest] -= 1
        return tuple(widths)

    def _reveal(self) -> None:
        height = self.size.height
        if height <= 0:
            return
        line = self.cursor + self._head
        top = int(self.scroll_offset.y)
        if line - self._head < top:
            self.scroll_to(y=line - self._head, animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False)

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One line: the head stays where it is, the rows scroll below it."""
        width = self.size.width
        base = self.rich_style
        if self._head and y == 0:
            style = self.get_component_rich_style("rows--head")
            return self._strip(
                [Segment("  ", style), *self._cells([c.title for c in self._columns], [style] * 99, style)], width, style
            )
        at = y - self._head + int(self.scroll_offset.y)
        if not self._shown and y == self._head:
            muted = self.get_component_rich_style("rows--muted")
            return self._strip([Segment("  " + (self._empty if not self._all else "no row holds that"), muted)], width, base)
        if not 0 <= at < len(self._shown):
            return Strip.blank(width, base)
        row = self._shown[at]
        here = at == self.cursor
        ground = self._ink("plain", here)
        styles = [self._ink(c.tone, here) for c in row.cells]
        segments = [Segment("▸ " if here else "  ", ground), *self._cells([c.text for c in row.cells], styles, ground)]
        return self._strip(segments, width, ground)

    def _ink(self, tone: str, here: bool) -> Style:
        """The style of a tone, on the ground of the cursor's row or of any other."""
        key = (tone, here, self.has_focus)
        if key not in self._inks:
            style = self.rich_style + self.get_component_rich_style(f"rows--{tone}", partial=True)
            if here:
                ground = self.get_component_rich_style("rows--cursor" if self.has_focus else "rows--away").bgcolor
                style += Style(bgcolor=ground, bold=self.has_focus or bool(style.bold))
            self._inks[key] = style
        return self._inks[key]

    def notify_style_update(self) -> None:
        """The theme changed: mix the inks anew."""
        super().notify_style_update()
        self._inks = {}

    def _cells(self, texts: Sequence[str], styles: Sequence[Style], ground: Style) -> list[Segment]:
        out: list[Segment] = []
        for column, width, text, style in zip(self._columns, self._widths, texts, styles, strict=False):
            if not width:
                continue
            cut = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
            pad = " " * (width - cell_len(cut))
            out += [Segment(pad + cut if column.right else cut + pad, style), Segment(" " * GAP, ground)]
        return out[:-1]

    def _strip(self, segments: list[Segment], width: int, style: Style) -> Strip:
        return Strip(segments).adjust_cell_length(width, style)

    # -- what happens to it

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the columns anew."""
        self._measure()

    def on_focus(self) -> None:
        """The cursor shows where keys go."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor shows that keys go elsewhere."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the row under it, it opens."""
        at = event.y - self._head + int(self.scroll_offset.y)
        if not 0 <= at < len(self._shown):
            return
        if at == self.cursor:
            self.post_message(self.Chosen(self, self.key))
        else:
            self.go(at)

    def step(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self.go(self.cursor + by)

    def page(self, by: int) -> None:
        """Move the cursor by pages."""
        self.go(self.cursor + by * max(self.size.height - self._head - 1, 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Redraw all: the head does not scroll."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()
