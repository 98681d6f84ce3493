"""Round ticks, honest domains, numbers with their unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import chart_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.report import axis, cells


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e9), st.integers(2, 12))
def test_ticks_are_few_and_inside(low, size, most):
    """There are never more ticks than asked (and the one at the start), and all lie within."""
    high = low + size
    marks = axis.ticks(low, high, most)
    assert len(marks) <= most + 1
    assert all(low - size * 1e-6 <= m <= high + size * 1e-6 for m in marks)


@pytest.mark.parametrize(
    ("value", "unit", "step", "text"),
    [
        (0.6, "%", 0.1, "60%"),
        (0.025, "%", 0.025, "2.5%"),
        (1200.0, "rows", 200.0, "1,200"),
        (24_000.0, "rows", 2000.0, "24k"),
        (1_500_000.0, "rows", 500_000.0, "1.5M"),
        (0.0, "rows", 500_000.0, "0"),
        (0.25, "", 0.05, "0.25"),
    ],
)
def test_numbers_with_units(value, unit, step, text):
    """A tick says its value in the unit, with as many decimals as its step needs."""
    assert axis.number(value, unit, step) == text


def test_bars_and_volumes_start_at_zero():
    """What has a length starts at zero; a rate's line may not, but stays within 0 and 1."""
    assert axis.y_domain(samples.upstream_volume())[0] == 0.0
    assert axis.y_domain(samples.bank_label())[0] == 0.0
    assert axis.y_domain(replace(samples.upstream_volume(), series=())) == (0.0, 1.0)
    low, high = axis.y_domain(samples.decision_rate())
    assert 0 < low < 0.4 < 0.7 < high <= 1


def test_days_are_midnights():
    """Time ticks are midnights in UTC, no more than asked; hours where there are no two days."""
    start = datetime(2026, 10, 4, 3, tzinfo=UTC)
    marks = axis.days(start, start + timedelta(days=10), 6)
    assert len(marks) <= 6 and all(m.hour == 0 for m in marks)
    assert [axis.day_label(m) for m in axis.days(start, start + timedelta(hours=12), 6)] == ["06h", "12h"]


def test_a_small_share_is_not_zero():
    """What is not zero never reads as zero, and a change of nothing has no sign."""
    assert axis.percent(0.0001) == "<0.1%"
    assert axis.percent(0.0) == "0.0%"
    assert axis.points(-0.00001) == "0.0 pp"


@given(st.text(max_size=40), st.integers(0, 30))
def test_cells_are_exact(text, width):
    """Padded text is exactly as wide as asked, whatever it holds."""
    plain = "".join(c for c in text if c.isprintable())
    assert cells.wide(cells.left(plain, width)) <= width or width == 0
    assert cells.wide(cells.cut(plain, width)) <= max(width, 0)
