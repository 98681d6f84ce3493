"""What may leave the machine of Findings and charts: counts of 1 to 9 stay in, and nothing that lets them be counted back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mlops_tui.core.finding import Finding
from mlops_tui.core.leave import SMALL_CELL
from mlops_tui.report import words
from mlops_tui.report.chart import Chart, Point, Series

FEWEST_BINS = 5
"""Bins of a histogram are joined until none holds 1 to 9 rows, but not below this many."""

_JOINS = ((1, 1), (2, 1), (2, 2), (2, 4))
"""How many rows and buckets of a heat map are joined, in the order tried."""
_MOST_BLANK = 0.1
_FEW_NOTE = f"Not drawn: what fewer than {SMALL_CELL} rows stand behind, and what would tell it."


def small(n: int | float | None) -> bool:
    """Whether a count is one that is not published: 1 to 9."""
    return n is not None and 0 < n < SMALL_CELL


def finding(found: Finding) -> Finding:
    """The Finding with a sentence that names no small count, and without such counts."""
    if not (small(found.n) or small(found.n_reference)):
        return found
    about = f"{words.what(found)}, {words.where(found.slice)}"
    about = about[:1].upper() + about[1:]
    moved = found.status in ("crit", "warn") and found.change is not None
    told = f"{about}: {words.signed(found.change, found.unit)}" if moved else f"{about} cannot be told"
    return found.but(
        summary=f"{told}; fewer than {SMALL_CELL} rows stand behind it.",
        n=None if small(found.n) else found.n,
        n_reference=None if small(found.n_reference) else found.n_reference,
    )


def chart(given: Chart) -> Chart:
    """The chart with small counts taken out: bins joined, cells left blank, categories with only a bound (`hi`)."""
    tidy = {"lines": _buckets, "heat": _cells, "histogram": _bins, "bars": _categories}[given.form]
    out = tidy(given)
    hidden = sum(_blank(s) for s in out.series) > sum(_blank(s) for s in given.series)
    return replace(out, note=f"{out.note} {_FEW_NOTE}".strip()) if hidden else out


def _blank(series: Series) -> int:
    return sum(p.y is None for p in series.points)


def _buckets(given: Chart) -> Chart:
    """Lines: a bucket of fewer than ten rows is a gap. A count of rows (no `n` behind it) that small is one too."""

    def hidden(p: Point) -> bool:
        return small(p.n) or (given.unit == "rows" and small(p.y))

    def told(p: Point) -> Point:
        if hidden(p):
            return Point(p.x, None, p.x2)
        # a usual range of rows: its ends are counts too
        if given.unit == "rows" and (small(p.lo) or small(p.hi)):
            return replace(p, lo=None, hi=None)
        return replace(p, n=None) if given.unit == "%" and _parts_small(p) else p

    return replace(given, series=tuple(replace(s, points=tuple(told(p) for p in s.points)) for s in given.series))


def _parts_small(p: Point) -> bool:
    return p.n is not None and p.y is not None and (small(round(p.y * p.n)) or small(round((1 - p.y) * p.n)))


def _cells(given: Chart) -> Chart:
    """A heat map, `n` of a cell being the rows in it: rows and then buckets are joined until few cells are left blank."""
    best = given
    for rows, buckets in _JOINS:
        if rows > 1 and (len(given.series) % rows or len(given.series) // rows < FEWEST_BINS):
            continue
        best = _coarser(given, rows, buckets)
        cells = [p.n for s in best.series for p in s.points if p.n]
        if sum(small(n) for n in cells) <= len(cells) * _MOST_BLANK:
            break
    series = (replace(s, points=tuple(replace(p, y=None, n=None) if small(p.n) else p for p in s.points)) for s in best.series)
    return replace(best, series=tuple(series))


def _coarser(given: Chart, rows: int, buckets: int) -> Chart:
    if rows == buckets == 1:
        return given
    groups = [given.series[i : i + rows] for i in range(0, len(given.series), rows)]
    columns = len(given.series[0].points)
    # whole stretches are counted from the end, since the newest bucket is the one to see
    cuts = sorted({0, *range(columns, 0, -buckets)})
    totals = [sum(s.points[c].n or 0 for s in given.series) for c in range(columns)]
    out = []
    for group in groups:
        points = []
        for first, last in pairwise(cuts):
            n = sum(s.points[c].n or 0 for s in group for c in range(first, last))
            total = sum(totals[first:last])
            low, high = group[0].points[first], group[-1].points[last - 1]
            points.append(Point(low.x, n / total if total else None, high.x2, low.lo, high.hi, n))
        out.append(
            replace(
                group[0], name=f"{group[0].name.split(' to ')[0]} to {group[-1].name.split(' to ')[-1]}", points=tuple(points)
            )
        )
    return replace(given, series=tuple(out))


def _bins(given: Chart) -> Chart:
    bins = len(given.series[0].points) if given.series else 0
    if not bins or any(len(s.points) != bins for s in given.series):
        return _hide(given, bound=False)
    joined = given
    for by in (k for k in range(1, bins + 1) if bins % k == 0 and bins // k >= min(FEWEST_BINS, bins)):
        joined = given if by == 1 else _joined(given, by)
        if not any(small(p.n) for s in joined.series for p in s.points):
            return joined
    return _hide(joined, bound=False)


def _joined(given: Chart, by: int) -> Chart:
    def together(points: Sequence[Point]) -> Point:
        known = [p.y for p in points if p.y is not None]
        counts = [p.n for p in points if p.n is not None]
        return Point(points[0].x, sum(known) if known else None, points[-1].x2, n=sum(counts) if counts else None)

    series = (
        replace(s, points=tuple(together(s.points[i : i + by]) for i in range(0, len(s.points), by))) for s in given.series
    )
    return replace(given, series=tuple(series))


def _categories(given: Chart) -> Chart:
    return _hide(given, bound=True) if given.unit == "%" else given


def _hide(given: Chart, *, bound: bool) -> Chart:
    """Each series' small counts blanked; where that is a single one, the next smallest too, since shares add up to one.

    `bound` keeps what can be said of a small count as the point's `hi`: less than the share of ten rows.
    """

    def tidy(points: tuple[Point, ...]) -> tuple[Point, ...]:
        few = {i for i, p in enumerate(points) if small(p.n)}
        beside = sorted((p.n or 0, i) for i, p in enumerate(points) if i not in few and p.n) if len(few) == 1 else []
        also = {i for _, i in beside[:1]}
        return tuple(_bounded(p, bound and i in few) if i in few | also else p for i, p in enumerate(points))

    return replace(given, series=tuple(replace(s, points=tidy(s.points)) for s in given.series))


def _bounded(p: Point, bound: bool) -> Point:
    return Point(p.x, None, p.x2, hi=p.y * SMALL_CELL / p.n if bound and p.y is not None and p.n else None)
