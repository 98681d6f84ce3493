"""What is summarised of a log: its dimensions, its columns and their bins, its metrics. Two summaries of one layout add up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

from mlops_tui.core.canonical import digest
from mlops_tui.summaries.binning import Binning, Centred, Edges

FORMAT = 1
"""Raised when summaries of an older version can no longer be read: they are then built again."""
ALL, LEAF, JOIN = "", "*", "\x1f"
"""The set of all rows, that of every dimension at once, and what joins the names and values of several dimensions."""
MISSING, OTHER, OVERFLOW = "\x00", "\x01", "\x02"
"""Stand for a missing value, for known categories that are not counted one by one, and for newcomers beyond the most."""
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

    def with_grain(self, grain: Grain) -> Layout:
        """The same with another grain."""
        return replace(self, grain=grain)

    def as_text(self) -> str:
        """The layout as JSON text, exactly."""
        return json.dumps(_plain(self), sort_keys=True, separators=(",", ":"))


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
        binning = Edges(tuple(told["values"])) if "values" in told else Centred(told["m"], told["s"])
    return Column(**{**raw, "binning": binning, "known": tuple(raw["known"]), "seen": tuple(raw["seen"])})


def _plain(layout: Layout) -> dict[str, Any]:
    # floats as text that gives the very same double back
    return json.loads(json.dumps(asdict(layout)))  # type: ignore[no-any-return]


def joined(values: tuple[str | None, ...]) -> str:
    """The values of several dimensions as one text; a missing one stands as MISSING."""
    return JOIN.join(MISSING if v is None else v for v in values)


def parted(value: str) -> tuple[str | None, ...]:
    """What `joined` joined."""
    return tuple(None if v == MISSING else v for v in value.split(JOIN))
