"""The scores of the current window against the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, NoRows
from mlops_tui.core.finding import Finding
from mlops_tui.logs import measure
from mlops_tui.report import words
from mlops_tui.report.builders import common, distribution
from mlops_tui.report.chart import Chart, Mark

if TYPE_CHECKING:
    from mlops_tui.project import Subject


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """One chart: shares per bin now, the outline of the reference, the cut of the decision. Raises LogError, NoRows."""
    score = subject.spec.log.score
    if score is None:
        raise LogError("the log declares no score", where=subject.model, hint="write log.score in inventory.yaml")
    drift = common.of_kind(findings, "score_drift", where)
    current = common.current_window(subject, drift or common.of_kind(findings, "decision_rate", where))
    reference = drift.reference if drift is not None and drift.reference is not None else subject.windows.reference
    place = common.place_of(subject, where)
    asked = [
        measure.columns(subject.log, [score.column], w, where=place.columns, rows=place.rows) for w in (reference, current)
    ]
    before, now = (common.numbers(a.value, score.column) for a in asked)
    edges = distribution.bin_edges(before, now)
    if not edges:
        raise NoRows("no scores in the windows to compare", where=subject.model, hint=words.span(current))
    notes = [
        words.measures(drift) if drift else "",
        distribution.missing_note(before, now),
        distribution.beyond_note(before, now, edges),
    ]
    cuts = [("from", score.approve_from), ("up to", score.approve_to)]
    return (
        Chart(
            id="score_histogram",
            form="histogram",
            title=f"Scores{f' of {place.shown}' if place.shown else ''} against the reference",
            subtitle=f"{subject.model}{f', {score.means}' if score.means else ''};"
            f" n = {len(now):,} now, {len(before):,} in the reference",
            x_title=score.column,
            y_title="share of decisions per bin",
            unit="%",
            series=(
                distribution.histogram(before, edges, f"reference {words.span(reference)}", "reference"),
                distribution.histogram(now, edges, f"current {words.span(current)}", "current"),
            ),
            marks=tuple(
                Mark(at, f"{subject.spec.decision.positive} {word} {at:g}", "cut") for word, at in cuts if at is not None
            ),
            zero=True,
            note=" ".join(n for n in notes if n),
            query="\n;\n".join(a.query for a in asked),
        ),
    )
