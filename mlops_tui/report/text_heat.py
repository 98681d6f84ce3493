"""A heat map in characters: a row for each stretch of y, shaded by share. No colour is needed to read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart, Point
from mlops_tui.report.text_parts import Glyphs, as_number, folded, mark_columns, x_axis, x_span

_ROUND = (1, 2, 2.5, 3, 4, 5, 6, 8, 10)


def heat(chart: Chart, width: int, height: int, glyphs: Glyphs) -> list[str]:
    """The legend and the plot in at most `height` lines: the series from the last (highest) down, two in a line where
    there is no room for one line each."""
    steps = _steps(chart, len(glyphs.shades) - 1)
    legend = _legend(chart, steps, width, glyphs)
    grid, edges = _joined(chart, max(height - len(legend) - 2, 2))
    step = edges[1] - edges[0]
    names = [f"{axis.number(low, '', step)}" for low in edges[:-1]]
    gutter = max(cells.wide(n) for n in names) + 1
    cuts = _cuts(chart, edges, glyphs)
    side = max((cells.wide(t) for t in cuts.values()), default=-1) + 1
    columns = width - gutter - 1 - side
    lines = []
    marked = {column: mark for mark, column in mark_columns(chart, columns)}
    for i in reversed(range(len(grid))):
        shown = [_shade(v, steps, glyphs) for v in _by_column(chart, grid[i], columns)]
        for column, mark in marked.items():
            shown[column] = glyphs.onset if mark.role == "onset" else glyphs.window
        lines.append((cells.right(names[i], gutter) + glyphs.onset + "".join(shown) + cuts.get(i, "")).rstrip())
    return [*legend, *lines, *(line.rstrip() for line in x_axis(chart, columns, gutter, glyphs))]


def _steps(chart: Chart, shades: int) -> list[float]:
    """From which share on each shade stands: round numbers up to the largest share, the first shade from anything on."""
    top = max((p.y for s in chart.series for p in s.points if p.y is not None), default=0.0) or 1.0
    power = 1.0
    while top / shades < power:
        power /= 10
    size = next(r * power for r in _ROUND if r * power * shades >= top * (1 - 1e-9))
    return [0.0, *(round(size * i, 12) for i in range(1, shades))]


def _shade(value: float | None, steps: Sequence[float], glyphs: Glyphs) -> str:
    if value is None or value <= 0:
        return glyphs.shades[0]
    return glyphs.shades[1 + max(i for i, step in enumerate(steps) if value >= step)]


def _joined(chart: Chart, rows: int) -> tuple[list[list[Point]], list[float]]:
    """The series' points, neighbours added up until there are at most `rows` of them, and the edges between them."""
    grid = [list(s.points) for s in chart.series]
    edges = [float(s.points[0].lo or 0.0) for s in chart.series if s.points]
    edges.append(float(chart.series[-1].points[0].hi or 0.0))
    by = -(-len(grid) // rows)
    if by == 1:
        return grid, edges

    def together(points: Sequence[Point]) -> Point:
        known = [p.y for p in points if p.y is not None]
        return Point(points[0].x, sum(known) if known else None, points[0].x2)

    parts = [grid[i : i + by] for i in range(0, len(grid), by)]
    return [[together(ps) for ps in zip(*part, strict=True)] for part in parts], [*edges[:-1:by], edges[-1]]


def _by_column(chart: Chart, points: Sequence[Point], columns: int) -> list[float | None]:
    """The value of the bucket that holds the middle of each column."""
    start, end = x_span(chart)
    out: list[float | None] = []
    index = 0
    for column in range(columns):
        middle = start + (column + 0.5) / columns * (end - start)
        while index < len(points) - 1 and as_number(points[index + 1].x) <= middle:
            index += 1
        out.append(points[index].y if points else None)
    return out


def _cuts(chart: Chart, edges: Sequence[float], glyphs: Glyphs) -> dict[int, str]:
    """Beside the row that holds a cut of y: where it is."""
    cuts = [m for m in chart.marks if not isinstance(m.x, datetime)]
    rows = {max((i for i, e in enumerate(edges[:-1]) if e <= as_number(m.x)), default=0): m for m in cuts}
    return {i: f" {glyphs.left} {as_number(m.x):g}" for i, m in rows.items()}


def _legend(chart: Chart, steps: Sequence[float], width: int, glyphs: Glyphs) -> list[str]:
    named = [axis.number(s, chart.unit, steps[1] if len(steps) > 1 else None) for s in steps]
    entries = ["share: " + " ".join(f"{glyphs.shades[1 + i]} {'>0' if not s else named[i]}" for i, s in enumerate(steps))]
    cuts = [m for m in chart.marks if not isinstance(m.x, datetime)]
    entries += [f"{glyphs.left} {m.label}" for m in cuts]
    for mark, _ in reversed(mark_columns(chart, 1000)):
        entries.append(f"{glyphs.onset if mark.role == 'onset' else glyphs.window} {mark.label}")
    return folded([*entries, f"{glyphs.up} {chart.y_title}"], width)
