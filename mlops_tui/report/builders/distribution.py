"""Two sets of values as one chart: a histogram of numbers, or bars of categories, always against the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_tui.report import axis
from mlops_tui.report.chart import Point, Role, Series
from mlops_tui.stats.rates import wilson

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BINS, MOST_CATEGORIES = 40, 12
MISSING, UNSEEN = "(missing)", "(not in the reference)"
LEAST_CHANGE = 0.01


def bin_edges(reference: Any, current: Any) -> list[float]:
    """Edges of 15 to 40 bins of round width over what nearly all values (98.5 %) of both sides lie within.

    The first and the last bin also hold what lies beyond. Shares (all values within 0 and 1) get the whole of 0..1;
    counts (whole numbers only) get bins of whole numbers, so that no bin is empty by construction.
    """
    import numpy as np

    both = np.concatenate([side[np.isfinite(side)] for side in (reference, current)])
    if not len(both):
        return []
    spans = [np.quantile(side[np.isfinite(side)], [0.005, 0.99]) for side in (reference, current) if np.isfinite(side).any()]
    low, high = float(min(s[0] for s in spans)), float(max(s[1] for s in spans))
    if both.min() >= 0 and both.max() <= 1 and high - low > 0.4:
        low, high = 0.0, 1.0
    if high <= low:
        low, high = low - 0.5, low + 0.5
    whole = bool(np.all(both == np.floor(both)))
    raw = max((high - low) / MOST_BINS, 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * (1 - 1e-9) and not (whole and s * power % 1))
    first = math.floor(low / step + 1e-9)
    # The bin of the highest whole number starts at that number.
    last = math.floor(high / step + 1e-9) + 1 if whole else math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    if last - first >= MOST_BINS * 3 // 4 and (last - first) % 2:
        last += 1  # an even number of bins, so that a narrow terminal can draw them two by two
    return [round(i * step, 12) for i in range(first, last + 1)]


def histogram(values: Any, edges: list[float], name: str, role: Role) -> Series:
    """The share of all rows (missing ones too) in each bin."""
    import numpy as np

    known = values[~np.isnan(values)]
    counts = np.bincount(
        np.clip(np.searchsorted(np.asarray(edges), known, side="right") - 1, 0, len(edges) - 2), minlength=len(edges) - 1
    )
    total = max(len(values), 1)
    points = tuple(Point(edges[i], float(c) / total, edges[i + 1], n=int(c)) for i, c in enumerate(counts))
    return Series(name, role, points)


def missing_note(reference: Any, current: Any) -> str:
    """`Missing: 0.4% before, 12.1% now.`"""
    import numpy as np

    def share(side: Any) -> str:
        return axis.percent(float(np.isnan(side).mean())) if len(side) else "no rows"

    return f"Missing: {share(reference)} before, {share(current)} now."


def beyond_note(reference: Any, current: Any, edges: list[float]) -> str:
    """Says so where values lie beyond the ends of the axis."""
    import numpy as np

    def outside(side: Any) -> int:
        known = side[~np.isnan(side)]
        return int(((known < edges[0]) | (known > edges[-1])).sum())

    return "The first and the last bin also hold what lies beyond." if outside(reference) + outside(current) else ""


def counted(table: pa.Table, column: str) -> dict[str | None, int]:
    """How often each value occurs, as text; None for null and NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = table.column(column).combine_chunks()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    found = pc.value_counts(values.cast(pa.string()))
    return {item["values"]: item["counts"] for item in found.to_pylist()}


def categories(
    before: Mapping[str | None, int], after: Mapping[str | None, int], names: tuple[str, str]
) -> tuple[tuple[Series, Series], tuple[str, ...], str]:
    """Bars of the commonest categories in the order of the reference, then the others, the missing and the unseen.

    Gives both series, the categories that moved beyond their 95 % interval by at least half of the largest move (a point
    or more, at most four), and a note.
    """
    known = sorted((k for k, n in before.items() if k is not None and n), key=lambda k: (-before[k], k))
    loud = sorted(known, key=lambda k: (-max(_share(before, k), _share(after, k)), k))[:MOST_CATEGORIES]
    rows = [(k, before.get(k, 0), after.get(k, 0)) for k in known if k in loud]
    rest = [k for k in known if k not in loud]
    if rest:
        rows.append((f"({len(rest)} more values)", sum(before[k] for k in rest), sum(after.get(k, 0) for k in rest)))
    unseen = sorted((k for k, n in after.items() if k is not None and n and not before.get(k)), key=lambda k: (-after[k], k))
    rows.append((MISSING, before.get(None, 0), after.get(None, 0)))
    rows.append((UNSEEN, 0, sum(after[k] for k in unseen)))
    n_before, n_after = sum(before.values()), sum(after.values())
    reference = tuple(Point(k, b / n_before if n_before else 0.0, n=b) for k, b, _ in rows)
    points = []
    for k, _, a in rows:
        low, high = wilson(a, n_after)
        points.append(Point(k, a / n_after if n_after else 0.0, lo=low, hi=high, n=a) if n_after else Point(k, None))
    moved = [
        (abs((p.y or 0.0) - (r.y or 0.0)), str(p.x))
        for p, r in zip(points, reference, strict=True)
        if p.lo is not None and p.hi is not None and r.y is not None and not p.lo <= r.y <= p.hi
    ]
    moved.sort(key=lambda m: (-m[0], m[1]))
    highlight = tuple(name for size, name in moved[:4] if size >= max(LEAST_CHANGE, moved[0][0] / 2))
    note = (
        f"Not in the reference: {', '.join(unseen[:5])}{f' and {len(unseen) - 5} more' if len(unseen) > 5 else ''}."
        if unseen
        else ""
    )
    return (Series(names[0], "reference", reference), Series(names[1], "current", tuple(points))), highlight, note


def _share(counts: Mapping[str | None, int], key: str) -> float:
    total = sum(counts.values())
    return counts.get(key, 0) / total if total else 0.0
