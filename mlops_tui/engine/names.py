"""References in runbook texts: `$x` is a whole value, `${x}` stands inside text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import RunbookError, did_you_mean
from mlops_tui.core.window import both_zones, format_duration
from mlops_tui.sql.results import as_text

BUILT_IN = ("model", "model_version", "last_good_version", "at", "window_start", "reference_start")
"""The values that are always there."""

TEXT_ONLY = ("incident",)
"""Names that only text may use: `${incident.id}`, `${incident.runner}`, `${incident.severity}`."""

_WHOLE = re.compile(r"\$([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\Z")
_INSIDE = re.compile(r"\$\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\}")
_SECRET = re.compile(r"\$\{secret:[^}]*\}")


def whole(text: str) -> tuple[str, str | None] | None:
    """`$place` -> ("place", None), `$scope.region` -> ("scope", "region"), anything else -> None."""
    match = _WHOLE.match(text.strip())
    return (match[1], match[2]) if match else None


def inside(text: str) -> list[tuple[str, str | None]]:
    """The `${...}` references of a text, in order."""
    return [(m[1], m[2]) for m in _INSIDE.finditer(text)]


def references(text: str) -> list[tuple[str, str | None]]:
    """Every reference of a text that is not SQL: the whole value, or those inside."""
    found = whole(text)
    return [found] if found else inside(text)


def malformed(text: str) -> str:
    """The first `${...}` that is no reference, or an empty text."""
    rest = _SECRET.sub("", _INSIDE.sub("", text))
    found = re.search(r"\$\{[^}]*\}?", rest)
    return found[0] if found else ""


class Values:
    """Looks names up. `get(name)` gives the value of a name, raising KeyError for one that nobody has."""

    def __init__(self, get: Callable[[str], Any], known: Callable[[], list[str]], zone: ZoneInfo) -> None:
        self._get = get
        self._known = known
        self._zone = zone

    def value(self, name: str, field: str | None = None, *, where: str = "") -> Any:
        """The value of `name` or of its field. An absent Finding has every field, all None."""
        try:
            found = self._get(name)
        except KeyError:
            raise RunbookError(f"nothing is named {name!r} here", where=where, hint=did_you_mean(name, self._known())) from None
        if field is None:
            return found
        if not isinstance(found, Mapping):
            raise RunbookError(f"${name} is a single value and has no field {field!r}", where=where)
        if field not in found:
            raise RunbookError(f"${name} has no field {field!r}", where=where, hint=did_you_mean(field, found))
        return found[field]

    def resolve(self, text: str, *, where: str = "") -> Any:
        """A text with its references: `$x` alone keeps its type, `${x}` is filled in as text."""
        found = whole(text)
        if found is not None:
            return self.value(*found, where=where)
        return self.text(text, where=where)

    def text(self, text: str, *, where: str = "") -> str:
        """A text with every `${x}` filled in as people read it."""
        return _INSIDE.sub(lambda m: self.shown(self.value(m[1], m[2], where=where)), text)

    def shown(self, value: Any) -> str:
        """A value as people read it: times in both zones, a Finding by its summary, nothing as a dash."""
        if value is None:
            return "–"
        if isinstance(value, datetime):
            try:
                return both_zones(value, self._zone) if value.tzinfo else as_text(value)
            except OverflowError:  # at the calendar's last hours another zone has no such time
                return as_text(value)
        if isinstance(value, timedelta):
            return format_duration(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:.6g}"
        if isinstance(value, Mapping):
            return str(value.get("summary") or "–") if "summary" in value else as_text(value)
        return as_text(value)
