"""The types of columns: declared, or taken from the first value, and then kept. A value of another type is no value."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pyarrow as pa

Kind = Literal["number", "integer", "boolean", "text", "time"]
ARROW: Mapping[Kind, pa.DataType] = MappingProxyType(
    {
        "number": pa.float64(),
        "integer": pa.int64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
    }
)
_ALIKE: Mapping[Kind, frozenset[type]] = MappingProxyType(
    {
        "number": frozenset({float, int, type(None)}),
        "integer": frozenset({int, type(None)}),
        "boolean": frozenset({bool, type(None)}),
        "text": frozenset({str, type(None)}),
        "time": frozenset({type(None)}),
    }
)
"""The types whose values pyarrow converts as we mean it; it would take 2.5 for the integer 2, and True for 1.0."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def kind_of(value: object) -> Kind | None:
    """The type that a first value stands for; None for what cannot be a column's value.

    Whole numbers are numbers like others: the next value may have a fraction. Declare `integer` where they never do.
    """
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if _is_number(value):
        return "number"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return "time"
    return None


def column(values: Sequence[Any], kind: Kind) -> tuple[pa.Array, dict[str, int]]:
    """The values as an Arrow array of the type, and how many of which other type were left out (they are missing in it)."""
    if _ALIKE[kind].issuperset(map(type, values)):
        try:
            return pa.array(values, ARROW[kind]), {}
        except (pa.ArrowException, OverflowError, UnicodeError):
            pass  # numbers too large for the type, half of a surrogate pair: one by one
    convert = _CONVERTERS[kind]
    kept: list[Any] = []
    others: dict[str, int] = {}
    for value in values:
        kept.append(None if value is None else convert(value))
        if value is not None and kept[-1] is None:
            name = type(value).__name__
            others[name] = others.get(name, 0) + 1
    return pa.array(kept, ARROW[kind]), others


def as_text(value: object) -> str | None:
    """A version, a segment's value, a decision or an id as text: what is no text is written as SQL would cast it."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else str(value)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of a moment that knows its zone; exact."""
    return (moment - _EPOCH) // _MICROSECOND


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool | np.bool_)


def _number(value: Any) -> float | None:
    if not _is_number(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _integer(value: Any) -> int | None:
    if not _is_number(value):
        return None
    try:
        whole = int(value)
    except (OverflowError, ValueError):
        return None
    return whole if whole == value and _SMALLEST <= whole <= _LARGEST else None


def _boolean(value: object) -> bool | None:
    return bool(value) if isinstance(value, bool | np.bool_) else None


def _text(value: object) -> str | None:
    return str.__str__(value).encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _time(value: object) -> int | None:
    return microseconds(value) if isinstance(value, datetime) and value.tzinfo is not None else None


_CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = MappingProxyType(
    {"number": _number, "integer": _integer, "boolean": _boolean, "text": _text, "time": _time}
)
