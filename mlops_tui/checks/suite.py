"""What `runbook check` asks of a model beside its own alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mlops_tui.checks.ask import Ask
from mlops_tui.inventory.types import Feature, Model

UNASKED = 0.01
"""The false-discovery rate of what nobody declared: a model is asked a dozen such questions at every check."""


def suite(model: Model, features: Mapping[str, Feature]) -> tuple[Ask, ...]:
    """Decision rate by each segment; score and feature drift, missing values and volume as a whole and by the first segment;
    freshness; volume and freshness of the sources."""
    segments: list[str | None] = [*model.log.segments] or [None]
    first = segments[0]
    asks = [Ask("decision_rate", by=s, whole=i == 0) for i, s in enumerate(segments)]
    if model.log.score is not None:
        asks.append(Ask("score_drift", by=first))
    if features:
        asks.append(Ask("feature_drift", by=first))
    asks += [Ask("missing_rate", by=first), Ask("volume", by=first, compare="day_over_day"), Ask("freshness")]
    if model.inputs or any(f.source for f in features.values()):
        asks += [Ask("volume", of="sources", compare="day_over_day"), Ask("freshness", of="sources")]
    return tuple(replace(ask, alpha=UNASKED) for ask in asks)
