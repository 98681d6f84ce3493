"""whylogs: a profile of each window, and its drift scores with their defaults (KS from sketches, chi-squared)."""

from __future__ import annotations

import whylogs
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

from parts.peers import load

reference, current = load.frames()
before, now = (whylogs.log(pandas=side[load.WATCHED]).view() for side in (reference, current))
scores = calculate_drift_scores(target_view=now, reference_view=before, with_thresholds=True)
load.say(whylogs.__version__, {name: (score or {}).get("statistic") for name, score in scores.items()})
