"""What is summarised of a log: its dimensions, its columns and their bins, its metrics. Two summaries of one layout add up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import msgspec

from mlops_tui.core.canonical import digest
from mlops_tui.summaries.binning import Binning, Centred, Edges

FORMAT = 1
"""Raised when summaries of an older version can no longer be read: they are then built again."""
ALL, LEAF, JOIN = "", "*", "\x1f"
"""The set of all rows, that of every dimension at once, and what joins the names and values of several dimensions."""
MISSING, OTHER = "\x00", "\x01"
"""Stand for a missing value, and for categories that are not counted one by one."""
_ESCAPE = "\x1b"
_ESCAPED = {_ESCAPE: _ESCAPE * 2, JOIN: f"{_ESCAPE}j", MISSING: f"{_ESCAPE}m"}
"""Signs within a value that could be taken for a joint or for what is missing."""
MOST_VALUES = 1_000
"""Values of a dimension up to which it is summarised."""
MOST_CATEGORIES = 1_000
"""Categories of a column that are counted by name, and newcomers of a unit that are."""

Grain = Literal["hour", "day", "margins"]
Role = Literal["version", "segment", "protected", "slice"]
Kind = Literal["number", "length", "category"]


@dataclass(frozen=True)
class Dimension:
    """Something that rows are told apart by. `expression` is its SQL on a row; of a slice it is a condition (`yes`, `no`)."""

    name: str
    role: Role
    expression: str


@dataclass(frozen=True)
class Column:
    """A column that is watched. Of a `length` (free text) the number of characters is; `private` values are never kept.

    Numbers have a binning. Of categories, `known` are counted by name, `seen` are hashes of all that the first look saw:
    what is neither is a newcomer.
    """

    name: str
    kind: Kind
    private: bool = False
    binning: Binning | None = None
    known: tuple[str, ...] = ()
    seen: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """A number to add up over rows (a metric, half of a ratio, latency, cost): its SQL on a row, and which rows count."""

    name: str
    expression: str
    where: str | None = None


@dataclass(frozen=True)
class Layout:
    """The whole of it. `zone` is that of days, `score` the column that is also counted by hour and by decision.

    `pairs` are crossings of two dimensions that are kept beside each one alone; `grain` says how finely all of them together
    are kept: by hour, by day, or not at all.
    """

    zone: str
    dimensions: tuple[Dimension, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    columns: tuple[Column, ...] = ()
    parts: tuple[Part, ...] = ()
    score: str | None = None
    grain: Grain = "hour"
    format: int = FORMAT

    def __post_init__(self) -> None:
        columns, parts = [c.name for c in self.columns], [p.name for p in self.parts]
        for what, names in (("dimension", self.names), ("column", columns), ("part", parts)):
            for name in names:
                if list(names).count(name) > 1:
                    raise ValueError(f"the layout has the {what} {name!r} twice")
        for name in self.names:
            if name in (ALL, LEAF) or JOIN in name:
                raise ValueError(f"a dimension cannot be called {name!r}")
        for pair in self.pairs:
            if not set(pair) <= set(self.names):
                raise ValueError(f"the layout pairs {' and '.join(pair)}, which are not both among its dimensions")
        if self.score is not None and self.score not in columns:
            raise ValueError(f"the layout's score {self.score!r} is none of its columns")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the dimensions."""
        return tuple(d.name for d in self.dimensions)

    @cached_property
    def key(self) -> str:
        """What tells this layout from others: summaries of one key can be added."""
        return digest(self.as_text().encode())[:16]

    @cached_property
    def declared(self) -> str:
        """What tells declarations apart: the key without what was learned from a first look (bins, categories, grain)."""
        bare = tuple(replace(c, binning=None, known=(), seen=()) for c in self.columns)
        return replace(self, columns=bare, grain="hour").key

    @cached_property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of dimensions that shapes are kept by: none, each one, each declared pair."""
        return ((), *((d.name,) for d in self.dimensions), *self.pairs)

    def column(self, name: str) -> Column | None:
        """The column of that name; None where it is not summarised."""
        return next((c for c in self.columns if c.name == name), None)

    def part(self, name: str) -> int | None:
        """The place of the part of that name; None where it is not summed."""
        return next((i for i, p in enumerate(self.parts) if p.name == name), None)

    def with_grain(self, grain: Grain) -> Layout:
        """The same with another grain."""
        return replace(self, grain=grain)

    def as_text(self) -> str:
        """The layout as JSON text, exactly."""
        return msgspec.json.encode(self).decode()


def layout_from(text: str) -> Layout:
    """The layout that `as_text` wrote. Raises ValueError for text that is none, or of another format."""
    try:
        raw = json.loads(text)
        if raw["format"] != FORMAT:
            raise ValueError(f"format {raw['format']}, where {FORMAT} is read")
        return Layout(
            zone=raw["zone"],
            dimensions=tuple(Dimension(**d) for d in raw["dimensions"]),
            pairs=tuple((a, b) for a, b in raw["pairs"]),
            columns=tuple(_column(c) for c in raw["columns"]),
            parts=tuple(Part(**p) for p in raw["parts"]),
            score=raw["score"],
            grain=raw["grain"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no layout: {error}") from error


def _column(raw: dict[str, Any]) -> Column:
    told = raw["binning"]
    binning: Binning | None = None
    if told is not None:
        binning = Edges(tuple(told["values"]), told["m"], told["s"]) if "values" in told else Centred(told["m"], told["s"])
    return Column(**{**raw, "binning": binning, "known": tuple(raw["known"]), "seen": tuple(raw["seen"])})


def set_name(names: Sequence[str]) -> str:
    """A set of dimensions as the tables call it; ALL for none."""
    return JOIN.join(names)


def joined(values: Sequence[str | None]) -> str:
    """The values of several dimensions as one text, whatever signs they hold; a missing one stands as MISSING."""
    return JOIN.join(MISSING if v is None else _escaped(v) for v in values)


def parted(value: str) -> tuple[str | None, ...]:
    """What `joined` joined. The set of all rows has one empty value."""
    return tuple(None if v == MISSING else _unescaped(v) for v in value.split(JOIN))


def _escaped(text: str) -> str:
    if _ESCAPE in text or JOIN in text or MISSING in text:
        return "".join(_ESCAPED.get(c, c) for c in text)
    return text


def _unescaped(text: str) -> str:
    if _ESCAPE not in text:
        return text
    signs, plain = iter(text), {v[1]: k for k, v in _ESCAPED.items()}
    return "".join(plain[next(signs)] if c == _ESCAPE else c for c in signs)
