"""Parquet files grouped by schema, from their footers, in a few calls for the whole log."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mlops_tui.core.leave import one_line
from mlops_tui.logs.literals import text, texts
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.shape import Part, span_in_utc

if TYPE_CHECKING:
    import duckdb


def read_footers(
    con: duckdb.DuckDBPyConnection, files: Sequence[LogFile], time: str, zone: ZoneInfo
) -> tuple[list[Part], list[LogFile]]:
    """Parts by schema, and every file judged: with its number of rows, or with a problem."""
    import duckdb

    if not files:
        return [], []
    try:
        schemas, rows = _footers(con, files)
        judged = list(files)
    except duckdb.Error:
        judged = [_probe(con, f) for f in files]
        sound = [f for f in judged if not f.problem]
        if not sound:
            return [], judged
        schemas, rows = _footers(con, sound)
    judged = [f if f.problem else replace(f, rows=rows.get(str(f.path), 0)) for f in judged]
    groups: dict[tuple[Any, ...], list[LogFile]] = {}
    for file in judged:
        if not file.problem:
            groups.setdefault(schemas[str(file.path)], []).append(file)
    return [_part(con, group, time, zone) for group in groups.values()], judged


def _footers(con: duckdb.DuckDBPyConnection, files: Sequence[LogFile]) -> tuple[dict[str, tuple[Any, ...]], dict[str, int]]:
    listed = texts(str(f.path) for f in files)
    schemas: dict[str, list[Any]] = {}
    query = (
        f"SELECT file_name, name, type, num_children, duckdb_type, logical_type FROM parquet_schema({listed})"
        " ORDER BY file_name, column_id"
    )
    for name, *element in con.execute(query).fetchall():
        schemas.setdefault(name, []).append(tuple(element[1:]) if not schemas.get(name) else tuple(element))
    counted = con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata({listed})").fetchall()
    return {k: tuple(v) for k, v in schemas.items()}, {str(n): int(c) for n, c in counted}


def _probe(con: duckdb.DuckDBPyConnection, file: LogFile) -> LogFile:
    import duckdb

    try:
        _footers(con, [file])
    except duckdb.Error as error:
        return file.bad(reason(error, file.path))
    return file


def reason(error: Exception, path: Path) -> str:
    """The first line of DuckDB's message without its class and without the file's path, which is told beside it."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    for prefix in ("Invalid Input Error: ", "IO Error: ", "Invalid Error: ", "TProtocolException: ", "Serialization Error: "):
        line = line.removeprefix(prefix)
    return one_line(line.replace(f"'{path}'", "it").replace(f'"{path}"', "it").replace(str(path), "it"), most=200)


def _part(con: duckdb.DuckDBPyConnection, group: Sequence[LogFile], time: str, zone: ZoneInfo) -> Part:
    paths = tuple(f.path for f in group)
    part = Part(paths, {}, rows=sum(f.rows or 0 for f in group))
    described = con.execute(f"DESCRIBE SELECT * FROM {part.scan(paths[:1], named=False)}").fetchall()
    columns = {str(row[0]): str(row[1]) for row in described}
    spans, untimed = _spans(con, paths, time, columns.get(time, ""), zone)
    return replace(part, columns=columns, spans=spans, untimed=untimed)


def _spans(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], time: str, type_: str, zone: ZoneInfo
) -> tuple[dict[Path, tuple[datetime, datetime]], dict[Path, int]]:
    """First and last time by file, from row group statistics, and how many of its rows have none.

    A file without statistics is left out and always read.
    """
    if not type_.startswith(("TIMESTAMP", "DATE")):
        return {}, {}
    low, high = "coalesce(stats_min_value, stats_min)", "coalesce(stats_max_value, stats_max)"
    query = f"""
        SELECT file_name, min(epoch_us(TRY_CAST({low} AS TIMESTAMPTZ))), max(epoch_us(TRY_CAST({high} AS TIMESTAMPTZ))),
               bool_and(TRY_CAST({low} AS TIMESTAMPTZ) IS NOT NULL AND TRY_CAST({high} AS TIMESTAMPTZ) IS NOT NULL),
               sum(stats_null_count), bool_and(stats_null_count IS NOT NULL)
        FROM parquet_metadata({texts(str(p) for p in paths)}) WHERE path_in_schema = {text(time)} GROUP BY file_name"""
    spans: dict[Path, tuple[datetime, datetime]] = {}
    untimed: dict[Path, int] = {}
    for name, first, last, told, nulls, counted in con.execute(query).fetchall():
        span = span_in_utc(first, last, type_, zone) if told else None
        if span:
            spans[Path(name)] = span
        if counted:
            untimed[Path(name)] = int(nulls or 0)
    return spans, untimed
