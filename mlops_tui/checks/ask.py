"""One declared question: what a check is asked, by an alert, a runbook step or the suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mlops_tui.checks.judge import ALPHA
from mlops_tui.core.errors import RunbookError, UnknownName
from mlops_tui.core.threshold import MEASURES, Threshold
from mlops_tui.core.window import Compare
from mlops_tui.inventory.types import Alert, Bounds, Model

MIN_N = 30
"""Rows on both sides below which a status is `insufficient`, unless the question says otherwise."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One declared question. Without `thresholds` the check's own defaults hold.

    `by` is a segment (None or `all`: none); `of` is a source's name or `sources` where a check can look upstream; `where`
    restricts to equal values, a None restricts nothing; `whole` says whether the answer by segment begins with the whole.
    `seasonal` asks that a move since the day before stands against the same hours a week earlier, too.
    `alpha` is the false-discovery rate of the answer.
    `unmeasured` names a bound that was declared and that nothing here can hold (then the answer is `unknown`).
    """

    name: str
    by: str | None = None
    of: str | None = None
    feature: str | None = None
    metric: str | None = None
    slice: str | None = None
    where: Mapping[str, str | None] = field(default_factory=dict)
    compare: Compare = "reference"
    current: timedelta | None = None
    min_n: int = MIN_N
    thresholds: tuple[Threshold, ...] = ()
    whole: bool = True
    seasonal: bool = False
    alpha: float = ALPHA
    unmeasured: str = ""

    @property
    def segment(self) -> str | None:
        """The segment to answer by, or None."""
        return None if self.by == "all" else self.by


def threshold(measure: str, bounds: Bounds) -> Threshold:
    """A threshold from its bounds as written. Raises RunbookError for a measure that does not exist."""
    for known in MEASURES:
        if known == measure:
            return Threshold(known, bounds.below, bounds.above, bounds.warn_below, bounds.warn_above)
    raise UnknownName("measure", measure, MEASURES)


def ask_from_alert(alert: Alert, model: Model) -> Ask:  # noqa: ARG001 (an alert's defaults will be the model's)
    """The question that an alert (or a check step of a runbook, which has the same keys) asks of its model.

    Raises RunbookError where a minimum count is not positive.
    """
    if alert.min_n is not None and alert.min_n < 1:
        raise RunbookError(f"min_n must be at least 1, not {alert.min_n}", where=alert.id)
    held = {m: b for m, b in alert.fire.items() if any((b.below, b.above, b.warn_below, b.warn_above))}
    learned = [f"{m}: learned {b.learned}" for m, b in alert.fire.items() if b.learned is not None]
    empty = [m for m, b in alert.fire.items() if m not in held and b.learned is None]
    gaps = [*learned, *(f"{m}: no bound" for m in empty)]
    return Ask(
        name=alert.check,
        by=alert.by,
        of=alert.of,
        feature=alert.feature,
        metric=alert.metric,
        slice=alert.slice,
        where=dict(alert.where),
        compare=alert.compare or "reference",
        current=alert.current or (None if alert.compare in (None, "reference") else timedelta(hours=24)),
        min_n=alert.min_n or MIN_N,
        thresholds=tuple(threshold(m, b) for m, b in held.items()),
        seasonal=alert.seasonality,
        unmeasured="; ".join(gaps),
    )
