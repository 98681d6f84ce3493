"""A text in the portable subset in the words of Polars' SQL: few differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops_tui.core.errors import QueryError
from mlops_tui.logs.engines import Param
from mlops_tui.logs.portable import OWN, tree

if TYPE_CHECKING:
    from sqlglot import exp

_COUNTED = ("Group", "GroupingSets", "Tuple", "Order", "Ordered", "Limit", "Offset", "DataTypeParam")
"""Where a number is a place or an amount, not a value."""


def spoken(text: str, params: Mapping[str, Param]) -> str:
    """The text with values for its `$names`, whole numbers of 64 bits, and nulls last where DuckDB has them last.

    Raises QueryError for what is not portable and for a name without a value.
    """
    from sqlglot.dialects import DuckDB

    class Words(DuckDB):  # type: ignore[misc]  # sqlglot gives its dialects no types
        NULL_ORDERING = "nulls_are_large"  # nulls last is written out where it is descending

    def word(node: exp.Expr) -> exp.Expr:
        return _word(node, params)

    return tree(text).transform(word).sql(Words)


def _word(node: exp.Expr, params: Mapping[str, Param]) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        name = node.name
        if name not in params:
            raise QueryError(f"${name} has no value")
        return _literal(params[name])
    if isinstance(node, exp.Anonymous) and node.name.lower() == OWN:
        return exp.cast(node.expressions[0], "BIGINT")
    if isinstance(node, exp.Div) and not any(node.expression.find_all(exp.Column)):
        node.set("expression", _each_row(node.this, node.expression))
        return node
    if isinstance(node, exp.Log):
        return exp.Anonymous(this="LOG2", expressions=[node.expression])
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.INT:
        return exp.DataType.build("BIGINT")
    if isinstance(node, exp.Literal) and not node.is_string and type(node.parent).__name__ not in (*_COUNTED, "Cast"):
        return exp.cast(node, "BIGINT") if node.this.isdigit() else exp.cast(node, "DOUBLE")
    return node


def _each_row(beside: exp.Expr, value: exp.Expr) -> exp.Expr:
    """A number as a column. By one that is not, Polars multiplies with the reciprocal: another quotient in one of three."""
    from sqlglot import exp

    return exp.paren(exp.Add(this=value, expression=exp.cast(exp.paren(beside.copy()).is_(exp.null()), "DOUBLE")))


def _literal(value: Param) -> exp.Expr:
    from sqlglot import exp

    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise QueryError("a moment without a zone", hint="give it one: datetime(..., tzinfo=UTC)")
        return exp.cast(exp.Literal.string(value.astimezone(UTC).isoformat(sep=" ")), "TIMESTAMPTZ")
    if isinstance(value, bool) or value is None:
        return exp.convert(value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    kind = "BIGINT" if isinstance(value, int) else "DOUBLE"
    return exp.cast(exp.Literal.string(repr(value)), kind)
