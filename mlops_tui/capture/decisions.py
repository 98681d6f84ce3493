"""The log that serving code writes its decisions to."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from mlops_tui.capture.kinds import ARROW, Kind
from mlops_tui.capture.plan import Plan
from mlops_tui.capture.private import How, declared, hows
from mlops_tui.capture.rows import FIXED, Every, size
from mlops_tui.capture.trouble import Ledger, Stats, Tell
from mlops_tui.capture.writer import Writer
from mlops_tui.core.errors import UsageError, did_you_mean

NOTHING: Mapping[str, Any] = MappingProxyType({})
MEBIBYTE = 2**20


class DecisionLog:
    """Decisions of a model, written as Parquet files below `path` while it serves. Make one a process, and share it.

        log = DecisionLog("logs/credit-risk", model="credit-risk")
        log.write({"amount": 120.0, "bank_label": "invoice"}, score=0.71, decision="approved", segments={"region": "ES"})

    `write` costs a few microseconds and never raises: rows wait in memory, and a thread of the log's own writes them. A file
    is begun in a hidden folder, is on disk before it gets its name, and never changes after; any number of processes write
    below one path. A kill loses what waited, at most `flush_seconds` or `flush_rows` of it.

    `types` declares columns (`number`, `integer`, `boolean`, `text`, `time`); those of other features are taken from their
    first value (any number is a `number`), and kept as long as the process lives. A value of another type is written as
    missing. `every` is how files are put into folders: `date=2026-10-14`, with `hour` also `hour=03`, in UTC.

    Of the columns that `summarise` names no value is written: they are added up by the UTC hour, over all decisions and for
    each version and each value of the `segments`, into files of counts beside the rows (`Around`, `OneOf` and "length" say
    how). Without `rows` nothing else is written: every column of `types`, the score and the decisions (`positive` is the
    one that counts) are told by such counts alone.

    A file is written when `flush_rows` or `flush_bytes` have come together, or `flush_seconds` after its first row. Where that
    fails, rows are kept and tried again; when about `most_bytes` wait, new ones are dropped. All of that is counted in
    `stats`, and told once: by `tell`, or as a `CaptureWarning`.

    In a forked child the log begins anew: what waited in the parent is the parent's to write. Leaving a `with` block, `close`
    and the interpreter's end write what waits; a process that is killed, or leaves by `os._exit`, does not.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: str,
        types: Mapping[str, Kind] = NOTHING,
        summarise: Iterable[str] | Mapping[str, How] = (),
        segments: Sequence[str] = (),
        rows: bool = True,
        positive: str | None = None,
        every: Every = "day",
        flush_rows: int = 100_000,
        flush_bytes: int = 64 * MEBIBYTE,
        flush_seconds: float = 60.0,
        most_bytes: int = 256 * MEBIBYTE,
        tell: Tell | None = None,
    ) -> None:
        """Touches nothing on disk. Raises UsageError for what cannot be right."""
        if not model:
            raise UsageError("a log needs its model's name", hint='model="credit-risk"')
        if every not in ("day", "hour"):
            raise UsageError(f"files are kept by day or by hour, not by {every!r}", hint='every="day"')
        if min(flush_rows, flush_bytes, flush_seconds, most_bytes) <= 0:
            raise UsageError("flush_rows, flush_bytes, flush_seconds and most_bytes are above 0")
        for name, kind in types.items():
            if kind not in ARROW:
                raise UsageError(f"{name!r} cannot be of type {kind!r}", hint=did_you_mean(str(kind), ARROW))
            if name in FIXED:
                raise UsageError(f"{name!r} is a column of every log, of type {FIXED[name]}", hint="call the feature otherwise")
        private = hows(summarise)
        if not rows and not positive:
            raise UsageError("decisions that are only counted need the one that is positive", hint='positive="approved"')
        layout = None
        if private or not rows:
            layout = declared(types, private, segments, rows=rows, reserved=FIXED)
        self._plan = Plan(
            Path(os.path.abspath(path)),  # noqa: PTH100 (resolve() would ask the disk)
            model,
            dict(types),
            every,
            flush_rows,
            flush_bytes,
            flush_seconds,
            most_bytes,
            rows,
            frozenset(private),
            layout,
            positive,
        )
        self._tell = tell
        self._begin()
        _LOGS.add(self)

    def _begin(self) -> None:
        self._ledger = Ledger(self._tell)
        self._writer = Writer(self._plan, self._ledger)

    def write(
        self,
        features: Mapping[str, Any] = NOTHING,
        *,
        score: float | None = None,
        decision: str | bool | int | None = None,
        segments: Mapping[str, Any] | None = None,
        version: str | None = None,
        latency_ms: float | None = None,
        cost_usd: float | None = None,
        id: object = None,  # noqa: A002 (the column's name)
        ts: datetime | float | None = None,
    ) -> None:
        """Take one decision. Never raises; what cannot be taken is counted in `stats`.

        `id` is what outcomes are joined by later. `ts` is when it was decided, with a zone or in Unix seconds: now, where it
        is not given. Segments, decision, version and id are written as text. `features` and `segments` are copied.
        """
        try:
            kept = dict(features)
            at = time.time() if ts is None else ts
            row = (at, kept, dict(segments) if segments else NOTHING, id, version, score, decision, latency_ms, cost_usd)
            if not self._writer.add(row, size(kept, segments)):
                self._ledger.count("dropped")
        except Exception as error:  # noqa: BLE001 (whatever happens here, the decision was made and must be served)
            self._ledger.failed(error)
            self._ledger.count("dropped")
            self._ledger.tell("dropped", f"a decision of {self._plan.model} could not be taken: {self._ledger.last_error}")

    def flush(self, timeout: float | None = None) -> bool:
        """Write what was taken so far, and wait for it (at most `timeout` seconds). True when all of it is on disk.

        False where that failed, or bins are still to be learned from more values.
        """
        return self._writer.flush(timeout)

    def close(self, timeout: float = 60.0) -> None:
        """Write what waits, and take no more. What cannot be written, or not within `timeout` seconds, is lost and told."""
        self._writer.close(timeout)

    @property
    def stats(self) -> Stats:
        """What has happened in this process so far."""
        return self._ledger.stats(self._writer.taken)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


_LOGS: weakref.WeakSet[DecisionLog] = weakref.WeakSet()
_RESTING: list[Writer] = []


def _before_fork() -> None:
    _RESTING.extend(writer for writer in [log._writer for log in list(_LOGS)] if writer.rest())


def _after_fork() -> None:
    while _RESTING:
        _RESTING.pop().resume()


def _in_child() -> None:
    _RESTING.clear()
    for log in list(_LOGS):
        log._begin()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
