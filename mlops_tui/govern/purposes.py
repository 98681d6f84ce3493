"""Columns of one purpose: the identifier, the model's version, latency, cost, and people's own data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_tui.govern.figures import span
from mlops_tui.govern.guess import Evidence, Guess
from mlops_tui.govern.profile import Column, Profile
from mlops_tui.govern.words import COST_NAMES, EARLIER, HINTS, LATENCY, LATENCY_NAMES, NAMES, PERSONAL, PERSONAL_IF_MANY, SURE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ().\-/]{6,18}[0-9]\Z")
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}\Z|(?:[0-9a-fA-F]{1,4}:){3,}[0-9a-fA-F:]+\Z")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_PERSON = re.compile(r"[^\W\d_]['’\w-]+(?:[ ,]+[^\W\d_]['’.\w-]*){1,3}\Z")
IDENTIFIER = re.compile(
    r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\Z|[0-9a-fA-F]{24,64}\Z|[0-9A-HJKMNP-TV-Z]{26}\Z"
)
"""The forms of identifiers: UUIDs, long hexadecimal numbers, ULIDs."""


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
        if c.kind == "text" and all(IDENTIFIER.match(v) for v in some):
            e.add(1.5, "the form of an identifier")
        elif c.kind == "text":
            e.add(0.5 if not any(" " in v for v in some) else -2.0)
        else:
            e.add(0.5 if counts_up(c) else -1.0, "it counts up" if counts_up(c) else "")
        e.add(0.3 if i == 0 else 0.0)
        if best is None or e.weight > best[0]:
            best = e.weight, c, e
    if best is None or best[0] <= 0:
        return None
    return Guess(best[1].name, best[2].told(), sure=best[0] >= 2)


def counts_up(c: Column) -> bool:
    """Whether whole numbers fill their range so densely that they number the rows."""
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
            return Guess(c.name, f"by its name; {span(c)}")
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
