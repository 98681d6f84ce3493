"""Decisions as they came, and as columns: what was given becomes Arrow tables of one type a column, by partition."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.capture.kinds import ARROW, Kind, as_text, column, kind_of, microseconds
from mlops_tui.capture.trouble import Ledger

Row = tuple[Any, Mapping[Any, Any], Mapping[Any, Any], Any, Any, Any, Any, Any, Any]
"""Time (None: unknown), features, segments, id, version, score, decision, latency, cost; kept as it was given."""
FIXED: Mapping[str, Kind] = {
    "ts": "time",
    "id": "text",
    "model_version": "text",
    "score": "number",
    "decision": "text",
    "latency_ms": "number",
    "cost_usd": "number",
}
"""The columns that every file has, in this order; no feature can be called so."""
MOST_COLUMNS = 2_000
"""Columns beyond which new names are refused: a name made of a value would otherwise make a column of each."""
Every = Literal["day", "hour"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, and their times in microseconds since 1970."""

    rows: Sequence[Row]
    ats: npt.NDArray[np.int64]


_LENGTH: Mapping[Every, int] = {"day": 86_400_000_000, "hour": 3_600_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (microseconds(datetime(y, 1, 2, tzinfo=UTC)) for y in (1, 9999))
_PAUSE = 0.0001
"""Seconds that the other threads get between two columns."""


def timed(rows: Sequence[Row], ledger: Ledger) -> Chunk:
    """The rows with their times. A time that is none, or knows no zone, becomes the present, and is counted."""
    present = int(time.time() * 1e6)
    told = [_moment(row[0]) for row in rows]
    found = [us if us is not None and _FIRST <= us <= _LAST else present for us in told]
    if wrong := sum(a != b for a, b in zip(told, found, strict=True)):
        message = "a ts is a datetime with a zone, or Unix seconds; where it is neither, the present is written and counted"
        ledger.mistyped("ts", wrong, message)
    return Chunk(rows, np.array(found, dtype=np.int64))


def size(features: Mapping[Any, Any], segments: Mapping[Any, Any] | None) -> int:
    """About how many bytes of memory a row takes."""
    return 600 + sum(map(sys.getsizeof, features.values())) + (150 * len(segments) if segments else 0)


def pause(*, hurry: bool) -> None:
    """Between two columns: let the threads that serve have their turn, unless there is a hurry."""
    if not hurry:
        time.sleep(_PAUSE)


def folder(every: Every, partition: int) -> str:
    """The folder of a partition, as Hive writes it: `date=2026-10-14`, `date=2026-10-14/hour=03`."""
    start = _EPOCH + timedelta(microseconds=partition * _LENGTH[every])
    return f"date={start:%Y-%m-%d}" if every == "day" else f"date={start:%Y-%m-%d}/hour={start:%H}"


class Columns:
    """Rows to tables. Keeps the type of each column; one thread uses it.

    `declared` are types by column; columns of those names are in every file, others from their first value on. Of those
    that are `hidden` nothing is kept.
    """

    def __init__(self, declared: Mapping[str, Kind], every: Every, ledger: Ledger, *, hidden: Iterable[str] = ()) -> None:
        self._kinds: dict[str, Kind] = {**FIXED, **declared}
        self._length = _LENGTH[every]
        self._ledger = ledger
        self._hidden = frozenset(hidden)

    def tables(self, chunk: Chunk, *, hurry: bool = False) -> dict[int, pa.Table]:
        """The rows as tables by partition: the number of its day or hour since 1970 in UTC. Rows keep their order."""
        rows, ats = chunk.rows, chunk.ats
        partitions = ats // self._length
        if len(rows) and partitions.min() == partitions.max():
            return {int(partitions[0]): self._table(rows, ats, hurry=hurry)}
        found = {}
        for partition in sorted(set(partitions.tolist())):
            places = np.flatnonzero(partitions == partition).tolist()
            found[partition] = self._table([rows[i] for i in places], ats[places], hurry=hurry)
        return found

    def _table(self, rows: Sequence[Row], ats: npt.NDArray[np.int64], *, hurry: bool) -> pa.Table:
        _, features, segments, ids, versions, scores, decisions, latencies, costs = zip(*rows, strict=True)
        self._learn(segments, _as_text)
        self._learn(features, kind_of)
        made = {"ts": pa.array(ats).view(ARROW["time"])}
        for name, values in (("id", ids), ("model_version", versions), ("decision", decisions)):
            made[name] = self._column(name, list(map(as_text, values)))
        for name, values in (("score", scores), ("latency_ms", latencies), ("cost_usd", costs)):
            made[name] = self._column(name, values)
        cut = set(itertools.chain.from_iterable(segments))
        for name in self._kinds:
            if name not in FIXED and name not in self._hidden:
                both = tuple({**f, **s} for f, s in zip(features, segments, strict=True)) if name in cut else features
                found = [each.get(name) for each in both]
                made[name] = self._column(name, [*map(as_text, found)] if name in cut else found)
                pause(hurry=hurry)
        return pa.table({name: made[name] for name in self._kinds if name in made})

    def _column(self, name: str, values: Sequence[Any]) -> pa.Array:
        kind = self._kinds[name]
        array, others = column(values, kind)
        if others:
            told = ", ".join(sorted(others))
            message = f"{name!r} is of type {kind}; values of type {told} are written as missing and counted (stats.mistyped)"
            self._ledger.mistyped(name, sum(others.values()), message)
        return array

    def _learn(self, given: Sequence[Mapping[Any, Any]], kind: Callable[[Any], Kind | None]) -> None:
        """Types for names that are new; names that cannot be columns are counted."""
        for name in dict.fromkeys(itertools.chain.from_iterable(given)):
            if type(name) is str and ((name in self._kinds and name not in FIXED) or name in self._hidden):
                continue
            values = [g[name] for g in given if g.get(name) is not None]
            if not values:
                continue
            if reason := self._unfit(name):
                self._ledger.refused(str(name)[:100], len(values), f"{str(name)[:100]!r} is not written: {reason}")
            elif found := next((k for k in map(kind, values) if k), None):
                self._kinds[name] = found
            else:
                told = type(values[0]).__name__
                message = f"{name!r} is not written: a column holds numbers, text, true and false or times, not {told}"
                self._ledger.mistyped(name, len(values), message)

    def _unfit(self, name: object) -> str:
        if not isinstance(name, str) or not name:
            return "a name is text"
        if name in FIXED:
            return "a column of that name is there already: give the value by that argument, or the feature another name"
        return f"there are {MOST_COLUMNS:,} columns already" if len(self._kinds) >= MOST_COLUMNS else ""


def _moment(at: Any) -> int | None:
    if isinstance(at, datetime):
        return None if at.tzinfo is None else microseconds(at)
    if isinstance(at, int | float | np.integer | np.floating) and not isinstance(at, bool) and abs(float(at)) < 1e12:
        return round(float(at) * 1e6)
    return None


def _as_text(_value: Any) -> Kind:
    return "text"
