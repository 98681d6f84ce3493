"""What a query may be: one SELECT that only reads declared relations and answers the same each time.

A guard against mistakes and hostile values, on top of DuckDB's own lock; authors of runbooks are trusted as
authors of code are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import QueryError, did_you_mean
from mlops_tui.sql.names import NAME
from mlops_tui.sql.tree import Node, line, parse

if TYPE_CHECKING:
    import duckdb

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_REFS = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"})
_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
_SPECIAL = frozenset(
    """current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime
    localtimestamp session_user user""".split()
)
"""Bare words that DuckDB reads as calls where no column has that name."""

_INEXACT = frozenset({"approx_quantile", "reservoir_quantile", "approx_top_k"})
"""Aggregates that sample or depend on the order in which threads finish."""

_ZONED = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "TIME WITH TIME ZONE"})

_WORD = re.compile(r"[a-z_]\w*")
_AT = "a query must answer the same each time it is run: the time is $at"


class Guard:
    """Checks queries before they run on one connection, whose functions it looks up once.

    Not to be used from two threads at once, as the connection is not.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._refused: Mapping[str, str] | None = None

    def check(self, text: str, relations: Collection[str], *, skip: int = 0) -> Node:
        """The query's tree. Raises QueryError, with the author's line, for what may not run.

        `relations` are the declared names; `skip` is how many of the text's first lines are not the author's.
        """
        tree = parse(self._con, text, skip=skip)
        visit = _Visit(text, skip, frozenset(relations), self.refused)
        try:
            visit.anything(tree, visit.declared)
        except RecursionError:
            raise QueryError("the query is nested too deep", hint="name its parts in WITH clauses") from None
        return tree

    @property
    def refused(self) -> Mapping[str, str]:
        """Functions that no query may call, each with the reason."""
        if self._refused is None:
            self._refused = _refused(self._con)
        return self._refused


def check(con: duckdb.DuckDBPyConnection, text: str, relations: Collection[str]) -> None:
    """Raise QueryError, with the line, unless `text` is one SELECT over `relations` that may run."""
    Guard(con).check(text, relations)


def steady(stability: str, takes: Sequence[str | None], gives: str | None) -> bool:
    """Does this overload answer the same in each run? `takes` and `gives` are the names of its SQL types.

    DuckDB from 2.0.1 on calls whatever reckons with the session's time zone consistent within one query only: our zone is
    always UTC, and locked.
    """
    if stability == "CONSISTENT":
        return True
    return stability == "CONSISTENT_WITHIN_QUERY" and bool(takes) and not _ZONED.isdisjoint((*takes, gives))


def _refused(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Every function that is not the same each time, reads what is not declared, or is DuckDB's own business."""
    rows = con.execute("select function_name, function_type, coalesce(macro_definition, '') from duckdb_functions()").fetchall()
    overloads = con.execute(
        "select function_name, stability, parameter_types, return_type from duckdb_functions() where stability is not null"
    ).fetchall()
    unstable = {name for name, *overload in overloads if not steady(*overload)} | _SPECIAL
    macros = {name: set(_WORD.findall(body.lower())) for name, kind, body in rows if kind == "macro"}
    while grown := {name for name, words in macros.items() if name not in unstable and words & unstable}:
        unstable |= grown
    tables = {name for name, kind, _ in rows if kind in ("table", "table_macro", "pragma")}
    values = {name for name, kind, _ in rows if kind in ("scalar", "aggregate", "macro")}
    private = {name for name in values if name.startswith(("__", "pg_", "has_", "inet_"))} | {"json_serialize_plan"}
    reasons = dict.fromkeys(tables - values - _TABLE_FUNCTIONS, "it reads what is not declared")
    reasons |= dict.fromkeys(private, "it is about the database, not about the rows")
    reasons |= dict.fromkeys(unstable, _AT)
    return reasons | dict.fromkeys(_INEXACT, "it may answer differently each time: use quantile_cont or count")


class _Visit:
    """One walk over one tree. `scope` is every relation that is visible at a place."""

    def __init__(self, text: str, skip: int, declared: frozenset[str], refused: Mapping[str, str]) -> None:
        self.text = text
        self.skip = skip
        self.declared = declared
        self.refused = refused

    def no(self, node: Node, message: str, hint: str = "") -> QueryError:
        return QueryError(message, hint=hint, line=line(node, self.text, self.skip))

    def anything(self, value: Any, scope: frozenset[str]) -> None:
        if isinstance(value, list):
            for item in value:
                self.anything(item, scope)
        elif isinstance(value, dict):
            self.node(value, scope)

    def node(self, node: Node, scope: frozenset[str]) -> None:
        kind = node.get("type")
        if "class" in node:
            self.expression(node)
        elif isinstance(kind, str) and kind.endswith("_NODE"):
            self.query(node, kind)
        elif "sample" in node and "alias" in node:
            self.source(node, str(kind), scope)
        if isinstance(node.get("cte_map"), dict):
            scope = self.ctes(node, scope)
        for key, value in node.items():
            if key != "cte_map":
                self.anything(value, scope)

    def query(self, node: Node, kind: str) -> None:
        if kind not in _NODES:
            what = kind.removesuffix("_QUERY_NODE").removesuffix("_NODE")
            raise self.no(node, f"{what} is not allowed inside a query", "a query only reads")
        if node.get("sample"):
            raise self.no(node, "a sample is not allowed in a query", "it would not answer the same each time")
        if kind in ("CTE_NODE", "RECURSIVE_CTE_NODE") and node.get("cte_name"):
            self.cte_name(node, str(node["cte_name"]))

    def ctes(self, node: Node, scope: frozenset[str]) -> frozenset[str]:
        """The scope of a node's own part. Each CTE sees those before it, and itself only where it is recursive."""
        for entry in node["cte_map"].get("map", []):
            name, body = entry["key"], entry["value"]
            self.cte_name(body.get("query_node") or node, name)
            recursive = (body.get("query_node") or {}).get("type") == "RECURSIVE_CTE_NODE"
            self.anything(body, scope | {name} if recursive else scope)
            scope |= {name}
        return scope

    def cte_name(self, node: Node, name: str) -> None:
        if not NAME.match(name):
            raise self.no(node, f"{name!r} cannot name a WITH clause", "lower-case letters, digits and _, a letter first")
        if name in self.declared:
            raise self.no(node, f"the WITH clause {name!r} takes the name of a relation", "give it another name")

    def source(self, node: Node, kind: str, scope: frozenset[str]) -> None:
        if kind not in _REFS:
            what = {"SHOW_REF": "SHOW, DESCRIBE and SUMMARIZE are", "PIVOT": "PIVOT and UNPIVOT are"}.get(kind, f"{kind} is")
            raise self.no(node, f"{what} not allowed in a query", "write it as a SELECT")
        if node.get("sample"):
            raise self.no(node, "TABLESAMPLE is not allowed in a query", "it would not answer the same each time")
        if kind == "TABLE_FUNCTION":
            self.table_function(node)
        if kind != "BASE_TABLE":
            return
        path = node.get("qualified_name", {}).get("path") or [node["table_name"]]
        if node.get("schema_name") or node.get("catalog_name") or len(path) != 1 or node.get("at_clause"):
            raise self.no(node, f"{'.'.join(path)!r} is not a relation's bare name", did_you_mean(path[-1], scope))
        name = str(node["table_name"]).lower()
        if not NAME.match(name) or name not in scope:
            raise self.no(node, f"unknown relation {node['table_name']!r}", did_you_mean(name, scope))

    def table_function(self, node: Node) -> None:
        call = node["function"]
        name = str(call.get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS or call.get("schema") or call.get("catalog"):
            raise self.no(
                node,
                f"the table function {name!r} is not allowed in a query",
                "only unnest, range and generate_series are; rows come from the declared relations",
            )

    def expression(self, node: Node) -> None:
        name = str(node.get("function_name") or "").lower()
        if name in self.refused:
            raise self.no(node, f"the function {name!r} is not allowed in a query", self.refused[name])
        if name == "age" and len(node.get("arguments") or ()) < 2:
            raise self.no(node, "age of one time is not allowed in a query", f"{_AT}; write age($at, time)")
        columns = node.get("column_names")
        if columns and len(columns) == 1 and str(columns[0]).lower() in _SPECIAL:
            hint = f"{_AT}; a column of that name is written relation.{columns[0]}"
            raise self.no(node, f"{columns[0]!r} is not allowed in a query", hint)
        if node.get("class") == "PARAMETER" and str(node["identifier"]).isdigit():
            raise self.no(node, "values have names: write $name", "not ? or $1")
