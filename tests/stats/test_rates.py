import itertools
import math

import pytest
from scipy import stats

from mlops_tui.stats import rates


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (1, 1000), (450, 1000)])
@pytest.mark.parametrize("conf", [0.9, 0.95, 0.99])
def test_wilson_agrees_with_scipy(k, n, conf):
    """Wilson's interval is scipy's, ends included."""
    want = stats.binomtest(k, n).proportion_ci(conf, method="wilson")
    assert rates.wilson(k, n, conf) == pytest.approx((want.low, want.high), rel=1e-12, abs=1e-15)


def test_wilson_of_nothing_knows_nothing():
    """Without rows the rate may be anything."""
    assert rates.wilson(0, 0) == (0.0, 1.0)
    assert rates.newcombe(0, 0, 3, 5) == (-1.0, 1.0)


def test_newcombe_gives_the_published_interval():
    """Newcombe's own example: 56/70 against 48/80 is 0.0524 to 0.3339 (1998, table II, method 10)."""
    assert rates.newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert rates.newcombe(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@pytest.mark.parametrize("table", [(120, 400, 200, 500), (30, 60, 20, 70), (5000, 10_000, 5100, 10_000)])
def test_two_proportions_agree_with_the_chi_squared_test(table):
    """With enough counts z² is Pearson's statistic and p is its tail."""
    k1, n1, k0, n0 = table
    want = stats.chi2_contingency([[k1, n1 - k1], [k0, n0 - k0]], correction=False)
    z, p = rates.two_proportion(*table)
    assert z * z == pytest.approx(want.statistic, rel=1e-12)
    assert p == pytest.approx(want.pvalue, rel=1e-11)


@pytest.mark.parametrize("table", [(0, 40, 4, 300), (3, 8, 1, 9), (39, 40, 300, 300), (5, 5, 0, 4)])
def test_few_counts_use_fishers_mid_p(table):
    """Below five expected counts p is Fisher's exact p less half the probability of the tables as likely as the one seen."""
    k1, n1, k0, n0 = table
    whole = stats.hypergeom(n1 + n0, k1 + k0, n1)
    exact = stats.fisher_exact([[k1, n1 - k1], [k0, n0 - k0]]).pvalue
    ties = sum(p for k in range(n1 + 1) if math.isclose(p := whole.pmf(k), whole.pmf(k1), rel_tol=1e-7))
    assert rates.two_proportion(*table)[1] == pytest.approx(exact - ties / 2, rel=1e-9)


def test_an_empty_or_constant_side_is_no_evidence():
    """No rows, or only one outcome on both sides, prove nothing."""
    assert rates.two_proportion(0, 0, 5, 10) == (0.0, 1.0)
    assert rates.two_proportion(10, 10, 20, 20) == (0.0, 1.0)


def test_deviance_agrees_with_scipy_and_adds_up_over_slices():
    """G² is scipy's; a move in one slice surprises more there than in the whole that dilutes it."""
    want = stats.chi2_contingency([[120, 280], [200, 300]], correction=False, lambda_="log-likelihood").statistic
    assert rates.rate_deviance(120, 400, 200, 500) == pytest.approx(want, rel=1e-10)
    slice_ = rates.rate_deviance(400, 1000, 600, 1000)
    whole = rates.rate_deviance(400 + 3000, 6000, 600 + 3000, 6000)
    assert slice_ > 3 * whole
    assert rates.rate_deviance(0, 0, 1, 2) == 0.0


def test_benjamini_hochberg_agrees_with_scipy():
    """q-values keep the order given and are scipy's."""
    ps = [0.01, 0.8, 0.04, 0.0001, 0.04, 1.0, 0.2]
    assert rates.benjamini_hochberg(ps) == pytest.approx(stats.false_discovery_control(ps), rel=1e-12)
    assert rates.benjamini_hochberg([]) == []


def test_a_rate_is_beyond_a_bound_only_with_enough_rows():
    """Three of twenty says little about a bound of 8 %, three hundred of two thousand says much."""
    few, many = rates.beyond(3, 20, 0.08), rates.beyond(300, 2000, 0.08)
    assert few > 0.05 > 1e-6 > many
    assert rates.beyond(0, 0, 0.1) == 1.0 and rates.beyond(1, 50, 0.0) == 0.0


def test_intervals_hold_their_level():
    """Over all outcomes of a small design, Newcombe's interval covers the true difference close to 95 % of the time."""
    n1, n0, p1, p0 = 40, 60, 0.3, 0.45
    first, second = stats.binom(n1, p1), stats.binom(n0, p0)
    cover = 0.0
    for k1, k0 in itertools.product(range(n1 + 1), range(n0 + 1)):
        lo, hi = rates.newcombe(k1, n1, k0, n0)
        cover += first.pmf(k1) * second.pmf(k0) * (lo <= p1 - p0 <= hi)
    assert 0.94 < cover < 0.97
