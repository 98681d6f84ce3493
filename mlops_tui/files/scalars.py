"""How one text becomes one value: strict, and never by guessing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mlops_tui.core.errors import did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import parse_duration, parse_instant

Parse = Callable[[str, ZoneInfo | None], Any]
"""Text (and the zone of times that carry none) to a value; ValueError with what is allowed."""

_INT = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})\Z")
_FLOAT = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOST_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type that is read from one text. `wanted` names it for people: `a whole number`."""

    parse: Parse
    wanted: str
    schema: dict[str, Any]


def _refuse(text: str, wanted: str) -> ValueError:
    return ValueError(f"expected {wanted}, found {one_line(text, most=_MOST_CHARACTERS)!r}")


def _bool(text: str, _: ZoneInfo | None) -> bool:
    if text not in ("true", "false"):
        raise _refuse(text, BOOL.wanted)
    return text == "true"


def _int(text: str, _: ZoneInfo | None) -> int:
    if _INT.match(text) is None:
        raise _refuse(text, INT.wanted)
    return int(text)


def _float(text: str, _: ZoneInfo | None) -> float:
    if len(text) > _MOST_CHARACTERS or _FLOAT.match(text) is None or not math.isfinite(value := float(text)):
        raise _refuse(text, FLOAT.wanted)
    return value


def _date(text: str, _: ZoneInfo | None) -> date:
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refuse(text, DATE.wanted)


def _duration(text: str, _: ZoneInfo | None) -> timedelta:
    try:
        return parse_duration(text)
    except (ValueError, OverflowError):
        raise _refuse(text, DURATION.wanted) from None


def _instant(text: str, zone: ZoneInfo | None) -> datetime:
    try:
        return parse_instant(text, zone)
    except (ValueError, OverflowError):
        raise _refuse(text, INSTANT.wanted) from None


ANY_SCALAR = ["string", "number", "boolean"]
"""What a JSON Schema must allow where our reader takes any scalar as text: editors type `1.10` and `true` by themselves."""

TEXT = Scalar(lambda text, _: text, "text", {"type": ANY_SCALAR})
BOOL = Scalar(_bool, "true or false", {"type": "boolean"})
INT = Scalar(_int, "a whole number", {"type": "integer"})
FLOAT = Scalar(_float, "a number", {"type": "number"})
DATE = Scalar(_date, "a date such as 2026-12-31", {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"})
DURATION = Scalar(
    _duration,
    "a duration such as 20m",
    {
        "type": "string",
        "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d|w)$",
        "description": "A duration: a number and one of ms, s, m, h, d, w.",
    },
)
INSTANT = Scalar(
    _instant,
    "a time such as 2026-10-14T03:00Z",
    {
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}([T ].+)?$",
        "description": "A moment, ISO 8601; without an offset it is in the project's zone.",
    },
)

PLAIN: dict[Any, Scalar] = {
    str: TEXT,
    bool: BOOL,
    int: INT,
    float: FLOAT,
    date: DATE,
    datetime: INSTANT,
    timedelta: DURATION,
}


def literal(values: tuple[Any, ...]) -> Scalar:
    """One of a few values, compared as YAML writes them: `Literal[1]` is `1`, `Literal[True]` is `true`."""
    texts = {("true" if v else "false") if isinstance(v, bool) else str(v): v for v in values}

    def parse(text: str, _: ZoneInfo | None) -> Any:
        if text in texts:
            return texts[text]
        near = did_you_mean(text, texts)
        wanted = "" if near.startswith("known") else f", expected {listed}"
        raise Hinted(f"unknown value {one_line(text, most=_MOST_CHARACTERS)!r}{wanted}", near)

    listed = next(iter(texts)) if len(texts) == 1 else "one of " + ", ".join(texts)
    return Scalar(parse, listed, {"enum": list(values)})


def parsed(cls: type[Any]) -> Scalar:
    """A class with `parse(text) -> Self` that raises ValueError, and perhaps a `PATTERN` of what it takes, for editors."""
    wanted = f"a {cls.__name__.lower()}"
    about = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    form = {"pattern": cls.PATTERN} if isinstance(getattr(cls, "PATTERN", None), str) else {}
    schema = {"type": ["string", "number"]} | form | ({"description": about} if about else {})
    return Scalar(lambda text, _: cls.parse(text), wanted, schema)


class Hinted(ValueError):
    """A refusal that knows the next thing to try."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def broken(value: Any, meta: msgspec.Meta) -> list[str]:
    """The bounds of a Meta that a value does not keep, in words."""
    out = []
    if meta.ge is not None and not value >= meta.ge:
        out.append(f"at least {meta.ge:g}")
    if meta.gt is not None and not value > meta.gt:
        out.append(f"more than {meta.gt:g}")
    if meta.le is not None and not value <= meta.le:
        out.append(f"at most {meta.le:g}")
    if meta.lt is not None and not value < meta.lt:
        out.append(f"less than {meta.lt:g}")
    if meta.min_length is not None and len(value) < meta.min_length:
        out.append(f"at least {meta.min_length} of length")
    if meta.max_length is not None and len(value) > meta.max_length:
        out.append(f"at most {meta.max_length} of length")
    if meta.pattern is not None and re.search(meta.pattern, value) is None:
        out.append(f"text like {meta.pattern}")
    return out
