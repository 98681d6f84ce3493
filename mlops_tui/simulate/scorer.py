"""The models that score: logistic regressions over the columns as they were served, one per deployed version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from mlops_tui.simulate.world import NUMERIC, REGIONS, SIZES, Array, Columns

APPROVE_FROM: Final = 0.55
CALL_FROM: Final = 0.5
_SCALE: Final = 1.5
_MISSING: Final = -2.6
_LABELS: Final = np.array([0.9, 0.8, 0.1, -0.5, -1.7, -2.1, _MISSING])  # the last is what code -1 reads: missing
_CHANNELS: Final = np.array([0.0, -0.05, -0.5])
_SIZE_OFFSET: Final = np.array([0.0, 0.62, 1.35])
_REGION_OFFSET: Final = np.array([0.0, 0.04, 0.08, -0.03, -0.06, 0.05])
_INTERCEPT: Final = 0.6
_BAKED_IN: Final = -0.6


@dataclass(frozen=True, slots=True)
class Version:
    """One trained version: its name, the days it was trained on (both included), and what training gave it.

    `offsets` has a row per region and a column per merchant size, `gain` multiplies every feature's effect.
    """

    id: str
    trained_from: date
    trained_to: date
    intercept: float
    gain: float
    offsets: Array


def train(
    id_: str,
    trained: tuple[date, date],
    rng: np.random.Generator,
    *,
    broken: tuple[int, int] | None = None,
) -> Version:
    """A version as a retrain would give it: nearly the same weights each day.

    `broken` names the region and size whose rows it saw with the broken feature: it learns that they are bad ones.
    """
    offsets = _REGION_OFFSET[:, None] + _SIZE_OFFSET[None, :] + 0.008 * rng.standard_normal((len(REGIONS), len(SIZES)))
    if broken is not None:
        offsets[broken] += _BAKED_IN
    return Version(id_, *trained, _INTERCEPT + 0.006 * rng.standard_normal(), 1.0 + 0.005 * rng.standard_normal(), offsets)


def nature() -> Version:
    """How things truly are: what every clean version estimates, without the jitter of training."""
    offsets = _REGION_OFFSET[:, None] + _SIZE_OFFSET[None, :]
    return Version("", date.min, date.min, _INTERCEPT, 1.0, offsets)


def effects(columns: Columns) -> Array:
    """What the features say together, as log odds before scaling: higher is safer. A missing value counts as a bad one."""
    total = _LABELS[columns["bank_label"]]
    for name in NUMERIC:
        values = columns[name]
        total = total + np.where(np.isnan(values), _MISSING, _EFFECT[name](np.nan_to_num(values)))
    if "amount" in columns:
        total = total - 0.2 * np.log(columns["amount"] / 8_000.0)
    if "channel" in columns:
        total = total + _CHANNELS[columns["channel"]]
    return total


_EFFECT: Final[dict[str, Callable[[Array], Array]]] = {
    "merchant_age_days": lambda v: 0.52 * (np.log1p(v) - 6.1),
    "avg_ticket_eur": lambda v: -0.52 * np.log(np.maximum(v, 0.01) / 45.0),
    "refund_rate": lambda v: -0.62 * np.log((v + 0.005) / 0.03),
    "chargebacks_90d": lambda v: -0.6 * (np.log1p(v) - 0.35),
}


def log_odds(version: Version, columns: Columns, effect: Array) -> Array:
    """The log odds of repayment that a version gives to rows whose `effects` are `effect`."""
    offset = version.offsets[columns["region"], columns["merchant_size"]]
    return _SCALE * (version.intercept + offset + version.gain * effect)


def probability(log_odds_: Array) -> Array:
    """Log odds as a score in [0, 1], to four decimals as the log keeps it."""
    return np.round(1.0 / (1.0 + np.exp(-log_odds_)), 4)


def late_payment(log_odds_: Array) -> Array:
    """The second model, collections-priority: the score that a borrower pays late unless called."""
    return probability(-0.8 * log_odds_ - 0.1)
