"""Which features drifted most: their PSI, beside what chance alone would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding
from mlops_tui.report import words
from mlops_tui.report.builders import common
from mlops_tui.report.chart import Chart, Mark, Point, Series

if TYPE_CHECKING:
    from mlops_tui.project import Subject

MOST = 12


def build(subject: Subject, findings: tuple[Finding, ...], where: Mapping[str, str]) -> tuple[Chart, ...]:
    """One chart: a bar for each feature of the slice, the largest first, and the score where it was measured too.

    Nothing is measured for it: without `feature_drift` findings this raises LogError, and says what to run first.
    """
    best: dict[str, Finding] = {}
    usable = [f for f in findings if f.kind in ("feature_drift", "score_drift") and f.unit == "psi" and f.value is not None]
    for f in sorted(usable, key=lambda f: (dict(f.slice) != dict(where), f.rank)):
        best.setdefault(f.target, f)
    places = {words.where(f.slice) for f in best.values()}
    if not any(f.kind == "feature_drift" for f in best.values()):
        raise LogError(
            "no feature_drift finding says how far the features drifted",
            where=subject.model,
            hint="put a step `check: {name: feature_drift}` before this one",
        )
    ranked = sorted(best.values(), key=lambda f: (-(f.value or 0.0), f.target))
    shown, left = ranked[:MOST], ranked[MOST:]
    first = shown[0]
    of = common.place_of(subject, first.slice).shown if len(places) == 1 else ""
    bad = tuple(f.target for f in shown if f.status in ("crit", "warn"))
    floors = tuple(Point(f.target, f.measures.get("psi_floor")) for f in shown)
    held = first.reference or subject.windows.reference
    notes = [f"{len(left)} features that drifted less are not drawn." if left else ""]
    notes.append("Not all bars are of the same slice." if len(places) > 1 else "")
    return (
        Chart(
            id="drift_ranking",
            form="bars",
            title=f"{_told(bad, len(ranked))} from the reference{f', {of}' if of else ''}",
            subtitle=f"{subject.model}, {words.span(first.window) if first.window else 'now'} against {words.span(held)};"
            f" n = {first.n or 0:,} now, {first.n_reference or 0:,} in the reference",
            x_title="",
            y_title="PSI",
            unit="psi",
            series=(
                Series("by chance alone", "reference", floors),
                Series("PSI", "current", tuple(Point(f.target, f.value) for f in shown)),
            ),
            marks=tuple(_bounds(first)),
            highlight=bad,
            zero=True,
            note=" ".join(n for n in notes if n),
            query="\n;\n".join(dict.fromkeys(f.provenance.query for f in shown if f.provenance)),
        ),
    )


def _told(bad: tuple[str, ...], of: int) -> str:
    if not bad:
        return f"None of {of} inputs drifted"
    return f"{', '.join(bad)} drifted" if len(bad) <= 2 else f"{len(bad)} of {of} inputs drifted"


def _bounds(finding: Finding) -> list[Mark]:
    t = finding.threshold
    if t is None:
        return []
    bounds = (("WARN", t.warn_above), ("CRIT", t.above))
    return [Mark(b.value, f"{word} from {b.value:g}", "cut") for word, b in bounds if b is not None]
