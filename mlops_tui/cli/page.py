"""The terminal as a value: how wide, whether colour is welcome; and the few ways in which commands print."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from mlops_tui.core.canonical import pretty
from mlops_tui.core.finding import STATUS_WORDS
from mlops_tui.core.leave import one_line, visible

_COLOURS = {
    "OK": "32", "WARN": "33", "CRIT": "1;31", "UNKNOWN": "35", "FEW": "36",
    "ok": "32", "attention": "33", "failed": "1;31", "unknown": "35", "skipped": "2", "cancelled": "33",
    "dim": "2", "bold": "1",
}  # fmt: skip
"""Colour only repeats what the word beside it says."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream can show. `width` is for prose, in columns, 100 at most so that lines stay readable; `wide` is for
    tables of findings; lines of other tables are cut at `limit`, on a terminal only: what is piped keeps its ends."""

    colour: bool
    width: int
    wide: int
    limit: int

    @classmethod
    def of(cls, stream: IO[str], environ: Mapping[str, str]) -> Look:
        """Colour only on a terminal that is not dumb, and never where NO_COLOR is set."""
        tty = stream.isatty()
        colour = tty and not environ.get("NO_COLOR") and environ.get("TERM", "") not in ("", "dumb")
        if not tty:
            return cls(colour, 100, 120, 2_000)
        columns = max(40, shutil.get_terminal_size((80, 24)).columns)
        return cls(colour, min(columns, 100), min(columns, 140), columns)

    def paint(self, text: str, style: str) -> str:
        """The text in the colour of a status or state, or as it is."""
        code = _COLOURS.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def statuses(self, text: str) -> str:
        """A table with its status words coloured; nothing else of it changes."""
        if not self.colour:
            return text
        for word in STATUS_WORDS.values():
            text = text.replace(f"{word} ", f"{self.paint(word, word)} ")
        return text


def here() -> Look:
    """What stdout can show."""
    return Look.of(sys.stdout, os.environ)


def data(text: str) -> None:
    """Data on stdout, a newline at its end. Raises BrokenPipeError when the reader went away."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def json(value: Any) -> None:
    """A value as JSON on stdout."""
    sys.stdout.write(pretty(value))


def talk(text: str) -> None:
    """A word to the person on stderr."""
    click.echo(visible(text), err=True)


def place(root: Path, path: str) -> str:
    """A path of the project as it can be opened from here: relative below the working folder, else absolute."""
    whole = root / path
    here = Path.cwd()
    return visible(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def wrapped(text: str, width: int, indent: str = "  ", first: str | None = None) -> str:
    """Prose, escaped, folded to the width; the first line may have an indent of its own."""
    if not text.strip():
        return ""
    initial = indent if first is None else first
    return textwrap.fill(one_line(text, most=4000), width, initial_indent=initial, subsequent_indent=indent)


def columns(rows: Sequence[Sequence[Any]], head: Sequence[str], width: int) -> str:
    """A plain table: columns as wide as they need, the last one cut at the width. Every cell is escaped."""
    cells = [[one_line(str("" if c is None else c)) for c in row] for row in rows]
    sizes = [max(len(h), *(len(r[i]) for r in cells)) if cells else len(h) for i, h in enumerate(head)]

    def line(row: Sequence[str]) -> str:
        text = "  ".join(c.ljust(s) for c, s in zip(row, sizes, strict=True)).rstrip()
        return text if len(text) <= width else text[: width - 1] + "…"

    return "\n".join(line(r) for r in [list(head), *cells])
