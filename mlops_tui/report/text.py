"""A chart in characters: eighth blocks, marks for the reference, an axis, one legend. No colour is needed to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart, Mark, Point, X, cleaned
from mlops_tui.report.text_bars import bars
from mlops_tui.report.vega_parts import spread, time_span

MIN_WIDTH, MIN_PLOT = 40, 5


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that a chart is drawn with."""

    blocks: str
    high: str
    low: str
    dot: str
    dot_low: str
    reference: str
    band: str
    onset: str
    window: str
    axis: str
    tick: str
    corner: str
    up: str


BLOCKS = Glyphs(" ▁▂▃▄▅▆▇█", "▀", "▄", "˙", "·", "━", "░", "│", "┊", "─", "┴", "└", "↑")
ASCII = Glyphs("        #", "*", "*", ".", ".", "=", ":", "|", "!", "-", "+", "+", "^")

Grid = list[list[str]]


def draw(chart: Chart, width: int = 78, height: int = 18, *, ascii: bool = False) -> str:  # noqa: A002
    """The chart as at most `height` lines of at most `width` columns (never below 40 columns and 5 rows of plot).

    `ascii` draws with ASCII signs only (its texts are left as they are).
    """
    chart = cleaned(chart)
    width = max(width, MIN_WIDTH)
    glyphs = ASCII if ascii else BLOCKS
    most = 2 if height > 16 else 1
    head = cells.wrapped(chart.title, width, most) + cells.wrapped(chart.subtitle, width, most)
    foot = cells.wrapped(chart.note, width, most) if chart.note else []
    if chart.empty:
        return "\n".join([*head, "", "  (nothing to draw: no rows)", "", *foot])
    if chart.form == "bars":
        return "\n".join([*head, *bars(chart, width, height - len(head) - len(foot), ascii=ascii), *foot])
    legend = _legend(chart, width, glyphs)
    rows = max(height - len(head) - len(legend) - len(foot) - 2, MIN_PLOT)
    return "\n".join(line.rstrip() for line in [*head, *legend, *_plot(chart, width, rows, glyphs), *foot])


def _plot(chart: Chart, width: int, rows: int, glyphs: Glyphs) -> list[str]:
    if chart.form == "histogram":
        chart = _merged(chart, width - 8)
    low, high = axis.y_domain(chart, intervals=chart.zero)
    marks = axis.ticks(low, high, max(rows // 2 + 1, 2))
    step = marks[1] - marks[0] if len(marks) > 1 else None
    names = {_row(m, low, high, rows): axis.number(m, chart.unit, step) for m in marks}
    gutter = max([cells.wide(n) for n in names.values()], default=0) + 1
    labels = _labels(chart, low, high, rows)
    side = max([cells.wide(t) for t in labels.values()], default=-2) + 2
    columns = width - gutter - 1 - side
    if chart.form == "histogram":
        bins = max(len(s.points) for s in chart.series)
        columns = columns // bins * bins if bins <= columns else columns
    grid = [[" "] * columns for _ in range(rows)]
    _fill(chart, grid, low, high, glyphs)
    out = []
    for i, row in enumerate(grid):
        edge = "┤" if glyphs is BLOCKS and i in names else glyphs.onset
        out.append(cells.right(names.get(i, ""), gutter) + edge + "".join(row) + " " + labels.get(i, ""))
    return out + _x_axis(chart, columns, gutter, glyphs)


def _merged(chart: Chart, columns: int) -> Chart:
    """Neighbouring bins added up, two by two, until each is at least two columns wide (or there are few)."""
    bins = max(len(s.points) for s in chart.series)
    if bins < 30 or bins * 2 <= columns or any(len(s.points) != bins or bins % 2 for s in chart.series):
        return chart

    def both(a: Point, b: Point) -> Point:
        known = [y for y in (a.y, b.y) if y is not None]
        return Point(a.x, sum(known) if known else None, b.x2)

    series = tuple(
        replace(s, points=tuple(both(a, b) for a, b in zip(s.points[::2], s.points[1::2], strict=True))) for s in chart.series
    )
    return _merged(replace(chart, series=series), columns)


def _fill(chart: Chart, grid: Grid, low: float, high: float, glyphs: Glyphs) -> None:
    columns, rows = len(grid[0]), len(grid)
    if chart.band:
        for i in range(rows):
            middle = high - (i + 0.5) / rows * (high - low)
            if chart.band.lo <= middle <= chart.band.hi:
                grid[i] = [glyphs.band] * columns
    for mark, column in _mark_columns(chart, columns):
        for row in grid:
            row[column] = glyphs.onset if mark.role == "onset" else glyphs.window
    for role in ("other", "current", "worst"):
        for series in chart.of(role):
            values = _by_column(chart, series.points, columns)
            if chart.form == "histogram" or chart.zero:
                _columns(grid, values, low, high, glyphs)
            else:
                _trace(grid, values, low, high, (glyphs.dot, glyphs.dot_low) if role == "other" else (glyphs.high, glyphs.low))
    for series in chart.of("reference"):
        values = _by_column(chart, series.points, columns)
        for column, value in enumerate(values):
            if value is not None:
                grid[_row(value, low, high, rows)][column] = glyphs.reference


def _columns(grid: Grid, values: Sequence[float | None], low: float, high: float, glyphs: Glyphs) -> None:
    """Bars from the bottom, in eighths of a row."""
    rows = len(grid)
    for column, value in enumerate(values):
        eighths = 0 if value is None else round((value - low) / (high - low) * rows * 8)
        for i in range(rows):
            part = min(max(eighths - (rows - 1 - i) * 8, 0), 8)
            if glyphs.blocks[part] != " ":
                grid[i][column] = glyphs.blocks[part]


def _trace(grid: Grid, values: Sequence[float | None], low: float, high: float, signs: tuple[str, str]) -> None:
    """A line in half rows."""
    rows = len(grid)
    for column, value in enumerate(values):
        if value is not None:
            half = min(max(int((high - value) / (high - low) * rows * 2), 0), rows * 2 - 1)
            grid[half // 2][column] = signs[half % 2]


def _row(value: float, low: float, high: float, rows: int) -> int:
    return min(max(int((high - value) / (high - low) * rows), 0), rows - 1)


def _by_column(chart: Chart, points: Sequence[Point], columns: int) -> list[float | None]:
    """The mean of what falls into each column of the plot; buckets wider than a column fill all of theirs."""
    start, end = _x_span(chart)
    sums, weights = [0.0] * columns, [0.0] * columns
    for p in points:
        if p.y is None:
            continue
        first = (_at(p.x) - start) / (end - start) * columns
        last = (_at(p.x2) - start) / (end - start) * columns if p.x2 is not None else first
        # Half a hundredth keeps a bin's edge that rounding pushed over the line in its own column.
        for column in range(max(int(first + 0.005), 0), max(int(last - 0.005), int(first + 0.005)) + 1):
            if column < columns:
                weight = float(p.n if p.n and chart.form == "lines" and not chart.zero else 1)
                sums[column] += p.y * weight
                weights[column] += weight
    return [s / w if w else None for s, w in zip(sums, weights, strict=True)]


def _at(x: X) -> float:
    return x.timestamp() if isinstance(x, datetime) else float(x)


def _x_span(chart: Chart) -> tuple[float, float]:
    if chart.form == "lines":
        start, end = time_span(chart)
        return start.timestamp(), end.timestamp()
    bounds = [_at(v) for s in chart.series for p in s.points for v in (p.x, p.x2) if v is not None]
    return min(bounds), max(max(bounds), min(bounds) + 1e-12)


def _mark_columns(chart: Chart, columns: int) -> list[tuple[Mark, int]]:
    start, end = _x_span(chart)
    placed = [(m, int((_at(m.x) - start) / (end - start) * columns)) for m in chart.marks]
    # The onset is drawn last: where two marks share a column it is the one to see.
    return sorted([(m, c) for m, c in placed if 0 <= c < columns], key=lambda pair: pair[0].role == "onset")


def _labels(chart: Chart, low: float, high: float, rows: int) -> dict[int, str]:
    """What stands at the right of the plot, by row, in the order of the lines' ends; the loud series before the others."""
    if chart.form != "lines" or chart.zero:
        return {}
    ends = []
    for role in ("worst", "current", "other"):
        for series in chart.of(role):
            known = [p.y for p in series.points if p.y is not None]
            if known:
                ends.append((known[-1], series.shown))
    ends = sorted(ends[:rows], key=lambda e: -e[0])
    wanted = [float(_row(value, low, high, rows)) for value, _ in ends]
    places = spread(wanted, 1.0, 0.0, rows - 1.0)
    return {round(place): cells.cut(label, 14) for place, (_, label) in zip(places, ends, strict=True)}


def _legend(chart: Chart, width: int, glyphs: Glyphs) -> list[str]:
    entries = []
    bar = glyphs.blocks[-1]
    filled = chart.form == "histogram" or chart.zero
    entries += [f"{bar if filled else glyphs.high} {s.name}" for s in (*chart.of("worst"), *chart.of("current"))]
    if chart.of("other"):
        entries.append(f"{glyphs.dot_low} the others")
    entries += [f"{glyphs.reference} {s.shown}" for s in chart.of("reference")]
    if chart.band:
        entries.append(f"{glyphs.band} {chart.band.label}")
    for mark, _ in reversed(_mark_columns(chart, 1000)):
        entries.append(f"{glyphs.onset if mark.role == 'onset' else glyphs.window} {mark.label}")
    entries.append(f"{glyphs.up} {chart.y_title}")
    lines: list[str] = []
    for entry in entries:
        room = (i for i, line in enumerate(lines) if cells.wide(line) + 3 + cells.wide(entry) <= width)
        at = next(room, None)
        if at is None:
            lines.append(cells.cut(entry, width))
        else:
            lines[at] += "   " + entry
    return lines


def _x_axis(chart: Chart, columns: int, gutter: int, glyphs: Glyphs) -> list[str]:
    """The axis with its ticks, and the labels below, as many as fit; the title where there is room at the right."""
    start, end = _x_span(chart)
    if chart.form == "lines":
        times = axis.days(*time_span(chart), max(columns // 12, 2))
        marks = [(t.timestamp(), axis.day_label(t)) for t in times]
    else:
        values = axis.ticks(start, end, max(columns // 8, 2))
        step = values[1] - values[0] if len(values) > 1 else None
        marks = [(v, axis.number(v, "", step)) for v in values]
    line, text = [glyphs.axis] * columns, ""
    for at, label in marks:
        column = min(int((at - start) / (end - start) * columns), columns - 1)
        line[column] = glyphs.tick
        place = min(max(column - len(label) // 2, 0), columns - len(label))
        if place >= len(text) + (1 if text else 0):
            text = text.ljust(place) + label
    title = f"  {chart.x_title}"
    if len(text) + len(title) <= columns:
        text += title.rjust(columns - len(text))
    return [" " * gutter + glyphs.corner + "".join(line), " " * (gutter + 1) + text]
