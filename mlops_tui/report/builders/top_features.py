"""The features that drifted most, each against its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, NoRows
from mlops_tui.core.finding import Finding
from mlops_tui.logs import measure
from mlops_tui.report import words
from mlops_tui.report.builders import common, distribution
from mlops_tui.report.chart import Chart, Series

if TYPE_CHECKING:
    from mlops_tui.project import Subject

MOST = 3
FEW_VALUES = 12
"""A numeric feature with at most this many values is drawn as bars: its values are names rather than amounts."""


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """A chart for each of the (at most three) worst `feature_drift` findings, of their own slice and windows.

    Nothing is measured to choose them: without such findings this raises LogError, and says what to run first. Features
    whose values must not be shown (sensitive columns, free text) are never drawn.
    """
    hidden = {n for n, f in subject.features.items() if n in subject.log.spec.sensitive or f.type == "text"}
    drifts = _chosen(tuple(f for f in findings if f.target not in hidden), where)
    if not drifts:
        raise LogError(
            "no feature_drift finding says which features to draw",
            where=subject.model,
            hint="put a step `check: {name: feature_drift}` before this one",
        )
    known = len({f.target for f in findings if f.kind == "feature_drift"})
    return tuple(_one(subject, f, rank, known) for rank, f in enumerate(drifts))


def _chosen(findings: tuple[Finding, ...], where: Mapping[str, str]) -> list[Finding]:
    """The worst finding of each feature, that of this very slice before others; what is ok only where nothing is bad."""
    best: dict[str, Finding] = {}
    usable = [f for f in findings if f.kind == "feature_drift" and f.value is not None]
    for f in sorted(usable, key=lambda f: (dict(f.slice) != dict(where), f.rank)):
        best.setdefault(f.target, f)
    ordered = sorted(best.values(), key=lambda f: f.rank)
    bad = [f for f in ordered if f.status in ("crit", "warn")]
    return (bad or ordered[:1])[:MOST]


def _one(subject: Subject, finding: Finding, rank: int, known: int) -> Chart:
    name = finding.target
    place = common.place_of(subject, finding.slice)
    current = common.current_window(subject, finding)
    reference = finding.reference or subject.windows.reference
    asked = [measure.columns(subject.log, [name], w, where=place.columns, rows=place.rows) for w in (reference, current)]
    before, now = (distribution.counted(a.value, name) for a in asked)
    n_before, n_now = sum(before.values()), sum(now.values())
    if not n_now or not n_before:
        raise NoRows(f"no rows of {name} in the windows to compare", where=subject.model, hint=words.span(current))
    names = (f"reference {words.span(reference)}", f"current {words.span(current)}")
    feature = subject.features.get(name)
    numeric = feature is not None and feature.type == "numeric" and len(before.keys() | now.keys()) > FEW_VALUES
    highlight: tuple[str, ...] = ()
    series: tuple[Series, ...]
    if numeric:
        left, right = (common.numbers(a.value, name) for a in asked)
        edges = distribution.bin_edges(left, right)
        series = (
            distribution.histogram(left, edges, names[0], "reference"),
            distribution.histogram(right, edges, names[1], "current"),
        )
        note = f"{distribution.missing_note(left, right)} {distribution.beyond_note(left, right, edges)}"
    else:
        series, highlight, note = distribution.categories(before, now, names)
    moved = "moved most of" if rank == 0 else f"moved {rank + 1}{('nd', 'rd')[rank - 1]} most of"
    of = f", {place.shown}" if place.shown else ""
    title = f"{name} {moved} {known} features{of}" if known > 1 and finding.bad else f"{name} against the reference{of}"
    return Chart(
        id=f"top_features__{name}",
        form="histogram" if numeric else "bars",
        title=title,
        subtitle=f"{subject.model}, share of decisions by value; n = {n_now:,} now, {n_before:,} in the reference",
        x_title=name,
        y_title="share of decisions" + (" per bin" if numeric else ""),
        unit="%",
        series=series,
        highlight=highlight,
        zero=True,
        note=" ".join(f"{words.measures(finding)} {note}".split()),
        query="\n;\n".join(a.query for a in asked),
    )
