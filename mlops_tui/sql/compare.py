"""Text compared with a number: in DuckDB `'2026.1' = 2026.10` is true, and the wrong version is live.

Each comparison in a query's tree gets a companion that only binds where its sides agree: a field is taken from a
struct, by a name that DuckDB folds from the types of both sides. So DuckDB's own binder finds the types, in every
scope, and nothing is run. (Columns that JOIN ... USING pairs are not looked at.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlops_tui.core.errors import QueryError
from mlops_tui.core.leave import one_line
from mlops_tui.sql.bind import typed_tree, written
from mlops_tui.sql.failure import NUMBER, TEXT_OR_NUMBER, details
from mlops_tui.sql.tree import Node, bare, line, parse, span, walk
from mlops_tui.sql.values import Value

if TYPE_CHECKING:
    import duckdb

_COMPANION = f"""
select struct_extract(
  {{'agree': true}},
  case when (typeof($a) = 'VARCHAR' and regexp_full_match(typeof($b), '{NUMBER}'))
         or (typeof($b) = 'VARCHAR' and regexp_full_match(typeof($a), '{NUMBER}'))
       then $c else 'agree' end)
"""
_FOUND = re.compile(r'Could not find key "comparison (\d+)"')
_UNCLEAR = -1


class Comparisons:
    """Finds text that is compared with a number, on a connection that has empty twins of the relations."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._companion: Node | None = None

    def check(
        self, text: str, tree: Node, values: Mapping[str, Value], given: Mapping[str, Any], skip: int
    ) -> QueryError | None:
        """The error for the first such comparison of a query that binds; None when there is none.

        `given` are the values as they are handed to DuckDB; `skip` is how many first lines are not the author's.
        """
        if not any(True for node in walk(tree) for _ in _pairs(node)):
            return None
        if self._companion is None:
            self._companion = parse(self._con, _COMPANION)["node"]["select_list"][0]
        types = {name: values[name].sql_type for name in given}
        marks = _Marks(self._companion)
        found = self._bind(marks.beside(tree), types, given)
        if found == _UNCLEAR:
            # A companion that cannot stand in its place (a row in a list of rows) must not hide the others.
            for only in range(len(marks.nodes)):
                found = self._bind(_Marks(self._companion, only).beside(tree), types, given)
                if found is not None and found >= 0:
                    break
        return _refusal(marks.nodes[found], text, skip) if found is not None and found >= 0 else None

    def _bind(self, tree: Node, types: Mapping[str, str], given: Mapping[str, Any]) -> int | None:
        """The number of the comparison that does not bind; None when all do; _UNCLEAR when something else does not."""
        import duckdb

        try:
            text = written(self._con, typed_tree(self._con, tree, types))
            self._con.execute(f"describe {text}", dict(given)).fetchall()
        except duckdb.Error as error:
            found = _FOUND.search(str(details(error)["exception_message"]))
            return int(found[1]) if found else _UNCLEAR
        return None


class _Marks:
    """Companions beside the comparisons of one tree, or beside the one numbered `only`.

    Equal comparisons share a number, so that a grouped expression still equals itself in the select list.
    """

    def __init__(self, companion: Node, only: int | None = None) -> None:
        self._companion = companion
        self._only = only
        self._numbers: dict[bytes, int] = {}
        self.nodes: list[Node] = []

    def beside(self, value: Any) -> Any:
        """The tree, or a part of it, with its companions."""
        if isinstance(value, list):
            return [self.beside(v) for v in value]
        if not isinstance(value, dict):
            return value
        pairs = list(_pairs(value))
        number = self._number(value) if pairs else 0
        inner = {k: self.beside(v) for k, v in value.items()}
        if not pairs or self._only not in (None, number):
            return inner
        companions = [_filled(self._companion, a, b, f"comparison {number}") for a, b in pairs]
        return {
            "class": "CONJUNCTION",
            "type": "CONJUNCTION_AND",
            "alias": value.get("alias", ""),
            "children": [{**inner, "alias": ""}, *companions],
        }

    def _number(self, node: Node) -> int:
        key = msgspec.json.encode(bare({**node, "alias": ""}))
        if key not in self._numbers:
            self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return self._numbers[key]


def _refusal(node: Node, text: str, skip: int) -> QueryError:
    at = span(node)
    shown = f": {one_line(text.encode()[at[0] : at[1]].decode(errors='replace'), most=80)}" if at else ""
    return QueryError(f"text is compared with a number{shown}", hint=TEXT_OR_NUMBER, line=line(node, text, skip))


def _pairs(node: Node) -> Iterator[tuple[Any, Any]]:
    """What a node compares with what."""
    kind, name = node.get("class"), node.get("type")
    if kind == "COMPARISON":
        yield node["left"], node["right"]
    elif kind == "BETWEEN":
        yield node["input"], node["lower"]
        yield node["input"], node["upper"]
    elif kind == "OPERATOR" and name in ("COMPARE_IN", "COMPARE_NOT_IN"):
        first, *rest = node["children"]
        yield from ((first, other) for other in rest)
    elif kind == "FUNCTION" and str(node.get("function_name")).lower() == "nullif" and len(node["arguments"]) == 2:
        first, second = (a["expression"] for a in node["arguments"])
        yield first, second
    elif kind == "SUBQUERY" and node.get("subquery_type") == "ANY" and node.get("child"):
        yield node["child"], {**node, "subquery_type": "SCALAR", "child": None, "comparison_type": "INVALID"}


def _filled(template: Any, a: Any, b: Any, key: str) -> Any:
    """The companion with its sides and its key in the place of its parameters."""
    if isinstance(template, list):
        return [_filled(v, a, b, key) for v in template]
    if not isinstance(template, dict):
        return template
    if template.get("class") == "PARAMETER":
        literal = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "literal": {"kind": "STRING", "text": key}}
        return {**{"a": a, "b": b, "c": literal}[template["identifier"]], "alias": ""}
    return {k: _filled(v, a, b, key) for k, v in template.items()}
