"""What a chart answers to a pointer: bands over its buckets, bins, rows or cells, each with its numbers in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlops_tui.core.window import iso
from mlops_tui.report import axis
from mlops_tui.report.chart import Chart, Point, Series, X

Layer = dict[str, Any]


def hover(chart: Chart, x: Mapping[str, Any], y: Mapping[str, Any], ink: str) -> Layer:
    """The layer that answers. `x` and `y` are the encodings of the chart's own axes, so that nothing is measured twice."""
    rows = {"lines": _columns, "histogram": _columns, "bars": _rows, "heat": _cells}[chart.form](chart)
    encoding: dict[str, Any] = {"tooltip": {"field": "tip", "type": "nominal"}}
    if chart.form == "bars":
        encoding["y"] = {"field": "c", **y}
    else:
        encoding |= {"x": {"field": "x", **x}, "x2": {"field": "x2"}}
    if chart.form == "heat":
        encoding |= {"y": {"field": "lo", **y}, "y2": {"field": "hi"}}
    encoding["fillOpacity"] = {"condition": {"param": "over", "empty": False, "value": 0.1}, "value": 0}
    return {
        "data": {"values": rows},
        "mark": {"type": "bar" if chart.form == "bars" else "rect", "fill": ink, "stroke": None, "cursor": "crosshair"},
        "params": [{"name": "over", "select": {"type": "point", "on": "pointerover", "clear": "pointerout"}}],
        "encoding": encoding,
    }


def _columns(chart: Chart) -> list[dict[str, Any]]:
    """One entry for each bucket or bin, of all series: the loud ones first."""
    ordered = [*chart.of("worst"), *chart.of("current"), *chart.of("reference"), *chart.of("other")]
    ends: dict[X, X] = {}
    for s in ordered:
        ends |= {p.x: p.x2 for p in s.points if p.x2 is not None and p.x not in ends}
    by_series = [(s, {p.x: p for p in s.points}) for s in ordered]
    out = []
    for x, x2 in ends.items():
        lines = [_told(chart, s, points[x]) for s, points in by_series if x in points]
        out.append({"x": _place(x), "x2": _place(x2), "tip": [_span(x, x2), *lines]})
    return out


def _rows(chart: Chart) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(str(p.x) for s in chart.series for p in s.points))
    out = []
    for name in names:
        found = [(s, p) for s in chart.series for p in s.points if str(p.x) == name]
        out.append({"c": name, "tip": [name, *(_told(chart, s, p) for s, p in found)]})
    return out


def _cells(chart: Chart) -> list[dict[str, Any]]:
    out = []
    for s in chart.series:
        for p in s.points:
            if p.x2 is None:
                continue
            told = [_span(p.x, p.x2), f"{chart.y_title} {s.name}", "fewer than 10" if p.y is None else _value(chart, p)]
            out.append({"x": _place(p.x), "x2": _place(p.x2), "lo": p.lo, "hi": p.hi, "tip": told})
    return out


def _told(chart: Chart, series: Series, point: Point) -> str:
    return f"{series.name}: {_value(chart, point)}"


def _value(chart: Chart, p: Point) -> str:
    if p.y is None:
        return f"less than {axis.measured(p.hi, chart.unit)}" if p.hi is not None else "–"
    text = axis.measured(p.y, chart.unit) if chart.unit in ("%", "psi") else f"{p.y:,.0f} {chart.unit}"
    if chart.form in ("lines", "bars") and p.lo is not None and p.hi is not None:
        ends = [axis.measured(v, chart.unit) if chart.unit in ("%", "psi") else f"{v:,.0f}" for v in (p.lo, p.hi)]
        text += f" ({ends[0]} to {ends[1]})"
    return f"{text}, n = {p.n:,}" if p.n and chart.form != "histogram" else text


def _place(x: X | None) -> Any:
    return iso(x) if isinstance(x, datetime) else x


def _span(x: X, x2: X) -> str:
    if isinstance(x, datetime) and isinstance(x2, datetime):
        start, end = x.astimezone(UTC), x2.astimezone(UTC)
        until = f"{end:%H:%M}Z" if (end - start).total_seconds() < 86400 else f"{end:%a} {end.day} {end:%b %H:%M}Z"
        return f"{start:%a} {start.day} {start:%b %H:%M} to {until}"
    return f"{x:g} to {x2:g}" if isinstance(x, int | float) and isinstance(x2, int | float) else f"{x}"
