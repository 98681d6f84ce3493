"""Columns of categories, counted: what is kept by name, newcomers, the rest, by every set of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.categories import fingerprint
from mlops_tui.summaries.frame import encoded
from mlops_tui.summaries.layout import MOST_CATEGORIES, Column
from mlops_tui.summaries.margins import Names
from mlops_tui.summaries.summary import TEXTS, U16, U32, lists, named, schema
from mlops_tui.summaries.tally import Plan, Tally

Ints = npt.NDArray[np.int64]

_MOST_REMEMBERED = 200_000
_WIDTHS = (16, 64, 256)
_BESIDE = 3
MISSING, OTHER, OVERFLOW = range(_BESIDE)
"""Codes, after those of the known ones, of what is kept by no name."""


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of categories: each row's code, first those that are known, then missing, others, overflow, newcomers in
    order."""

    name: str
    codes: Ints
    known: int
    new: list[str]

    @property
    def width(self) -> int:
        """How many codes there are."""
        return self.first_new + len(self.new)

    @property
    def first_new(self) -> int:
        """The code of the first newcomer."""
        return self.known + _BESIDE

    def capped(self) -> Categories:
        """With newcomers of the least fingerprints only, the others in overflow: what is kept of rows of one stretch of time.

        A stretch that comes in several parts is capped again when they are added up, and the same newcomers stay.
        """
        if len(self.new) <= MOST_CATEGORIES:
            return self
        prints = np.array([fingerprint(t) for t in self.new], dtype=np.uint64)
        stay = np.sort(np.argsort(prints, kind="stable")[:MOST_CATEGORIES])
        place = np.arange(self.width)
        place[self.first_new :] = self.known + OVERFLOW
        place[self.first_new + stay] = self.first_new + np.arange(len(stay))
        return Categories(self.name, place[self.codes], self.known, [self.new[i] for i in stay.tolist()])


class Vocabulary:
    """What the layout keeps of a column's categories. Of a private one none: all of them are others.

    It remembers what it has seen, and may be shared by threads.
    """

    def __init__(self, column: Column) -> None:
        known = () if column.private else column.known
        self._known, self._private = len(known), column.private
        self._codes = {c: i for i, c in enumerate(known)}
        self._seen = frozenset(column.seen)
        self._new: set[str] = set()

    def read(self, name: str, column: pa.Array) -> Categories:
        """The codes of a text column."""
        codes, texts = encoded(column)
        missing, other = self._known + MISSING, self._known + OTHER
        kept = np.array([*map(self._codes.get, texts, repeat(-1)), missing], dtype=np.int64)
        unknown = np.flatnonzero(kept == -1)
        new: list[str] = []
        if len(unknown):
            used = np.bincount(codes + 1, minlength=len(texts) + 1)[1:] > 0
            strange = [texts[i] for i in unknown.tolist() if used[i]]
            new = sorted({t for t in strange if t in self._new or not self._is_other(t)})
            place = {t: self._known + _BESIDE + i for i, t in enumerate(new)}
            kept[unknown] = [place.get(texts[i], other) for i in unknown.tolist()]
        return Categories(name, kept[codes], self._known, new)

    def _is_other(self, category: str) -> bool:
        if not self._private and fingerprint(category) not in self._seen:
            if len(self._new) < _MOST_REMEMBERED:
                self._new.add(category)
            return False
        if not self._private and len(self._codes) < _MOST_REMEMBERED:
            self._codes[category] = self._known + OTHER
        return True


@lru_cache(maxsize=128)
def vocabulary(column: Column) -> Vocabulary:
    """The vocabulary of a column, one for all who count it."""
    return Vocabulary(column)


def width_of(column: Categories) -> int:
    """Codes that are planned for: small columns share few plans."""
    return next((w for w in _WIDTHS if column.width <= w), column.width)


def counted(plan: Plan, names: Names, column: Categories) -> pa.Table:
    """Rows of the table `categories`, planned for at least the column's codes."""
    tally, known = Tally(plan), column.known
    for i, chunk in enumerate(plan.stretch.chunks):
        codes = column.codes[chunk.rows]
        for cross in range(len(plan.crosses)):
            tally.add(cross, plan.keyed(i, cross, codes))
    counts = tally.counts()
    beside = counts.beside(known, column.first_new)
    listed, new = counts.filled(0, known), counts.filled(column.first_new, column.width)
    whole = names.columns([column.name])
    whole |= {k: pa.array(beside[:, j]) for j, k in ((MISSING, "missing"), (OTHER, "other"), (OVERFLOW, "overflow"))}
    whole["codes"], whole["counts"] = lists(listed.each, listed.codes, U16), lists(listed.each, listed.counts, U32)
    offsets = np.concatenate([[0], np.cumsum(new.each)]).astype(np.int32)
    whole["names"] = pa.ListArray.from_arrays(pa.array(offsets), named(new.codes, column.new), type=TEXTS)
    whole["name_counts"] = lists(new.each, new.counts, U32)
    wanted = schema("categories")
    return pa.table([whole[f.name] for f in wanted], schema=wanted)
