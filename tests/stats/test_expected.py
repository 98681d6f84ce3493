import numpy as np
import pytest

from mlops_tui.stats.expected import expected


def weeks(count, level, seed=1, spread=0.1, weekend=0.4):
    """`count` weeks of daily totals as (season, rows); season 0 is a working day, weekends are lower."""
    rng = np.random.default_rng(seed)
    return [
        (day, int(rng.poisson(level * (weekend if day >= 5 else 1) * np.exp(rng.normal(0, spread)))))
        for _ in range(count)
        for day in range(7)
    ]


def test_the_same_weekday_is_the_expectation():
    """Quiet weekends do not lower what a working day is held against."""
    got = expected(1000, weeks(8, 1000))
    assert got.count == pytest.approx(1000, rel=0.15)
    assert abs(got.z) < 2.5 and got.lo < 1000 < got.hi


def test_a_halved_day_is_a_surprise_and_a_usual_one_is_not():
    """Half the rows is far out; what earlier days varied anyway is not."""
    assert expected(500, weeks(8, 1000)).z < -4
    assert sum(abs(expected(days[-7][1], days[:-7]).z) > 1.96 for s in range(200) if (days := weeks(9, 1000, seed=s))) <= 24


def test_overdispersed_counts_are_not_held_to_poisson():
    """At a million rows a day two per cent more is no news when days vary by ten."""
    got = expected(1_020_000, weeks(8, 1_000_000))
    assert abs(got.z) < 2


def test_an_incident_in_the_past_does_not_hide_the_next():
    """One dead day in the history leaves the spread nearly as it was."""
    earlier = weeks(8, 1000)
    earlier[14] = (0, 0)
    assert expected(400, earlier).z < -4


def test_silence_is_a_surprise_and_few_rows_are_not():
    """No rows where a thousand are usual is far out; none where two are usual is not."""
    assert expected(0, weeks(8, 1000)).z < -6
    assert abs(expected(0, [(0, 2), (0, 1), (0, 3), (0, 2), (0, 2)]).z) < 2


def test_too_little_history_says_nothing():
    """Two earlier windows are no history; three are, with a spread to match."""
    assert expected(5, [(0, 10), (0, 12)]) is None
    assert abs(expected(60, [(1, 100), (2, 130), (3, 80)]).z) < 2


def test_constant_history_keeps_the_poisson_floor():
    """Identical earlier counts do not make the next row a miracle."""
    assert abs(expected(105, [(0, 100)] * 20).z) < 1
