"""Figures beside their bars, and the one table that a benchmark prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal["at most", "at least", "exactly"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that was measured. `told` is how it reads (seconds, MB); `value` is what the bar judges, in `unit`.

    Without a bar it only informs; where `timed`, a small run does not judge it.
    """

    size: str
    name: str
    told: str
    value: float
    unit: str = ""
    bar: float | None = None
    way: Way = "at most"
    timed: bool = True

    @property
    def met(self) -> bool | None:
        """Whether it keeps its bar; None where it has none."""
        if self.bar is None:
            return None
        if self.way == "exactly":
            return self.value == self.bar
        return self.value <= self.bar if self.way == "at most" else self.value >= self.bar

    def verdict(self, small: bool) -> str:
        """A word for the table."""
        if self.met is None:
            return ""
        if self.met:
            return "ok"
        return "not judged" if small and self.timed else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """All of it, and whether it is met."""
        return asdict(self) | {"met": self.met}


def number(value: float, unit: str = "") -> str:
    """Three significant digits, and the unit."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.001 or not value else f"{value:.1e}"
    return f"{text} {unit}".rstrip()


def rows(figures: Sequence[Figure], small: bool) -> list[tuple[str, ...]]:
    """The lines of the table."""
    return [
        (
            f.size,
            f.name,
            f.told,
            number(f.value, f.unit),
            "" if f.bar is None else f"{f.way} {number(f.bar, f.unit)}",
            f.verdict(small),
        )
        for f in figures
    ]


def table(figures: Sequence[Figure], small: bool) -> str:
    """Columns in line: the size, the figure, what was measured, its ratio, the bar, the verdict."""
    lines = [("size", "figure", "measured", "ratio", "bar", "verdict"), *rows(figures, small)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def missed(figures: Sequence[Figure], small: bool) -> list[Figure]:
    """Those whose bar is missed and judged."""
    return [f for f in figures if f.verdict(small) == "MISSED"]
