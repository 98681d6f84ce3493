"""From numbers to a status: effect size and significance must both pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_tui.core.finding import Status
from mlops_tui.core.threshold import Level, Measure, Quantity, Threshold
from mlops_tui.stats.rates import beyond

ALPHA = 0.05
"""The false-discovery rate of one answer, and the level of a value held against its bound."""

_ORDER: Mapping[str, int] = {"ok": 0, "warn": 1, "crit": 2}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What thresholds are held against.

    `sizes` are effect sizes by measure; `baseline` turns a change into a relative one for bounds in `%`; `q` is the
    q-value of "nothing changed" (None: size alone decides), significant below `alpha`; `counts` are (positives, n) where a
    `value` is a rate, so that its bound is passed only by more than chance.
    """

    sizes: Mapping[Measure, float | None]
    baseline: float | None = None
    q: float | None = None
    counts: tuple[int, int] | None = None
    alpha: float = ALPHA


def judge(thresholds: Sequence[Threshold], evidence: Evidence) -> tuple[Status, Threshold | None]:
    """The worst status over the thresholds, and the threshold that decided it (the first where none did)."""
    worst: Level = "ok"
    decisive = thresholds[0] if thresholds else None
    for threshold in thresholds:
        level = _level(threshold, evidence)
        if _ORDER[level] > _ORDER[worst]:
            worst, decisive = level, threshold
    return worst, decisive


def judge_move(thresholds: Sequence[Threshold], evidence: Evidence, back: bool) -> tuple[Status, Threshold | None, bool]:
    """The status of a move that may lead `back` to the reference, the decisive threshold, and whether it is a recovery.

    A way back excuses the size of the move, never the value that it has reached: a rate still below its floor fires.
    """
    held = [t for t in thresholds if t.measure == "value"] if back else thresholds
    status, decisive = judge(held, evidence)
    return status, decisive or (thresholds[0] if thresholds else None), back and status == "ok"


def _level(threshold: Threshold, evidence: Evidence) -> Level:
    t = threshold
    if any(_passed(t.measure, bound, side, evidence) for bound, side in ((t.below, -1), (t.above, 1))):
        return "crit"
    if any(_passed(t.measure, bound, side, evidence) for bound, side in ((t.warn_below, -1), (t.warn_above, 1))):
        return "warn"
    return "ok"


def _passed(measure: Measure, bound: Quantity | None, side: int, evidence: Evidence) -> bool:
    size = evidence.sizes.get(measure)
    if bound is None or size is None:
        return False
    if measure == "change" and bound.unit == "%" and evidence.baseline is not None:
        if not evidence.baseline:
            return False
        size /= abs(evidence.baseline)
    if (size - bound.value) * side < 0:
        return False
    if measure == "value":
        return evidence.counts is None or beyond(*evidence.counts, bound.value) < ALPHA
    return evidence.q is None or evidence.q < evidence.alpha
