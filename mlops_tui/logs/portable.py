"""The part of the DuckDB dialect in which one text means the same to every engine, and its way into other dialects.

What is not known to mean the same is refused, construct by construct, in a sentence that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from mlops_tui.core.errors import QueryError
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from sqlglot import exp

    Test = Callable[[exp.Expr], str]

_SHAPE = """Select With CTE Subquery From Table TableAlias Alias Identifier Column Star Where Group GroupingSets Having Order
    Ordered Limit Offset Join Union Distinct Tuple Paren"""
_VALUES = "Literal Boolean Null Placeholder Parameter Var Neg Case If Cast TryCast DataType DataTypeParam Coalesce Nullif"
_LOGIC = "And Or Not EQ NEQ GT GTE LT LTE Is In Between Like"
_NUMBERS = "Add Sub Mul Div Abs Floor Ceil Ln Log Exp Sqrt Pow"
_TEXT = "DPipe Lower Upper Length Trim"
_AGGREGATES = "Count Sum Min Max Avg Filter Window RowNumber WindowSpec"
_KNOWN = frozenset(f"{_SHAPE} {_VALUES} {_LOGIC} {_NUMBERS} {_TEXT} {_AGGREGATES}".split())

_LISTS = "lists, maps and structs are not the same in two engines: make rows of them, or a column each"
_APPROXIMATE = "an approximation differs from engine to engine: count exactly, or cut into fixed bins"
_BITS = "bits of numbers are not open to every engine: reckon with FLOOR, POW and LOG2"
_ZONED = "it follows the session's time zone: compare with TIMESTAMPTZ '2026-01-31 00:00:00+00', or reckon with epoch_us(t)"
_PATTERNS = "patterns are read differently by each engine: use LIKE, or =, or IN"
_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(("Array", "Struct", "ToMap", "Map", "Bracket", "Dot", "Lambda", "Transform", "List", "Explode"), _LISTS),
    **dict.fromkeys(("Unnest", "ArrayAgg", "ArrayFilter", "PropertyEQ", "MapFromEntries"), _LISTS),
    **dict.fromkeys(("ApproxQuantile", "ApproxDistinct", "ApproxTopK", "Median", "PercentileCont", "Quantile"), _APPROXIMATE),
    **dict.fromkeys(("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitwiseLeftShift", "BitwiseRightShift"), _BITS),
    **dict.fromkeys(("CurrentDate", "CurrentTime", "CurrentTimestamp", "DateTrunc", "TimestampTrunc", "Extract"), _ZONED),
    **dict.fromkeys(("TimeToStr", "StrToTime", "TsOrDsToDate", "Interval", "DateDiff", "DateAdd", "AtTimeZone"), _ZONED),
    **dict.fromkeys(("RegexpLike", "RegexpExtract", "RegexpReplace", "ILike", "SimilarTo", "Glob"), _PATTERNS),
    "IsNan": "no engine but some has isnan: write x <> x OR x = CAST('NaN' AS DOUBLE)",
    "IsInf": "no engine but some has isinf: compare with CAST('Infinity' AS DOUBLE)",
    "Round": "halves are rounded up here and to even there: write FLOOR(x + CAST(0.5 AS DOUBLE))",
    "IntDiv": "// rounds down here and towards 0 there: write FLOOR(a / b)",
    "Mod": "the remainder's sign is another elsewhere: write a - FLOOR(a / b) * b",
    "Concat": "concat passes over nulls here and not there: write a || b",
    "Greatest": "nulls and NaN make greatest another value elsewhere: write CASE WHEN a > b THEN a ELSE b END",
    "Least": "nulls and NaN make least another value elsewhere: write CASE WHEN a < b THEN a ELSE b END",
    "Qualify": "QUALIFY is not known everywhere: number the rows in a subquery and filter outside of it",
    "TableSample": "a sample is another one on every engine: take all rows, or choose them by a column",
    "Pivot": "PIVOT is not known everywhere: write a CASE for each column",
    "Columns": "COLUMNS(...) is not known everywhere: name the columns",
}
_TYPES = frozenset("BOOLEAN INT BIGINT DOUBLE TEXT VARCHAR TIMESTAMPTZ".split())
_JOINS = frozenset(("", "INNER", "CROSS", "OUTER"))
OWN = "epoch_us"
"""The one function that is no standard's: microseconds since 1970 of a time with a zone."""


def faults(text: str) -> tuple[tuple[int, str], ...]:
    """What of a text is not portable: (line from 1 or 0, sentence) each, none twice; empty when all of it is."""
    try:
        trees = _parsed(text)
    except QueryError as error:
        return ((error.line, error.message),)
    return tuple(dict.fromkeys(_walked(trees)))


def expression_faults(expression: str) -> tuple[str, ...]:
    """What is not portable of an expression on a row, as an inventory holds it."""
    text = f"SELECT (\n{expression}\n) AS value FROM log"  # noqa: S608 - parsed, never run
    return tuple(sentence for _, sentence in faults(text))


def tree(text: str) -> exp.Expr:
    """The text parsed. Raises QueryError with the first fault."""
    for line, sentence in faults(text):
        raise QueryError(sentence, line=line)
    return _parsed(text)


def transpiled(text: str, dialect: str) -> str:
    """A portable text in another dialect of sqlglot (`spark`, `trino`, ...). Raises QueryError for what has no words there."""
    from sqlglot import ErrorLevel, exp
    from sqlglot.errors import SqlglotError

    def spoken(node: exp.Expr) -> exp.Expr:
        return exp.UnixMicros(this=node.expressions[0]) if _is_own(node) else node

    try:
        return tree(text).transform(spoken).sql(dialect, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, ValueError) as error:
        raise QueryError(f"{dialect} has no words for it: {one_line(str(error), most=200)}") from error


@cache
def _parsed(text: str) -> exp.Expr:
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    try:
        found = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        at = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        near = f"{at.get('start_context', '')[-30:]}{at.get('highlight', '')}" or str(error)
        message = f"the text cannot be parsed at the end of {one_line(near, most=200)!r}"
        raise QueryError(message, line=int(at.get("line") or 0)) from error
    if len(found) != 1 or found[0] is None or type(found[0]).__name__ not in ("Select", "Union", "Subquery"):
        raise QueryError("the text is not one SELECT", hint="write one SELECT, or WITH ... SELECT")
    return found[0]


def _walked(whole: exp.Expr) -> Iterator[tuple[int, str]]:
    line = 0
    for node in whole.dfs():
        line = int(node.meta.get("line", line) or line)
        if sentence := _fault(node):
            yield line, sentence


def _fault(node: exp.Expr) -> str:
    kind = type(node).__name__
    if kind in _REFUSED:
        return _REFUSED[kind]
    if kind in _TESTS:
        return _TESTS[kind](node)
    if kind in _KNOWN:
        return ""
    name = node.sql_name().lower() if hasattr(node, "sql_name") else kind
    return f"{name} is not known to mean the same to every engine"


def _is_own(node: exp.Expr) -> bool:
    return type(node).__name__ == "Anonymous" and node.name.lower() == OWN and len(node.expressions) == 1


def _function(node: exp.Expr) -> str:
    name = node.name.lower()
    if _is_own(node):
        return ""
    if name.startswith(("list_", "array_", "map_", "struct_", "unnest")):
        return _LISTS
    if name.startswith("approx_"):
        return _APPROXIMATE
    if name.startswith("bit_") or name in ("xor", "hash"):
        return _BITS
    if name in ("now", "today", "date_part", "timezone", "make_timestamp"):
        return _ZONED
    return f"{one_line(name, most=80)}() is a function of DuckDB's own"


def _number(node: exp.Expr) -> str:
    """`0.5` is a DECIMAL in DuckDB, Spark and others, whose quotients are cut; `5e-1` is a DOUBLE everywhere."""
    text = str(node.this)
    if node.args.get("is_string") or "." not in text or "e" in text.lower():
        return ""
    outer = node.parent
    while type(outer).__name__ in ("Neg", "Paren"):
        outer = outer.parent if outer is not None else None
    if type(outer).__name__ in ("Cast", "TryCast") and outer is not None and outer.args["to"].this.name == "DOUBLE":
        return ""
    return f"{text} is a decimal, which is cut when it is divided: write CAST({text} AS DOUBLE)"


def _cast(node: exp.Expr) -> str:
    inner, name = node.this, node.args["to"].this.name
    if name in ("BIT", "VARBINARY", "BINARY"):
        return _BITS
    if name in ("DATE", "TIME", "TIMESTAMP", "TIMESTAMPNTZ", "DATETIME"):
        return _ZONED
    if name not in _TYPES:
        return f"{name} is not the same type everywhere: cast to BOOLEAN, BIGINT, DOUBLE or VARCHAR"
    if name == "TIMESTAMPTZ":
        zoned = inner.args.get("is_string") and str(inner.this).strip().endswith(("+00", "+00:00", "Z"))
        return "" if zoned else _ZONED
    if name in ("INT", "BIGINT") and not _whole(inner):
        return "a fraction is rounded here and cut there: write CAST(FLOOR(x) AS BIGINT)"
    return ""


def _whole(node: exp.Expr) -> bool:
    """Whether a value has no fraction, by its form."""
    kind = type(node).__name__
    if kind == "Literal":
        return node.args.get("is_string") is not True and "." not in str(node.this)
    if kind in ("Paren", "Neg", "Alias", "Filter"):
        return _whole(node.this)
    if kind in ("Add", "Sub", "Mul"):
        return _whole(node.this) and _whole(node.expression)
    if kind == "Case":
        ends = [one.args["true"] for one in node.args["ifs"]] + [node.args.get("default")]
        return all(end is None or _whole(end) for end in ends)
    if kind == "Sum":
        return _whole(node.this)
    return kind in ("Floor", "Ceil", "Count", "Null", "Boolean", "Length", "Cast") or _is_own(node)


def _select(node: exp.Expr) -> str:
    if not node.args.get("from_") and not node.args.get("from"):
        return ""
    if any(type(e).__name__ == "Star" and any(e.args.values()) for e in node.expressions):
        return "* EXCLUDE and * REPLACE are not known everywhere: name the columns"
    return ""


_TESTS: Mapping[str, Test] = {
    "Anonymous": _function,
    "Literal": _number,
    "Cast": _cast,
    "TryCast": _cast,
    "Select": _select,
    "Group": lambda node: "GROUP BY ALL is not known everywhere: name the columns" if node.args.get("all") else "",
    "Var": lambda node: "ORDER BY ALL is not known everywhere: name the columns" if node.name.upper() == "ALL" else "",
    "Distinct": lambda node: (
        "DISTINCT ON is not known everywhere: number the rows in a subquery" if node.args.get("on") else ""
    ),
    "Log": lambda node: "" if str(node.this) == "2" else "log has another base elsewhere: write LN(x), or LOG2(x)",
    "Join": lambda node: (
        "this kind of join is not known everywhere: write JOIN or LEFT JOIN with ON"
        if (node.args.get("kind") or "").upper() not in _JOINS or node.args.get("method") or node.args.get("using")
        else ""
    ),
}
