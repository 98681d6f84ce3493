"""What really happened, for tests to hold the tool against; nothing else reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_tui.core.window import iso
from mlops_tui.simulate.calendar import HOUR, millis
from mlops_tui.simulate.days import Chain, Kept
from mlops_tui.simulate.world import REGIONS, Array


def truth(chain: Chain) -> dict[str, Any]:
    """`truth.json` of a chain whose every day was made: the story, and the rows counted as they were written.

    Rates are fractions. `before` is the 24 hours before `now - 24h`, `last_day` the last 24, `reference` the 28 days
    before those.
    """
    story, calendar = chain.story, chain.calendar
    kept = Kept(*(np.concatenate([getattr(k, name) for k in chain.kept]) for name in Kept.__slots__))
    now, day = millis(calendar.now), millis(calendar.now) - millis(calendar.now - 24 * HOUR)
    spans = {
        "reference": _between(kept, now - 29 * day, now - day),
        "before": _between(kept, now - 2 * day, now - day),
        "last_day": _between(kept, now - day, now),
        "since_onset": _between(kept, millis(story.onset), now),
    }
    region, size = story.cell
    here = kept.region == region
    hit = here & (kept.size == size) & (kept.times >= millis(story.onset))
    return {
        "seed": story.seed,
        "rows": chain.rows,
        "region": story.region,
        "merchant_size": story.merchant_size,
        "onset": iso(story.onset),
        "now": iso(calendar.now),
        "feature": story.fault.feature,
        "fault": story.fault.kind,
        "features_moved": [story.fault.feature],
        "models_moved": ["credit-risk", "collections-priority"],
        "visible_at_source": story.at_source,
        "versions_contaminated": list(chain.contaminated()),
        "cause_ref": story.cause.ref,
        "approvals": {name: _rate(kept.approved[rows & here]) for name, rows in spans.items()},
        "approvals_slice": {name: _rate(kept.approved[rows & here & (kept.size == size)]) for name, rows in spans.items()},
        "approvals_elsewhere": {
            other: {name: _rate(kept.approved[rows & (kept.region == code)]) for name, rows in spans.items()}
            for code, other in enumerate(REGIONS)
            if code != region
        },
        "score_slice": {name: _mean(kept.score[rows & here & (kept.size == size)]) for name, rows in spans.items()},
        "affected": int(hit.sum()),
        "wrongly_rejected": int((hit & kept.deserved & ~kept.approved).sum()),
        "wrongly_approved": int((hit & ~kept.deserved & kept.approved).sum()),
    }


def _between(kept: Kept, start: int, end: int) -> Array:
    return (kept.times >= start) & (kept.times < end)


def _rate(approved: Array) -> dict[str, Any]:
    return {"n": len(approved), "approved": int(approved.sum()), "rate": _mean(approved)}


def _mean(values: Array) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
