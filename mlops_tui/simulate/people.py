"""What people do about decisions: override them, complain, review rejections; and whether loans are repaid."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlops_tui.simulate.world import Array, Columns

REVIEWED_SHARE: Final = 0.03
"""Of the rejections, chosen at random, people look at this share within a day."""
LATEST_OUTCOME_DAYS: Final = 45
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR


def reactions(rng: np.random.Generator, times: Array, approved: Array, deserved: Array, odds: Array, now: int) -> Columns:
    """Overrides, complaints and reviews of one day's decisions.

    `deserved` is whether the row would have been approved with true features, `odds` the true log odds of repayment,
    `times` and `now` are in ms. A review shows in the log once it was made; `overturned` is -1 where nobody reviewed.
    """
    n = len(times)
    wronged = deserved & ~approved
    overridden = rng.random(n) < np.where(wronged, 0.07, 0.015)
    complained = rng.random(n) < np.where(wronged, 0.05, np.where(approved, 0.001, 0.006))
    drawn = ~approved & (rng.random(n) < REVIEWED_SHARE)
    made = times + np.minimum(rng.exponential(4 * _HOUR, n) + _HOUR / 4, _DAY)
    reviewed = drawn & (made <= now)
    # a reviewer sees the papers, not the feature: what the file deserves, with a little judgement around the line
    finds = (odds + 0.25 * rng.standard_normal(n)) > 0.55
    return {
        "overridden": overridden,
        "complained": complained,
        "reviewed": reviewed,
        "overturned": np.where(reviewed, finds.astype(np.int8), np.int8(-1)),
    }


def service(rng: np.random.Generator, n: int) -> Columns:
    """What serving costs: `latency_ms` with a long tail, `cost_usd` of the decision."""
    return {
        "latency_ms": np.round(np.exp(3.75 + 0.3 * rng.standard_normal(n)) + 400.0 * (rng.random(n) < 0.002), 1),
        "cost_usd": np.round(0.0021 + 0.0004 * rng.random(n), 5),
    }


def outcomes(
    rng: np.random.Generator, rows: Array, times: Array, amount: Array, approved: Array, odds: Array, end: int
) -> Columns:
    """What became of the approved loans and is known by `end`: `row observed_at repaid amount`, none later than 45 days.

    `rows` numbers the decisions, `odds` are the true log odds of repayment, times are in ms. Bad news comes later.
    `amount` is what came back.
    """
    odds, sent, lent, rows = odds[approved], times[approved], amount[approved], rows[approved]
    n = len(odds)
    repaid = rng.random(n) < 1.0 / (1.0 + np.exp(-odds))
    days = np.where(repaid, 10.0 + 20.0 * rng.beta(2, 3, n), 20.0 + 24.9 * rng.beta(3, 2, n))
    seen = sent + np.floor(days * _DAY).astype(np.int64)
    back = np.where(repaid, lent, np.round(lent * 0.6 * rng.random(n), 2))
    known = seen < end
    return {"row": rows[known], "observed_at": seen[known], "repaid": repaid[known], "amount": back[known]}
