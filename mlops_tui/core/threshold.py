"""Quantities with units, and thresholds: data, never SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

Measure = Literal["value", "change", "ratio", "psi", "js", "ks"]
MEASURES: tuple[Measure, ...] = ("value", "change", "ratio", "psi", "js", "ks")
Level = Literal["ok", "warn", "crit"]

_FORM = r"([+-]?\d+(?:\.\d+)?)\s*(pp|%|x|ms|s|m|h|d|sd)?"
_QUANTITY = re.compile(rf"{_FORM}\Z")
_FACTOR = {"pp": 0.01, "%": 0.01, "ms": 0.001, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. `value` is in base units: fractions for `pp` and `%`, seconds for times."""

    value: float
    unit: str = ""
    PATTERN: ClassVar[str] = f"^{_FORM}$"

    @classmethod
    def parse(cls, text: str) -> Quantity:
        """`-10pp`, `8%`, `0.25`, `3x`, `2h`. Raises ValueError with what is allowed."""
        match = _QUANTITY.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a quantity: write a number with one of pp, %, x, ms, s, m, h, d or none")
        unit = match[2] or ""
        return cls(float(match[1]) * _FACTOR.get(unit, 1.0), unit)

    def __str__(self) -> str:
        shown = self.value / _FACTOR.get(self.unit, 1.0)
        return f"{shown:.10g}{self.unit}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a measure becomes a warning or a fire, in base units. None means no bound on that side."""

    measure: Measure
    below: Quantity | None = None
    above: Quantity | None = None
    warn_below: Quantity | None = None
    warn_above: Quantity | None = None

    def level(self, value: float) -> Level:
        """How bad a value is, by size alone: beyond `below`/`above` is crit, beyond `warn_*` is warn."""
        if (self.below is not None and value <= self.below.value) or (self.above is not None and value >= self.above.value):
            return "crit"
        low, high = self.warn_below, self.warn_above
        if (low is not None and value <= low.value) or (high is not None and value >= high.value):
            return "warn"
        return "ok"

    def __str__(self) -> str:
        names = ("below", "above", "warn_below", "warn_above")
        parts = [f"{n} {q}" for n in names if (q := getattr(self, n)) is not None]
        return f"{self.measure} {', '.join(parts)}"

    def as_json(self) -> dict[str, object]:
        """`{"measure", "below": "-10pp", ...}` with the bounds as they were written."""
        names = ("below", "above", "warn_below", "warn_above")
        return {"measure": self.measure} | {n: str(q) for n in names if (q := getattr(self, n)) is not None}
