"""Text for reading: lines made for a width, and the widget that draws them again when the width changes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from mlops_tui.core.leave import one_line, visible

if TYPE_CHECKING:
    from mlops_tui.core.finding import Finding
    from mlops_tui.engine.types import Table
    from mlops_tui.report.chart import Chart

STATUS_TONES: Mapping[str, str] = {"crit": "crit", "warn": "warn", "ok": "okay", "insufficient": "few", "unknown": "unsure"}
STATE_TONES: Mapping[str, str] = {
    "ok": "okay",
    "attention": "warn",
    "failed": "crit",
    "unknown": "unsure",
    "skipped": "muted",
    "cancelled": "warn",
    "waiting": "ask",
    "running": "ask",
    "pending": "muted",
}
_WORD_TONES = {"OK": "okay", "WARN": "warn", "CRIT": "crit", "UNKNOWN": "unsure", "FEW": "few"}
CHART_HEIGHT = 18
ROOMY = 88
_INKS = {
    **dict.fromkeys("▀▄█▁▂▃▅▆▇▉▊▋▌▍▎▏", "few"),
    **dict.fromkeys("━┃", "warn"),
    **dict.fromkeys("░·˙│┊┤└─┴", "muted"),
    "▶": "crit",
}
"""Tones of a chart's marks. They only help: each mark has a shape of its own, and the legend names it."""


def toned(text: str, tone: str = "plain", *, bold: bool = False) -> Content:
    """Text in a tone. The text is taken as it is: nothing in it is markup."""
    return Content.styled(text, f"${tone}" + (" bold" if bold else ""))


class Doc:
    """Lines for one width, added one after the other. Text from data is made harmless here."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 20)
        self.lines: list[Content] = []

    def blank(self) -> Doc:
        """An empty line, once."""
        if self.lines and self.lines[-1].plain:
            self.lines.append(Content(""))
        return self

    def line(self, *parts: tuple[str, str] | str) -> Doc:
        """One line of (text, tone) parts."""
        pieces = [toned(p) if isinstance(p, str) else toned(*p) for p in parts]
        self.lines.append(Content("").join(pieces) if pieces else Content(""))
        return self

    def head(self, text: str) -> Doc:
        """A heading."""
        for part in textwrap.wrap(one_line(text), self.width) or [""]:
            self.lines.append(toned(part, bold=True))
        return self

    def prose(self, text: str, tone: str = "plain", *, indent: str = "", first: str | None = None) -> Doc:
        """Text, folded; its own line breaks are kept."""
        start = indent if first is None else first
        for raw in visible(text, most=20_000).split("\n"):
            parts = textwrap.wrap(raw, self.width, initial_indent=start, subsequent_indent=indent) or [""]
            self.lines += [toned(p, tone) for p in parts]
            start = indent
        return self

    def path(self, path: str) -> Doc:
        """Where a file lies, folded after a `/`."""
        folded = ["→ "]
        for part in re.split("(?<=/)", one_line(path, most=2000)):
            if len(folded[-1]) + len(part) > self.width:
                folded.append("  ")
            folded[-1] += part
        self.lines += [toned(t, "muted") for t in folded]
        return self

    def state(self, state: str, said: str = "") -> Doc:
        """A state word in its tone, and what was said."""
        words = one_line(f"{state}: {said}" if said and said != state else state, most=4000)
        folded = textwrap.wrap(words, self.width) or [state]
        tone = STATE_TONES.get(state, "plain")
        self.lines.append(Content("").join([toned(folded[0][: len(state)], tone, bold=True), toned(folded[0][len(state) :])]))
        self.lines += [toned(t) for t in folded[1:]]
        return self

    def facts(self, facts: Iterable[tuple[str, str]]) -> Doc:
        """Names and what they are, in two columns; empty ones are left out."""
        known = [(n, one_line(v, most=2000)) for n, v in facts if v]
        indent = max((len(n) for n, _ in known), default=0) + 2
        for name, value in known:
            folded = textwrap.wrap(value, max(self.width - indent, 10)) or [""]
            self.lines.append(Content("").join([toned(name.ljust(indent), "muted"), toned(folded[0])]))
            self.lines += [toned(" " * indent + t) for t in folded[1:]]
        return self

    def findings(self, findings: Iterable[Finding], most: int | None = None) -> Doc:
        """Findings as a table, their status words in tone."""
        from mlops_tui.report.tables import findings_table

        return self.ready(findings_table(findings, self.width, most=most))

    def table(self, table: Table) -> Doc:
        """A query's result."""
        from mlops_tui.report.tables import table as drawn

        return self.ready(drawn(table.columns, table.rows, self.width, more=table.more))

    def chart(self, chart: Chart) -> Doc:
        """A chart in characters, higher where there is more width; its title stands out, its marks have tones."""
        from mlops_tui.report.text import draw

        height = CHART_HEIGHT + (4 if self.width >= ROOMY else 0)
        lines = draw(chart, self.width, height).split("\n")
        self.lines.append(toned(lines[0], bold=True))
        self.lines += [_inked(text) for text in lines[1:]]
        return self

    def ready(self, text: str) -> Doc:
        """Lines that fit already; a status word at the beginning of one gets its tone."""
        for raw in text.split("\n"):
            word = raw.split(" ", 1)[0]
            if word in _WORD_TONES:
                self.lines.append(Content("").join([toned(word, _WORD_TONES[word], bold=True), toned(raw[len(word) :])]))
            else:
                head = word in ("STATUS", "WHEN") or raw.startswith("…")
                self.lines.append(toned(raw, "muted" if head else "plain"))
        return self


def _inked(text: str) -> Content:
    """A line of a chart with its marks in their tones."""
    runs = [toned("".join(group), tone) for tone, group in groupby(text, lambda c: _INKS.get(c, "plain"))]
    return Content("").join(runs) if runs else Content("")


Draw = Callable[[Doc], object]


class Sheet(Widget):
    """Draws a Doc at its own width, and again when that changes."""

    DEFAULT_CSS = "Sheet { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self, draw: Draw | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._draw: Draw = draw or (lambda _doc: None)
        self._made: tuple[int, list[Content]] = (-1, [])

    def show(self, draw: Draw) -> None:
        """Draw this from now on. The screen is laid out anew only where the number of lines changed."""
        width, before = self._made
        self._draw = draw
        self._made = (-1, [])
        self.refresh(layout=width <= 0 or len(self._lines(width)) != len(before))

    def _lines(self, width: int) -> list[Content]:
        if self._made[0] != width:
            doc = Doc(width)
            self._draw(doc)
            self._made = (width, doc.lines)
        return self._made[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """As many rows as there are lines."""
        return len(self._lines(width)) if width > 0 else 1

    def render(self) -> Content:
        """The lines."""
        return Content("\n").join(self._lines(self.content_size.width or 80))

    @property
    def text(self) -> str:
        """The lines without style."""
        return "\n".join(line.plain for line in self._lines(self.content_size.width or 80))
