"""Values that are bound into SQL: a Python value and the SQL type that it keeps, whatever it holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

UNTYPED = '"NULL"'
"""DuckDB's type of a bare null: it takes the type of whatever it meets."""

_FIELD = re.compile(r'\s*(?:"((?:[^"]|"")+)"|(\w+))\s+(.+)\Z', re.DOTALL)
_PLAIN: tuple[tuple[type, frozenset[str]], ...] = (
    (bool, frozenset({"BOOLEAN"})),
    (int, frozenset({"INTEGER", "BIGINT"})),
    (str, frozenset({"VARCHAR"})),
    (datetime, frozenset({"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"})),
    (date, frozenset({"DATE"})),
    (timedelta, frozenset({"INTERVAL"})),
)
"""Literals that have a type of their own: the first Python type that fits, and the SQL types that need no cast."""

_BIGINT = 1 << 63


@dataclass(frozen=True, slots=True)
class Value:
    """A value and its SQL type, such as `Value("TIMESTAMPTZ", None)`: a null too has a type."""

    sql_type: str
    value: Any = None

    @property
    def fields(self) -> Mapping[str, str]:
        """A struct's fields and their SQL types, in order; empty for any other type."""
        return struct_fields(self.sql_type)


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def struct_fields(sql_type: str) -> Mapping[str, str]:
    """The fields of `STRUCT(a VARCHAR, "b c" DOUBLE)` and their types; empty for any other type."""
    text = sql_type.strip()
    if not (text[:7].upper() == "STRUCT(" and text.endswith(")")):
        return {}
    parts = (_FIELD.match(part) for part in _split(text[7:-1]))
    return {(p[1] or p[2]).replace('""', '"'): p[3].strip() for p in parts if p}


def _split(text: str) -> list[str]:
    """A list's parts, at commas that are in no bracket and no quoted name."""
    parts, depth, quotes, start = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"':
            quotes = not quotes
        elif not quotes:
            depth += (char == "(") - (char == ")")
            if char == "," and depth == 0:
                parts.append(text[start:at])
                start = at + 1
    return [*parts, text[start:]]


def of(value: Any) -> Value:
    """A Python value with the SQL type that fits it.

    Whole numbers are BIGINT (HUGEINT beyond), times without a zone TIMESTAMP, lists take their first item's type,
    mappings are structs, None is untyped. Raises TypeError for anything SQL has no type for.
    """
    if value is None:
        return Value(UNTYPED)
    for kind, name in _SCALARS:
        if isinstance(value, kind):
            return Value(name, value)
    if isinstance(value, int):
        return Value("BIGINT" if -_BIGINT <= value < _BIGINT else "HUGEINT", value)
    if isinstance(value, datetime):
        return Value("TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ", value)
    if isinstance(value, date):
        return Value("DATE", value)
    if isinstance(value, Decimal):
        return Value(_decimal(value), value)
    if isinstance(value, list | tuple):
        first = next((of(v).sql_type for v in value if v is not None), "VARCHAR")
        return Value(f"{first}[]", list(value))
    if isinstance(value, Mapping):
        return struct({str(k): of(v).sql_type for k, v in value.items()}, value)
    raise TypeError(f"a {type(value).__name__} has no SQL type")


_SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "BOOLEAN"),
    (float, "DOUBLE"),
    (str, "VARCHAR"),
    (timedelta, "INTERVAL"),
    (bytes, "BLOB"),
)


def _decimal(value: Decimal) -> str:
    """The DECIMAL that holds this number to its last digit; DOUBLE where none does."""
    if not value.is_finite():
        return "DOUBLE"
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    width = max(len(digits) + max(0, exponent), scale, 1)
    return f"DECIMAL({width},{scale})" if width <= 38 else "DOUBLE"


def struct(types: Mapping[str, str], value: Mapping[str, Any] | None) -> Value:
    """A value with fields. Absent (None), it is a struct of nulls: a null struct loses its fields' types in DuckDB."""
    fields = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in types.items())
    given = value or {}
    return Value(f"STRUCT({fields})", {name: given.get(name) for name in types})


def literal(value: Value) -> str:
    """The value as a SQL literal that has the same type: what a cited query shows."""
    text = _literal(value.value, value.sql_type)
    if value.value is None:
        return "null" if value.sql_type == UNTYPED else f"null::{value.sql_type}"
    own = next((names for kind, names in _PLAIN if isinstance(value.value, kind)), frozenset())
    naive = isinstance(value.value, datetime) and value.value.tzinfo is None
    if value.fields or (value.sql_type.upper() in own and not naive):
        return text
    return f"({text})::{value.sql_type}" if text.startswith("-") else f"{text}::{value.sql_type}"


def _literal(value: Any, sql_type: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return f"'{value.isoformat(sep=' ')}'"
        moment = value.astimezone(UTC).isoformat(sep=" ")
        return f"timestamptz '{moment.removesuffix('+00:00')}Z'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, timedelta):
        rest = (value - timedelta(days=value.days)) // timedelta(microseconds=1)
        days = [f"{value.days} days"] if value.days else []
        return "interval '" + " ".join([*days, *([f"{rest} microseconds"] if rest or not days else [])]) + "'"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{b:02X}" for b in value) + "'"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else f"'{value!r}'"
    if isinstance(value, list | tuple):
        item = sql_type.removesuffix("[]")
        return "[" + ", ".join(_literal(v, item) for v in value) + "]"
    if isinstance(value, Mapping):
        types = struct_fields(sql_type)
        fields = (f"{_text(str(k))}: {literal(Value(types.get(k, UNTYPED), v))}" for k, v in value.items())
        return "{" + ", ".join(fields) + "}"
    return str(value)


def _text(value: str) -> str:
    shown = "'" + value.replace("'", "''") + "'"
    return "(" + shown.replace("\x00", "' || chr(0) || '") + ")" if "\x00" in value else shown


def sample(sql_type: str) -> Any:
    """Some value of a type, to bind a query with where there is no data yet; None for the rarer types."""
    fields = struct_fields(sql_type)
    if fields:
        return {name: sample(kind) for name, kind in fields.items()}
    if sql_type.endswith("]"):
        return []
    return {"VARCHAR": "", "BOOLEAN": False, "BIGINT": 1, "INTEGER": 1, "DOUBLE": 0.5}.get(sql_type.upper())
