"""Charts in a terminal: they fit, they need no colour, and a reviewer can read the goldens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import chart_samples as samples
import pytest

from mlops_tui.report import cells, draw
from mlops_tui.report.chart import Chart, Point, Series

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("make", samples.ALL)
def test_looks_as_reviewed(make):
    """Each sample looks as it did when it was reviewed (delete the golden, run, and look, to change one)."""
    path = GOLDEN / f"{make.__name__}.txt"
    text = draw(make()) + "\n"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", samples.ALL)
@pytest.mark.parametrize(("width", "height"), [(78, 18), (60, 14), (120, 30)])
def test_fits(make, width, height):
    """No line is wider than asked, and there are no more lines than asked."""
    lines = draw(make(), width, height).split("\n")
    assert max(cells.wide(line) for line in lines) <= width
    assert len(lines) <= height


@pytest.mark.parametrize("make", samples.ALL)
def test_ascii_means_ascii(make):
    """Without Unicode a chart is drawn in ASCII alone."""
    assert draw(make(), ascii=True).isascii()


@pytest.mark.parametrize("make", samples.ALL)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (40, 5), (300, 80)])
def test_odd_sizes_do_not_fail(make, width, height):
    """A window of any size gets some drawing; below 40 columns it is as wide as 40."""
    assert max(cells.wide(line) for line in draw(make(), width, height).split("\n")) <= max(width, 40)


def test_the_worst_slice_is_told_without_colour():
    """The highlighted line has its own sign, its own label and stands first in the legend."""
    text = draw(samples.decision_rate())
    assert "▀ ES   · the others" in text
    assert "ES 40%" in text


def test_a_gap_is_blank():
    """Where nothing was measured nothing is drawn; it is not a zero."""
    chart = samples.decision_rate()
    worst = chart.series[-1]
    holes = tuple(replace(p, y=None, lo=None, hi=None) if 20 <= i < 50 else p for i, p in enumerate(worst.points))
    rows = draw(replace(chart, series=(replace(worst, points=holes),), band=None, marks=())).split("\n")
    plot = [r for r in rows if "│" in r or "┤" in r]
    assert all(r[26:40].strip() == "" for r in plot)


def test_nothing_to_draw_is_said():
    """An empty chart says so instead of drawing axes of nothing."""
    assert "nothing to draw" in draw(Chart("x", "lines", "t", "s", "x", "y", "%", (Series("a", "other", ()),)))


def test_one_bucket_and_all_equal_values():
    """A single bucket, and values that never move, still give a chart."""
    p = samples.decision_rate().series[0].points[0]
    for series in (
        Series("a", "worst", (replace(p, lo=None, hi=None),)),
        Series("a", "current", (replace(p, y=0.0, lo=None, hi=None),)),
    ):
        chart = replace(samples.decision_rate(), series=(series,), band=None, marks=())
        assert "share of decisions" in draw(chart)
    assert draw(replace(samples.upstream_volume(), series=(Series("b", "current", (replace(p, y=0.0),)),)))


def test_control_characters_of_a_category_are_not_drawn():
    """A value from the log cannot move the cursor."""
    evil = Series("reference", "reference", (Point("a\x1b[2J\nb", 0.5), Point("漢字" * 40, 0.5)))
    text = draw(replace(samples.bank_label(), series=(evil, replace(evil, name="now", role="current"))))
    assert "\x1b" not in text
    assert max(cells.wide(line) for line in text.split("\n")) <= 78


def test_many_categories_keep_missing_and_unseen():
    """Where the rows run out, the missing and the unseen bins stay and the number left out is said."""
    names = [f"c{i}" for i in range(40)] + ["(missing)", "(not in the reference)"]
    side = tuple(Point(n, 1 / 42) for n in names)
    chart = replace(samples.bank_label(), series=(Series("r", "reference", side), Series("c", "current", side)))
    text = draw(chart)
    assert "(missing)" in text and "(not in the reference)" in text and "more categories left out" in text
    assert len(text.split("\n")) <= 18
