"""A chart in characters: eighth blocks, marks for the reference, an axis, one legend. No colour is needed to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart, Point, Series, cleaned
from mlops_tui.report.text_bars import bars
from mlops_tui.report.text_heat import heat
from mlops_tui.report.text_parts import ASCII, BLOCKS, Glyphs, as_number, folded, mark_columns, on_row, x_axis, x_span
from mlops_tui.report.vega_parts import spread

MIN_WIDTH, MIN_PLOT = 40, 5

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
    if chart.form == "heat":
        return "\n".join([*head, *heat(chart, width, height - len(head) - len(foot), glyphs), *foot])
    legend = _legend(chart, width, glyphs)
    rows = max(height - len(head) - len(legend) - len(foot) - 2, MIN_PLOT)
    return "\n".join(line.rstrip() for line in [*head, *legend, *_plot(chart, width, rows, glyphs), *foot])


def _plot(chart: Chart, width: int, rows: int, glyphs: Glyphs) -> list[str]:
    if chart.form == "histogram":
        chart = _merged(chart, width - 8)
    low, high = axis.y_domain(_drawn(chart, width - 8), intervals=False)
    marks = axis.ticks(low, high, max(rows // 2 + 1, 2))
    step = marks[1] - marks[0] if len(marks) > 1 else None
    names = {on_row(m, low, high, rows): axis.number(m, chart.unit, step) for m in marks}
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
    return out + x_axis(chart, columns, gutter, glyphs)


def _drawn(chart: Chart, columns: int) -> Chart:
    """Bars over time as they are drawn: the mean of each column, so that the scale ends where the highest of them does."""
    if not chart.zero or chart.form != "lines":
        return chart
    means = (
        replace(s, points=tuple(Point(i, y) for i, y in enumerate(_by_column(chart, s.points, columns)))) for s in chart.series
    )
    return replace(chart, series=tuple(means))


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
    for mark, column in mark_columns(chart, columns):
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
                grid[on_row(value, low, high, rows)][column] = glyphs.reference


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


def _by_column(chart: Chart, points: Sequence[Point], columns: int) -> list[float | None]:
    """The mean of what falls into each column of the plot; buckets wider than a column fill all of theirs."""
    start, end = x_span(chart)
    sums, weights = [0.0] * columns, [0.0] * columns
    for p in points:
        if p.y is None:
            continue
        first = (as_number(p.x) - start) / (end - start) * columns
        last = (as_number(p.x2) - start) / (end - start) * columns if p.x2 is not None else first
        # Half a hundredth keeps a bin's edge that rounding pushed over the line in its own column.
        for column in range(max(int(first + 0.005), 0), max(int(last - 0.005), int(first + 0.005)) + 1):
            if column < columns:
                weight = float(p.n if p.n and chart.form == "lines" and not chart.zero else 1)
                sums[column] += p.y * weight
                weights[column] += weight
    return [s / w if w else None for s, w in zip(sums, weights, strict=True)]


def _labels(chart: Chart, low: float, high: float, rows: int) -> dict[int, str]:
    """What stands at the right of the plot, by row, in the order of the lines' ends; the loud series before the others."""
    if chart.form != "lines" or chart.zero:
        return {}
    ends = []
    for role in ("worst", "current", "other"):
        for series in chart.of(role):
            value = _told(chart, series)
            if value is not None:
                ends.append((value, series.shown))
    ends = sorted(ends[:rows], key=lambda e: -e[0])
    wanted = [float(on_row(value, low, high, rows)) for value, _ in ends]
    places = spread(wanted, 1.0, 0.0, rows - 1.0)
    return {round(place): cells.cut(label, 14) for place, (_, label) in zip(places, ends, strict=True)}


def _told(chart: Chart, series: Series) -> float | None:
    """What a line's label is placed by: its mean since the marked window began (which labels tell), else its end."""
    start = next((m.x for m in chart.marks if m.role == "window"), None)
    known = [p for p in series.points if p.y is not None]
    inside = [p for p in known if start is not None and as_number(p.x) >= as_number(start)] or known[-1:]
    weights = [float(p.n or 1) for p in inside]
    return sum((p.y or 0.0) * w for p, w in zip(inside, weights, strict=True)) / sum(weights) if inside else None


def _legend(chart: Chart, width: int, glyphs: Glyphs) -> list[str]:
    entries = []
    bar = glyphs.blocks[-1]
    filled = chart.form == "histogram" or chart.zero
    entries += [f"{bar if filled else glyphs.high} {s.name}" for s in (*chart.of("worst"), *chart.of("current"))]
    if chart.of("other"):
        entries.append(f"{glyphs.dot_low} the others")
    # a line of text has no room for a range: what is drawn is its middle
    ranged = chart.form == "lines"
    entries += [f"{glyphs.reference} {s.name if ranged else s.shown}" for s in chart.of("reference")]
    if chart.band:
        entries.append(f"{glyphs.band} {chart.band.label}")
    for mark, _ in reversed(mark_columns(chart, 1000)):
        entries.append(f"{glyphs.onset if mark.role == 'onset' else glyphs.window} {mark.label}")
    return folded([*entries, f"{glyphs.up} {chart.y_title}"], width)
