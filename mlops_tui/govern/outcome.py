"""Score, decision and label: told apart together, by their names, their values, and how they go with one another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_tui.govern.guess import Evidence
from mlops_tui.govern.profile import Column, Profile
from mlops_tui.govern.together import Cut, code_values, cut_of, known, known_only_for, mask
from mlops_tui.govern.words import (
    AFTERWARDS,
    BAD_DECISIONS,
    BAD_LABELS,
    CODES,
    EARLIER,
    GOOD_DECISIONS,
    GOOD_LABELS,
    HINTS,
    OTHER_DECISIONS,
    PROTECTED,
    SURE,
    spoken,
)

_PRIOR = -2.5
"""The log-odds of a column without any evidence for it."""
_MOST = 6
"""Candidates of each role that are weighed together."""


@dataclass(frozen=True)
class Trio:
    """The chosen columns, None where there is none, each with what spoke for it."""

    score: Column | None
    decision: Column | None
    label: Column | None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


def find(profile: Profile, taken: Sequence[str]) -> Trio:
    """The likeliest score, decision and label among the columns that have no role yet."""
    free = [c for n, c in profile.columns.items() if n not in taken and not c.partition]
    scores = _best(free, _score)
    decisions = _best(free, _decision)
    labels = _best(free, _label)
    pairs = _Pairs()
    best: tuple[float, Trio] | None = None
    for s, d, y in itertools.product([None, *scores], [None, *decisions], [None, *labels]):
        names = [c.name for c, _ in filter(None, (s, d, y))]
        if len(set(names)) < len(names):
            continue
        weight, evidence = pairs.weigh(s, d, y)
        if best is None or weight > best[0] + 1e-9:
            best = weight, Trio(s and s[0], d and d[0], y and y[0], evidence)
    assert best is not None
    return best[1]


Candidate = tuple[Column, Evidence]


def _best(free: Sequence[Column], weigh: object) -> list[Candidate]:
    weighed = [(c, e) for c in free if (e := weigh(c)) is not None]  # type: ignore[operator]
    weighed.sort(key=lambda pair: -pair[1].weight)
    return weighed[:_MOST]


def _named(e: Evidence, c: Column, role: str, joined: float = 4.0, hint: float = 2.0) -> None:
    words = set(c.words)
    if c.joined in SURE[role] or "_".join(w for w in c.words if not w.isdigit()) in SURE[role]:
        e.add(joined, "by its name")
    elif words & HINTS[role]:
        e.add(hint, "by its name")
    if words & EARLIER and c.joined not in SURE[role]:
        e.add(-3.5)
    if words & (AFTERWARDS | PROTECTED):
        e.add(-5.0)


def _score(c: Column) -> Evidence | None:
    """What speaks for a column to be the score; None for one that cannot be."""
    import numpy as np

    if c.kind != "number" or c.constant or c.distinct < 8:
        return None
    e = Evidence(_PRIOR)
    _named(e, c, "score")
    x = c.numbers[np.isfinite(c.numbers)]
    low, high = float(x.min()), float(x.max())
    if low >= 0 and high <= 1:
        e.add(1.0 if high - low > 0.3 else 0.3, f"{low:.3g} to {high:.3g}")
    elif c.whole and not (low >= 0 and high <= 1000):
        e.add(-1.5)
    else:
        e.add(0.0, f"{low:,.4g} to {high:,.4g}")
    e.add(-1.5 if c.missing > 0.05 else 0.0)
    e.add(-0.5 if c.unique and c.whole else 0.0)
    return e


def _coded(c: Column, most: int, least: int = 2) -> bool:
    few = least <= len(c.frequencies) <= most and c.distinct <= most + 1
    return few and (c.kind in ("text", "boolean") or (c.kind == "number" and c.whole))


def _decision(c: Column) -> Evidence | None:
    """What speaks for a column to be the decision; None for one that cannot be."""
    sure = c.joined in SURE["decision"]
    if not _coded(c, 40 if sure else 6, 1 if sure else 2):
        return None
    e = Evidence(_PRIOR)
    _named(e, c, "decision")
    if c.kind == "text":
        values = [spoken(v) for v in c.frequencies]
        every = GOOD_DECISIONS | BAD_DECISIONS | OTHER_DECISIONS
        told = sum(bool(v & every) for v in values)
        both = any(v & GOOD_DECISIONS for v in values) and any(v & BAD_DECISIONS for v in values)
        e.add(3.0 if both and told >= 2 else 1.0 if told == len(values) else -0.5, "its values are decisions" if both else "")
        e.add(-2.0 if any(v & (GOOD_LABELS | BAD_LABELS) for v in values) and not told else 0.0)
    e.add(-2.0 if c.missing > 0.02 else 0.0)
    e.add(-1.0 if len(c.frequencies) > 3 else 0.3)
    e.add(-1.0 if set(c.words) & CODES and c.kind == "number" else 0.0)
    return e


def _label(c: Column) -> Evidence | None:
    """What speaks for a column to be the outcome; None for one that cannot be."""
    if not _coded(c, 40 if c.joined in SURE["label"] else 4) or c.missing > 0.995:
        return None
    e = Evidence(_PRIOR)
    _named(e, c, "label")
    if c.kind == "text":
        values = [spoken(v) for v in c.frequencies]
        good, bad = any(v & GOOD_LABELS for v in values), any(v & BAD_LABELS for v in values)
        e.add(3.0 if good and bad else 1.0 if good or bad else -0.5, "its values are outcomes" if good and bad else "")
    e.add(0.5 if c.missing > 0.01 else 0.0, "not known for every row" if c.missing > 0.01 else "")
    e.add(0.3 if len(c.frequencies) == 2 else -1.0)
    return e


class _Pairs:
    """What candidates say together; each pair of columns is measured once."""

    def __init__(self) -> None:
        self._cuts: dict[tuple[str, str], Cut | None] = {}
        self._gaps: dict[tuple[str, str], str] = {}

    def weigh(self, s: Candidate | None, d: Candidate | None, y: Candidate | None) -> tuple[float, dict[str, Evidence]]:
        """The weight of a choice, and each role's evidence with what the others add."""
        found = {r: Evidence(c[1].weight, list(c[1].reasons)) for r, c in (("score", s), ("decision", d), ("label", y)) if c}
        if s and d:
            self._score_decision(s[0], d[0], found)
        if s and y and (cut := self.cut(s[0], y[0])):
            strength = abs(2 * cut.auc - 1)
            # an outcome that one cut tells without fault would rather be the decision
            found["label"].add(-2.0 if cut.right > 0.998 else 1.6 * strength)
            found["score"].add(0.8 * strength, f"goes with {y[0].name}" if strength > 0.2 else "")
        if d and y and (gap := self.gap(d[0], y[0])):
            found["label"].add(3.0, gap)
            found["decision"].add(1.5, f"{y[0].name} is known with one of its values only")
        return sum(e.weight for e in found.values()), found

    def _score_decision(self, s: Column, d: Column, found: dict[str, Evidence]) -> None:
        cut = self.cut(s, d)
        if cut is None:
            return
        strength = abs(2 * cut.auc - 1)
        base = max(max(d.frequencies.values()) / sum(d.frequencies.values()), 0.5)
        if cut.right > 0.995 and cut.right - base > 0.2 * (1 - base):
            found["score"].add(3.0, f"one cut of it tells {d.name}")
            found["decision"].add(2.5, f"one cut of {s.name} tells it")
        else:
            found["score"].add(1.0 * strength, f"goes with {d.name}" if strength > 0.2 else "")
            found["decision"].add(1.0 * strength, f"goes with {s.name}" if strength > 0.2 else "")

    def cut(self, score: Column, coded: Column) -> Cut | None:
        """How the score parts the column's most telling value from the others."""
        key = (score.name, coded.name)
        if key not in self._cuts:
            among = known(coded)
            cuts = [c for v in code_values(coded) if (c := cut_of(score, mask(coded, v), among)) is not None]
            self._cuts[key] = max(cuts, key=lambda c: (c.right, abs(c.auc - 0.5)), default=None)
        return self._cuts[key]

    def gap(self, decision: Column, label: Column) -> str:
        """Whether the label is known for some decisions only, in words."""
        key = (decision.name, label.name)
        if key not in self._gaps:
            self._gaps[key] = ""
            value = known_only_for(decision, label)
            if value is not None:
                self._gaps[key] = f"known only where {decision.name} is {value}"
        return self._gaps[key]
