"""Whom it hurt: decisions since the onset by segment, against what each segment's own reference rate would have given.

Counts of 1 to 9 never stand in it, neither plainly nor as what a total less the other rows leaves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from mlops_tui.core.leave import SMALL_CELL
from mlops_tui.core.window import Window
from mlops_tui.logs import measure
from mlops_tui.logs.measure import Rate
from mlops_tui.project import Subject
from mlops_tui.stats.rates import newcombe

State = Literal["told", "small", "few_positives", "few_others", "no_reference"]
"""What of a row may be told: all; nothing, since it is small; all but a small count; no comparison, for lack of one."""

_NUMBERS = ("positives", "rate", "n_reference", "reference_rate", "counterfactual", "difference", "interval")


def impact(subject: Subject, place: Mapping[str, str], since: datetime) -> dict[str, Any]:
    """Rows by value of the place's segment (else the model's first), the place's own first, and their total, as JSON.

    `counterfactual` is a row's decisions times its rate in the frozen reference window, `difference` what was decided
    less that, `interval` its 95 % interval. The total adds up the rows that are told in full; `partial` says that others
    exist.
    """
    dimension = next((k for k in place if k in subject.dimensions), None)
    dimension = dimension or (subject.dimensions[0] if subject.dimensions else None)
    during = Window(since, max(since, subject.windows.now))
    reference = subject.windows.reference
    if reference.end > since:
        reference = Window(min(reference.start, since), since)
    found = measure.rates(subject.log, subject.spec.decision, [during, reference], by=[dimension] if dimension else [])
    rows = []
    for group in dict.fromkeys(key[1] for key in found.value):
        now = found.value.get((0, group), Rate(0, 0))
        if not now.n:
            continue
        value = group[0] if group else None
        rows.append(
            _row(now, found.value.get((1, group), Rate(0, 0))) | {"value": value, "name": _name(subject, dimension, value)}
        )
    here = place.get(dimension) if dimension else None
    rows.sort(key=lambda r: (r["value"] != here, r["state"] != "told", -abs(r["difference"] or 0.0), str(r["value"])))
    return {
        "dimension": dimension,
        "window": during.as_json(),
        "reference": reference.as_json(),
        "positive": _word(subject),
        "rows": rows,
        "total": _total(rows),
        "query": found.query,
        "inputs": [found.inputs.as_json()],
    }


def _name(subject: Subject, dimension: str | None, value: str | None) -> str:
    if dimension is None:
        return "all"
    return "(missing)" if value is None else subject.spec.log.names.get(dimension, {}).get(value, value)


def _word(subject: Subject) -> str:
    decision = subject.spec.decision
    return f"{decision.column} {decision.positive}" if decision.positive.lower() in ("true", "1") else decision.positive


def _small(n: int) -> bool:
    return 0 < n < SMALL_CELL


def _row(now: Rate, before: Rate) -> dict[str, Any]:
    row: dict[str, Any] = {"n": now.n} | dict.fromkeys(_NUMBERS)
    if _small(now.n):
        return row | {"state": "small", "n": None}
    few: State | None = "few_positives" if _small(now.positives) else "few_others" if _small(now.n - now.positives) else None
    if few is None:
        row |= {"positives": now.positives, "rate": round(now.positives / now.n, 6)}
    if before.rate is None or before.n < SMALL_CELL:
        return row | {"state": few or "no_reference"}
    expected = now.n * before.rate
    row |= {"n_reference": before.n, "reference_rate": round(before.rate, 6), "counterfactual": round(expected)}
    if few is not None:
        return row | {"state": few}
    low, high = newcombe(now.positives, now.n, before.positives, before.n)
    return row | {
        "state": "told",
        "difference": round(now.positives - expected),
        "interval": [round(low * now.n), round(high * now.n)],
    }


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The sum of the rows told in full, None for fewer than two of them.

    The interval adds the rows' distances to their bounds in quadrature (MOVER: G. Zou and A. Donner, 2008): segments are
    independent.
    """
    told = [r for r in rows if r["state"] == "told"]
    if len(told) < 2:
        return None
    exact = [r["n"] * (r["rate"] - r["reference_rate"]) for r in told]
    off = [math.sqrt(sum((d - r["interval"][side]) ** 2 for d, r in zip(exact, told, strict=True))) for side in (0, 1)]
    return {
        "n": sum(r["n"] for r in told),
        "positives": sum(r["positives"] for r in told),
        "counterfactual": round(sum(r["n"] * r["reference_rate"] for r in told)),
        "difference": round(sum(exact)),
        "interval": [round(sum(exact) - off[0]), round(sum(exact) + off[1])],
        "partial": len(told) < len(rows),
    }
