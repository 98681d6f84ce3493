"""CSV files: read once into a table of text, then each column given the type that the inventory declares or all values fit."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_tui.logs.declared import Declared
from mlops_tui.logs.literals import ident, text
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.shape import AWARE, SOURCE, Part, aware

if TYPE_CHECKING:
    import duckdb

_HEAD = 1 << 16
_NOTHING = "('', 'na', 'n/a', 'null', 'none', 'nan')"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a CSV file."""

    names: tuple[str, ...]
    delimiter: str


def read_header(file: LogFile) -> Header | str:
    """The header of a CSV file, or what is wrong with it. Commas, tabs, semicolons and bars are told apart by counting."""
    try:
        with gzip.open(file.path) if file.path.suffix.lower() == ".gz" else file.path.open("rb") as handle:
            head = handle.read(_HEAD)
    except (OSError, EOFError) as error:
        return f"it cannot be unpacked: {error}"
    if b"\0" in head:
        return "it is not text"
    try:
        line = head.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        return "its header is not UTF-8"
    delimiter = max(",\t;|", key=line.count)
    names = tuple(n.strip() for n in next(csv.reader(io.StringIO(line), delimiter=delimiter), []))
    if not any(names):
        return "it has no header line"
    folded = [n.casefold() for n in names]
    doubled = sorted({n for n in names if n and folded.count(n.casefold()) > 1})
    if doubled:
        return f"its header names {doubled[0]!r} twice"
    return Header(tuple(n or f"column{i}" for i, n in enumerate(names)), delimiter)


def template(header: Header) -> str:
    """The FROM item for files with this header, every column as text; rows that do not fit the header are left out."""
    columns = ", ".join(f"{text(n)}: 'VARCHAR'" for n in header.names)
    return (
        f"read_csv({{files}}, auto_detect = false, header = true, delim = {text(header.delimiter)}, quote = '\"',"
        f" escape = '\"', columns = {{{columns}}}, hive_partitioning = false, {{rejects}}{{source}})"
    )


def load(
    con: duckdb.DuckDBPyConnection, files: Sequence[LogFile], header: Header, declared: Declared, table: str, *, named: bool
) -> tuple[Part, list[LogFile]]:
    """One part, materialised as `table`, and its files judged. Raises duckdb.Error where a file cannot be read to its end."""
    scan = template(header)
    part = Part(
        tuple(f.path for f in files),
        dict.fromkeys(header.names, "VARCHAR"),
        template=scan.replace("{rejects}", "ignore_errors = true"),
    )
    staged = replace(part, template=scan.replace("{rejects}", "store_rejects = true")).scan(part.files, named=True)
    con.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM {staged}")
    judged = _judge(con, files)
    part = _typed(con, part, declared)
    items = [f"{part.expressions[c]} AS {ident(c)}" for c in part.columns]
    if named:
        items.append(ident(SOURCE))
    bad = ", ".join(text(str(f.path)) for f in judged if f.problem)
    where = f" WHERE {ident(SOURCE)} NOT IN ({bad})" if bad else ""
    con.execute(f"CREATE TABLE {ident(table)} AS SELECT {', '.join(items)} FROM staged{where}")
    rows = con.execute(f"SELECT count(*) FROM {ident(table)}").fetchall()[0][0]
    con.execute("DROP TABLE staged")
    good = tuple(f.path for f in judged if not f.problem)
    if any(f.rejected for f in judged):
        part = replace(part, template=_strict(part.template, header))
    return replace(part, files=good, rows=rows, table=ident(table)), judged


def _strict(scan: str, header: Header) -> str:
    """The scan with every column read, since a fault in a column that nobody asks for would let its row pass."""
    return f"(SELECT * FROM {scan} WHERE hash({', '.join(map(ident, header.names))}) IS NOT NULL)"


def _judge(con: duckdb.DuckDBPyConnection, files: Sequence[LogFile]) -> list[LogFile]:
    """Each file with the number of lines that did not fit its header; a file of which nothing fits has a problem."""
    good = dict(con.execute(f"SELECT {ident(SOURCE)}, count(*) FROM staged GROUP BY 1").fetchall())
    rejected: dict[str, tuple[int, str]] = {}
    if con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall():
        query = """
            SELECT s.file_path, count(DISTINCT e.line), min(e.line), arg_min(e.error_type, e.line)
            FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) GROUP BY 1"""
        for path, count, line, kind in con.execute(query).fetchall():
            rejected[path] = (count, f"first line {line}: {kind.lower()}")
        con.execute("DROP TABLE reject_errors")
        con.execute("DROP TABLE reject_scans")
    judged = []
    for file in files:
        count, note = rejected.get(str(file.path), (0, ""))
        if count and not good.get(str(file.path)):
            judged.append(file.bad(f"none of its {count:,} lines fits its header ({note})"))
        else:
            judged.append(replace(file, rows=int(good.get(str(file.path), 0)), rejected=count, note=note))
    return judged


def _typed(con: duckdb.DuckDBPyConnection, part: Part, declared: Declared) -> Part:
    """The part with each column's type, and the SQL that makes it from text."""
    free = [c for c in part.columns if declared.kind(c) is None and c != declared.spec.time]
    found = dict(zip(free, _fits(con, free), strict=True)) if free else {}
    columns, expressions = {}, {}
    for name in part.columns:
        raw = ident(name)
        if name == declared.spec.time:
            columns[name], expressions[name] = AWARE, aware(raw, _time_type(con, name), declared.zone)
            continue
        type_ = (
            {"numeric": "DOUBLE", "boolean": "BOOLEAN"}.get(declared.kind(name) or "", "VARCHAR")
            if name not in found
            else found[name]
        )
        columns[name] = type_
        expressions[name] = raw if type_ == "VARCHAR" else f"TRY_CAST({raw} AS {type_})"
    return replace(part, columns=columns, expressions=expressions)


def _fits(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[str]:
    """The narrowest of BIGINT, DOUBLE, BOOLEAN that every value fits, else VARCHAR. Leading zeros make text (`007`)."""
    items = []
    for name in map(ident, names):
        number = f"TRY_CAST({name} AS DOUBLE) IS NOT NULL AND NOT regexp_matches({name}, '^[+-]?0[0-9]|^\\+')"
        items += [
            f"count(*) FILTER (WHERE lower({name}) NOT IN {_NOTHING})",
            f"count(*) FILTER (WHERE regexp_full_match({name}, '-?(0|[1-9][0-9]{{0,17}})'))",
            f"count(*) FILTER (WHERE lower({name}) NOT IN {_NOTHING} AND {number})",
            f"count(*) FILTER (WHERE lower({name}) IN ('true', 'false'))",
            f"count(*) FILTER (WHERE lower({name}) = 'nan')",
        ]
    counts = con.execute(f"SELECT {', '.join(items)} FROM staged").fetchall()[0]
    found = []
    for i in range(0, len(counts), 5):
        values, whole, numbers, truths, nans = counts[i : i + 5]
        fits = {"BIGINT": whole == values and not nans, "DOUBLE": numbers == values, "BOOLEAN": truths == values}
        found.append(next((t for t, fit in fits.items() if fit and values), "VARCHAR"))
    return found


def _time_type(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """DOUBLE where the times are Unix times, else VARCHAR."""
    numbers = f"SELECT count({ident(name)}), count(TRY_CAST({ident(name)} AS DOUBLE)) FROM staged"
    values, numeric = con.execute(numbers).fetchall()[0]
    return "UNIX" if values and values == numeric else "VARCHAR"
