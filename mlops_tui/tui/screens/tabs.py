"""A line of tabs: numbers, names and counts; the open one is in brackets, so that it is seen without colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.content import Content
from textual.widget import Widget

from mlops_tui.tui.doc import toned
from mlops_tui.tui.parts import fitted


class Tabs(Widget):
    """`[1 Findings 12]  2 Alerts 3  …`."""

    DEFAULT_CSS = "Tabs { height: 1; padding: 0 1; }"

    def __init__(self, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._names = tuple(names)
        self._counts: tuple[str, ...] = ("",) * len(names)
        self.at = 0

    def count(self, *counts: str) -> None:
        """What stands behind each name."""
        self._counts = counts
        self.refresh()

    def go(self, at: int) -> bool:
        """Open a tab; whether it was another one."""
        at = at % len(self._names)
        if at == self.at:
            return False
        self.at = at
        self.refresh()
        return True

    def render(self) -> Content:
        """The line."""
        parts: list[Content] = []
        for at, (name, count) in enumerate(zip(self._names, self._counts, strict=False)):
            text = f"{at + 1} {name}{' ' + count if count else ''}"
            here = at == self.at
            parts.append(toned(f"[{text}]" if here else f" {text} ", "ask" if here else "muted", bold=here))
        whole = Content(" ").join(parts)
        return whole if whole.cell_length <= self.size.width else toned(fitted(whole.plain, self.size.width - 2))
