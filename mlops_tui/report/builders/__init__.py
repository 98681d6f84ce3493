"""Charts by name, built from what was found and from the logs: one file each."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlops_tui.core.errors import UnknownName
from mlops_tui.core.finding import Finding
from mlops_tui.report.chart import Chart

if TYPE_CHECKING:
    from mlops_tui.project import Subject

CHARTS: Mapping[str, str] = MappingProxyType(
    {
        "decision_rate": "the share of positive decisions by segment over time, with onset, window and usual range",
        "score_histogram": "the scores of the current window against the reference",
        "score_heatmap": "how the scores are spread, over time",
        "drift_ranking": "how far each feature drifted, the furthest first, beside what chance alone would give",
        "top_features": "the features that drifted most, each against its reference",
        "missing_rate": "the share of missing values of each column against the reference, and over time where one moved",
        "upstream_volume": "the rows of each upstream source over time, against the same hours of the weeks before",
    }
)
"""Every chart's name (also its module's), and what it shows."""

_ANYWHERE: Mapping[str, str | None] = MappingProxyType({})


def build(
    name: str, subject: Subject, *, findings: Iterable[Finding] = (), where: Mapping[str, str | None] = _ANYWHERE
) -> tuple[Chart, ...]:
    """The charts called `name` for the slice `where`; the findings say what to highlight, since when, and which features.

    Raises UnknownName for a chart nobody made, LogError (NoRows) where there is nothing to draw it from.
    """
    if name not in CHARTS:
        raise UnknownName("chart", name, CHARTS)
    module = importlib.import_module(f"{__name__}.{name}")
    place = {k: v for k, v in where.items() if v is not None}
    charts: tuple[Chart, ...] = module.build(subject, tuple(sorted(findings, key=lambda f: f.rank)), place)
    return charts
