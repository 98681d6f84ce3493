"""The checks there are, and how one is run. A check is one file in `families`, found by its `Check` value."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from mlops_tui.checks import families
from mlops_tui.checks.ask import Ask
from mlops_tui.checks.season import tempered
from mlops_tui.checks.words import reason
from mlops_tui.core.errors import LogError, QueryError, UnknownName
from mlops_tui.core.finding import Finding, Kind, Plane, ranked
from mlops_tui.core.threshold import Measure, Threshold
from mlops_tui.project.subject import Subject

ENTRY_POINTS = "mlops_tui.checks"
"""Entry-point group of checks that others bring; looked into only for a name that is not built in."""


Key = Literal["by", "of", "feature", "metric", "slice", "where", "compare", "current", "min_n", "seasonality"]
"""What an alert or a step may say beside its thresholds."""
ON_ROWS: frozenset[Key] = frozenset({"by", "slice", "where", "compare", "current", "min_n", "seasonality"})
"""The keys of a check that compares two windows of the model's log."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, what its Findings are about, the measures that thresholds may hold, its default thresholds.

    `keys` are those of a question that it reads; asked with another, it says that it cannot, and does not look away.
    """

    name: str
    plane: Plane
    kind: Kind
    measures: tuple[Measure, ...]
    default: tuple[Threshold, ...]
    keys: frozenset[Key]
    run: Callable[[Subject, Ask], Sequence[Finding]]
    doc: str


def check(
    name: str,
    *,
    plane: Plane,
    kind: Kind,
    measures: tuple[Measure, ...],
    default: tuple[Threshold, ...],
    keys: frozenset[Key] = ON_ROWS,
) -> Callable[[Callable[[Subject, Ask], Sequence[Finding]]], Check]:
    """Makes a `Check` of a function; its docstring's first line says what the check asks."""

    def made(function: Callable[[Subject, Ask], Sequence[Finding]]) -> Check:
        return Check(name, plane, kind, measures, default, keys, function, (function.__doc__ or "").strip().split("\n")[0])

    return made


@cache
def built_in() -> Mapping[str, Check]:
    """The checks of this package by name, in alphabetical order."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(families.__path__)):
        for value in vars(importlib.import_module(f"{families.__name__}.{module}")).values():
            if isinstance(value, Check):
                found[value.name] = value
    return dict(sorted(found.items()))


def names() -> tuple[str, ...]:
    """The names of all checks, those that others bring included (they are not loaded)."""
    return tuple(sorted({*built_in(), *(p.name for p in _brought())}))


def find(name: str) -> Check:
    """The check of that name. Raises UnknownName."""
    if name in built_in():
        return built_in()[name]
    for point in _brought():
        if point.name == name:
            brought = point.load()
            if isinstance(brought, Check):
                return brought
    raise UnknownName("check", name, names())


def run(subject: Subject, ask: Ask) -> tuple[Finding, ...]:
    """The check's Findings, worst first. What cannot be measured is a Finding `unknown` that says why.

    Raises UnknownName for a check, segment, feature, slice or segment value that does not exist.
    """
    from mlops_tui.checks.scope import scope_of

    asked = find(ask.name)
    if ask.feature is not None and ask.feature not in subject.features:
        raise UnknownName("feature", ask.feature, subject.features)
    odd = [t.measure for t in ask.thresholds if t.measure not in asked.measures]
    if ask.unmeasured:
        return (unknown(subject, ask, asked, f"a declared bound is not measured ({ask.unmeasured})"),)
    if odd:
        return (unknown(subject, ask, asked, f"it has no measure {odd[0]!r}, only {', '.join(asked.measures)}"),)
    unread = [key for key in said(ask) if key not in asked.keys]
    if unread:
        return (unknown(subject, ask, asked, f"it does not read {' and '.join(unread)}"),)
    if ask.seasonal and ask.compare != "day_over_day":
        return (unknown(subject, ask, asked, "seasonality is of day_over_day alone"),)
    try:
        if ask.of is None:
            scope_of(subject, ask)
        found = list(asked.run(subject, ask))
        if ask.seasonal and ask.compare == "day_over_day" and any(f.status in ("warn", "crit") for f in found):
            found = tempered(found, asked.run(subject, replace(ask, compare="week_over_week")))
        return ranked(found)
    except (LogError, QueryError) as error:
        return (unknown(subject, ask, asked, reason(error)),)


def said(ask: Ask) -> tuple[Key, ...]:
    """The keys that narrow a question and that it carries. (`compare`, `current` and `min_n` always have a value.)"""
    given: dict[Key, bool] = {
        "by": ask.segment is not None,
        "of": ask.of is not None,
        "feature": ask.feature is not None,
        "metric": ask.metric is not None,
        "slice": ask.slice is not None,
        "where": any(v is not None for v in ask.where.values()),
        "seasonality": ask.seasonal,
    }
    return tuple(key for key, there in given.items() if there)


def keys() -> Mapping[str, frozenset[str]]:
    """For each check of this package, the keys of an alert that it reads."""
    return {name: frozenset[str](made.keys) for name, made in built_in().items()}


def unknown(subject: Subject, ask: Ask, asked: Check, why: str) -> Finding:
    """A Finding that says that, and why, the check could not be made."""
    where = {c: v for c, v in ask.where.items() if v is not None}
    return Finding(
        status="unknown",
        plane=asked.plane,
        concern="monitoring",
        kind=asked.kind,
        check_name=asked.name,
        model=subject.model,
        target=ask.feature or ask.metric or ask.of or subject.model,
        slice=where if ask.slice is None else {"slice": ask.slice} | where,
        window=subject.windows.current,
        summary=f"{asked.name} could not be measured: {why}.",
    )


def _brought() -> tuple[importlib.metadata.EntryPoint, ...]:
    import importlib.metadata

    return tuple(importlib.metadata.entry_points(group=ENTRY_POINTS))
