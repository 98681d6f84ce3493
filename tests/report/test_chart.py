"""A chart is a value: it survives JSON, and nothing in it can harm a screen."""

from __future__ import annotations

import json
from dataclasses import replace

import chart_samples as samples
import pytest

from mlops_tui.report.chart import Chart, cleaned, from_json


@pytest.mark.parametrize("make", samples.ALL)
def test_json_and_back(make):
    """A chart survives JSON to 10 significant digits, and equal charts have equal hashes."""
    chart = make()
    again = from_json(json.loads(json.dumps(chart.as_json())))
    assert again.as_json() == chart.as_json()
    assert again.sha256 == chart.sha256 == make().sha256
    assert [s.role for s in again.series] == [s.role for s in chart.series]


def test_text_from_data_is_cleaned():
    """Control characters and line breaks from data are gone before a renderer sees them."""
    chart = samples.bank_label()
    evil = replace(chart, title="a\x1b[31m\nb", highlight=("x\x07",), note="\u202ereversed")
    tidy = cleaned(evil)
    shown = json.dumps(tidy.as_json(), ensure_ascii=False)
    assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown and "\\n" not in tidy.title


def test_an_empty_chart_knows_it():
    """A chart without a single value says that there is nothing to draw."""
    chart = samples.decision_rate()
    assert not chart.empty
    assert Chart("x", "lines", "t", "s", "x", "y", "%", ()).empty
