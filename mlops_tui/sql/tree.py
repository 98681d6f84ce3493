"""A SQL text as DuckDB's own parser sees it: the serialised tree, and where its parts stand in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_tui.core.errors import QueryError
from mlops_tui.sql.failure import explain, line_of

if TYPE_CHECKING:
    import duckdb

Node = dict[str, Any]

MOST_BYTES = 100_000
"""The longest text that is read; a query in a runbook is a few hundred bytes."""

_NOWHERE = 0xFFFF_FFFF_FFFF_FFFF
_PLACES = ("query_location", "query_location_length")


def parse(con: duckdb.DuckDBPyConnection, text: str, *, skip: int = 0) -> Node:
    """The tree of exactly one SELECT statement. Raises QueryError for anything else.

    `skip` is how many of the text's first lines are not the author's.
    """
    if len(text) > MOST_BYTES:
        raise QueryError(f"the query is longer than {MOST_BYTES:,} characters")
    if "\x00" in text or (not text.isprintable() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise QueryError("the query holds characters that no SQL has (NUL or half a surrogate pair)")
    raw = con.execute("select json_serialize_sql($text)", {"text": text}).fetchall()[0][0]
    try:
        answer: Node = msgspec.json.decode(raw)
    except RecursionError:
        raise QueryError("the query is nested too deep", hint="name its parts in WITH clauses") from None
    if answer["error"]:
        if answer["error_type"] == "parser":
            raise explain({"exception_message": answer["error_message"], **answer}, text, {}, skip=skip)
        raise QueryError(f"a query must be a SELECT; this is {_kind(con, text)}", hint="a query only reads")
    statements: list[Node] = answer["statements"]
    if len(statements) != 1:
        what = f"it holds {len(statements)} statements" if statements else "it is empty"
        raise QueryError(f"a query must be exactly one SELECT; {what}")
    kinds = _kinds(con, text)
    if kinds != ["SELECT"]:
        raise QueryError(f"a query must be a SELECT; this is {' and '.join(kinds)}", hint="a query only reads")
    return statements[0]


def _kinds(con: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    return [str(s.type).rpartition(".")[2] for s in con.extract_statements(text)]


def _kind(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The first statement that is not a SELECT, for a message."""
    other = next((k for k in _kinds(con, text) if k != "SELECT"), "another statement")
    return {"MULTI": "PIVOT"}.get(other, other)


def place(node: Node) -> tuple[int, int] | None:
    """Where a node begins in the text and how long it is, in bytes; None where the parser did not say."""
    start, length = (node.get(name, _NOWHERE) for name in _PLACES)
    return None if start == _NOWHERE or length == _NOWHERE else (start, length)


def span(node: Node) -> tuple[int, int] | None:
    """The first and the last byte (exclusive) of a node and all that is in it; None where the parser did not say."""
    places = [at for part in walk(node) if (at := place(part))]
    return (min(at for at, _ in places), max(at + size for at, size in places)) if places else None


def line(node: Node, text: str, skip: int = 0) -> int:
    """The author's line, from 1, at which a node (or the first thing in it) begins; 0 where it is not known."""
    found = place(node) or span(node)
    return max(line_of(text, found[0]) - skip, 0) if found else 0


def walk(value: Any) -> Iterator[Node]:
    """Every mapping in a tree, outermost first, in the order of the text."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            yield here
            stack.extend(reversed(list(here.values())))
        elif isinstance(here, list):
            stack.extend(reversed(here))


def bare(value: Any) -> Any:
    """The tree without its places: equal for texts that mean the same to the parser."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if k not in _PLACES and k != "named_param_map"}
    return [bare(v) for v in value] if isinstance(value, list) else value
