"""Findings as people read them: charts (one value, many renderings) and tables."""

from mlops_tui.report.builders import CHARTS, build
from mlops_tui.report.chart import Band, Chart, Mark, Point, Series
from mlops_tui.report.png import pngs
from mlops_tui.report.text import draw
from mlops_tui.report.vega import vega_lite

__all__ = ["CHARTS", "Band", "Chart", "Mark", "Point", "Series", "build", "draw", "pngs", "vega_lite"]
