"""Text in columns of a terminal: how wide it is, cut and padded to a width. Wide (East Asian) characters count as two."""

from __future__ import annotations

import textwrap
import unicodedata


def wide(text: str) -> int:
    """How many columns a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """The text where it fits in `width` columns, else its beginning and `…`."""
    if wide(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = "", 1
    for c in text:
        used += wide(c)
        if used > width:
            break
        kept += c
    return kept + "…"


def left(text: str, width: int) -> str:
    """Cut or padded to exactly `width` columns, at the left."""
    shown = cut(text, width)
    return shown + " " * (width - wide(shown))


def right(text: str, width: int) -> str:
    """Cut or padded to exactly `width` columns, at the right."""
    shown = cut(text, width)
    return " " * (width - wide(shown)) + shown


def wrapped(text: str, width: int, most: int) -> list[str]:
    """The text on at most `most` lines of `width` columns; what does not fit ends in `…`."""
    lines = textwrap.wrap(text, max(width, 1)) if wide(text) == len(text) else [text]
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [cut(line, width) for line in lines]
