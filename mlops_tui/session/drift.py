"""`runbook drift MODEL`: every column in every segment value against the reference, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.window import iso
from mlops_tui.session.moments import read_at

if TYPE_CHECKING:
    from mlops_tui.checks.comparison import Comparison
    from mlops_tui.core.window import Windows
    from mlops_tui.project import Project


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was measured of one model, from summaries or rows, until when its data goes, and how old its newest row is."""

    model: str
    windows: Windows
    age: timedelta
    by: tuple[str, ...]
    comparison: Comparison
    answered_from: Literal["summaries", "rows"]

    def as_json(self) -> dict[str, Any]:
        """`runbook/drift/1`."""
        pair = self.comparison.pair
        return {
            "schema": "runbook/drift/1",
            "as_of": iso(self.windows.now),
            "model": self.model,
            "window": pair.current.as_json(),
            "reference": pair.baseline.as_json(),
            "answered_from": self.answered_from,
            "by": list(self.by),
            "columns": [c.as_json() for c in self.comparison.columns],
            "rates": [r.as_json() for r in self.comparison.rates],
        }


def drift(project: Project, model: str, *, by: Sequence[str] | None = None, at: str | None = None) -> DriftReport:
    """The distance of every watched column from its reference, as a whole and by segments (all of them where none is named).

    Raises UnknownName for a model or segment nobody has, LogError, NoRows.
    """
    from mlops_tui.checks.comparison import comparison

    subject = project.subject(model, at=read_at(at, project.zone))
    dimensions = tuple(dict.fromkeys(subject.dimensions if by is None else by))
    told = comparison(subject, dimensions)
    return DriftReport(model, subject.windows, subject.age, dimensions, told, subject.answered_from)
