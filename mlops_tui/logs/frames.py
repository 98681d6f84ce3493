"""The rows of a log by Polars, where its inventory says `engine: polars`. Summaries come out the same, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import LogError
from mlops_tui.inventory.types import Decision, LabelSpec
from mlops_tui.logs.pushdown import Source, batches
from mlops_tui.logs.shape import AWARE
from mlops_tui.summaries.layout import Layout

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from mlops_tui.logs.log import Log

NAME = "polars"
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_NUMBERS = {*_WHOLE, "FLOAT", "DOUBLE"}
_LOCAL = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}


@dataclass(frozen=True, slots=True)
class Frames:
    """How a log's Parquet files are read with Polars: `text` is SQL in the portable subset over one file's rows."""

    log: Log
    text: str

    def batches(self, path: Path, size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a file that have a time, as `projection` gives them, in its order. Raises LogError, QueryError."""
        import pyarrow as pa

        from mlops_tui.logs.engines.polars import Polars
        from mlops_tui.summaries.wide import millionths

        engine = Polars({self.log.name: frame_of(self.log, path)})
        try:
            for batch in engine.batches(self.text, size):
                names = batch.schema.names
                columns = [millionths(batch.column(n)) if n[0] == "m" else batch.column(n) for n in names]
                yield pa.RecordBatch.from_arrays(columns, names=names)
        finally:
            engine.close()


def by_polars(log: Log, layout: Layout, decision: Decision | None, labels: LabelSpec | None) -> Frames | None:
    """How to read the log's files where it names Polars; None where it does not, and for files of text: DuckDB reads those.

    Raises QueryError where an expression of the layout is not portable, LogError for a column that Polars reads otherwise.
    """
    if log.spec.engine != NAME or any(log.held(f.path) is None for f in log.manifest.files):
        return None
    return Frames(log, batches(Source(log.name, log.spec, log.columns, layout, decision, labels)))


def frame_of(log: Log, path: Path) -> pl.LazyFrame:
    """A Parquet file of the log as the log's relation: its columns, in its types; what the file lacks is missing."""
    import polars as pl

    held = log.held(path)
    if held is None:
        raise LogError("it is no Parquet file", where=str(path))
    scan = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    spelt = {c.casefold(): c for c in scan.collect_schema()}
    folders = next((f.partitions for f in log.manifest.files if f.path == path), {})
    items = []
    for name, wanted in log.columns.items():
        if name not in held:
            items.append(
                pl.lit(folders.get(name), dtype=pl.String).alias(name) if name in folders else pl.lit(None).alias(name)
            )
            continue
        column, own = pl.col(spelt[name.casefold()]), held[name]
        made = _moment(column, own, log.zone, name) if name == log.spec.time else _cast(column, own, wanted, name)
        items.append(made.alias(name))
    return scan.select(items)


def _cast(column: pl.Expr, own: str, wanted: str, name: str) -> pl.Expr:
    """A column in another type: what does not fit is missing, as DuckDB's TRY_CAST has it."""
    import polars as pl

    if own == wanted:
        return column
    if own in _NUMBERS and wanted in ("DOUBLE", "BIGINT") and (own in _WHOLE or wanted == "DOUBLE"):
        return column.cast(pl.Float64 if wanted == "DOUBLE" else pl.Int64, strict=False)
    if own == "VARCHAR" and wanted == "DOUBLE":
        return column.str.strip_chars().cast(pl.Float64, strict=False)
    if own in _WHOLE and wanted == "VARCHAR":
        return column.cast(pl.String)
    raise _otherwise(name, f"{own} as {wanted}")


def _moment(column: pl.Expr, own: str, zone: ZoneInfo, name: str) -> pl.Expr:
    """The time as one of UTC; a naive one is in the zone."""
    import polars as pl

    if own == AWARE:
        return column
    if own in _LOCAL and zone.key in ("UTC", "Etc/UTC"):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    raise _otherwise(name, f"times of {own}" + (f" in {zone.key}" if own in _LOCAL else ""))


def _otherwise(name: str, what: str) -> LogError:
    hint = "take `engine:` from the log: DuckDB reads it"
    return LogError(f"Polars does not read {what} as DuckDB does (column {name!r})", hint=hint)
