"""The upstream source: `bank_feed`, transactions as banks deliver them."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlops_tui.simulate.faults import Fault, broken
from mlops_tui.simulate.story import Story
from mlops_tui.simulate.world import LABEL_SHARE, REGION_SHARE, SIZE_SHARE, Columns

KINDS: Final = ("payment", "refund", "chargeback")
_MERCHANTS: Final = np.array([5_000, 2_000, 800])
_TICKET: Final = np.array([45.0, 90.0, 210.0])


def transactions(rng: np.random.Generator, times: np.ndarray, story: Story, onset: int) -> Columns:
    """One day of the feed: region, merchant, bank, kind, label and amount for each of `times` (ms, sorted).

    From `onset` on the story's fault shows here too, where it was made upstream: labels, and amounts in minor units.
    """
    n = len(times)
    region = rng.choice(len(REGION_SHARE), n, p=REGION_SHARE).astype(np.int8)
    size = rng.choice(3, n, p=SIZE_SHARE).astype(np.int8)
    label = rng.choice(6, n, p=LABEL_SHARE).astype(np.int8)
    label[rng.random(n) < 0.01] = -1
    columns: Columns = {
        "region": region,
        "merchant_size": size,
        "merchant": region.astype(np.int64) * 10_000 + size.astype(np.int64) * 5_000 + rng.integers(0, _MERCHANTS[size]),
        "bank": (3 * region + rng.choice(3, n, p=(0.5, 0.3, 0.2))).astype(np.int8),
        "kind": np.searchsorted([0.967, 0.994], rng.random(n)).astype(np.int8),
        "bank_label": label,
        "amount_eur": np.round(np.exp(np.log(_TICKET[size]) + 0.9 * rng.standard_normal(n)), 2),
    }
    drawn = rng.random(n)
    if not story.at_source:
        return columns
    hit = (times >= onset) & (region == story.cell[0]) & (size == story.cell[1])
    # the feed's column is the transaction's amount, of which the feature is the average: the same factor
    name = "bank_label" if story.fault.feature == "bank_label" else "amount_eur"
    served = broken(Fault(story.fault.kind, story.fault.feature), columns[name], drawn)
    return {**columns, name: np.where(hit, served, columns[name])}
