"""JSONL files: one object a line; lines that are none are counted and left out, a half-written last line among them."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_tui.logs.declared import Declared
from mlops_tui.logs.literals import ident, text
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.shape import AWARE, SOURCE, Part, aware

if TYPE_CHECKING:
    import duckdb

_OBJECTS = (
    "read_ndjson_objects({files}, ignore_errors = true, hive_partitioning = false, maximum_object_size = 67108864{source})"
)


def load(
    con: duckdb.DuckDBPyConnection, files: Sequence[LogFile], declared: Declared, table: str, *, named: bool
) -> tuple[Part, list[LogFile]]:
    """One part, materialised as `table`, and its files judged. Raises duckdb.Error where a file cannot be read to its end."""
    lines = Part(tuple(f.path for f in files), {}, template=_OBJECTS)
    query = f"SELECT {ident(SOURCE)}, json_structure(json), count(*) FROM {lines.scan(lines.files, named=True)} GROUP BY 1, 2"
    found: dict[str, set[str]] = {}
    good: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for path, structure, count in sorted(con.execute(query).fetchall(), key=str):
        if structure is None or not structure.startswith("{"):
            rejected[path] = rejected.get(path, 0) + count
            continue
        good[path] = good.get(path, 0) + count
        for name, type_ in json.loads(structure).items():
            found.setdefault(name, set()).add(type_ if isinstance(type_, str) else "JSON")
    judged = [_judge(f, good.get(str(f.path), 0), rejected.get(str(f.path), 0)) for f in files]
    part = _part([f for f in judged if not f.problem], found, declared)
    if not part.files:
        return part, judged
    items = [f"{part.expressions[c]} AS {ident(c)}" for c in part.columns] + ([ident(SOURCE)] if named else [])
    con.execute(f"CREATE TABLE {ident(table)} AS SELECT {', '.join(items)} FROM {part.scan(part.files, named=named)}")
    return replace(part, rows=sum(good.values()), table=ident(table)), judged


def _judge(file: LogFile, good: int, rejected: int) -> LogFile:
    if not good:
        return file.bad("no line of it is a JSON object" if rejected else "it holds no rows")
    file = replace(file, rows=good)
    if not rejected:
        return file
    half = rejected == 1 and file.path.suffix.lower() != ".gz" and not _ends_a_line(file)
    return replace(file, rejected=rejected, note="a half-written last line" if half else "no JSON objects")


def _ends_a_line(file: LogFile) -> bool:
    with file.path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"


def _part(files: Sequence[LogFile], found: Mapping[str, set[str]], declared: Declared) -> Part:
    """The columns by the values' own JSON types; numbers declared as features are numbers even where some came as text."""
    raw: dict[str, str] = {}
    columns: dict[str, str] = {}
    expressions: dict[str, str] = {}
    for name, types in found.items():
        kind = declared.kind(name)
        own = _json_type(types)
        if name == declared.spec.time:
            raw[name], columns[name] = own, AWARE
            expressions[name] = aware(ident(name), own, declared.zone)
            continue
        wish = {"numeric": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR"}.get(kind or "", own)
        if wish == "DOUBLE" and own in ("BIGINT", "DOUBLE"):
            wish = own
        raw[name] = own if wish == own else "VARCHAR"
        columns[name] = wish
        expressions[name] = ident(name) if raw[name] == wish else f"TRY_CAST({ident(name)} AS {wish})"
    struct = text(json.dumps(raw, ensure_ascii=False))
    template = (
        f"(SELECT unnest(json_transform(json, {struct})){{picked}} FROM {_OBJECTS} WHERE json_type(json) = 'OBJECT')"
        if raw
        else _OBJECTS
    )
    return Part(tuple(f.path for f in files), columns, template=template, expressions=expressions)


def _json_type(types: set[str]) -> str:
    """One SQL type for the JSON types that a key's values have; null fits any."""
    real = {"BIGINT" if t in ("UBIGINT", "HUGEINT") else t for t in types} - {"NULL"}
    if real <= {"BIGINT"} and real:
        return "BIGINT"
    if real <= {"BIGINT", "DOUBLE"} and real:
        return "DOUBLE"
    return "BOOLEAN" if real == {"BOOLEAN"} else "VARCHAR"
