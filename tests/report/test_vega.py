"""The Vega-Lite value and the PNG made of it."""

from __future__ import annotations

import json
import struct
import sys
from dataclasses import replace

import chart_samples as samples
import pytest

from mlops_tui.core.errors import RunbookError
from mlops_tui.report import pngs, vega_lite
from mlops_tui.report.chart import Chart, Mark, Point, Series
from mlops_tui.report.vega_parts import spread

PNG = b"\x89PNG\r\n\x1a\n"


def texts(spec):
    """Every text that a specification writes at a pixel."""
    return [row["text"] for layer in spec["layer"] for row in layer["data"]["values"] if "text" in row]


def widths(images):
    return [struct.unpack(">II", image[16:24]) for image in images]


def test_pngs_of_all_samples():
    """Each chart becomes one PNG of a readable size, in order, from one child process."""
    images = pngs([make() for make in samples.ALL])
    assert len(images) == len(samples.ALL)
    assert all(image.startswith(PNG) for image in images)
    assert all(1200 < w < 2400 and 600 < h < 1400 for w, h in widths(images))
    assert "vl_convert" not in sys.modules


def test_no_charts_no_process():
    """Nothing is drawn for nothing."""
    assert pngs([]) == []


def test_hostile_text_and_empty_charts_are_drawn():
    """Markup and quotes in the data are text; an empty chart is an image that says so."""
    evil = "</svg><script>\"'&\\ ${x} datum.y"
    chart = replace(
        samples.bank_label(),
        title=evil,
        series=(Series(evil, "reference", (Point(evil, 0.5),)), Series(evil, "current", (Point(evil, 0.4),))),
        highlight=(evil,),
    )
    empty = Chart("x", "lines", "t", "s", "x", "y", "%", (Series("a", "other", ()),))
    assert all(
        image.startswith(PNG) for image in pngs([chart, empty, replace(empty, form="bars"), replace(empty, form="histogram")])
    )


def test_too_slow_is_an_error():
    """A child that does not answer in time is an error with a reason, not a hang."""
    with pytest.raises(RunbookError, match="not drawn within"):
        pngs([samples.decision_rate()], timeout=0.001)


def test_all_data_is_inline():
    """A specification fetches nothing: no URL in it but its schema's."""
    for make in samples.ALL:
        spec = vega_lite(make())
        schema = spec.pop("$schema")
        assert schema.endswith("v6.json")
        assert "http" not in json.dumps(spec) and "url" not in json.dumps(spec)


def test_labels_stand_apart():
    """Labels at the lines' ends keep their order, their distance, and stay within the plot where they fit."""
    places = spread([10.0, 11.0, 12.0, 300.0], 14.0, 6.0, 316.0)
    assert places == [10.0, 24.0, 38.0, 300.0]
    crowded = spread([310.0, 312.0, 315.0], 14.0, 6.0, 316.0)
    assert crowded == [288.0, 302.0, 316.0]


def test_marks_do_not_overlap():
    """Two marks near each other write their labels in two rows, the earlier one above."""
    chart = samples.decision_rate()
    spec = vega_lite(chart)
    rows = {row["text"]: row["py"] for layer in spec["layer"] for row in layer["data"]["values"] if "text" in row}
    assert rows["compared: last 24 h"] < rows["onset 13 Oct 09:00Z"] < 0
    apart = replace(chart, marks=(Mark(samples.START, "first"), Mark(samples.ONSET, "second", "onset")))
    rows = {row["text"]: row["py"] for layer in vega_lite(apart)["layer"] for row in layer["data"]["values"] if "text" in row}
    assert rows["first"] == rows["second"]


def test_marks_outside_are_left_out():
    """A mark before the first bucket is not drawn at the edge."""
    early = Mark(samples.START.replace(year=2025), "long ago")
    assert "long ago" not in texts(vega_lite(replace(samples.decision_rate(), marks=(early,))))


def test_every_series_is_named():
    """Each series is named beside its line or in the legend row; the rows of a heat map stand on its axis."""
    for chart in (make() for make in samples.ALL if make is not samples.score_heatmap):
        assert {s.shown for s in chart.series} <= set(texts(vega_lite(chart)))


def test_a_lonely_bucket_is_a_dot():
    """A bucket between two gaps is drawn as a dot, since no line passes through it."""
    chart = samples.decision_rate()
    worst = chart.series[-1]
    points = tuple(p if i == 5 else replace(p, y=None, lo=None, hi=None) for i, p in enumerate(worst.points))
    spec = vega_lite(replace(chart, series=(replace(worst, points=points),)))
    dots = [layer for layer in spec["layer"] if layer["mark"]["type"] == "circle"]
    assert [len(layer["data"]["values"]) for layer in dots] == [1]
