import math

import numpy as np
import pytest
from scipy import stats as scipy

from mlops_tui.stats.usual import usual


def days(values, season=7):
    """Values by day, the latest first, with their weekday counted from that of the value in question."""
    return [((i + 1) % season, float(v)) for i, v in enumerate(values)]


def test_where_sampling_explains_everything_the_tail_is_normal():
    """Earlier values that vary no more than coins leave the value to the normal test."""
    earlier = days(np.tile([0.599, 0.601], 14))
    found = usual(0.63, earlier, noise=0.01)
    z = (0.63 - 0.6) / math.hypot(0.01, 0.01 / math.sqrt(28))
    assert math.exp(found.log_p) == pytest.approx(2 * scipy.norm.sf(z), rel=1e-9)


def test_what_varies_by_itself_makes_more_of_a_move_usual():
    """The learned spread widens the band, with Student's tail."""
    rng = np.random.default_rng(1)
    calm, wild = days(rng.normal(0.6, 0.01, 28)), days(rng.normal(0.6, 0.05, 28))
    assert usual(0.68, calm, noise=0.01).log_p < math.log(0.001) < usual(0.68, wild, noise=0.01).log_p


def test_one_incident_in_the_past_does_not_hide_the_next():
    """A median absolute deviation is not inflated by three days of thirty."""
    rng = np.random.default_rng(2)
    values = rng.normal(0.97, 0.01, 28)
    values[5:8] = 0.2
    assert usual(0.8, days(values), noise=0.005).log_p < math.log(0.001)


def test_the_same_weekday_speaks_for_itself_where_it_agrees():
    """A Sunday is like its Sundays; Sundays of which half were broken are not the course of a Sunday."""
    rng = np.random.default_rng(3)
    values = rng.normal(0.6, 0.01, 28)
    values[6::7] = 0.4 + rng.normal(0, 0.01, 4)
    assert usual(0.4, days(values), noise=0.01).log_p > math.log(0.05)
    values[6::7] = [0.4, 0.4, 0.6, 0.6]
    assert usual(0.4, days(values), noise=0.01).log_p < math.log(0.01)


def test_too_few_earlier_values_say_nothing():
    """Three days are no custom."""
    assert usual(0.4, days([0.6, 0.6, 0.6]), noise=0.01) is None


def test_values_without_any_spread_do_not_divide_by_zero():
    """A rate that was always 1 makes any other rate a surprise, and the same rate none."""
    assert usual(1.0, days([1.0] * 10), noise=0.0).log_p == 0.0
    assert usual(0.9, days([1.0] * 10), noise=0.0).log_p < -100
