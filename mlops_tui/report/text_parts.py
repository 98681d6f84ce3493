"""What every plot in characters shares: its signs, places on its axes, the x axis itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart, Mark, X
from mlops_tui.report.vega_parts import time_span


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
    shades: str
    left: str


BLOCKS = Glyphs(" ▁▂▃▄▅▆▇█", "▀", "▄", "˙", "·", "━", "░", "│", "┊", "─", "┴", "└", "↑", " ·░▒▓█", "◂")
ASCII = Glyphs("        #", "*", "*", ".", ".", "=", ":", "|", "!", "-", "+", "+", "^", " .:+*#", "<")


def on_row(value: float, low: float, high: float, rows: int) -> int:
    """The row, from the top, in which a value of `low..high` lies."""
    return min(max(int((high - value) / (high - low) * rows), 0), rows - 1)


def as_number(x: X) -> float:
    """A place on x as a number: seconds for a moment."""
    return x.timestamp() if isinstance(x, datetime) else float(x)


def x_span(chart: Chart) -> tuple[float, float]:
    """The ends of the x axis, as numbers."""
    if chart.form in ("lines", "heat"):
        start, end = time_span(chart)
        return start.timestamp(), end.timestamp()
    bounds = [as_number(v) for s in chart.series for p in s.points for v in (p.x, p.x2) if v is not None]
    return min(bounds), max(max(bounds), min(bounds) + 1e-12)


def mark_columns(chart: Chart, columns: int) -> list[tuple[Mark, int]]:
    """The marks that stand on the x axis, each with its column."""
    start, end = x_span(chart)
    on_x = [m for m in chart.marks if isinstance(m.x, datetime) == (chart.form in ("lines", "heat"))]
    placed = [(m, int((as_number(m.x) - start) / (end - start) * columns)) for m in on_x]
    # The onset is drawn last: where two marks share a column it is the one to see.
    return sorted([(m, c) for m, c in placed if 0 <= c < columns], key=lambda pair: pair[0].role == "onset")


def x_axis(chart: Chart, columns: int, gutter: int, glyphs: Glyphs) -> list[str]:
    """The axis with its ticks, and the labels below, as many as fit; the title where there is room at the right."""
    start, end = x_span(chart)
    if chart.form in ("lines", "heat"):
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


def folded(entries: Sequence[str], width: int) -> list[str]:
    """The entries of a legend on as few lines as they fit on, in about their order."""
    lines: list[str] = []
    for entry in entries:
        room = (i for i, line in enumerate(lines) if cells.wide(line) + 3 + cells.wide(entry) <= width)
        place = next(room, None)
        if place is None:
            lines.append(cells.cut(entry, width))
        else:
            lines[place] += "   " + entry
    return lines
