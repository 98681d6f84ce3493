import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_tui.stats import distances as d

REFERENCE, CURRENT = np.array([500, 300, 150, 50]), np.array([40, 30, 20, 10])


def test_psi_is_the_sum_it_says():
    """PSI is sum((c - r) ln(c / r)) of the smoothed shares."""
    r, c = (REFERENCE + 0.5) / 1002, (CURRENT + 0.5) / 102
    assert d.psi(REFERENCE, CURRENT) == pytest.approx(float(((c - r) * np.log(c / r)).sum()), rel=1e-14)


def test_psi_is_symmetric_and_zero_for_equal_shares():
    """Swapping the sides changes nothing; one distribution has no distance to itself."""
    assert d.psi(REFERENCE, CURRENT) == pytest.approx(d.psi(CURRENT, REFERENCE), rel=1e-14)
    assert d.psi(REFERENCE, REFERENCE) == 0.0


def test_an_empty_bin_never_explodes_psi_and_two_empty_bins_change_nothing():
    """One stray row in an empty bin of a large log is small; a bin empty on both sides is not there."""
    assert d.psi([10_000, 10_000, 0], [1_000, 1_000, 1]) < 0.01
    assert d.psi([10, 20, 0, 0], [30, 5, 0, 0]) == d.psi([10, 20], [30, 5])


def test_nothing_to_compare_has_no_distance():
    """An empty side gives zeros, and a test that cannot be made gives p = 1."""
    empty = [0, 0]
    assert d.psi(empty, [1, 2]) == d.js([1, 2], empty) == d.kl(empty, [1, 2]) == d.ks_from_counts(empty, [1, 2]) == 0.0
    assert d.psi_test(empty, [1, 2]) == 1.0 and d.psi_test([5], [9]) == 1.0
    assert d.psi_noise(10, 0, 100) == 0.0


def test_js_and_kl_agree_with_scipy():
    """JS is the distance in nats; KL is scipy's entropy."""
    assert d.js(REFERENCE, CURRENT) == pytest.approx(jensenshannon(REFERENCE, CURRENT), rel=1e-12)
    assert d.js([1, 0], [0, 1]) == pytest.approx(math.sqrt(math.log(2)), rel=1e-15)
    assert d.kl(CURRENT, REFERENCE, smoothing=0) == pytest.approx(stats.entropy(CURRENT, REFERENCE), rel=1e-12)
    assert d.kl([1, 1], [1, 0], smoothing=0) == math.inf and math.isfinite(d.kl([1, 1], [1, 0]))


def test_ks_agrees_with_scipy_with_ties_and_infinities():
    """The statistic is scipy's exact one."""
    rng = np.random.default_rng(3)
    a, b = np.round(rng.normal(0, 2, 3001)), np.append(rng.normal(0.3, 2, 1999), [np.inf, -np.inf])
    assert d.ks_two_sample(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic, rel=1e-12)
    assert d.ks_two_sample([], b) == 0.0


def test_ks_from_counts_never_exceeds_that_of_the_values():
    """Binning can only lose distance."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, 2000), rng.normal(0.2, 1, 1000)
    edges = np.linspace(-4, 4, 200)
    binned = d.ks_from_counts(np.histogram(a, edges)[0], np.histogram(b, edges)[0])
    assert binned <= d.ks_two_sample(a, b) <= binned + 0.02


def test_homogeneity_agrees_with_scipy_where_all_bins_are_full():
    """The test of drift is Pearson's."""
    want = stats.chi2_contingency([REFERENCE * 10, CURRENT * 10], correction=False)
    assert d.homogeneity(REFERENCE * 10, CURRENT * 10) == pytest.approx((want.statistic, want.dof), rel=1e-12)
    assert d.psi_test(REFERENCE * 10, CURRENT * 10) == pytest.approx(want.pvalue, rel=1e-11)


def test_the_noise_floor_is_what_no_drift_gives():
    """Two draws of one distribution with a thousand categories have the PSI that the floor predicts, and no small p."""
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.full(1000, 5.0))
    values, ps = [], []
    for _ in range(40):
        reference, current = rng.multinomial(40_000, shares), rng.multinomial(10_000, shares)
        values.append(d.psi(reference, current))
        ps.append(d.psi_test(reference, current))
    assert np.mean(values) == pytest.approx(d.psi_noise(1000, 40_000, 10_000), rel=0.12)
    assert sum(p < 0.05 for p in ps) <= 6
    assert min(ps) > 1e-4


def test_an_unseen_category_is_not_pooled_away():
    """A new category of one row in ten is drift beyond doubt, even beside many rare ones."""
    reference = np.append(np.full(200, 3), 0)
    current = np.append(np.full(200, 1), 40)
    assert d.psi_test(reference, current) < 1e-6
