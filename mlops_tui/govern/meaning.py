"""What values mean: the positive decision, the good outcome, and which of them a high score goes with."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_tui.govern.guess import Guess, percent
from mlops_tui.govern.outcome import Trio
from mlops_tui.govern.profile import Column
from mlops_tui.govern.together import Cut, agreement, code_values, cut_of, known, known_only_for, mask, share
from mlops_tui.govern.words import (
    BAD_DECISIONS,
    BAD_LABELS,
    EARLIER,
    GOOD_DECISIONS,
    GOOD_LABELS,
    RISK,
    UNFAVOURABLE,
    folded,
    spoken,
)

_TRUE = ("1", "true", "yes", "y", "t", "1.0", "si", "ja", "oui", "sim")
_FALSE = ("0", "false", "no", "n", "f", "0.0", "-1", "nein", "non", "nao")
_FIRM = 0.15
"""How far from a half an AUC must lie to say which way a score points."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the score, the decision and the label say. `cut` is where the score parts the decisions, where one cut does."""

    positive: Guess[str] | None = None
    good: Guess[str] | None = None
    means: Guess[str] | None = None
    high_is_good: bool | None = None
    cut: Cut | None = None
    only_when: Guess[str] | None = None


def meaning(trio: Trio) -> Meaning:
    """The meaning of the chosen columns' values."""
    positive = _positive(trio)
    good = _good(trio, positive)
    only = _only_when(trio)
    if trio.score is None:
        return Meaning(positive, good, None, None, None, only)
    by_decision = _cut(trio.score, trio.decision, positive)
    by_label = _cut(trio.score, trio.label, good)
    means, high = _polarity(trio, positive, good, by_decision, by_label)
    return Meaning(positive, good, means, high, _exact(by_decision, trio, positive), only)


def _truth(values: tuple[str, ...]) -> tuple[str, str] | None:
    """(the value that means yes, the one that means no) of a column of two."""
    yes = [v for v in values if folded(v) in _TRUE]
    no = [v for v in values if folded(v) in _FALSE]
    return (yes[0], no[0]) if len(values) == 2 and len(yes) == 1 and len(no) == 1 else None


def _positive(trio: Trio) -> Guess[str] | None:
    """The positive decision: by its word, by 1 and true, else the one that high scores go with."""
    d = trio.decision
    if d is None:
        return None
    values = code_values(d)
    if len(values) == 1:
        opposite = {"0": "1", "false": "true", "False": "True"}.get(values[0], values[0])
        return Guess(opposite, f"every row says {_quoted(values[0])}", sure=False)
    truth = _truth(values)
    if truth is not None:
        yes, no = truth
        if set(d.words) & UNFAVOURABLE:
            return Guess(no, f"{yes} in a column named {d.name} is the refusal; {share(d, no)} of rows")
        return Guess(yes, f"{yes} is taken for yes; {share(d, yes)} of rows")
    good = [v for v in values if spoken(v) & GOOD_DECISIONS and not spoken(v) & BAD_DECISIONS]
    if good:
        best = max(good, key=lambda v: d.frequencies[v])
        return Guess(best, f"the word says so; {share(d, best)} of rows, beside {_others(d, best)}", sure=len(good) == 1)
    bad = [v for v in values if spoken(v) & BAD_DECISIONS]
    rest = [v for v in values if v not in bad]
    if bad and len(rest) == 1:
        return Guess(rest[0], f"{_quoted(bad[0])} is the refusal, this is the other value; {share(d, rest[0])} of rows")
    if trio.score is not None:
        aucs = {v: c.auc for v in values if (c := cut_of(trio.score, mask(d, v), known(d))) is not None}
        if aucs:
            best = max(aucs, key=lambda v: aucs[v])
            return Guess(
                best, f"high {trio.score.name} goes with it; {share(d, best)} of rows, beside {_others(d, best)}", False
            )
    numbers = all(v.lstrip("-").isdigit() for v in values)
    best = max(values, key=int) if numbers else min(d.frequencies, key=lambda v: (d.frequencies[v], v))
    reason = "the highest code" if numbers else "the rarer value"
    return Guess(best, f"{reason}; {share(d, best)} of rows, beside {_others(d, best)}", sure=False)


def _good(trio: Trio, positive: Guess[str] | None) -> Guess[str] | None:
    """The good outcome: by its word, by the column's name where 1 is what nobody wants, else with the positive decision."""
    y, d = trio.label, trio.decision
    if y is None:
        return None
    values = code_values(y)
    fine = [v for v in values if spoken(v) & GOOD_LABELS and not spoken(v) & BAD_LABELS]
    ill = [v for v in values if spoken(v) & BAD_LABELS]
    if fine and (ill or len(values) == len(fine) + 1):
        best = max(fine, key=lambda v: y.frequencies[v])
        return Guess(best, f"the word says so; {share(y, best)} of known outcomes")
    if ill and len(values) == len(ill) + 1:
        rest = next(v for v in values if v not in ill)
        return Guess(rest, f"{_quoted(ill[0])} is the bad outcome; {share(y, rest)} of known outcomes")
    truth = _truth(values)
    if truth is None and positive is not None and positive.value in values:
        same = positive.value
        return Guess(
            same, f"the positive decision's value; {share(y, same)} of known outcomes, beside {_others(y, same)}", sure=False
        )
    if truth is None:
        best = max(values, key=lambda v: y.frequencies[v])
        return Guess(best, f"the most frequent outcome ({share(y, best)}), beside {_others(y, best)}", sure=False)
    yes, no = truth
    words = set(y.words) - EARLIER
    if words & BAD_LABELS:
        return Guess(no, f"{yes} in a column named {y.name} is the bad outcome; {share(y, no)} of known outcomes are good")
    if words & GOOD_LABELS:
        return Guess(yes, f"{yes} in a column named {y.name} is the good outcome; {share(y, yes)} of known outcomes")
    if trio.score is not None and set(trio.score.words) & RISK and (cut := cut_of(trio.score, mask(y, yes), known(y))):
        good, bad = (no, yes) if cut.auc > 0.5 else (yes, no)
        if abs(cut.auc - 0.5) >= _FIRM / 2:
            why = f"high {trio.score.name}, the name of a risk, goes with {bad}"
            return Guess(good, f"{why}; {share(y, good)} of known outcomes are good")
    phi = agreement(d, positive.value, y, yes) if d is not None and positive is not None else None
    if phi is not None and phi < -0.1 and d is not None and positive is not None:
        with_it = f"{no} goes with {d.name} {positive.value} (correlation {-phi:.2f})"
        return Guess(no, f"{with_it}; {share(y, no)} of known outcomes", sure=False)
    aligned = _same_side(trio, positive, yes) if phi is None else None
    if aligned is False and trio.score is not None and d is not None:
        why = f"{no} and the positive decision go with the same end of {trio.score.name}"
        return Guess(no, f"{why}; {share(y, no)} of known outcomes", sure=False)
    told = f"; it goes with the positive decision (correlation {phi:.2f})" if phi is not None and phi > 0.1 else ""
    if aligned and trio.score is not None:
        told = f"; it and the positive decision go with the same end of {trio.score.name}"
    return Guess(yes, f"{yes} is taken for the good outcome; {share(y, yes)} of known outcomes{told}", sure=bool(told))


def _same_side(trio: Trio, positive: Guess[str] | None, yes: str) -> bool | None:
    """Whether an outcome and the positive decision go with the same end of the score; None where either does not say."""
    if trio.score is None or trio.decision is None or trio.label is None or positive is None:
        return None
    by_label = cut_of(trio.score, mask(trio.label, yes), known(trio.label))
    by_decision = cut_of(trio.score, mask(trio.decision, positive.value), known(trio.decision))
    if by_label is None or by_decision is None or min(abs(c.auc - 0.5) for c in (by_label, by_decision)) < _FIRM / 2:
        return None
    return (by_label.auc > 0.5) == (by_decision.auc > 0.5)


def _only_when(trio: Trio) -> Guess[str] | None:
    if trio.decision is None or trio.label is None:
        return None
    value = known_only_for(trio.decision, trio.label)
    if value is None:
        return None
    return Guess(value, f"{trio.label.name} is never known with another {trio.decision.name}")


def _cut(score: Column, coded: Column | None, value: Guess[str] | None) -> Cut | None:
    if coded is None or value is None:
        return None
    return cut_of(score, mask(coded, value.value), known(coded))


def _exact(cut: Cut | None, trio: Trio, positive: Guess[str] | None) -> Cut | None:
    """The cut where it tells (nearly) every decision."""
    if cut is None or trio.decision is None or positive is None:
        return None
    inside = trio.decision.frequencies.get(positive.value, 0) / max(1, sum(trio.decision.frequencies.values()))
    base = max(inside, 1 - inside)
    return cut if cut.right > 0.995 and cut.right - base > 0.2 * (1 - base) else None


def _polarity(
    trio: Trio, positive: Guess[str] | None, good: Guess[str] | None, by_decision: Cut | None, by_label: Cut | None
) -> tuple[Guess[str], bool | None]:
    """What a high score means, in words, and whether it is good news; by the outcomes where they are known, else by the
    decisions, else by the name."""
    score = trio.score
    assert score is not None
    import numpy as np

    x = score.numbers[np.isfinite(score.numbers)]
    kind = "probability" if x.min() >= 0 and x.max() <= 1 else "score"
    told = [
        (cut, column, value)
        for cut, column, value in ((by_label, trio.label, good), (by_decision, trio.decision, positive))
        if cut is not None and column is not None and value is not None
    ]
    firm = [t for t in told if abs(t[0].auc - 0.5) >= _FIRM] or [t for t in told if abs(t[0].auc - 0.5) >= 0.03]
    if not firm:
        if set(score.words) & RISK:
            return Guess(_bad(kind, "outcome"), f"{score.name} is the name of a risk", sure=False), False
        why = "nothing in the log tells which way it points: say it in your words"
        return Guess(f"{kind} of the good outcome" if kind == "probability" else "high is good", why, sure=False), None
    cut, column, value = firm[0]
    high = cut.auc > 0.5
    # a risk is high where a decision is the intervention: no contradiction
    other = (
        []
        if set(score.words) & RISK
        else [t for t in told if t is not firm[0] and abs(t[0].auc - 0.5) >= 0.03 and (t[0].auc > 0.5) != high]
    )
    what = f"{column.name} {value.value}"
    pairs = percent(max(cut.auc, 1 - cut.auc))
    side = "higher" if high else "lower"
    why = f"in {pairs} of pairs the row with {what} scores {side}"
    if other:
        why += f", though {other[0][1].name} says otherwise"
    noun = "outcome" if column is trio.label else "decision"
    values = code_values(column)
    other_value = next((v for v in values if v != value.value), "") if len(values) == 2 else ""
    against = f"{column.name} {other_value}" if other_value else f"not {what}"
    means = _fine(kind, noun, what) if high else _bad(kind, noun, against)
    return Guess(means, why, sure=abs(cut.auc - 0.5) >= _FIRM and not other), high


def _fine(kind: str, noun: str, what: str = "") -> str:
    adjective = "good" if noun == "outcome" else "positive"
    of = f" ({what})" if what else ""
    return (
        f"probability of the {adjective} {noun}{of}" if kind == "probability" else f"high is good: the {adjective} {noun}{of}"
    )


def _bad(kind: str, noun: str, what: str = "") -> str:
    adjective = "bad" if noun == "outcome" else "negative"
    of = f" ({what})" if what else ""
    return f"probability of the {adjective} {noun}{of}" if kind == "probability" else f"high is bad: the {adjective} {noun}{of}"


def _others(c: Column, value: str) -> str:
    rest = [v for v in c.frequencies if v != value]
    return ", ".join(_quoted(v) for v in rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")


def _quoted(value: str) -> str:
    return value if value.isalnum() and len(value) <= 30 else repr(value[:30])
