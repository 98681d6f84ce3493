import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlops_tui.stats import bins


def test_smooth_values_get_ten_equal_bins():
    """Without ties the bins are the deciles of the reference."""
    values = np.random.default_rng(1).normal(size=10_000)
    edges = bins.quantile_edges(values)
    assert edges == pytest.approx(np.quantile(values, np.arange(1, 10) / 10))
    assert set(bins.bin_counts(values, edges)) == {1000, 0}


def test_a_dominating_value_has_a_bin_of_its_own():
    """A feature that is 99 % zeros keeps zero apart from what is above it."""
    values = np.concatenate([np.zeros(9900), np.random.default_rng(2).exponential(size=100)])
    edges = bins.quantile_edges(values)
    counts = bins.bin_counts(values, edges)
    assert 9900 in counts
    assert bins.bin_codes([0.0], edges) != bins.bin_codes([1e-9], edges)


def test_a_constant_that_changes_changes_its_bin():
    """5 to 5.2 is drift even where the reference never varied."""
    edges = bins.quantile_edges(np.full(500, 5.0))
    codes = bins.bin_codes([4.9, 5.0, 5.2], edges)
    assert len(set(codes.tolist())) == 3


def test_missing_and_infinite_values_are_counted_apart():
    """NaN has the last bin; infinities fall into the open ends and never shape the edges."""
    values = np.array([1.0, 2.0, 3.0, np.nan, np.inf, -np.inf])
    edges = bins.quantile_edges(values)
    assert np.isfinite(edges).all()
    counts = bins.bin_counts(values, edges)
    assert counts[-1] == 1 and counts[0] == 1 and counts[-2] == 1


def test_nothing_known_gives_one_bin_and_the_missing():
    """A column that is all null in the reference still bins."""
    edges = bins.quantile_edges(np.array([np.nan, np.nan]))
    assert len(edges) == 0
    assert bins.bin_counts([1.0, np.nan], edges).tolist() == [1, 1]


@given(arrays(np.float64, st.integers(0, 200), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)))
def test_every_value_is_counted_once(values):
    """Whatever the values, each falls into exactly one bin, and edges rise strictly."""
    edges = bins.quantile_edges(values)
    assert (np.diff(edges) > 0).all()
    assert bins.bin_counts(values, edges).sum() == len(values)


def test_categories_align_with_bins_for_missing_and_unseen():
    """Categories of the reference in order, then missing, then all that the reference lacks together."""
    got = bins.category_counts({"b": 5, "a": 3, None: 2}, {"a": 4, "x": 1, "y": 6})
    assert got.labels == ("a", "b")
    assert got.reference.tolist() == [3, 5, 2, 0]
    assert got.current.tolist() == [4, 0, 0, 7]
    assert got.unseen == ("y", "x")


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-5, 5) | st.sampled_from([0.0, np.nan, np.inf, -np.inf])))
def test_sorted_values_are_counted_alike(values):
    """What is known to be in order is binned faster, and not otherwise."""
    edges = bins.quantile_edges(values)
    known = np.sort(values[~np.isnan(values)])
    assert np.array_equal(edges, bins.sorted_edges(known))
    assert np.array_equal(bins.sorted_counts(known, int(np.isnan(values).sum()), edges), bins.bin_counts(values, edges))
