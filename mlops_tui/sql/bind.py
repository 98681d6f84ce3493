"""Values into queries: each `$name` becomes a cast of the bound value to its type, at the place the parser names.

The cast stands in the author's own text, so that DuckDB's errors name the author's lines; that text is parsed again
and must be the tree in which the parameter nodes were replaced. Where it is not, the tree itself is written out.
A value is never pasted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_tui.core.errors import QueryError, did_you_mean
from mlops_tui.sql.tree import Node, bare, line, place, walk
from mlops_tui.sql.values import Value, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Bound:
    """A query that can be run: its text with typed parameters, the values they take, the names of its columns.

    `columns` are names by position (from the end where negative), where DuckDB's own would show the casts.
    `in_place` says that the text has the author's lines.
    """

    text: str
    values: Mapping[str, Any]
    columns: Mapping[int, str]
    in_place: bool


def used(tree: Node) -> list[Node]:
    """The parameter nodes of a tree, in the order of the text."""
    return [n for n in walk(tree) if n.get("class") == "PARAMETER"]


def missing(tree: Node, known: Mapping[str, object], text: str, skip: int = 0) -> list[QueryError]:
    """One error for each value that the query uses and nobody gives, and for each unknown field of a value."""
    faults: dict[str, QueryError] = {}
    for node in used(tree):
        name = str(node["identifier"])
        if name not in known and name not in faults:
            hint = did_you_mean(name, known)
            faults[name] = QueryError(f"unknown value ${name}", hint=hint, line=line(node, text, skip))
    for name, field, node in _fields(tree):
        value = known.get(name)
        fields = value.fields if isinstance(value, Value) else {}
        key = f"{name}.{field}"
        if fields and key not in faults and field.lower() not in {f.lower() for f in fields}:
            faults[key] = QueryError(
                f"${name} has no field {field!r}", hint=did_you_mean(field, fields), line=line(node, text, skip)
            )
    return list(faults.values())


def _fields(tree: Node) -> list[tuple[str, str, Node]]:
    """Each `$name.field` of a tree: the value's name, the field, and the node of both."""
    found = []
    for node in walk(tree):
        if node.get("class") == "OPERATOR" and node.get("type") == "STRUCT_EXTRACT":
            whole, key = node["children"]
            if whole.get("class") == "PARAMETER" and key.get("class") == "CONSTANT":
                found.append((str(whole["identifier"]), str(key["literal"]["text"]), node))
    return found


def bind(con: duckdb.DuckDBPyConnection, text: str, tree: Node, values: Mapping[str, Value]) -> Bound:
    """The query with its values typed. Every value that the tree uses must be in `values` (see `missing`)."""
    nodes = used(tree)
    if not nodes:
        return Bound(text, {}, {}, True)
    columns = _columns(con, tree)
    names = {str(n["identifier"]) for n in nodes}
    given = {name: _given(values[name]) for name in names}
    typed = typed_tree(con, tree, {name: values[name].sql_type for name in names})
    spliced = _splice(text, nodes, lambda name: f"(cast(${name} as {values[name].sql_type}))")
    if spliced is not None and bare(_serialised(con, spliced)) == bare(typed):
        return Bound(spliced, given, columns, True)
    return Bound(written(con, typed), given, columns, False)


def typed_tree(con: duckdb.DuckDBPyConnection, tree: Node, types: Mapping[str, str]) -> Node:
    """The tree with each parameter node inside a cast to its type."""
    casts = {}
    for name, sql_type in types.items():
        made = _serialised(con, f"select cast(${name} as {sql_type})")
        if made is None:
            raise QueryError(f"${name} has a type that SQL does not know: {sql_type}")
        casts[name] = made["node"]["select_list"][0]

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("class") == "PARAMETER":
                return {**casts[str(value["identifier"])], "alias": value.get("alias", "")}
            return {k: change(v) for k, v in value.items()}
        return [change(v) for v in value] if isinstance(value, list) else value

    changed: Node = change(tree)
    return changed


def written(con: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """A tree as SQL text."""
    whole = msgspec.json.encode({"error": False, "statements": [tree]}).decode()
    text: str = con.execute("select json_deserialize_sql($tree)", {"tree": whole}).fetchall()[0][0]
    return text


def shown(text: str, tree: Node, values: Mapping[str, Value]) -> str:
    """The text with each value written as a SQL literal of its type, and each `$value.field` as the field's."""
    raw = text.encode()
    changes: dict[int, tuple[int, bytes]] = {}
    for node in used(tree):
        name = str(node["identifier"])
        at = place(node)
        if at is not None and name in values:
            changes[at[0]] = (at[0] + len(name) + 1, _one(literal(values[name])))
    for name, field, node in _fields(tree):
        at = place(node)
        value = values.get(name)
        start = f"${name}.".encode()
        if at is None or value is None or not raw.startswith(start, at[0]):
            continue
        for known, sql_type in value.fields.items():
            end = at[0] + len(start) + len(field.encode())
            if known.lower() == field.lower() and raw[at[0] + len(start) : end] == field.encode():
                changes[at[0]] = (end, _one(literal(Value(sql_type, (value.value or {}).get(known)))))
    return _replaced(raw, changes)


def _one(text: str) -> bytes:
    """A literal that keeps together whatever stands beside it."""
    return (f"({text})" if "::" in text or text.startswith("-") else text).encode()


def _splice(text: str, nodes: list[Node], made: Callable[[str], str]) -> str | None:
    """The text with each parameter replaced at its place; None where a place is not known."""
    raw = text.encode()
    changes: dict[int, tuple[int, bytes]] = {}
    for node in nodes:
        name = str(node["identifier"])
        at = place(node)
        if at is None or not raw.startswith(f"${name}".encode(), at[0]):
            return None
        changes[at[0]] = (at[0] + len(name.encode()) + 1, made(name).encode())
    return _replaced(raw, changes)


def _replaced(raw: bytes, changes: Mapping[int, tuple[int, bytes]]) -> str:
    """The bytes with `start: (end, new)` applied, as text."""
    parts, done = [], 0
    for start, (end, new) in sorted(changes.items()):
        parts += [raw[done:start], new]
        done = end
    return b"".join([*parts, raw[done:]]).decode()


def _serialised(con: duckdb.DuckDBPyConnection, text: str) -> Node | None:
    """The tree of one statement of ours; None where it does not parse."""
    raw = con.execute("select json_serialize_sql($text)", {"text": text}).fetchall()[0][0]
    answer = msgspec.json.decode(raw)
    if answer["error"] or len(answer["statements"]) != 1:
        return None
    tree: Node = answer["statements"][0]
    return tree


def _given(value: Value) -> Any:
    """The value as it is handed over. The cast in the text gives a plain one its type; DuckDB would take a mapping
    of `key` and `value` for a map, so lists and structs bring theirs along."""
    import duckdb

    if isinstance(value.value, Mapping | list | tuple):
        return duckdb.Value(value.value, duckdb.type(value.sql_type))
    return value.value


def _columns(con: duckdb.DuckDBPyConnection, tree: Node) -> dict[int, str]:
    """Names for the unnamed columns that use values: `$place` -> `place`, `$scope.region` -> `region`."""
    node = tree["node"]
    while node["type"] == "SET_OPERATION_NODE" and node.get("children"):
        node = node["children"][0]
    items = node.get("select_list", [])
    stars = [at for at, item in enumerate(items) if any(n.get("class") == "STAR" for n in walk(item))]
    names = {}
    for at, item in enumerate(items):
        if item.get("alias") or not used(item):
            continue
        if not stars or at < stars[0]:
            names[at] = _name(con, item)
        elif at > stars[-1]:
            names[at - len(items)] = _name(con, item)
    return names


def _name(con: duckdb.DuckDBPyConnection, item: Node) -> str:
    if item.get("class") == "PARAMETER":
        return str(item["identifier"])
    if item.get("type") == "STRUCT_EXTRACT" and item["children"][1].get("class") == "CONSTANT":
        return str(item["children"][1]["literal"]["text"])
    alone = _serialised(con, "select 1")
    assert alone is not None
    alone["node"]["select_list"] = [item]
    return written(con, alone).removeprefix("SELECT ")
