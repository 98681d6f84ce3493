"""A guess: what was chosen, and the reason in words that a newcomer can weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Guess(Generic[T_co]):
    """A value and why. `sure` is False where the reason is weak: the file then says so."""

    value: T_co
    why: str
    sure: bool = True


@dataclass(slots=True)
class Evidence:
    """What speaks for and against one column in one role, as log-odds; reasons are shown, the weightiest first."""

    weight: float = 0.0
    reasons: list[tuple[float, str]] = field(default_factory=list)

    def add(self, weight: float, reason: str = "") -> None:
        """One more piece; without a reason it counts and is not told."""
        self.weight += weight
        if reason and weight > 0:
            self.reasons.append((weight, reason))

    def told(self, most: int = 3) -> str:
        """The weightiest reasons in one line."""
        ordered = sorted(self.reasons, key=lambda r: -r[0])
        return "; ".join(dict.fromkeys(text for _, text in ordered[:most]))


def listed(names: Sequence[str], most: int = 4) -> str:
    """`a, b and 3 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def percent(share: float) -> str:
    """A share for people, never rounded to none or all."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share:.0%}" if share in (0, 1) or 0.1 <= share <= 0.995 else f"{share:.1%}"
