"""What leaves names no count of 1 to 9, and lets none be counted back."""

from __future__ import annotations

from dataclasses import replace

import chart_samples as samples
import pytest

from mlops_tui.core.finding import Finding
from mlops_tui.report import draw, publish, vega_lite
from mlops_tui.report.chart import Point


def small_counts(chart):
    return [p.n for s in chart.series for p in s.points if publish.small(p.n)]


def fewer(chart, by):
    """The same chart with counts divided; shares as before."""
    series = (
        replace(s, points=tuple(replace(p, n=None if p.n is None else p.n // by) for p in s.points)) for s in chart.series
    )
    return replace(chart, series=tuple(series))


@pytest.mark.parametrize("make", samples.ALL)
def test_nothing_changes_where_nothing_is_small(make):
    """A chart without small counts leaves as it is, but for counts that its parts would betray."""
    chart = publish.chart(make())
    assert [[p.y for p in s.points] for s in chart.series] == [[p.y for p in s.points] for s in make().series] or small_counts(
        make()
    )


@pytest.mark.parametrize("make", samples.ALL)
@pytest.mark.parametrize("by", [1, 10, 40, 1000])
def test_no_small_count_leaves(make, by):
    """However few rows there are, no point of what leaves has 1 to 9 of them, and it still can be drawn."""
    chart = publish.chart(fewer(make(), by))
    assert not small_counts(chart)
    assert draw(chart) and vega_lite(chart)["layer"]


def test_a_histogram_gets_wider_bins_first():
    """Bins are joined before any is left out, and their shares still add up."""
    chart = fewer(samples.score_histogram(), 60)
    told = publish.chart(chart)
    assert len(told.series[1].points) < len(chart.series[1].points)
    assert sum(p.y or 0.0 for p in told.series[0].points) == pytest.approx(1.0)


def test_a_single_small_category_does_not_stand_alone():
    """Where one category is hidden another is too, since shares add up to one; the small one is told as less than ten."""
    chart = samples.bank_label()
    points = tuple(replace(p, y=3 / 2000, n=3) if p.x == "cash" else p for p in chart.series[1].points)
    told = publish.chart(replace(chart, series=(chart.series[0], replace(chart.series[1], points=points))))
    hidden = [p for p in told.series[1].points if p.y is None]
    assert [p.x for p in hidden if p.hi is not None] == ["cash"] and len(hidden) == 2
    assert hidden[-1].n is None and next(p.hi for p in hidden if p.hi) == pytest.approx(10 / 2000)
    assert "<0.5%" in draw(told)
    assert "fewer than 10 rows" in told.note


def test_a_line_has_a_gap_where_few_decided():
    """A bucket of fewer than ten decisions is a gap; what would give a small part away has no count."""
    chart = samples.decision_rate()
    worst = chart.series[-1]
    points = (replace(worst.points[0], n=9), replace(worst.points[1], n=40, y=0.1), *worst.points[2:])
    told = publish.chart(replace(chart, series=(*chart.series[:-1], replace(worst, points=points)))).series[-1].points
    assert told[0].y is None and told[1].y == 0.1 and told[1].n is None and told[2] == points[2]


def test_a_few_rows_of_a_source_are_a_gap():
    """A handful of rows is not told, no rows at all are."""
    chart = samples.upstream_volume()
    now = chart.series[1]
    points = (replace(now.points[0], y=4.0), replace(now.points[1], y=0.0), *now.points[2:])
    told = publish.chart(replace(chart, series=(chart.series[0], replace(now, points=points)))).series[1].points
    assert told[0].y is None and told[1].y == 0.0


def test_a_sparse_heat_map_gets_coarser():
    """Rows and buckets are joined until most cells can be told, and columns still add up."""
    chart = samples.score_heatmap(buckets=40, n=60)
    told = publish.chart(chart)
    assert len(told.series) < len(chart.series)
    assert told.series[-1].points[-1].x2 == chart.series[-1].points[-1].x2
    cells = [p for s in told.series for p in s.points]
    assert sum(p.y is None for p in cells) < len(cells) / 2


def test_findings_without_few_rows_are_untouched():
    """A Finding of many rows leaves as it is, one of few loses its count and its sentence."""
    told = Finding(
        "ok", "model", "monitoring", "decision_rate", "decision_rate", "m", "approved", n=40, summary="40 decisions."
    )
    assert publish.finding(told) is told
    few = publish.finding(told.but(n=4, status="insufficient", summary="4 decisions.", slice={"region": "MT"}))
    assert few.n is None and "4" not in few.summary and "region=MT" in few.summary
    lost = told.but(kind="volume", check_name="volume", target="feed", unit="rows", status="crit", n=3, change=-0.99)
    assert publish.finding(lost).summary == "Volume feed, all: -99.0%; fewer than 10 rows stand behind it."


def test_points_of_no_rows_stay():
    """Zero is no small count."""
    assert not publish.small(0) and publish.small(1) and publish.small(9) and not publish.small(10)
    assert Point("a", 0.0, n=0).y == 0.0
