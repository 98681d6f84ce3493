"""What is left once the chain's own columns are known: segments, features, people's data, and what is neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mlops_tui.govern.figures import figure, span
from mlops_tui.govern.guess import Guess, percent
from mlops_tui.govern.profile import Column, Profile
from mlops_tui.govern.purposes import IDENTIFIER, counts_up
from mlops_tui.govern.times import calendar_part
from mlops_tui.govern.words import (
    AFTERWARDS,
    CODES,
    DIMENSIONS,
    EARLIER,
    PROTECTED,
    SURE,
)

FeatureType = Literal["numeric", "categorical", "boolean", "text"]
MOST_SEGMENTS = 6
_MOST_VALUES = 120


@dataclass(frozen=True, slots=True)
class Rest:
    """The roles of the other columns, in the columns' order. `ignored` are those that are declared nowhere, with the reason."""

    segments: Mapping[str, Guess[str]]
    features: Mapping[str, Guess[FeatureType]]
    protected: Mapping[str, Guess[str]]
    ignored: Mapping[str, str]


def sort_out(profile: Profile, taken: Sequence[str]) -> Rest:
    """Segments, features, protected groups, and columns that are declared nowhere."""
    segments: dict[str, tuple[float, Guess[str]]] = {}
    features: dict[str, Guess[FeatureType]] = {}
    protected: dict[str, Guess[str]] = {}
    ignored: dict[str, str] = {}
    for c in profile.columns.values():
        if c.name in taken:
            continue
        reason = _unfit(c)
        if reason:
            ignored[c.name] = reason
            continue
        feature = _feature(c)
        words = set(c.words) | {c.joined}
        if words & PROTECTED and 2 <= c.distinct <= 30:
            protected[c.name] = Guess(c.name, f"a group that the law protects, by its name; {_values(c)}")
            continue
        weight = _dimension(c)
        if weight is not None:
            segments[c.name] = weight, Guess(c.name, f"{_values(c)}; never missing" if c.missing == 0 else _values(c))
        if not c.partition:
            features[c.name] = feature
    kept = sorted(segments, key=lambda n: -segments[n][0])[:MOST_SEGMENTS]
    return Rest({n: g for n, (_, g) in segments.items() if n in kept}, features, protected, ignored)


def _unfit(c: Column) -> str:
    """Why a column is declared nowhere; empty where it has a place."""
    import numpy as np

    if c.kind == "nested":
        return f"nested values ({c.type[:40]}) are not read: write its parts as columns of their own"
    if c.kind == "text" and c.frequencies and all(v[:1] in "{[" for v in list(c.frequencies)[:100]):
        return "nested values are not read: write its parts as columns of their own"
    if c.kind == "other":
        return f"values of type {c.type[:40]} are not read"
    if not c.present:
        return "never filled"
    if calendar_part(c):
        return "a folder of the calendar: the time says it"
    if c.kind == "time":
        return "another time"
    if c.constant:
        return f"always {next(iter(c.frequencies), 'the same')[:40]}"
    if c.joined in SURE["label"] and c.kind == "number":
        return "it sounds like the outcome and is a number of many values, which no label can be yet: no input either"
    if set(c.words) & AFTERWARDS:
        return "said after the decision, by its name: a metric rather than an input"
    if c.kind == "text" and c.distinct > 0.5 * c.rows and not any(" " in v for v in list(c.frequencies)[:200]):
        return "a value of its own in most rows: an identifier"
    named = set(c.words) & {"id", "uuid", "guid", "key", "hash", "token", "ref"}
    if named and c.distinct > _MOST_VALUES and (c.kind == "text" or (c.kind == "number" and c.whole)):
        return f"an identifier, by its name (about {c.distinct:,} values)"
    if c.kind == "text" and c.distinct > 1000 and all(IDENTIFIER.match(v) for v in list(c.frequencies)[:100]):
        return "an identifier, by the form of its values"
    if c.kind == "number" and not np.isfinite(c.numbers).any():
        return "no number in the rows looked at"
    if c.unique and c.kind == "number" and c.whole and counts_up(c):
        return "it counts the rows"
    return ""


def _feature(c: Column) -> Guess[FeatureType]:
    """The type of a feature and what is in it."""
    import numpy as np

    missing = f", {percent(c.missing)} missing" if c.missing else ""
    if c.kind == "boolean":
        return Guess(
            "boolean", f"true in {percent(c.frequencies.get('true', 0) / max(1, sum(c.frequencies.values())))}{missing}"
        )
    if c.kind == "number":
        counted = c.whole and c.type not in ("FLOAT", "DOUBLE")
        values = set(c.frequencies)
        if counted and values == {"0", "1"}:
            return Guess("boolean", f"0 and 1; 1 in {percent(c.frequencies['1'] / sum(c.frequencies.values()))}{missing}")
        if counted and len(values) == 2 and c.distinct <= 3:
            return Guess("categorical", f"two values, {' and '.join(sorted(values))}{missing}")
        if counted and c.distinct <= 100 and set(c.words) & CODES and not set(c.words) & EARLIER:
            return Guess("categorical", f"{c.distinct} whole numbers that its name calls codes{missing}", sure=False)
        known = c.numbers[np.isfinite(c.numbers)]
        return Guess("numeric", f"{span(c)}, typically {figure(float(np.median(known)), float(np.ptp(known)))}{missing}")
    lengths = [len(v) for v in c.frequencies]
    spaced = sum(" " in v.strip() for v in c.frequencies) > 0.5 * len(lengths)
    free = c.distinct > _MOST_VALUES and (sum(lengths) / len(lengths) > 40 or (spaced and c.distinct > 0.2 * c.rows))
    if free:
        return Guess(
            "text", f"free text of about {sum(lengths) // len(lengths)} characters; only its length is compared{missing}"
        )
    if c.distinct > 1000:
        return Guess("text", f"about {c.distinct:,} values, too many to compare but by their length{missing}", sure=False)
    return Guess("categorical", f"{_values(c)}{missing}")


def _dimension(c: Column) -> float | None:
    """How well a column serves to slice by; None where it does not: a text of few values that is always there."""
    words = set(c.words)
    few = 2 <= c.distinct <= _MOST_VALUES and len(c.frequencies) >= 2
    gaps = 0.05 if words & DIMENSIONS else 0.002
    if not few or c.missing > gaps or c.distinct > 0.05 * c.rows:
        return None
    coded = c.kind == "number" and c.whole and bool(words & (DIMENSIONS | {"id", "code"})) and not words & EARLIER
    if c.kind != "text" and not coded:
        return None
    if sum(map(len, c.frequencies)) / len(c.frequencies) > 40:
        return None
    weight = 2.0 if words & DIMENSIONS else 0.0
    weight += 1.0 if len(c.frequencies) <= 12 else 0.0
    weight += 0.5 if c.partition else 0.0
    smallest = min(list(c.frequencies.values())[:12])
    return weight + (0.5 if smallest > 0.01 * sum(c.frequencies.values()) else 0.0)


def _values(c: Column) -> str:
    """The values of a column of few, or how many there are."""
    shown = list(c.frequencies)
    if len(shown) <= 6 and sum(map(len, shown)) < 60:
        return f"{len(shown)} values: {', '.join(shown)}"
    return f"{len(shown):,} values" if c.distinct <= 1000 else f"about {c.distinct:,} values"
