"""What breaks: faults as functions over one column, and which of them a feature can suffer.

A fault takes the column as it should be (codes or numbers, see `world.Columns`) and gives it as it is served. It never
changes its input and draws nothing itself: what is random comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mlops_tui.simulate.world import LABELS, Array, Columns

Kind = Literal["label_meaning", "unit_change", "frozen", "missing_values"]

MISSING_SHARE: Final = 0.92
RELABELLED: Final = {
    "card_sales": "credit_line",
    "invoice": "cash_advance",
    "instalment": "credit_line",
    "credit_line": "instalment",
}
"""What each label is called once its meaning has changed; the others keep their names."""
FACTOR: Final = {"avg_ticket_eur": 100.0, "refund_rate": 100.0, "merchant_age_days": 0.01}
"""Euro to cents, a fraction to per cent, days to hundreds of days."""
FROZEN_AT: Final = {"avg_ticket_eur": 9_999.0, "refund_rate": 0.95, "merchant_age_days": 3.0, "chargebacks_90d": 60.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one feature."""

    kind: Kind
    feature: str


CAN_BREAK: Final = (
    Fault("label_meaning", "bank_label"),
    Fault("missing_values", "bank_label"),
    Fault("unit_change", "avg_ticket_eur"),
    Fault("frozen", "avg_ticket_eur"),
    Fault("missing_values", "avg_ticket_eur"),
    Fault("unit_change", "merchant_age_days"),
    Fault("frozen", "merchant_age_days"),
    Fault("missing_values", "merchant_age_days"),
    Fault("unit_change", "refund_rate"),
    Fault("frozen", "refund_rate"),
    Fault("missing_values", "refund_rate"),
    Fault("frozen", "chargebacks_90d"),
    Fault("missing_values", "chargebacks_90d"),
)


def relabelled(codes: Array) -> Array:
    """Labels whose meaning changed: each code becomes its new name's code; missing stays missing."""
    new = np.array([LABELS.index(RELABELLED.get(name, name)) for name in LABELS] + [-1], codes.dtype)
    return new[codes]


def rescaled(values: Array, factor: float) -> Array:
    """Numbers in another unit."""
    return values * factor


def frozen(values: Array, at: float) -> Array:
    """A number that no longer moves."""
    return np.full_like(values, at)


def missing(values: Array, drawn: Array, share: float = MISSING_SHARE) -> Array:
    """A column most of which is gone: rows whose `drawn` (uniform in [0, 1)) lies below `share`."""
    nothing = -1 if values.dtype.kind == "i" else np.nan
    return np.where(drawn < share, np.asarray(nothing, values.dtype), values)


def broken(fault: Fault, values: Array, drawn: Array) -> Array:
    """The column of `fault.feature` as it is served once the fault is there."""
    match fault.kind:
        case "label_meaning":
            return relabelled(values)
        case "unit_change":
            scaled = rescaled(values, FACTOR[fault.feature])
            return np.floor(scaled) if fault.feature == "merchant_age_days" else np.round(scaled, 4)
        case "frozen":
            return frozen(values, FROZEN_AT[fault.feature])
        case "missing_values":
            return missing(values, drawn)


def serve(fault: Fault, columns: Columns, hit: Array, drawn: Array) -> Columns:
    """The columns with the fault in the rows where `hit` is true; a new mapping, other columns shared."""
    if not hit.any():
        return columns
    values = columns[fault.feature]
    return {**columns, fault.feature: np.where(hit, broken(fault, values, drawn), values)}
