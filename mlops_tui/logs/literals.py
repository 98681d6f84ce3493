"""Values and names as SQL text. Everything that reaches SQL in this room goes through here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from mlops_tui.core.window import Window


def ident(name: str) -> str:
    """A column or relation name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """A list of string literals."""
    return "[" + ", ".join(text(v) for v in values) + "]"


def instant(value: datetime) -> str:
    """A TIMESTAMPTZ literal in UTC."""
    return f"TIMESTAMPTZ '{value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}+00'"


def wall(value: datetime) -> str:
    """A TIMESTAMP literal of a naive time."""
    return f"TIMESTAMP '{value.isoformat(sep=' ')}'"


def within(column: str, window: Window) -> str:
    """The condition that a TIMESTAMPTZ column lies in the window; `column` is a plain name."""
    return f"{ident(column)} >= {instant(window.start)} AND {ident(column)} < {instant(window.end)}"
