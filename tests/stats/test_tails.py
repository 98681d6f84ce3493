import math

import pytest
from scipy import special, stats

from mlops_tui.stats import tails


@pytest.mark.parametrize("z", [-8, -1, 0, 0.5, 1.96, 5, 12, 20, 30, 37])
def test_normal_tail_agrees_with_scipy(z):
    """The normal tail is right to 1e-12 from the middle to the end of the doubles."""
    assert tails.normal_sf(z) == pytest.approx(stats.norm.sf(z), rel=1e-12)
    assert tails.normal_log_sf(z) == pytest.approx(stats.norm.logsf(z), rel=1e-12)


@pytest.mark.parametrize("z", [26, 40, 200, 5000])
def test_normal_log_tail_goes_on_where_the_tail_underflows(z):
    """Beyond the doubles the log tail still ranks."""
    assert tails.normal_log_sf(z) == pytest.approx(stats.norm.logsf(z), rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 9, 10, 40, 101, 1000])
@pytest.mark.parametrize("factor", [0.001, 0.3, 0.9, 1.0, 1.1, 1.5, 3, 8])
def test_chi2_tail_agrees_with_scipy(df, factor):
    """The chi-squared tail is right to 1e-12 relative, also far out."""
    want = stats.chi2.sf(df * factor, df)
    if want > 1e-290:
        assert tails.chi2_sf(df * factor, df) == pytest.approx(want, rel=1e-12)
    else:
        assert tails.chi2_log_sf(df * factor, df) < math.log(1e-289)


def test_chi2_tail_at_its_ends():
    """Nothing is surprising at 0, everything at infinity, and no degrees of freedom are refused."""
    assert tails.chi2_sf(0, 3) == 1 and tails.chi2_sf(math.inf, 3) == 0
    with pytest.raises(ValueError, match="degrees of freedom"):
        tails.chi2_sf(1, 0)


@pytest.mark.parametrize("x", [0.01, 0.05, 0.2, 0.5, 1, 1.17, 1.19, 1.5, 3, 10, 18])
def test_kolmogorov_tail_agrees_with_scipy(x):
    """Both series of Kolmogorov's distribution are right to 1e-12."""
    assert tails.kolmogorov_sf(x) == pytest.approx(special.kolmogorov(x), rel=1e-12)


def test_ks_tail_of_empty_samples_says_nothing():
    """Without values nothing differs."""
    assert tails.ks_sf(0.9, 0, 10) == 1.0
    assert tails.ks_sf(0.1, 400, 600) == pytest.approx(special.kolmogorov(0.1 * math.sqrt(240)), rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 6, 20, 49, 300])
@pytest.mark.parametrize("t", [0, 0.1, -0.7, 1, 2, -5, 20, 300])
def test_student_tail_agrees_with_scipy(df, t):
    """Student's two-sided p is right, few degrees of freedom included."""
    want = 2 * stats.t.sf(abs(t), df)
    if want > 1e-290:
        assert math.exp(tails.student_log_p(t, df)) == pytest.approx(want, rel=1e-11)


@pytest.mark.parametrize("z", [0.01, 0.5, 1.959963984540054, 8, 37, 300])
def test_surprise_inverts_the_two_sided_tail(z):
    """The surprise of the tail beyond z is z, also where the tail underflows."""
    assert tails.surprise(tails.normal_log_sf(z) + math.log(2)) == pytest.approx(z, rel=1e-9)


def test_surprise_of_one_degree_is_the_root_of_the_deviance():
    """A deviance with one degree of freedom is as surprising as its square root says."""
    assert tails.surprise(tails.chi2_log_sf(50_000.0, 1)) == pytest.approx(math.sqrt(50_000), rel=1e-9)
    assert tails.surprise(0.0) == 0.0
