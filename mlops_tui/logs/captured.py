"""What a log's writers summarised instead of writing it: columns beside its rows, or all decisions instead of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from mlops_tui.capture import units
from mlops_tui.capture.kinds import Kind
from mlops_tui.capture.places import FOLDER
from mlops_tui.capture.rows import FIXED
from mlops_tui.core.errors import LogError
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import Window
from mlops_tui.logs.shape import AWARE
from mlops_tui.logs.summed import Summed, Where, minutes
from mlops_tui.summaries.counts import Counts, Group, Minutes
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.shapes import HOUR, Shapes
from mlops_tui.summaries.summary import MINUTE, Summary


@dataclass(frozen=True, slots=True)
class HourShapes(Shapes):
    """Shapes of any window that begins and ends with an hour, from pieces that are all hours."""

    def cover(self, window: Minutes) -> tuple[list[Minutes], list[Minutes]]:
        """The hours of the window; those in which nothing was counted hold nothing."""
        return [(at, at + HOUR) for at in range(window[0], window[1], HOUR)], []


@dataclass(frozen=True, slots=True)
class Captured:
    """The columns, by a layout of what their writers all tell them apart by. `notes` say what is passed over, and why."""

    base: Path
    layout: Layout
    notes: tuple[str, ...]
    alone: bool = False
    """Whether decisions lie in no row at all."""
    _loaded: dict[tuple[Minutes, ...], Shapes | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The columns' names."""
        return frozenset(c.name for c in self.layout.columns)

    def missing(
        self, name: str, windows: Sequence[Window], by: str | None, where: Where, rows: str | None
    ) -> dict[tuple[int, Group], tuple[int, int]] | None:
        """Rows and missing values of a column, by window and group; None where its writers did not tell these apart."""
        place, shapes = self.summed.place(where, rows, by), self.summed.shapes(windows)
        if place is None or shapes is None:
            return None
        found = shapes.missing(minutes(windows), name, place.names)
        return {(i, g): counts for i, told in enumerate(found) for g, counts in place.picked(told).items()}

    @property
    def summed(self) -> Summed:
        """What answers for these columns. It counts no rows: those lie in the log."""
        return Summed(self.layout, Counts(self.layout, Summary.empty(self.layout).cells), None, None, None, self.shapes)

    def shapes(self, windows: Sequence[Minutes]) -> Shapes | None:
        """The shapes of some windows; None where one begins or ends within an hour."""
        key = tuple(sorted(set(windows)))
        if key not in self._loaded:
            self._loaded[key] = self._load(key)
        return self._loaded[key]

    def _load(self, windows: Sequence[Minutes]) -> Shapes | None:
        if any(at % HOUR or end % HOUR for at, end in windows):
            return None
        found, _ = units.found(self.base, (min(a for a, _ in windows), max(b for _, b in windows)))
        return HourShapes(self.layout, (), [units.aligned(unit, self.layout) for unit in found if unit.alone == self.alone])


@dataclass(frozen=True, slots=True)
class Rowless(Summed):
    """What answers for a log without rows: its writers' counts, by the hour."""

    def newest(self, not_after: datetime) -> datetime | None:
        """The newest decision's time that is not after this moment, where it is not the very last to the end of its hour."""
        if self.last is None or self.last <= not_after:
            return self.last
        at = self.cells.table.column("at").to_numpy()
        ended = at[(at + HOUR) * MINUTE <= int(not_after.timestamp() * 1e6)]
        return _moment((int(ended.max()) + HOUR) * MINUTE - 1) if len(ended) else None


@dataclass(frozen=True, slots=True)
class Alone:
    """A log without rows: its columns (name -> DuckDB type), as if rows had them, its answers, and those for features."""

    columns: Mapping[str, str]
    summed: Rowless
    captured: Captured
    positive: str


def alone(base: Path) -> Alone | None:
    """What was counted in this folder instead of being written; None where nothing was. Raises LogError where writers did not
    agree on the decision that is positive."""
    found, bad = units.found(base)
    counted = sorted((u for u in found if u.alone), key=lambda u: u.path.name.split(".")[1], reverse=True)
    if not counted:
        return None
    if len(said := {u.positive for u in counted}) > 1:
        told = " and ".join(repr(one_line(p)) for p in sorted(said))
        raise LogError(f"its writers counted {told} as the positive decision", where=str(base / FOLDER))
    shared = set.intersection(*(set(u.layout.names) for u in counted))
    newest = counted[0].layout
    bare = replace(newest, dimensions=tuple(d for d in newest.dimensions if d.name in shared))
    layout, refused = units.taken_over(bare, counted)
    notes = [f"{FOLDER}/{name}: {reason}; it is passed over" for name, reason in (*bad, *refused)]
    summaries = [units.aligned(u, layout) for u in counted]
    cells = pa.concat_tables([s.cells for s in summaries]).combine_chunks()
    first, last = (_moment(pick(u.span[i] for u in counted)) for i, pick in ((0, min), (1, max)))
    features = tuple(c for c in layout.columns if c.name != layout.score)
    beside = Captured(base, replace(layout, columns=features, score=None), tuple(notes), alone=True)
    whole = Captured(base, layout, (), alone=True)
    types: dict[Kind, str] = {"number": "DOUBLE", "text": "VARCHAR", "time": AWARE}
    columns = {n: types[k] for n, k in FIXED.items()} | {d.name: "VARCHAR" for d in layout.dimensions}
    answers = Rowless(layout, Counts(layout, cells), first, last, "decision", whole.shapes)
    return Alone(columns, answers, beside, said.pop())


def _moment(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def captured(base: Path, columns: Collection[str]) -> Captured | None:
    """What lies beside the rows of a log in this folder, of other columns than the rows have; None where there is nothing.

    Where the same column was summarised in other bins before, what the newest files hold counts.
    """
    found, bad = units.found(base)
    notes = [f"{FOLDER}/{name}: {reason}; it is passed over" for name, reason in bad]
    if alone := sum(unit.alone for unit in found):
        files = f"{alone:,} file{'' if alone == 1 else 's'}"
        notes.append(f"{FOLDER}: {files} of decisions that lie in no row; they are passed over")
    beside = sorted((u for u in found if not u.alone), key=lambda u: u.path.name.split(".")[1], reverse=True)
    if not beside:
        return Captured(base, Layout("UTC"), tuple(notes)) if notes else None
    shared = set.intersection(*(set(u.layout.names) for u in beside))
    bare = Layout("UTC", tuple(d for d in beside[0].layout.dimensions if d.name in shared))
    layout, refused = units.taken_over(bare, beside)
    counted = Counter(reason for _, reason in refused)
    notes += [f"{FOLDER}: {reason} in {n:,} file{'' if n == 1 else 's'}; they are passed over" for reason, n in counted.items()]
    both = [c.name for c in layout.columns if c.name in columns]
    notes += [f"{name!r} is in rows, and summarised in {FOLDER}: it is told by rows alone" for name in both]
    own = tuple(c for c in layout.columns if c.name not in columns)
    return Captured(base, replace(layout, columns=own), tuple(notes))
