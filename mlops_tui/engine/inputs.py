"""The typed inputs of a run: from what people type to values, and to SQL types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import UnknownName, UsageError
from mlops_tui.core.window import parse_duration, parse_instant
from mlops_tui.engine.runbook import InputSpec

INPUT_TYPES: Mapping[str, str] = {
    "segment": "VARCHAR",
    "text": "VARCHAR",
    "choice": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMPTZ",
    "duration": "INTERVAL",
}


def read_input(name: str, spec: InputSpec, text: str | None, zone: ZoneInfo, segments: Callable[[str], Sequence[str]]) -> Any:
    """An input's value from its text (None: not given). A time without an offset is in `zone`.

    `segments` gives the values that a segment has in the log; where it gives none, any text is taken. Raises UsageError
    with what is allowed.
    """
    text = spec.default if text is None else text
    if text is None:
        if spec.optional:
            return None
        raise UsageError(f"the runbook needs {name}", hint=f"--set {name}=VALUE" + (f"  ({spec.help})" if spec.help else ""))
    if spec.type == "segment":
        known = segments(spec.of or name)
        if known and text not in known:
            raise UnknownName(spec.of or name, text, known, where=f"--set {name}={text}")
        return text
    if spec.type == "choice" and text not in spec.choices:
        raise UnknownName(name, text, spec.choices, where=f"--set {name}={text}")
    try:
        if spec.type == "time":
            return parse_instant(text, zone)
        return _READ[spec.type](text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no {spec.type}: {error}", where=f"--set {name}={text}") from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise ValueError("write yes or no")
    return text.lower() in ("yes", "true")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("it must be finite")
    return value


def _integer(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError("it must fit into 64 bits")
    return value


_READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "choice": str,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "duration": parse_duration,
}
