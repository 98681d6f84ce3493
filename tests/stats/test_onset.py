from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlops_tui.stats.onset import onset, profile

START = datetime(2026, 9, 1, tzinfo=UTC)


def hours(rates, n, seed=1, noise=0.0):
    """Hourly buckets drawn with the given rates; `noise` adds a spread of the log-odds."""
    rng = np.random.default_rng(seed)
    rates = np.asarray(rates)
    if noise:
        logit = np.log(rates / (1 - rates)) + rng.normal(0, noise, len(rates))
        rates = 1 / (1 + np.exp(-logit))
    sizes = rng.poisson(n, len(rates))
    return [
        (START + timedelta(hours=i), int(m), int(rng.binomial(m, r))) for i, (m, r) in enumerate(zip(sizes, rates, strict=True))
    ]


def by_hour(at):
    return at.hour


@pytest.mark.parametrize("cut", [300, 500, 690])
def test_a_drop_is_found_within_the_hour_or_two(cut):
    """A fall from 61 % to 40 % is dated to the hour, and the interval holds the truth."""
    found = onset(hours([0.61] * cut + [0.40] * (720 - cut), 40))
    assert found is not None
    assert abs(found.at - (START + timedelta(hours=cut))) <= timedelta(hours=2)
    assert found.lo <= START + timedelta(hours=cut) <= found.hi
    assert found.after < found.before


def test_a_daily_rhythm_is_not_a_change():
    """Nights that approve less are the usual course, and do not date a change."""
    rhythm = [0.6 + 0.2 * np.sin(2 * np.pi * (i % 24) / 24) for i in range(720)]
    assert onset(hours(rhythm, 30), season=by_hour) is None


def test_a_change_is_found_beneath_the_rhythm():
    """With the hour of day removed, a shift half as big as the rhythm is dated."""
    rates = [0.6 + 0.2 * np.sin(2 * np.pi * (i % 24) / 24) - (0.1 if i >= 600 else 0) for i in range(720)]
    found = onset(hours(rates, 60), season=by_hour)
    assert found is not None
    assert abs(found.at - (START + timedelta(hours=600))) <= timedelta(hours=6)


def test_coins_alone_have_no_onset():
    """In forty series without a change at most one is dated."""
    assert sum(onset(hours([0.5] * 500, 20, seed=s), season=by_hour) is not None for s in range(40)) <= 1


def test_overdispersed_rates_have_no_onset():
    """Rates that wander more than coins are discounted by what they wander."""
    assert sum(onset(hours([0.5] * 500, 80, seed=s, noise=0.5), season=by_hour) is not None for s in range(40)) <= 2


def test_a_rate_of_one_may_fall_to_nought():
    """Degenerate rates on both sides are dated too."""
    found = onset(hours([1.0] * 100 + [0.0] * 20, 10))
    assert found is not None and found.at == START + timedelta(hours=100)


def test_too_little_to_say():
    """No rows, one bucket, or empty buckets have no onset."""
    assert onset([]) is None
    assert onset([(START, 5, 1)]) is None
    assert onset([(START + timedelta(hours=i), 0, 0) for i in range(9)]) is None


def test_the_profile_shrinks_rare_hours():
    """An hour with one decision is not believed against the whole."""
    usual = profile([(START, 1, 0), (START + timedelta(hours=1), 1000, 900)], by_hour)
    assert usual[0] > 0.8 and usual[-1] == pytest.approx(0.9, abs=0.01)


def test_a_wandering_rate_is_dated_by_the_window_that_is_off():
    """A rate that wandered a little weeks ago is dated to where it began to look like now, not to where it wandered."""
    series = hours([0.30] * 200 + [0.36] * 300 + [0.30] * 150 + [0.75] * 70, 40)
    found = onset(series, season=by_hour, window=START + timedelta(hours=696))
    assert found is not None
    assert abs(found.at - (START + timedelta(hours=650))) <= timedelta(hours=2)


@pytest.mark.parametrize("cut", [480, 560, 690])
def test_the_window_may_begin_before_or_after_the_change(cut):
    """A seven-day window dates a change within it, and one that began before it."""
    found = onset(hours([0.61] * cut + [0.45] * (720 - cut), 40), season=by_hour, window=START + timedelta(hours=552))
    assert found is not None
    assert abs(found.at - (START + timedelta(hours=cut))) <= timedelta(hours=3)
