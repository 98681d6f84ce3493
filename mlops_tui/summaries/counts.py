"""Counts by hour and group, answered: rows, decisions and metric sums of windows, exactly as the rows would give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries import wide
from mlops_tui.summaries.grouping import distinct, ranks
from mlops_tui.summaries.layout import JOIN, LEAF, Layout, parted

Ints = npt.NDArray[np.int64]
Group = tuple[str | None, ...]
Minutes = tuple[int, int]
"""A window: minutes since 1970 in UTC, half open."""
Where = Mapping[str, str | None]
EVERYWHERE: Where = MappingProxyType({})
_COUNTS = ("n", "decided", "positive")


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows, those with a decision, and positive decisions."""

    n: int = 0
    decided: int = 0
    positive: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """What a metric part adds up to over the rows that count, and how many of them there are."""

    n: int
    sum: Decimal


@dataclass(frozen=True, slots=True)
class _Set:
    """The cells of one set: their rows in the table, where each begins and ends, and its group, a place in `groups`."""

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    rows: Ints
    at: Ints
    end: Ints
    group: Ints


@dataclass(frozen=True, slots=True)
class _Found:
    """The groups of an answer, in order (missing last), and the cells of each window with their groups among these."""

    groups: list[Group]
    windows: list[tuple[Ints, Ints]]


@dataclass(frozen=True, slots=True)
class Counts:
    """The cells of a log, of as many units as there are (equal keys may repeat: they are added here).

    A question gets None where cells cannot answer it exactly: a crossing of dimensions that no set holds, a window or a
    bucket that begins or ends within a cell. The rows must be asked then.
    """

    layout: Layout
    table: pa.Table
    _sets: dict[str, _Set] = field(default_factory=dict, compare=False, repr=False)
    _ranks: dict[str, tuple[Ints, list[str]]] = field(default_factory=dict, compare=False, repr=False)
    _columns: dict[str, Ints] = field(default_factory=dict, compare=False, repr=False)

    def counts(
        self, windows: Sequence[Minutes], by: Sequence[str] = (), where: Where = EVERYWHERE
    ) -> dict[tuple[int, Group], Counted] | None:
        """Rows by window and group: (place of the window, values of `by`). A group of one window is in every one."""
        found = self._found(windows, by, where)
        if found is None:
            return None
        out: dict[tuple[int, Group], Counted] = {}
        for i, (rows, places) in enumerate(found.windows):
            sums = [_added(self._column(name)[rows], places, len(found.groups)) for name in _COUNTS]
            out |= {(i, group): Counted(*(int(s[j]) for s in sums)) for j, group in enumerate(found.groups)}
        return out

    def totals(
        self, part: str, windows: Sequence[Minutes], by: Sequence[str] = (), where: Where = EVERYWHERE
    ) -> dict[tuple[int, Group], Total] | None:
        """A metric part by window and group, exactly; None also for a part that is not summed."""
        index = self.layout.part(part)
        found = None if index is None else self._found(windows, by, where)
        if found is None:
            return None
        digits = wide.to_parts(self.table.column(f"m{index}_sum").combine_chunks())
        out = {}
        for i, (rows, places) in enumerate(found.windows):
            n, *sums = (_added(v[rows], places, len(found.groups)) for v in (self._column(f"m{index}_n"), *digits))
            for j, group in enumerate(found.groups):
                micros = sum(int(s[j]) << (32 * k) for k, s in enumerate(sums))
                out[i, group] = Total(int(n[j]), Decimal(micros).scaleb(-6))
        return out

    def series(
        self, window: Minutes, minutes: int, by: str | None = None, where: Where = EVERYWHERE
    ) -> dict[str | None, list[tuple[int, Counted]]] | None:
        """Rows by buckets of so many minutes from the window's start on (by the minute that a bucket begins at), by the values
        of `by` (one key None without it). Buckets without rows are left out; values in order, None last."""
        found = self._found([window], (by,) if by else (), where, bucket=minutes)
        if found is None:
            return None
        [(rows, places)] = found.windows
        buckets = (self._column("at")[rows] - window[0]) // minutes
        width = int(buckets.max()) + 1 if len(rows) else 0
        sums = [_added(self._column(n)[rows], places * width + buckets, len(found.groups) * width) for n in _COUNTS]
        out: dict[str | None, list[tuple[int, Counted]]] = {}
        for j in np.flatnonzero(sums[0]).tolist():
            group = found.groups[j // width]
            told = window[0] + j % width * minutes, Counted(*(int(s[j]) for s in sums))
            out.setdefault(group[0] if by else None, []).append(told)
        return out

    def values(self, dimension: str) -> tuple[str, ...]:
        """The values of a dimension, in order; those that are missing aside."""
        held = self._set_for({dimension})
        if held is None:
            return ()
        place = held.names.index(dimension)
        return tuple(sorted({v for g in held.groups if (v := g[place]) is not None}))

    def spans(self, dimension: str, until: int) -> dict[str, tuple[int, int]]:
        """Of each value the minutes from its first cell's begin to its last one's, of cells that begin before `until`."""
        held = self._set_for({dimension})
        if held is None:
            return {}
        place = held.names.index(dimension)
        before = held.at < until
        out: dict[str, tuple[int, int]] = {}
        for i, group in enumerate(held.groups):
            mine = held.at[before & (held.group == i)]
            value = group[place]
            if value is not None and len(mine):
                low, high = out.get(value, (int(mine.min()), int(mine.max())))
                out[value] = (min(low, int(mine.min())), max(high, int(mine.max())))
        return out

    def _found(self, windows: Sequence[Minutes], by: Sequence[str], where: Where, bucket: int = 0) -> _Found | None:
        held = self._set_for({*by, *where})
        if held is None:
            return None
        places = {name: i for i, name in enumerate(held.names)}
        kept = np.array([all(g[places[c]] == v for c, v in where.items()) for g in held.groups], dtype=bool)
        named = [tuple(g[places[c]] for c in by) for g in held.groups]
        chosen = []
        for start, end in windows:
            mine = (held.at < end) & (held.end > start)
            first, last = held.at[mine] - start, held.end[mine] - 1 - start
            if (first < 0).any() or (last >= end - start).any() or (bucket and (first // bucket != last // bucket).any()):
                return None
            chosen.append(np.flatnonzero(mine & kept[held.group]) if len(kept) else np.flatnonzero(mine))
        used = {named[g] for g in distinct(held.group[np.concatenate(chosen)])[0].tolist()} if chosen else set()
        groups = sorted(used if by else {()}, key=lambda g: tuple((v is None, v or "") for v in g))
        order = {g: i for i, g in enumerate(groups)}
        lookup = np.array([order.get(g, -1) for g in named], dtype=np.int64)
        return _Found(groups, [(held.rows[c], lookup[held.group[c]]) for c in chosen])

    def _set_for(self, names: set[str]) -> _Set | None:
        """The smallest set that tells these dimensions apart."""
        known = self.layout.names
        if not names <= set(known):
            return None
        candidates: list[tuple[str, tuple[str, ...]]] = [(LEAF, known)]
        if self.layout.grain != "hour":
            coarse = candidates if self.layout.grain == "day" else []
            candidates = [*((JOIN.join(s), s) for s in self.layout.sets), *coarse]
        for key, members in candidates:
            if names <= set(members):
                if key not in self._sets:
                    self._sets[key] = self._read(key, members)
                return self._sets[key]
        return None

    def _read(self, key: str, names: tuple[str, ...]) -> _Set:
        if not self._ranks:
            self._ranks.update({c: ranks(self.table.column(c)) for c in ("set", "value")})
        (sets, known), (values, texts) = self._ranks["set"], self._ranks["value"]
        rows = np.flatnonzero(sets == known.index(key)) if key in known else np.empty(0, dtype=np.int64)
        found, group = distinct(values[rows])
        groups = tuple(parted(texts[i]) if names else () for i in found.tolist())
        at = self._column("at")[rows]
        return _Set(names, groups, rows, at, at + self._column("span")[rows], group)

    def _column(self, name: str) -> Ints:
        if name not in self._columns:
            self._columns[name] = self.table.column(name).to_numpy().astype(np.int64)
        return self._columns[name]


def _added(values: Ints, places: Ints, size: int) -> Ints:
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, places, values)
    return out
