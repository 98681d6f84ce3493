"""Columns of categories, counted: what is kept by name, newcomers, the rest, by every set of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.categories import fingerprint
from mlops_tui.summaries.frame import Stretch, encoded
from mlops_tui.summaries.layout import Column
from mlops_tui.summaries.margins import Margin, crosses, names_of
from mlops_tui.summaries.summary import TEXTS, U16, U32, lists, named, schema
from mlops_tui.summaries.tally import Filled, Tally, cell_keys

Ints = npt.NDArray[np.int64]

_MOST_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of categories: each row's code, first those that are known, then missing, others, newcomers in order."""

    name: str
    codes: Ints
    known: int
    new: list[str]

    @property
    def width(self) -> int:
        """How many codes there are."""
        return self.known + 2 + len(self.new)


class Vocabulary:
    """What the layout keeps of a column's categories. Of a private one none: all of them are others."""

    def __init__(self, column: Column) -> None:
        self.name, self._private = column.name, column.private
        known = () if column.private else column.known
        self._known = len(known)
        self._place = {c: i for i, c in enumerate(known)}
        self._seen = frozenset(column.seen)
        self._others: set[str] = set()

    def read(self, column: pa.Array) -> Categories:
        """The codes of a text column."""
        codes, texts = encoded(column)
        missing, other = self._known, self._known + 1
        used = np.bincount(codes + 1, minlength=len(texts) + 1)[1:] > 0
        new = sorted({t for t, is_used in zip(texts, used.tolist(), strict=True) if is_used and self._is_new(t)})
        place = {t: other + 1 + i for i, t in enumerate(new)} | self._place
        kept = np.fromiter((place.get(t, other) for t in texts), dtype=np.int64, count=len(texts))
        return Categories(self.name, np.append(kept, missing)[codes], self._known, new)

    def _is_new(self, category: str) -> bool:
        if self._private or category in self._place or category in self._others:
            return False
        if fingerprint(category) not in self._seen:
            return True
        if len(self._others) < _MOST_REMEMBERED:
            self._others.add(category)
        return False


def counted(stretch: Stretch, margins: Sequence[Margin], columns: Sequence[Categories]) -> pa.Table:
    """Rows of the table `categories` for a stretch; newcomers are not capped yet."""
    names = names_of(stretch, margins)
    whole = names.columns([c.name for c in columns])
    parts = [_by_margin(stretch, margins, c) for c in columns]
    for i, key in enumerate(("missing", "other")):
        whole[key] = pa.array(np.concatenate([beside[:, i] for beside, _, _ in parts]))
    whole["overflow"] = pa.array(np.zeros(len(columns) * len(names), dtype=np.int64))
    each, codes, counts = _together([known for _, known, _ in parts])
    whole["codes"], whole["counts"] = lists(each, codes, U16), lists(each, counts, U32)
    starts = np.cumsum([0, *(len(c.new) for c in columns)])
    moved = [Filled(f.each, f.codes + start, f.counts) for (_, _, f), start in zip(parts, starts, strict=False)]
    each, codes, counts = _together(moved)
    offsets = np.concatenate([[0], np.cumsum(each)]).astype(np.int32)
    texts = named(codes, [t for c in columns for t in c.new])
    whole["names"] = pa.ListArray.from_arrays(pa.array(offsets), texts, type=TEXTS)
    whole["name_counts"] = lists(each, counts, U32)
    wanted = schema("categories")
    return pa.table([whole[f.name] for f in wanted], schema=wanted)


def _together(filled: Sequence[Filled]) -> tuple[Ints, Ints, Ints]:
    return (
        np.concatenate([f.each for f in filled]),
        np.concatenate([f.codes for f in filled]),
        np.concatenate([f.counts for f in filled]),
    )


def _by_margin(stretch: Stretch, margins: Sequence[Margin], column: Categories) -> tuple[Ints, Filled, Filled]:
    """Missing and other rows, those of known categories, and those of newcomers, margin after margin."""
    width, known = column.width, column.known
    crossed = crosses(stretch.leaves, margins, stretch.rows, width)
    tallies = [Tally(c, width) for c in crossed]
    for chunk in stretch.chunks:
        codes = column.codes[chunk.rows]
        for cross, tally in zip(crossed, tallies, strict=True):
            key = cell_keys(cross, chunk, width)
            tally.add(codes if key is None else key + codes)
    found = {place: t.margin(margins[place]) for c, t in zip(crossed, tallies, strict=True) for place in c.margins}
    ordered = [found[i] for i in range(len(margins))]
    return (
        np.concatenate([f.beside(known, known + 2) for f in ordered]),
        Filled(*_together([f.filled(0, known) for f in ordered])),
        Filled(*_together([f.filled(known + 2, width) for f in ordered])),
    )
