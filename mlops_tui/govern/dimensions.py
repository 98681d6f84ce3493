"""What is left once the chain's own columns are known: segments, features, people's data, and what is neither."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlops_tui.govern.guess import Evidence, Guess, percent
from mlops_tui.govern.profile import Column, Profile
from mlops_tui.govern.times import calendar_part
from mlops_tui.govern.words import (
    AFTERWARDS,
    CODES,
    COST_NAMES,
    DIMENSIONS,
    EARLIER,
    HINTS,
    LATENCY,
    LATENCY_NAMES,
    NAMES,
    PERSONAL,
    PERSONAL_IF_MANY,
    PROTECTED,
    SURE,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FeatureType = Literal["numeric", "categorical", "boolean", "text"]
MOST_SEGMENTS = 6
_MOST_VALUES = 120
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{6,18}[0-9]\Z")
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}\Z|(?:[0-9a-fA-F]{1,4}:){3,}[0-9a-fA-F:]+\Z")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_PERSON = re.compile(r"[^\W\d_]['’\w-]+(?:[ ,]+[^\W\d_]['’.\w-]*){1,3}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\Z|[0-9a-fA-F]{24,64}\Z|[0-9A-HJKMNP-TV-Z]{26}\Z")


@dataclass(frozen=True, slots=True)
class Rest:
    """The roles of the other columns, in the columns' order. `ignored` are those that are declared nowhere, with the reason."""

    segments: Mapping[str, Guess[str]]
    features: Mapping[str, Guess[FeatureType]]
    protected: Mapping[str, Guess[str]]
    ignored: Mapping[str, str]


# -- columns of one purpose -----------------------------------------------------------------------------------------------


def choose_id(profile: Profile, taken: Sequence[str]) -> Guess[str] | None:
    """The column that tells rows apart: unique, never missing, named like an identifier or made like one."""
    best: tuple[float, Column, Evidence] | None = None
    for i, c in enumerate(profile.columns.values()):
        if c.name in taken or c.partition or c.missing > 0 or c.kind not in ("number", "text"):
            continue
        if not c.unique or (c.kind == "number" and not c.whole):
            continue
        e = Evidence(-0.5)
        e.add(1.5, f"{c.rows:,} rows, no value twice in the {len(c.codes):,} looked at")
        words = set(c.words)
        named = c.joined in SURE["id"] or words & HINTS["id"]
        e.add((3.0 if c.joined in SURE["id"] else 2.0) if named else 0.0, "by its name" if named else "")
        some = list(c.frequencies)[:200]
        if c.kind == "text" and all(_UUID.match(v) for v in some):
            e.add(1.5, "the form of an identifier")
        elif c.kind == "text":
            e.add(0.5 if not any(" " in v for v in some) else -2.0)
        else:
            e.add(0.5 if _counter(c) else -1.0, "it counts up" if _counter(c) else "")
        e.add(0.3 if i == 0 else 0.0)
        if best is None or e.weight > best[0]:
            best = e.weight, c, e
    if best is None or best[0] <= 0:
        return None
    return Guess(best[1].name, best[2].told(), sure=best[0] >= 2)


def _counter(c: Column) -> bool:
    import numpy as np

    low, high = (float(c.low), float(c.high)) if c.low and c.high else (np.nanmin(c.numbers), np.nanmax(c.numbers))
    return bool(0 <= high - low <= 3 * c.rows)


def choose_version(profile: Profile, taken: Sequence[str], time_order: npt.NDArray[np.int64]) -> Guess[str] | None:
    """The column of the model's version: few values, each of one stretch of time. `time_order` sorts the sample by time."""
    best: tuple[float, Column, Evidence] | None = None
    for c in profile.columns.values():
        if c.name in taken or c.partition or c.missing > 0.2 or c.kind not in ("text", "number") or c.distinct > 2000:
            continue
        if c.kind == "number" and not (c.whole or c.joined in SURE["version"]):
            continue
        e = Evidence(-2.5)
        words = set(c.words)
        if c.joined in SURE["version"] and not (c.joined == "model" and c.kind == "number"):
            e.add(4.0, "by its name")
        elif words & HINTS["version"]:
            e.add(2.0, "by its name")
        some = list(c.frequencies)
        dotted = [
            v for v in some if re.fullmatch(r"(?:[A-Za-z][\w-]*?[-_ ]?)?v?\d+(?:[._-]\d+)*\S{0,12}", v) and re.search(r"\d", v)
        ]
        if c.kind == "text" and len(dotted) == len(some):
            e.add(1.2, "its values look like versions" if c.distinct > 1 else "its one value looks like a version")
        if len(some) > 1:
            ordered = c.codes[time_order]
            ordered = ordered[ordered >= 0]
            switches = int((ordered[1:] != ordered[:-1]).sum())
            stretched = switches <= max(3 * (len(some) - 1), 0.02 * len(ordered))
            mixed = -2.5 if c.joined in ("model", "version", "release") else -0.5
            e.add(2.0 if stretched else mixed, "each value has its own stretch of time" if stretched else "")
        e.add(
            -2.0 if set(c.words) & {"app", "os", "browser", "sdk", "client", "api", "schema", "car", "device", "phone"} else 0.0
        )
        if best is None or e.weight > best[0]:
            best = e.weight, c, e
    if best is None or best[0] <= 0:
        return None
    value = next(iter(best[1].frequencies), "")
    count = (
        f"one value, {value[:40]}"
        if best[1].constant
        else f"about {best[1].distinct:,} values"
        if best[1].distinct > 20
        else (f"{len(best[1].frequencies)} values")
    )
    return Guess(best[1].name, f"{best[2].told()}; {count}", sure=best[0] >= 1)


def choose_latency(profile: Profile, taken: Sequence[str]) -> Guess[str] | None:
    """The column of how long a decision took, by its name: never below zero."""
    for c in profile.of("number"):
        named = set(c.words) & LATENCY or c.joined in LATENCY_NAMES
        if c.name not in taken and named and not c.partition and float(c.low or 0) >= 0 and not c.constant:
            return Guess(c.name, f"by its name; {_range(c)}")
    return None


def choose_cost(profile: Profile, taken: Sequence[str]) -> Guess[str] | None:
    """The column of what a decision cost, by its name and its small amounts."""
    import numpy as np

    for c in profile.of("number"):
        if c.name in taken or c.partition or c.constant or c.joined not in COST_NAMES:
            continue
        typical = float(np.nanmedian(c.numbers))
        if 0 <= typical < 5:
            return Guess(c.name, f"by its name; typically {typical:.3g}")
    return None


def personal(c: Column) -> str:
    """Why a column looks like people's own data; empty where it does not."""
    if c.kind not in ("text", "number", "time"):
        return ""
    words = set(c.words)
    some = list(c.frequencies)[:300]
    if c.kind == "text" and some:
        for form, what in ((_EMAIL, "e-mail addresses"), (_IBAN, "account numbers"), (_ADDRESS, "network addresses")):
            if sum(bool(form.match(v.strip())) for v in some) > 0.8 * len(some):
                return f"its values are {what}"
        if c.distinct > 100 and sum(_telephone(v.strip()) for v in some) > 0.8 * len(some):
            return "its values look like telephone numbers"
    many = words & PERSONAL_IF_MANY and (c.distinct > 30 or c.kind != "text")
    if (words & PERSONAL or many) and not words & EARLIER:
        return "by its name"
    if c.kind == "text" and words & NAMES and some:
        people = sum(bool(_PERSON.match(v.strip())) for v in some) > 0.6 * len(some)
        if people and (len(words & NAMES) > 1 or c.distinct > 200 or words & {"full", "first", "last"}):
            return "people's names, by its name and the form of its values"
        if len(words & NAMES) > 1 and c.distinct > 30:
            return "people's names, by its name"
    return ""


def _telephone(value: str) -> bool:
    """Eight digits at least, and a sign that only telephone numbers have: a plus, brackets, or groups parted by spaces."""
    marked = value.startswith(("+", "00")) or "(" in value or value.count(" ") >= 2
    return marked and bool(_PHONE.match(value)) and sum(d.isdigit() for d in value) >= 8


# -- the others -----------------------------------------------------------------------------------------------------------


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
    if c.kind == "text" and c.distinct > 1000 and all(_UUID.match(v) for v in list(c.frequencies)[:100]):
        return "an identifier, by the form of its values"
    if c.kind == "number" and not np.isfinite(c.numbers).any():
        return "no number in the rows looked at"
    if c.unique and c.kind == "number" and c.whole and _counter(c):
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
        return Guess("numeric", f"{_range(c)}, typically {figure(float(np.median(known)), float(np.ptp(known)))}{missing}")
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


def _range(c: Column) -> str:
    """The lowest and the highest number, as exact as people need."""
    import numpy as np

    known = c.numbers[np.isfinite(c.numbers)]
    low, high = (float(c.low), float(c.high)) if c.low and c.high else (float(known.min()), float(known.max()))
    return f"{figure(low, high - low)} to {figure(high, high - low)}"


def figure(value: float, scale: float) -> str:
    """A number with the digits that matter among numbers that lie `scale` apart; never in powers of ten below a billion."""
    if abs(value) >= 1e9 or not scale:
        return f"{value:.4g}"
    if abs(value) < scale / 1000:
        return f"{value:.3g}" if abs(value) >= 0.01 else "0"
    digits = max(0, 3 - len(str(int(max(abs(value), scale)))) + (1 if scale < 1 else 0))
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:,.0f}"
