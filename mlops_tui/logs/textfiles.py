"""Text files (CSV, JSONL) as parts: each read once, into a table inside the connection; those that cannot be are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from mlops_tui.logs import delimited, jsonlines
from mlops_tui.logs.declared import Declared
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.parquet import reason
from mlops_tui.logs.shape import Part

if TYPE_CHECKING:
    import duckdb

Load = Callable[[Sequence[LogFile], str], tuple[Part, list[LogFile]]]


def read_text(con: duckdb.DuckDBPyConnection, files: Sequence[LogFile], declared: Declared) -> tuple[list[Part], list[LogFile]]:
    """Parts by format and header, and every file judged. Tables keep each row's file only where a folder's value is needed."""
    named = any(declared.knows(key) for f in files for key in f.partitions)
    judged: list[LogFile] = []
    groups: dict[delimited.Header, list[LogFile]] = {}
    lines = [f for f in files if f.format == "jsonl"]
    for file in files:
        if file.format == "csv":
            header = delimited.read_header(file)
            if isinstance(header, str):
                judged.append(file.bad(header))
            else:
                groups.setdefault(header, []).append(file)
    loads: list[tuple[Load, list[LogFile]]] = []
    for header, group in groups.items():

        def load(some: Sequence[LogFile], table: str, header: delimited.Header = header) -> tuple[Part, list[LogFile]]:
            return delimited.load(con, some, header, declared, table, named=named)

        loads.append((load, group))
    if lines:
        loads.append((partial(_load_lines, con, declared, named), lines))
    parts = []
    for number, (load_group, group) in enumerate(loads):
        part, told = _tolerant(con, load_group, group, f"text_{number}")
        judged += told
        if part is not None and part.files:
            parts.append(part)
    return parts, judged


def _load_lines(
    con: duckdb.DuckDBPyConnection, declared: Declared, named: bool, files: Sequence[LogFile], table: str
) -> tuple[Part, list[LogFile]]:
    return jsonlines.load(con, files, declared, table, named=named)


def _tolerant(
    con: duckdb.DuckDBPyConnection, load: Load, files: Sequence[LogFile], table: str
) -> tuple[Part | None, list[LogFile]]:
    """Load the files together; where that fails, try each alone, and load together those that can be read."""
    import duckdb

    try:
        return load(files, table)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        pass
    bad: list[LogFile] = []
    good: list[LogFile] = []
    for number, file in enumerate(files):
        try:
            load([file], f"{table}_try_{number}")
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            bad.append(file.bad(reason(error, file.path)))
        else:
            good.append(file)
            con.execute(f"DROP TABLE IF EXISTS {table}_try_{number}")
    if not good:
        return None, bad
    part, judged = load(good, table)
    return part, judged + bad
