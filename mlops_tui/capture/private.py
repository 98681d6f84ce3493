"""Columns of which only summaries are written: how they are told, and the layout that all writers of a folder share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from mlops_tui.capture.kinds import Kind
from mlops_tui.core.errors import UsageError
from mlops_tui.summaries.binning import Binning, Centred, choose
from mlops_tui.summaries.categories import fingerprint
from mlops_tui.summaries.layout import OTHER, Column, Dimension, Layout, Part

VERSION, SCORE = "model_version", "score"
LEARN = 1_000
"""Values of a number that its bins are learned from."""
FEW = 10
"""Values below which nothing is learned: bins would say too much of each."""
UNLEARNED = Centred(0.0, 1.0)
_LENGTHS = Centred(0.0, 16.0)


@dataclass(frozen=True, slots=True)
class Around:
    """A number whose values lie around `centre`, most of them within `scale`; both may be rough. Bins are finest there.

    With it nothing is learned from values, and the first decision is summarised at once.
    """

    centre: float
    scale: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text of which these values are counted by name, and all others as others."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


How = Around | OneOf | Literal["length"] | None
"""How a column is summarised. None: a number by bins learned from its first values, text as given or missing, no more."""


def hows(summarise: Iterable[str] | Mapping[str, How]) -> dict[str, How]:
    """What was told, by name."""
    return dict(summarise) if isinstance(summarise, Mapping) else dict.fromkeys(summarise)


def declared(
    types: Mapping[str, Kind], private: Mapping[str, How], segments: Sequence[str], *, rows: bool, reserved: Iterable[str]
) -> Layout:
    """The layout of what is summarised; numbers whose bins must be learned have none yet.

    With `rows` that is what is private, and rows are counted elsewhere; else it is every column of `types`, the score, and
    all decisions. Raises UsageError for what cannot be summarised.
    """
    taken = {*reserved} - {SCORE}
    for name in private:
        if name in segments or name in taken or (name == SCORE and rows):
            raise UsageError(f"{name!r} cannot be summarised only: decisions are told apart by it", hint="leave it out")
        if name not in types and name != SCORE:
            raise UsageError(f"{name!r} is summarised only, and of no type", hint=f'types={{"{name}": "number"}}')
    for name in segments:
        if name in taken or name == SCORE or name == "*" or not name:
            raise UsageError(f"{name!r} cannot be a segment", hint="call it otherwise")
    columns = [] if rows else [_column(SCORE, "number", private.get(SCORE), private=SCORE in private)]
    columns += [_column(n, k, private.get(n), private=n in private) for n, k in types.items() if n in private or not rows]
    parts = () if rows else (Part("latency", '"latency_ms"'), Part("cost", '"cost_usd"'))
    dimensions = [Dimension(VERSION, "version", _ident(VERSION)), *(Dimension(n, "segment", _ident(n)) for n in segments)]
    return Layout("UTC", tuple(dimensions), (), tuple(columns), parts, None if rows else SCORE)


def unlearned(layout: Layout) -> tuple[Column, ...]:
    """The numbers that have no bins yet."""
    return tuple(c for c in layout.columns if c.kind == "number" and c.binning is None)


def learned(layout: Layout, values: Mapping[str, npt.NDArray[np.float64]]) -> tuple[Layout, tuple[str, ...]]:
    """The layout with bins around the values' middle, rounded so that no value can be told from them; and the names of
    columns that had too few values, whose bins lie around 0."""
    few = []
    columns = list(layout.columns)
    for i, column in enumerate(columns):
        if column in unlearned(layout):
            known = values[column.name][np.isfinite(values[column.name])]
            enough = len(known) >= FEW
            columns[i] = replace(column, binning=choose(known, private=True) if enough else UNLEARNED)
            few += [] if enough else [column.name]
    return replace(layout, columns=tuple(columns)), tuple(few)


def coarse(column: Column, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each finite value of a private column replaced by one that stands for its bin, the middle, so that moments say no more of
    a lone value than its bin does: of values at a distance of d from the centre that is at most d / 32 away."""
    if not column.private or column.binning is None:
        return values
    finite = np.isfinite(values)
    found = values.copy()
    stands = _middles(column.binning)[column.binning.codes(values[finite])]
    found[finite] = np.where(np.isnan(stands), values[finite], stands)
    return found


@lru_cache(maxsize=1_000)
def _middles(binning: Binning) -> npt.NDArray[np.float64]:
    """A value for each bin; NaN for a bin so narrow that no double but its own value lies in it."""
    inner = binning.bounds[1:-1]
    low, high = np.concatenate([[2 * inner[0] - inner[1]], inner]), np.concatenate([inner, [2 * inner[-1] - inner[-2]]])
    found = np.full(len(low), np.nan)
    for values in (high, low, low + (high - low) / 2):
        found = np.where(binning.codes(values) == np.arange(len(low)), values, found)
    return found


def _column(name: str, kind: Kind, how: How, *, private: bool) -> Column:
    match how, kind:
        case Around(centre, scale), "number" | "integer":
            if not (math.isfinite(centre) and math.isfinite(scale) and scale > 0):
                raise UsageError(f"{name!r} lies around a number, within a scale above 0", hint="Around(30_000, 20_000)")
            return Column(name, "number", private, Centred(float(centre), float(scale)))
        case None, "number" | "integer":
            return Column(name, "number", private)
        case OneOf(names), "text":
            return _named(name, names)
        case None, "boolean":
            return _named(name, ("false", "true"))
        case None, "text":
            return Column(name, "category", private)
        case "length", "text":
            return Column(name, "length", True, _LENGTHS)
    raise UsageError(f"{name!r} of type {kind} cannot be summarised so", hint="Around for numbers; OneOf or 'length' for text")


def _named(name: str, names: Iterable[str]) -> Column:
    """Counts of these; what else comes is sent as OTHER, which counts as seen and is therefore no newcomer."""
    known = tuple(sorted(set(names)))
    return Column(name, "category", False, None, known, tuple(sorted(map(fingerprint, (*known, OTHER)))))


def _ident(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
