"""The terminal as a value: how wide, whether colour is welcome; and the few ways in which commands print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from mlops_tui.core.leave import one_line, visible

_COLOURS = {
    "OK": "32", "WARN": "33", "CRIT": "1;31", "UNKNOWN": "35", "FEW": "36",
    "ok": "32", "attention": "33", "failed": "1;31", "unknown": "35", "skipped": "2", "cancelled": "33",
    "dim": "2", "bold": "1",
}  # fmt: skip
"""Colour only repeats what the word beside it says."""

_FILES = {"png": "chart", "markdown": "draft", "html": "page"}
GAP = "  "
LEAST_LAST = 30
"""Columns that a table's last column must have to be folded beside the others."""

_TOLD = re.compile(
    r"\brunbook (?=(?:models?|check|drift|watch|ack|run|resume|incidents?|postmortem|summaries|outbox|lint|doctor)\b(?!\.\w))"
)
"""A command as our hints name it."""


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
        from mlops_tui.core.finding import STATUS_WORDS

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
    from mlops_tui.core.canonical import pretty

    sys.stdout.write(pretty(value))


def talk(text: str, project: Path | None = None) -> None:
    """A word to the person on stderr; commands in it get the `project` that was given."""
    click.echo(visible(pointed(text, project)), err=True)


def place(root: Path, path: str) -> str:
    """A path of the project as it can be opened from here: relative below the working folder, else absolute."""
    whole = root / path
    here = Path.cwd()
    return visible(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def filed(kind: str, root: Path, path: str) -> str:
    """A file that a run left, with what it is: `chart  PATH`, `draft  PATH`."""
    return f"{_FILES.get(kind, kind):5}  {place(root, path)}"


def wrapped(text: str, width: int, indent: str = "  ", first: str | None = None) -> str:
    """Prose, escaped, folded to the width; the first line may have an indent of its own."""
    if not text.strip():
        return ""
    initial = indent if first is None else first
    return "\n".join(_whole_words(one_line(text, most=4000), width, initial, indent))


def columns(rows: Sequence[Sequence[Any]], head: Sequence[str], width: int, *, most: int = 0) -> str:
    """A plain table: columns as wide as they need, the last one folded under itself, or onto lines of its own where the
    others leave it no room. `most` cuts a folded cell after so many lines. Every cell is escaped."""
    cells = [[one_line(str("" if c is None else c)) for c in row] for row in rows]
    sizes = [max(len(h), *(len(r[i]) for r in cells)) if cells else len(h) for i, h in enumerate(head)]
    indent = sum(sizes[:-1]) + len(GAP) * (len(sizes) - 1)
    below = sizes[-1] > width - indent and width - indent < LEAST_LAST
    if below:
        indent = len(GAP)
    lines: list[str] = []
    for row in [list(head), *cells]:
        first = GAP.join(c.ljust(s) for c, s in zip(row[:-1], sizes[:-1], strict=True)).rstrip()
        last = _folded(row[-1], max(width - indent, 1), most)
        if below:
            lines += [_cut(first, width), *(" " * indent + part for part in last)]
        else:
            lines.append((first.ljust(indent) + (last[0] if last else "")).rstrip())
            lines += [" " * indent + part for part in last[1:]]
    return "\n".join(lines)


def _whole_words(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The lines of a text; paths, links and commands are not broken, since they are there to be copied."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _folded(text: str, width: int, most: int) -> list[str]:
    parts = _whole_words(text, width)
    if not most or len(parts) <= most:
        return parts
    return [*parts[: most - 1], _cut(" ".join(parts[most - 1 :]), width)]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def shortened(text: str, width: int, most: int, indent: str = "  ") -> str:
    """Prose like `wrapped`, its end cut after `most` lines."""
    return "\n".join(indent + part for part in _folded(one_line(text, most=4000), width - len(indent), most))


def plural(n: int, word: str) -> str:
    """`1 file`, `3 files`."""
    return f"{n:,} {word}{'s' * (n != 1)}"


def called(project: Path | None) -> str:
    """How to call `runbook` on the same project once more: with `--project` where it was given."""
    return "runbook" if project is None else f"runbook --project {shlex.quote(str(project))}"


def pointed(text: str, project: Path | None) -> str:
    """The text with `--project` in each command that it tells the reader to type, so that it can be typed as it stands."""
    return _TOLD.sub(lambda _: f"{called(project)} ", text)
