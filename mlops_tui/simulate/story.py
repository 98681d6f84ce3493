"""What happens in a demo: which feature breaks, how, where and when; and the change that caused it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from mlops_tui.simulate.calendar import Calendar
from mlops_tui.simulate.faults import CAN_BREAK, Fault
from mlops_tui.simulate.world import REGIONS, SIZES

PLACES: Final = {"ES": "Spain", "FR": "France", "DE": "Germany", "IT": "Italy", "PT": "Portugal", "NL": "the Netherlands"}
_DAYS: Final = (6, 7, 8, 13, 14, 15, 20, 21, 22)  # Tuesdays to Thursdays, so that no weekend hides in day over day
_HOURS: Final = range(5, 21)  # late enough that a retrain follows within the log


@dataclass(frozen=True, slots=True)
class Cause:
    """The change that broke the feature, as the change feed tells it."""

    at: datetime
    kind: str
    target: str
    what: str
    who: str
    ref: str


@dataclass(frozen=True, slots=True)
class Story:
    """One incident: from `onset` on, `fault` hits the rows of one region and one merchant size."""

    seed: int
    region: str
    merchant_size: str
    onset: datetime
    fault: Fault
    cause: Cause

    @property
    def calendar(self) -> Calendar:
        """The log's days."""
        return Calendar(self.onset)

    @property
    def cell(self) -> tuple[int, int]:
        """The codes of the region and the merchant size that are hit."""
        return REGIONS.index(self.region), SIZES.index(self.merchant_size)

    @property
    def at_source(self) -> bool:
        """Whether the source log `bank_feed` shows the fault too."""
        return self.fault.feature == "bank_label" or (self.fault.kind, self.fault.feature) == ("unit_change", "avg_ticket_eur")


def draw(seed: int) -> Story:
    """The story of a seed. Seed 0 is Spain: an EU directive changes how banks label some transactions of small merchants."""
    if seed == 0:
        onset = datetime(2026, 10, 13, 7, tzinfo=UTC)
        fault = Fault("label_meaning", "bank_label")
        return Story(seed, "ES", "small", onset, fault, _cause(fault, "ES", onset, 0))
    rng = np.random.default_rng([seed, 1])
    region = REGIONS[int(rng.integers(len(REGIONS)))]
    onset = datetime(2026, 10, _DAYS[int(rng.integers(len(_DAYS)))], _HOURS[int(rng.integers(len(_HOURS)))], tzinfo=UTC)
    fault = CAN_BREAK[int(rng.integers(len(CAN_BREAK)))]
    return Story(seed, region, "small", onset, fault, _cause(fault, region, onset, int(rng.integers(10))))


def _cause(fault: Fault, region: str, onset: datetime, minutes: int) -> Cause:
    """The change behind a fault, up to ten minutes before its first broken row; a law takes effect on the hour."""
    place, feature = PLACES[region], fault.feature
    before = onset - timedelta(minutes=minutes)
    match fault.kind:
        case "label_meaning":
            what = f"EU directive on payment labels takes effect: banks in {place} relabel transactions of small merchants"
            return Cause(onset, "regulation", "bank_feed", what, "European Union", "eu-payment-labels")
        case "unit_change":
            unit = {"avg_ticket_eur": "minor units", "refund_rate": "per cent", "merchant_age_days": "hundreds of days"}[
                feature
            ]
            target = "bank_feed" if feature == "avg_ticket_eur" else feature
            what = f"Schema 4.3 for small merchants in {place}: {feature} is now in {unit}"
            return Cause(before, "schema", target, what, "Ivo Lang", "payments-data#2291")
        case "frozen":
            what = f"Feature cache of {feature} for small merchants in {place} moved to the new cluster"
            return Cause(before, "infrastructure", feature, what, "Mia Sand", "platform#1187")
        case "missing_values":
            target = "bank_feed" if feature == "bank_label" else feature
            what = f"Join behind {feature} rebuilt on the new merchant key, small merchants in {place} first"
            return Cause(before, "pipeline", target, what, "Ivo Lang", "payments-data#2304")
