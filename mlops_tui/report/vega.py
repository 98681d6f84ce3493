"""A chart as a Vega-Lite 6 value: inline data only, labels placed by us so that they cover nothing.

Colours are Okabe and Ito's (2008), told apart by people with any common colour blindness; the font ships with vl-convert.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mlops_tui.core.window import iso
from mlops_tui.report import axis, vega_parts
from mlops_tui.report.chart import Chart, Series, cleaned
from mlops_tui.report.vega_live import hover

WIDTH, HEIGHT, BARS_WIDTH = 780, 320, 520
BAR_STEP = 30

VERMILLION = "#D55E00"
LOUD = "#AD4A00"  # vermillion for text: as small text on white the colour itself has a contrast of 3.8, this one 5.6
BLUE = "#0072B2"
INK, MUTED, PALE, BAND = "#222222", "#6B6B6B", "#BDBDBD", "#ECECEC"
SHADES = ("#F4F7FB", "#BBD3EA", "#6FA8D6", "#2B77B3", "#0B3F73")
"""From few to many, one hue, even steps of lightness: read by everybody, and in grey."""
DARK = {
    "white": "#16181C", INK: "#E8E8E8", MUTED: "#A3A7AD", PALE: "#5A6067", BAND: "#262A30", "#EFEFEF": "#2A2E34",
    "#999999": "#767C84", "#CFCFCF": "#4A5058", "#DDDDDD": "#30353C", "#D0D0D0": "#4A5058",
    VERMILLION: "#F0803C", LOUD: "#FFA066", BLUE: "#56B4E9",
    SHADES[0]: "#18232E", SHADES[1]: "#1F4A70", SHADES[2]: "#3E83B8", SHADES[3]: "#7DB8E0", SHADES[4]: "#D3E8F7",
}  # fmt: skip
"""Each colour's counterpart on a dark page, as far apart from its neighbours as on white."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first ships with vl-convert; a browser takes what it has."""

Layer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a form of chart draws: layers, entries of the legend, and the encodings of its axes."""

    layers: list[Layer]
    keys: list[vega_parts.Key]
    x: Mapping[str, Any]
    y: Mapping[str, Any]


def vega_lite(chart: Chart, *, live: bool = False) -> dict[str, Any]:
    """The chart as a complete Vega-Lite specification (`$schema` v6), about 900 by 480 pixels, on white.

    A `live` one also answers to a pointer: every bucket, bin, row or cell tells its numbers.
    """
    chart = cleaned(chart)
    bars = chart.form == "bars"
    width, height = (BARS_WIDTH, BAR_STEP * max(len(_categories(chart)), 2)) if bars else (WIDTH, HEIGHT)
    draw = {"lines": _lines, "histogram": _histogram, "bars": _bars, "heat": _heat}[chart.form]
    drawn = draw(chart, height)
    layers, keys = drawn.layers, drawn.keys
    if live and not chart.empty:
        layers.append(hover(chart, drawn.x, drawn.y, INK))
    if chart.empty:
        layers = [vega_parts.text_at(width / 2, height / 2, "nothing to draw: no rows", MUTED, align="center", size=13)]
        keys = []
    marks, rows = _marks(chart, height)
    top = 10 + 15 * rows
    layers += marks + _legend(keys, top)
    layers += _note(chart, height)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "white",
        "padding": {"left": 14, "right": 18, "top": 14, "bottom": 14},
        "title": _title(chart),
        "width": width,
        "height": height,
        "layer": [layer for layer in layers if layer["data"]["values"]],
        "config": _config(),
    }


def _title(chart: Chart) -> dict[str, Any]:
    return {
        "text": textwrap.wrap(chart.title, 96) or [""],
        "subtitle": textwrap.wrap(chart.subtitle, 140) or [""],
        "anchor": "start",
        "frame": "group",
        "offset": 16,
    }


def _config() -> dict[str, Any]:
    return {
        "font": FONT,
        "view": {"stroke": None},
        "title": {
            "font": FONT, "fontSize": 17, "fontWeight": "bold", "color": INK, "subtitleFont": FONT,
            "subtitleFontSize": 12, "subtitleColor": MUTED, "subtitlePadding": 6, "lineHeight": 21,
        },
        "axis": {
            "labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
            "labelColor": INK, "titleColor": MUTED, "gridColor": "#EFEFEF", "domainColor": "#999999", "tickColor": "#999999",
            "titlePadding": 10,
        },
    }  # fmt: skip


def _y(chart: Chart) -> dict[str, Any]:
    low, high = axis.y_domain(chart)
    marks = axis.ticks(low, high, 6)
    step = marks[1] - marks[0] if len(marks) > 1 else None
    return {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "title": chart.y_title,
            "values": list(marks),
            "labelExpr": vega_parts.label_expression({m: axis.number(m, chart.unit, step) for m in marks}),
            "domain": False,
            "ticks": False,
        },
    }


def _time_axis(chart: Chart) -> dict[str, Any]:
    start, end = vega_parts.time_span(chart)
    marks = axis.days(start, end, 11)
    return {
        "type": "temporal",
        "scale": {"type": "utc", "domain": [round(t.timestamp() * 1000) for t in (start, end)], "nice": False},
        "axis": {
            "title": chart.x_title,
            "values": [iso(m) for m in marks],
            "grid": False,
            "labelExpr": vega_parts.label_expression({m.timestamp() * 1000: axis.day_label(m) for m in marks}, "+datum.value"),
        },
    }


def _heat(chart: Chart, height: int) -> Drawn:
    edges = sorted({float(v) for s in chart.series for p in s.points for v in (p.lo, p.hi) if v is not None})
    low, high = (edges[0], edges[-1]) if len(edges) > 1 else (0.0, 1.0)
    marks = axis.ticks(low, high, 10)
    step = marks[1] - marks[0] if len(marks) > 1 else None
    y = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "title": chart.y_title,
            "values": list(marks),
            "grid": False,
            "labelExpr": vega_parts.label_expression({m: axis.number(m, "", step) for m in marks}),
        },
    }
    top = max((p.y for s in chart.series for p in s.points if p.y is not None), default=0.0) or 1.0
    shade = {"scale": {"domain": [0, top], "range": list(SHADES), "interpolate": "lab"}, "legend": None}
    x = _time_axis(chart)
    layers = [vega_parts.cells(chart, x, y, shade)]
    for at, label in [(m.x, m.label) for m in chart.marks if not isinstance(m.x, datetime)]:
        py = (1 - (at - low) / (high - low)) * height
        if not 0 <= py <= height:
            continue
        layers.append(vega_parts.rule(0, py, WIDTH, py, INK, [2, 3], 1.2))
        layers.append(vega_parts.text_at(WIDTH + 8, py, label, INK, size=11, baseline="middle"))
    shares = [top * i / (len(SHADES) - 1) for i in range(len(SHADES))]
    keys = [vega_parts.Key("square", colour, axis.percent(v)) for colour, v in zip(SHADES, shares, strict=True)]
    keys[-1] = replace(keys[-1], label=f"{keys[-1].label} of the decisions in the column")
    return Drawn(layers, keys, x, y)


def _lines(chart: Chart, height: int) -> Drawn:
    start, end = vega_parts.time_span(chart)
    x = _time_axis(chart)
    y = _y(chart)
    layers: list[Layer] = []
    keys: list[vega_parts.Key] = []
    if chart.band:
        layers.append(vega_parts.band(chart.band.lo, chart.band.hi, y, BAND))
        keys.append(vega_parts.Key("square", BAND, chart.band.label))
    for series in chart.of("reference"):
        ranged = any(p.lo is not None for p in series.points)
        if ranged:
            layers.append(vega_parts.ribbon(series, x, y, "#DDDDDD", 1.0))
        layers.append(vega_parts.line(series, x, y, "#8C8C8C", 1.2))
        keys.append(vega_parts.Key("square" if ranged else "line", "#DDDDDD" if ranged else "#8C8C8C", series.shown))
    for series in chart.of("other"):
        layers += [vega_parts.line(series, x, y, PALE, 1.2), vega_parts.alone(series, x, y, PALE, 1.2)]
    for series, colour in [(s, BLUE) for s in chart.of("current")] + [(s, VERMILLION) for s in chart.of("worst")]:
        if chart.zero:
            layers.append(vega_parts.area(series, x, y, colour))
        elif any(p.lo is not None for p in series.points):
            layers.append(vega_parts.ribbon(series, x, y, colour, 0.17))
            keys.append(vega_parts.Key("square", colour, f"95 % interval of {series.name}", 0.25))
        layers += [vega_parts.line(series, x, y, colour, 2.2), vega_parts.alone(series, x, y, colour, 2.2)]
    layers += vega_parts.end_labels(_named(chart), axis.y_domain(chart), (start, end), WIDTH, height)
    return Drawn(layers, keys, x, y)


def _named(chart: Chart) -> list[tuple[Series, str, bool]]:
    return (
        [(s, MUTED, False) for s in chart.of("other")]
        + [(s, BLUE, True) for s in chart.of("current")]
        + [(s, LOUD, True) for s in chart.of("worst")]
    )


def _histogram(chart: Chart, _height: int) -> Drawn:
    bounds = [float(v) for s in chart.series for p in s.points for v in (p.x, p.x2) if isinstance(v, int | float)]
    low, high = (min(bounds), max(bounds)) if bounds else (0.0, 1.0)
    marks = axis.ticks(low, high, 10)
    step = marks[1] - marks[0] if len(marks) > 1 else None
    x = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "title": chart.x_title,
            "values": list(marks),
            "grid": False,
            "labelExpr": vega_parts.label_expression({m: axis.number(m, "", step) for m in marks}),
        },
    }
    y = _y(chart)
    layers: list[Layer] = []
    keys: list[vega_parts.Key] = []
    for series in (*chart.of("current"), *chart.of("worst")):
        colour = BLUE if series.role == "current" else VERMILLION
        layers.append(vega_parts.bins(series, x, y, colour))
        keys.append(vega_parts.Key("square", colour, series.shown, 0.55))
    for series in chart.of("reference"):
        layers.append(vega_parts.steps(series, x, y, INK))
        keys.append(vega_parts.Key("line", INK, series.shown))
    return Drawn(layers, keys, x, y)


def _categories(chart: Chart) -> list[str]:
    return list(dict.fromkeys(str(p.x) for s in chart.series for p in s.points))


def _bars(chart: Chart, height: int) -> Drawn:
    names = _categories(chart)
    low, high = axis.y_domain(chart)
    marks = axis.ticks(low, high, 7)
    step = marks[1] - marks[0] if len(marks) > 1 else None
    x = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False},
        "axis": {
            "title": chart.y_title,
            "values": list(marks),
            "labelExpr": vega_parts.label_expression({m: axis.number(m, chart.unit, step) for m in marks}),
        },
    }
    y = {
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names, "paddingInner": 0.28, "paddingOuter": 0.14},
        "axis": {"title": None, "labelLimit": 230, "domain": False, "ticks": False, "labelPadding": 8, "labelFontSize": 12},
    }
    layers: list[Layer] = []
    keys: list[vega_parts.Key] = []
    for series in chart.of("reference"):
        layers.append(vega_parts.category_bars(series, x, y, "#CFCFCF", 0.95))
        keys.append(vega_parts.Key("square", "#CFCFCF", series.shown))
    for series in (*chart.of("current"), *chart.of("worst")):
        layers.append(vega_parts.category_bars(series, x, y, BLUE, 0.42, chart.highlight, VERMILLION))
        layers.append(vega_parts.category_intervals(series, x, y, INK))
        keys.append(vega_parts.Key("square", BLUE, series.shown))
        if any(p.lo is not None for p in series.points):
            keys.append(vega_parts.Key("line", INK, "95 % interval"))
        if chart.highlight:
            keys.append(vega_parts.Key("square", VERMILLION, "moved most" if chart.unit == "%" else "moved"))
    layers.extend(vega_parts.change_columns(chart, names, BARS_WIDTH, height / max(len(names), 1), (INK, LOUD)))
    return Drawn(layers, keys, x, y)


def _marks(chart: Chart, height: int) -> tuple[list[Layer], int]:
    """Vertical marks and their labels above the plot, in as many rows as they need; the number of rows."""
    if chart.empty or not chart.marks:
        return [], 0
    width = BARS_WIDTH if chart.form == "bars" else WIDTH
    low, high = axis.y_domain(chart) if chart.form == "bars" else (0.0, 1.0)
    place = (lambda x: (x - low) / (high - low) * width) if chart.form == "bars" else vega_parts.x_scale(chart, WIDTH)
    on_x = [m for m in chart.marks if isinstance(m.x, datetime) == (chart.form in ("lines", "heat"))]
    layers: list[Layer] = []
    taken: list[float] = []
    # From right to left: a label stands right of its line, so the lines further left pass no label on their way up.
    for px, mark in sorted(((place(m.x), m) for m in on_x), key=lambda pair: -pair[0]):
        if not 0 <= px <= width:
            continue
        onset = mark.role == "onset"
        wide = vega_parts.text_width(mark.label, 11, onset)
        row = next((i for i, left in enumerate(taken) if px + wide + 10 < left), len(taken))
        taken[row : row + 1] = [px]
        colour, dash = (INK, [6, 3]) if onset else (MUTED, [2, 3])
        top = -7 - 15 * row
        layers.append(vega_parts.rule(px, top - 11, px, height, colour, dash, 1.6 if onset else 1.2))
        layers.append(vega_parts.text_at(px + 5, top, mark.label, colour, size=11, bold=onset, baseline="bottom"))
    return layers, len(taken)


def _legend(keys: list[vega_parts.Key], top: int) -> list[Layer]:
    """Above the plot and above the marks' labels: one row, more where the labels are long."""
    rows: list[list[tuple[float, vega_parts.Key]]] = [[]]
    left = 0.0
    for key in keys:
        wide = 20 + vega_parts.text_width(key.label, 11)
        if rows[-1] and left + wide > WIDTH + 60:
            rows.append([])
            left = 0.0
        rows[-1].append((left, key))
        left += wide + 22
    layers: list[Layer] = []
    for i, row in enumerate(reversed(rows)):
        for px, key in row:
            layers.append(vega_parts.key_swatch(key, px, -top - 9 - 17 * i))
            layers.append(vega_parts.text_at(px + 20, -top - 9 - 17 * i, key.label, INK, size=11, baseline="middle"))
    return layers


def _note(chart: Chart, height: int) -> list[Layer]:
    if not chart.note:
        return []
    lines = textwrap.wrap(chart.note, 140)
    top = height + (52 if chart.form != "bars" else 50)
    return [vega_parts.text_at(0, top + 15 * i, text, MUTED, size=11, baseline="top") for i, text in enumerate(lines)]
