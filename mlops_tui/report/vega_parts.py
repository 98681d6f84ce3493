"""The layers that Vega-Lite charts are put together from. Pixels count from the plot's top left corner."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mlops_tui.core.window import iso
from mlops_tui.report import axis
from mlops_tui.report.chart import Chart, Series

Layer = dict[str, Any]
Encoding = Mapping[str, Any]
PIXEL: Mapping[str, Any] = {"type": "quantitative", "scale": None, "axis": None}


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend row."""

    shape: Literal["square", "line"]
    colour: str
    label: str
    opacity: float = 1.0


def text_width(text: str, size: int, bold: bool = False) -> float:
    """About how wide a text is drawn, in pixels, erring wide (the font has no metrics here)."""
    return len(text) * size * (0.56 if bold else 0.5)


def label_expression(labels: Mapping[float, str], value: str = "datum.value") -> str:
    """A Vega expression that gives each tick the text we chose for it (numbers are ours, texts are JSON strings)."""
    pairs = [f"abs({value} - {json.dumps(k)}) < {max(abs(k) * 1e-9, 1e-12)!r} ? {json.dumps(v)}" for k, v in labels.items()]
    return " : ".join([*pairs, "''"])


def time_span(chart: Chart) -> tuple[datetime, datetime]:
    """From the first bucket's start to the last one's end. Raises ValueError for a chart without points."""
    times = [v for s in chart.series for p in s.points for v in (p.x, p.x2) if isinstance(v, datetime)]
    times += [m.x for m in chart.marks if isinstance(m.x, datetime)] if not times else []
    if not times:
        moment = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        return moment, moment.replace(day=2)
    return min(times), max(times)


def x_scale(chart: Chart, width: int) -> Callable[[Any], float]:
    """From an x of the chart to pixels."""
    if chart.form in ("lines", "heat"):
        start, end = time_span(chart)
        seconds = (end - start).total_seconds() or 1.0
        return lambda x: (x - start).total_seconds() / seconds * width
    bounds = [float(v) for s in chart.series for p in s.points for v in (p.x, p.x2) if isinstance(v, int | float)]
    low, high = min(bounds), max(bounds)
    return lambda x: (x - low) / ((high - low) or 1.0) * width


def _middle(point: Any) -> Any:
    if isinstance(point.x, datetime) and isinstance(point.x2, datetime):
        return iso(point.x + (point.x2 - point.x) / 2)
    return iso(point.x) if isinstance(point.x, datetime) else point.x


def _rows(series: Series) -> list[dict[str, Any]]:
    return [{"x": _middle(p), "y": p.y, "lo": p.lo, "hi": p.hi} for p in series.points]


def _layer(values: list[dict[str, Any]], mark: Mapping[str, Any], encoding: Mapping[str, Any]) -> Layer:
    return {"data": {"values": values}, "mark": dict(mark), "encoding": dict(encoding)}


BROKEN = "break-paths-show-domains"
"""How Vega-Lite treats a null on a path: the path ends there and starts anew."""


def line(series: Series, x: Encoding, y: Encoding, colour: str, width: float) -> Layer:
    """A line through the middles of the buckets; where nothing was measured there is no line."""
    mark = {"type": "line", "stroke": colour, "strokeWidth": width, "strokeJoin": "round", "invalid": BROKEN}
    return _layer(_rows(series), mark, {"x": {"field": "x", **x}, "y": {"field": "y", **y}})


def alone(series: Series, x: Encoding, y: Encoding, colour: str, width: float) -> Layer:
    """A dot for each bucket without neighbours, which a line would leave out."""
    rows = _rows(series)
    known = [False, *(r["y"] is not None for r in rows), False]
    dots = [r for i, r in enumerate(rows, 1) if known[i] and not known[i - 1] and not known[i + 1]]
    mark = {"type": "circle", "size": (2 * width) ** 2, "fill": colour, "opacity": 1}
    return _layer(dots, mark, {"x": {"field": "x", **x}, "y": {"field": "y", **y}})


def ribbon(series: Series, x: Encoding, y: Encoding, colour: str, opacity: float) -> Layer:
    """The stretch from `lo` to `hi`; it ends where the line does."""
    mark = {"type": "area", "fill": colour, "fillOpacity": opacity, "stroke": None, "clip": True, "invalid": BROKEN}
    return _layer(_rows(series), mark, {"x": {"field": "x", **x}, "y": {"field": "lo", **y}, "y2": {"field": "hi"}})


def area(series: Series, x: Encoding, y: Encoding, colour: str) -> Layer:
    """A light fill down to zero."""
    rows = [r | {"zero": 0} for r in _rows(series) if r["y"] is not None]
    mark = {"type": "area", "fill": colour, "fillOpacity": 0.14, "stroke": None}
    return _layer(rows, mark, {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "y2": {"field": "zero"}})


def band(low: float, high: float, y: Encoding, colour: str) -> Layer:
    """A stretch of y over the whole width."""
    encoding = {"y": {"field": "lo", **y}, "y2": {"field": "hi"}}
    return _layer([{"lo": low, "hi": high}], {"type": "rect", "fill": colour, "stroke": None}, encoding)


def bins(series: Series, x: Encoding, y: Encoding, colour: str) -> Layer:
    """Bars from `x` to `x2`, as wide as their bins."""
    rows = [{"x": p.x, "x2": p.x2, "y": p.y, "zero": 0} for p in series.points if p.y is not None]
    mark = {"type": "rect", "fill": colour, "fillOpacity": 0.55, "stroke": "white", "strokeWidth": 0.7}
    encoding = {"x": {"field": "x", **x}, "x2": {"field": "x2"}, "y": {"field": "y", **y}, "y2": {"field": "zero"}}
    return _layer(rows, mark, encoding)


def steps(series: Series, x: Encoding, y: Encoding, colour: str) -> Layer:
    """The outline of a histogram: up from zero, along each bin, down to zero."""
    known = [p for p in series.points if p.y is not None]
    rows: list[dict[str, Any]] = []
    for p in known:
        rows += [{"x": p.x, "y": p.y}, {"x": p.x2, "y": p.y}]
    if known:
        rows = [{"x": known[0].x, "y": 0}, *rows, {"x": known[-1].x2, "y": 0}]
    for i, row in enumerate(rows):
        row["i"] = i
    mark = {"type": "line", "stroke": colour, "strokeWidth": 1.6}
    order = {"field": "i", "type": "quantitative"}
    return _layer(rows, mark, {"x": {"field": "x", **x}, "y": {"field": "y", **y}, "order": order})


def cells(chart: Chart, x: Encoding, y: Encoding, shade: Encoding) -> Layer:
    """A heat map's cells: from `x` to `x2`, from `lo` to `hi`, shaded by `y`; what is not known stays blank."""
    rows = [
        {"x": iso(p.x), "x2": iso(p.x2), "lo": p.lo, "hi": p.hi, "y": p.y}
        for s in chart.series
        for p in s.points
        if p.y is not None and isinstance(p.x, datetime) and isinstance(p.x2, datetime)
    ]
    encoding = {"x": {"field": "x", **x}, "x2": {"field": "x2"}, "y": {"field": "lo", **y}, "y2": {"field": "hi"}}
    return _layer(rows, {"type": "rect", "stroke": None}, encoding | {"fill": {"field": "y", "type": "quantitative", **shade}})


def category_bars(
    series: Series, x: Encoding, y: Encoding, colour: str, size: float, loud: Sequence[str] = (), loud_colour: str = ""
) -> Layer:
    """Horizontal bars, `size` of a row high; those in `loud` in the other colour."""
    rows = [
        {"c": p.x, "y": p.y, "zero": 0, "colour": loud_colour if p.x in loud else colour}
        for p in series.points
        if p.y is not None
    ]
    mark = {"type": "bar", "height": {"band": size}}
    encoding = {
        "y": {"field": "c", **y},
        "x": {"field": "y", **x},
        "x2": {"field": "zero"},
        "fill": {"field": "colour", "type": "nominal", "scale": None},
    }
    return _layer(rows, mark, encoding)


def category_intervals(series: Series, x: Encoding, y: Encoding, colour: str) -> Layer:
    """Thin lines from `lo` to `hi`."""
    rows = [{"c": p.x, "lo": p.lo, "hi": p.hi} for p in series.points if p.lo is not None and p.hi is not None]
    encoding = {"y": {"field": "c", **y}, "x": {"field": "lo", **x}, "x2": {"field": "hi"}}
    return _layer(rows, {"type": "rule", "stroke": colour, "strokeWidth": 1.1}, encoding)


def change_columns(chart: Chart, names: Sequence[str], width: int, step: float, colours: tuple[str, str]) -> list[Layer]:
    """At the right of each category, in columns: the share before, the share now, the change."""
    before = {p.x: p.y for s in chart.of("reference") for p in s.points}
    after = {p.x: p for s in (*chart.of("current"), *chart.of("worst")) for p in s.points}
    layers = []
    for i, name in enumerate(names):
        old, point = before.get(name), after.get(name)
        new = point.y if point is not None else None
        now = f"<{_value(point.hi, chart.unit)}" if point is not None and new is None and point.hi is not None else None
        colour = colours[name in chart.highlight]
        change = axis.points(new - old) if old is not None and new is not None else ""
        texts = [(54, _value(old, chart.unit)), (70, "→"), (112, now or _value(new, chart.unit)), (176, change)]
        for px, text in texts if chart.unit == "%" else [(54, _value(new, chart.unit))]:
            layers.append(text_at(width + px, (i + 0.5) * step, text, colour, align="right", baseline="middle"))
    return layers


def _value(value: float | None, unit: str) -> str:
    return "–" if value is None else axis.measured(value, unit)


def _texts(rows: list[dict[str, Any]], size: int, bold: bool = False) -> Layer:
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": size, "clip": False}
    encoding = {
        "x": {"field": "px", **PIXEL},
        "y": {"field": "py", **PIXEL},
        "text": {"field": "text", "type": "nominal"},
        "color": {"field": "colour", "type": "nominal", "scale": None},
    }
    return _layer(rows, mark | ({"fontWeight": "bold"} if bold else {}), encoding)


def text_at(
    px: float,
    py: float,
    text: str,
    colour: str,
    *,
    size: int = 11,
    bold: bool = False,
    align: str = "left",
    baseline: str = "top",
) -> Layer:
    """A text at a pixel."""
    layer = _texts([{"px": px, "py": py, "text": text, "colour": colour}], size, bold)
    layer["mark"] |= {"align": align, "baseline": baseline}
    return layer


def rule(x1: float, y1: float, x2: float, y2: float, colour: str, dash: Sequence[int], width: float) -> Layer:
    """A straight line between two pixels."""
    encoding = {
        "x": {"field": "a", **PIXEL},
        "y": {"field": "b", **PIXEL},
        "x2": {"field": "c"},
        "y2": {"field": "d"},
    }
    mark = {"type": "rule", "stroke": colour, "strokeWidth": width, "strokeDash": list(dash), "clip": False}
    return _layer([{"a": x1, "b": y1, "c": x2, "d": y2}], mark, encoding)


def key_swatch(key: Key, px: float, py: float) -> Layer:
    """The sign of a legend entry."""
    if key.shape == "line":
        return rule(px, py, px + 15, py, key.colour, (), 2.0)
    row = {"a": px, "b": py - 5, "c": px + 15, "d": py + 5}
    mark = {"type": "rect", "fill": key.colour, "fillOpacity": key.opacity, "clip": False}
    encoding = {"x": {"field": "a", **PIXEL}, "y": {"field": "b", **PIXEL}, "x2": {"field": "c"}, "y2": {"field": "d"}}
    return _layer([row], mark, encoding)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places in the order given by `wanted` (sorted), at least `gap` apart and within `low..high` where they fit."""
    places: list[float] = []
    for want in wanted:
        places.append(max(want, places[-1] + gap) if places else max(want, low))
    limit = high
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], limit)
        limit = places[i] - gap
    return places


def end_labels(
    named: Sequence[tuple[Series, str, bool]],
    domain: tuple[float, float],
    span: tuple[datetime, datetime],
    width: int,
    height: int,
) -> list[Layer]:
    """A label at the end of each line, moved apart where they would touch, with a thin leader to its line."""
    ends = []
    low, high = domain
    start, end = span
    seconds = (end - start).total_seconds() or 1.0
    for series, colour, bold in named:
        known = [p for p in series.points if p.y is not None]
        if not known:
            continue
        last = known[-1]
        middle = datetime.fromisoformat(_middle(last))
        px = (middle - start).total_seconds() / seconds * width
        ends.append(((1 - (float(last.y or 0.0) - low) / (high - low)) * height, px, series.shown, colour, bold))
    ends.sort(key=lambda e: e[0])
    layers: list[Layer] = []
    for place, (py, px, label, colour, bold) in zip(spread([e[0] for e in ends], 14, 6, height - 4), ends, strict=True):
        layers.append(rule(px + 2, py, width + 16, place, colour if bold else "#D0D0D0", (), 0.8))
        layers.append(text_at(width + 20, place, label, colour, size=12 if bold else 11, bold=bold, baseline="middle"))
    return layers
