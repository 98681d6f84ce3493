"""Where a question looks: the segment, the restriction and the slice, checked against what there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_tui.checks.ask import Ask
from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.core.finding import Provenance
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import TopSlice
from mlops_tui.logs import measure
from mlops_tui.logs.literals import ident
from mlops_tui.project.subject import Subject

_MANY_VALUES = 2000


@dataclass(frozen=True, slots=True)
class Scope:
    """A checked question: `by` columns, `where` without its None values, an extra SQL condition, and the Finding's slice."""

    by: tuple[str, ...] = ()
    where: Mapping[str, str | None] = field(default_factory=dict)
    rows: str | None = None
    label: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells one restriction of rows from another."""
        return (tuple(sorted(self.where.items())), self.rows)

    def slice(self, group: tuple[str | None, ...]) -> dict[str, str]:
        """The slice of one group of the answer."""
        return dict(self.label) | {c: v for c, v in zip(self.by, group, strict=True) if v is not None}


def scope_of(subject: Subject, ask: Ask) -> Scope:
    """The question's scope on the model's log.

    Raises UnknownName for a segment, column, slice or segment value that does not exist, LogError where the cut of a top
    slice cannot be taken.
    """
    log = subject.log
    by = () if ask.segment is None else (ask.segment,)
    groups = (*subject.dimensions, *subject.spec.protected)
    for column in by:
        if column not in groups or column not in log.columns:
            raise UnknownName("segment", column, groups)
    where = {c: v for c, v in ask.where.items() if v is not None}
    hidden = set(log.spec.sensitive)
    for column, value in where.items():
        if column not in log.columns or (column in hidden and column not in subject.dimensions):
            known = [*subject.dimensions, *(c for c in log.columns if c not in hidden)]
            raise UnknownName("segment", column, dict.fromkeys(known))
        if column in subject.dimensions:
            _known_value(subject, column, value)
    rows = None if ask.slice is None else _condition(subject, ask.slice)
    label = where if ask.slice is None else {"slice": ask.slice} | where
    return Scope(by, where, rows, label)


def _known_value(subject: Subject, column: str, value: str) -> None:
    w = subject.windows
    span = Window(min(w.reference.start, w.current.start), max(w.now, w.reference.end))
    seen = [v for v in measure.values(subject.log, column, span, most=_MANY_VALUES).value if v is not None]
    if seen and value not in seen and len(seen) < _MANY_VALUES:
        ever = measure.values(subject.log, column, None, most=_MANY_VALUES).value
        if value not in ever:
            raise UnknownName(column, value, seen)


def _condition(subject: Subject, name: str) -> str:
    """A declared slice as a SQL condition; the cut of a top slice is the reference window's."""
    slices = subject.spec.slices
    if name not in slices:
        raise UnknownName("slice", name, slices)
    declared = slices[name]
    if not isinstance(declared, TopSlice):
        return declared
    import numpy as np

    from mlops_tui.checks.values import numbers

    table = measure.columns(subject.log, [declared.by], subject.windows.reference).value
    known = numbers(table.column(0), declared.by)
    known = known[~np.isnan(known)]
    if not len(known):
        raise LogError(f"slice {name!r} has no cut: no value of {declared.by!r} in the reference window")
    cut = float(np.quantile(known, 1 - declared.top.value))
    return f"{ident(declared.by)} >= {cut!r}"


def provenance(subject: Subject, *asked: measure.Measured[Any]) -> Provenance:
    """Where numbers came from: the queries and what they read."""
    queries = dict.fromkeys(m.query for m in asked)
    return Provenance(";\n".join(queries), tuple(dict.fromkeys(m.inputs for m in asked)), as_of=subject.windows.now)
