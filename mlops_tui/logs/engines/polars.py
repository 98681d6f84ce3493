"""A second local engine: Polars over the same files, asked in the portable subset of the DuckDB dialect."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from mlops_tui.core.errors import Cancelled, LogError, QueryError, RunbookError, UnknownName, did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.logs.engines import NO_PARAMS, Param
from mlops_tui.logs.engines.spoken import spoken
from mlops_tui.logs.engines.tables import plain
from mlops_tui.logs.refusals import first_line
from mlops_tui.sql.watch import too_long

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from mlops_tui.logs.engines import Relations

_TICK = 0.02
"""Seconds between two looks at a query that runs."""


class Polars:
    """Relations as lazy frames: a query reads the columns and rows of the files that it needs.

    Polars cannot end a query. One that is cancelled, or takes too long, is no longer waited for; it ends by itself with the
    next rows that it reads, or when it is done with those that it has.
    """

    def __init__(self, relations: Relations | Mapping[str, pl.LazyFrame]) -> None:
        self._frames: dict[str, pl.LazyFrame] = {}
        self._schemas: dict[str, dict[str, str]] = {}
        self._running: set[threading.Event] = set()
        self._lock = threading.Lock()
        for name, rows in relations.items():
            with _told({}, name):
                frame = _frame(rows)
                self._schemas[name] = {c: sql_type(kind) for c, kind in frame.collect_schema().items()}
                self._frames[name] = _wide(frame)

    def schema(self, relation: str) -> Mapping[str, str]:
        """As `Engine.schema`."""
        if relation not in self._schemas:
            raise UnknownName("relation", relation, self._schemas)
        return dict(self._schemas[relation])

    def arrow(self, sql: str, params: Mapping[str, Param] = NO_PARAMS, timeout: timedelta | None = None) -> pa.Table:
        """As `Engine.arrow`, of the portable subset only."""
        with self._query() as stop, _told(self._schemas):
            running = _Running(self._bound(sql, params, stop))
            end = None if timeout is None else monotonic() + timeout.total_seconds()
            while not running.done.wait(_TICK if end is None else max(0.001, min(_TICK, end - monotonic()))):
                if stop.is_set():
                    raise Cancelled
                if end is not None and timeout is not None and monotonic() >= end:
                    stop.set()
                    raise too_long(timeout)
            return plain(running.table())

    def batches(self, sql: str, size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a trusted SELECT in batches of about `size` rows, in the files' order; nothing is kept.

        Raises as `arrow` does; `cancel` ends it between two batches.
        """
        with self._query() as stop, _told(self._schemas):
            for frame in self._bound(sql, NO_PARAMS, stop).collect_batches(chunk_size=size, engine="streaming"):
                if stop.is_set():
                    raise Cancelled
                yield from plain(frame.to_arrow()).combine_chunks().to_batches()

    def validate(self, sql: str, params: Mapping[str, Param] = NO_PARAMS) -> None:
        """As `Engine.validate`."""
        with _told(self._schemas):
            self._bound(sql, params, threading.Event()).collect_schema()

    def cancel(self) -> None:
        """As `Engine.cancel`."""
        with self._lock:
            for stop in self._running:
                stop.set()

    def close(self) -> None:
        """As `Engine.close`."""
        self._frames.clear()

    def _bound(self, sql: str, params: Mapping[str, Param], stop: threading.Event) -> pl.LazyFrame:
        import polars as pl

        def going(rows: pl.DataFrame) -> pl.DataFrame:
            if stop.is_set():
                raise _Stopped
            return rows

        frames = {
            name: frame.map_batches(going, predicate_pushdown=True, projection_pushdown=True, streamable=True)
            for name, frame in self._frames.items()
        }
        return pl.SQLContext(frames).execute(spoken(sql, params))

    @contextmanager
    def _query(self) -> Iterator[threading.Event]:
        stop = threading.Event()
        with self._lock:
            self._running.add(stop)
        try:
            yield stop
        finally:
            with self._lock:
                self._running.discard(stop)


class _Running:
    """A query on a thread of its own. (Polars' own handle of one must not be let go before it is done: the process ends.)"""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.done = threading.Event()
        self._frame = frame
        self._found: pl.DataFrame | None = None
        self._failed: BaseException | None = None
        threading.Thread(target=self._run, name="polars query", daemon=True).start()

    def table(self) -> pa.Table:
        """The rows. Raises what the query raised."""
        if self._failed is not None:
            raise self._failed
        assert self._found is not None
        return self._found.to_arrow()

    def _run(self) -> None:
        try:
            self._found = self._frame.collect(engine="streaming")
        except BaseException as error:  # noqa: BLE001 - raised where the query is waited for
            self._failed = error
        self.done.set()


class _Stopped(Exception):
    """Raised among the rows of a query that nobody waits for."""


def sql_type(kind: pl.DataType) -> str:
    """The DuckDB type of a column of Polars."""
    import polars as pl

    if isinstance(kind, pl.Datetime):
        return "TIMESTAMP WITH TIME ZONE" if kind.time_zone else "TIMESTAMP"
    if isinstance(kind, pl.Decimal):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if isinstance(kind, pl.List):
        return f"{sql_type(kind.inner)}[]"  # type: ignore[arg-type]
    return _NAMES.get(kind.base_type().__name__, kind.base_type().__name__.upper())


_NAMES = {
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INTEGER",
    "Int64": "BIGINT",
    "Int128": "HUGEINT",
    "UInt8": "UTINYINT",
    "UInt16": "USMALLINT",
    "UInt32": "UINTEGER",
    "UInt64": "UBIGINT",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "String": "VARCHAR",
    "Categorical": "VARCHAR",
    "Enum": "VARCHAR",
    "Binary": "BLOB",
}


def _frame(rows: Sequence[Path] | pa.Table | pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl
    import pyarrow as pa

    if isinstance(rows, pl.LazyFrame):
        return rows
    if isinstance(rows, pa.Table):
        return pl.DataFrame(rows).lazy()
    empty = [p for p in rows if p.stat().st_size == 0]  # Polars takes an empty file for a table without rows
    if empty or not rows:
        raise LogError("the file is empty" if empty else "there are no files", where=str(empty[0]) if empty else "")
    scans = [pl.scan_parquet(path, hive_partitioning=False, glob=False) for path in rows]
    for path, scan in zip(rows, scans, strict=True):
        with _told({}, str(path)):
            scan.collect_schema()
    return scans[0] if len(scans) == 1 else pl.concat(scans, how="diagonal_relaxed")


def _wide(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Whole numbers of 64 bits, whose sums Polars does not let run over, doubles, and times in microseconds of UTC."""
    import polars as pl

    small = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
    items = []
    for name, kind in frame.collect_schema().items():
        column = pl.col(name)
        if isinstance(kind, small):
            items.append(column.cast(pl.Int64))
        elif isinstance(kind, pl.Float32):
            items.append(column.cast(pl.Float64))
        elif isinstance(kind, (pl.Categorical, pl.Enum)):
            items.append(column.cast(pl.String))
        elif isinstance(kind, pl.Datetime):
            wanted = pl.Datetime("us", "UTC" if kind.time_zone else None)
            items.append(column.dt.convert_time_zone("UTC").cast(wanted) if kind.time_zone else column.cast(wanted))
    return frame.with_columns(items) if items else frame


@contextmanager
def _told(schemas: Mapping[str, Mapping[str, str]], where: str = "") -> Iterator[None]:
    """Errors of Polars as ours."""
    import polars as pl
    import polars.exceptions as failed

    try:
        yield
    except RunbookError as error:
        error.where = error.where or where
        raise
    except _Stopped:
        raise Cancelled from None
    except failed.ColumnNotFoundError as error:
        name = _quoted(str(error))
        columns = [c for columns in schemas.values() for c in columns]
        raise QueryError(f"unknown column {name!r}", where=where, hint=did_you_mean(name, columns)) from error
    except failed.SQLInterfaceError as error:
        if (said := str(error)).startswith("relation "):
            name = _quoted(said)
            raise QueryError(f"unknown relation {name!r}", where=where, hint=did_you_mean(name, schemas)) from error
        raise QueryError(one_line(first_line(error)), where=where, hint=_ELSEWHERE) from error
    except (OSError, failed.ComputeError) as error:
        hint = "`runbook doctor` reads every file of the log"
        raise LogError(f"the log cannot be read: {first_line(error)}", where=where, hint=hint) from error
    except pl.exceptions.PolarsError as error:
        raise QueryError(one_line(first_line(error)), where=where, hint=_ELSEWHERE) from error


_ELSEWHERE = "Polars cannot do this: write it in other words, or ask DuckDB"


def _quoted(said: str) -> str:
    """The name that a message quotes first."""
    import re

    found = re.search(r"""["'](.+?)["']""", said)
    return one_line(found[1], most=120) if found else one_line(said, most=120)
