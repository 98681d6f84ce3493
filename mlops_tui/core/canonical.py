"""One way to write a value down as JSON, so that equal values are equal bytes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from mlops_tui.core.window import iso


def plain(value: Any) -> Any:
    """A value as JSON can hold it: floats to 10 significant digits, NaN and infinities as null, times as UTC text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        rounded = float(f"{value:.10g}")
        if not math.isfinite(rounded):  # the very largest doubles round up to infinity
            return value
        return 0.0 if rounded == 0 else rounded
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(v) for v in items]
    if hasattr(value, "as_json"):
        return plain(value.as_json())
    return str(value)


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, floats to 10 significant digits."""
    return json.dumps(
        plain(value),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def digest(value: Any) -> str:
    """SHA-256 of bytes, or of the canonical JSON of anything else, as hex."""
    return hashlib.sha256(value if isinstance(value, bytes) else canonical(value)).hexdigest()


def pretty(value: Any) -> str:
    """JSON for stdout: two spaces, keys in the order given, no NaN, a newline at the end."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
