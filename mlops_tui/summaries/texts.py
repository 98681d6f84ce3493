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
from mlops_tui.summaries.margins import Margin, names_of
from mlops_tui.summaries.summary import TEXTS, U16, U32, lists, named, schema
from mlops_tui.summaries.tally import Plan, Tally

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


def counted(stretch: Stretch, margins: Sequence[Margin], column: Categories) -> pa.Table:
    """Rows of the table `categories`; newcomers are not capped yet."""
    plan = Plan(stretch, margins, column.width)
    names = names_of(stretch, plan.margins)
    tally, known = Tally(plan), column.known
    for i, chunk in enumerate(stretch.chunks):
        codes = column.codes[chunk.rows]
        for cross in range(len(plan.crosses)):
            tally.add(cross, plan.keyed(i, cross, codes))
    counts = tally.counts()
    beside, listed, new = counts.beside(known, known + 2), counts.filled(0, known), counts.filled(known + 2, column.width)
    whole = names.columns([column.name])
    whole |= {"missing": pa.array(beside[:, 0]), "other": pa.array(beside[:, 1])}
    whole["overflow"] = pa.array(np.zeros(len(names), dtype=np.int64))
    whole["codes"], whole["counts"] = lists(listed.each, listed.codes, U16), lists(listed.each, listed.counts, U32)
    offsets = np.concatenate([[0], np.cumsum(new.each)]).astype(np.int32)
    whole["names"] = pa.ListArray.from_arrays(pa.array(offsets), named(new.codes, column.new), type=TEXTS)
    whole["name_counts"] = lists(new.each, new.counts, U32)
    wanted = schema("categories")
    return pa.table([whole[f.name] for f in wanted], schema=wanted)
