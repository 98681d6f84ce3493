"""Text compared with a number: in DuckDB `'2026.1' = 2026.10` is true, and the wrong version is live.

Each comparison in a query's tree gets a companion that only binds where its sides agree: a field is taken from a
struct, by a name that DuckDB folds from the types of both sides. So DuckDB's own binder finds the types, in every
scope, and nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import QueryError
from mlops_tui.sql.tree import Node, line, place

if TYPE_CHECKING:
    import duckdb

_NUMBER = "TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL.*|BIGNUM"
_COMPANION = f"""
select struct_extract(
  {{'agree': true}},
  case when (typeof($a) = 'VARCHAR' and regexp_full_match(typeof($b), '{_NUMBER}'))
         or (typeof($b) = 'VARCHAR' and regexp_full_match(typeof($a), '{_NUMBER}'))
       then $c else 'agree' end)
"""
_FOUND = re.compile(r'Could not find key "comparison (\d+)"')


@dataclass(slots=True)
class Comparisons:
    """The comparisons of one tree, in the order in which they were met."""

    template: Node
    nodes: list[Node] = field(default_factory=list)

    def guarded(self, value: Any) -> Any:
        """The tree with a companion beside each comparison."""
        if isinstance(value, list):
            return [self.guarded(v) for v in value]
        if not isinstance(value, dict):
            return value
        inner = {k: self.guarded(v) for k, v in value.items()}
        pairs = list(_pairs(value))
        if not pairs:
            return inner
        self.nodes.append(value)
        key = f"comparison {len(self.nodes) - 1}"
        companions = [_filled(self.template, a, b, key) for a, b in pairs]
        return {
            "class": "CONJUNCTION",
            "type": "CONJUNCTION_AND",
            "alias": value.get("alias", ""),
            "children": [{**inner, "alias": ""}, *companions],
        }

    def refusal(self, said: str, text: str, skip: int) -> QueryError | None:
        """The error for the comparison that DuckDB's message names; None when it names none of ours."""
        found = _FOUND.search(said)
        if found is None:
            return None
        node = self.nodes[int(found[1])]
        at = place(node)
        shown = text.encode()[at[0] : at[0] + at[1]].decode(errors="replace") if at else ""
        what = f": {' '.join(shown.split())}" if shown else ""
        hint = "write the number as text, '2026.1', or cast the text: x::double"
        return QueryError(f"text is compared with a number{what}", hint=hint, line=line(node, text, skip))


def companion(con: duckdb.DuckDBPyConnection) -> Node:
    """The expression that stands beside a comparison, with parameters where its sides go."""
    from mlops_tui.sql.tree import parse

    made: Node = parse(con, _COMPANION)["node"]["select_list"][0]
    return made


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
        literal = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "literal": {"kind": "STRING", "text": key}}
        chosen = {"a": a, "b": b, "c": literal}[template["identifier"]]
        return {**chosen, "alias": ""}
    return {k: _filled(v, a, b, key) for k, v in template.items()}
