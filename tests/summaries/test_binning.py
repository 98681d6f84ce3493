"""Bins that are chosen once resolve whatever a column may turn into."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlops_tui.summaries.binning import Centred, Edges, choose, coarseness

RNG = np.random.default_rng(5)
TWO_MODES = np.concatenate([RNG.normal(0, 1, 5000), RNG.normal(1e6, 1, 5000)])


def portable(x: float, m: float, s: float) -> int:
    """The code as SQL without access to the bits gives it."""
    y = abs((x - m) / s)
    if y <= 0.00390625:
        return 384 if x >= m else 383
    octave = math.floor(math.log2(y))
    part = 16 * (y / 2.0**octave - 1)
    if x >= m:
        return min(767, 512 + 16 * octave + math.floor(part))
    return max(0, 256 - 16 * octave - math.ceil(part))


@given(
    st.floats(-1e12, 1e12, allow_subnormal=False),
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.floats(1e-6, 1e6, allow_subnormal=False),
)
@example(-0.0, 0.0, 1.0)
@example(-1e-40, 0.0, 1e290)
@example(49.0, 0.0, 49.0)
@example(-8.0, 2.0, 2.5)
@settings(max_examples=500)
def test_codes_are_those_of_the_portable_formula(x, m, s):
    """Any engine that knows floor and log2 counts the same bins."""
    assert Centred(m, s).codes(np.array([x])).item() == portable(x, m, s)


@pytest.mark.parametrize("binning", [Centred(3.0, 0.7), Centred(1.7e9, 4e4), Edges((-1.0, 0.0, 2.0), 0.0, 1.0)])
def test_codes_ascend_with_the_values_and_lie_within_their_bounds(binning):
    """Bin i holds bounds[i] <= x < bounds[i + 1], up to the last bit, and no value falls outside."""
    near = np.sort(np.concatenate([binning.m + binning.s * RNG.standard_cauchy(20_000), [-1e308, 1e308, binning.m]]))
    codes, bounds = binning.codes(near), binning.bounds
    assert len(bounds) == binning.size + 1 and np.all(np.diff(bounds) > 0)
    assert np.all(np.diff(codes) >= 0) and codes.min() >= 0 and codes.max() < binning.size
    slack = 1e-12 * np.abs(near) + 1e-12 * np.abs(near - binning.m)
    assert np.all(near >= bounds[codes] - slack) and np.all(near <= bounds[codes + 1] + slack)


def test_the_same_values_choose_the_same_bins():
    """The sample of many values is drawn by a seed that is made of them."""
    values = RNG.normal(3, 2, 50_000)
    assert choose(values) == choose(values.copy())


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(1000, 5, 30_000),
        1.79e9 + RNG.uniform(0, 86400, 30_000),
        RNG.normal(293, 5, 30_000),
        RNG.lognormal(3, 1, 30_000),
        np.where(RNG.random(30_000) < 0.95, 0, RNG.exponential(1e-6, 30_000)),
        RNG.poisson(3, 30_000),
        RNG.standard_cauchy(30_000),
        np.full(100, 5.0),
    ],
)
def test_ordinary_features_get_centred_bins(values):
    """Offsets, tails, atoms and counts lose less than 5 % in any bin."""
    binning = choose(values)
    assert isinstance(binning, Centred) and coarseness(binning, values) <= 0.05


def test_two_narrow_modes_far_apart_get_their_quantiles_as_edges():
    """What centred bins cannot tell apart is found on the sample and resolved to a few thousandths."""
    binning = choose(TWO_MODES)
    assert isinstance(binning, Edges) and binning.size <= 512
    assert coarseness(Centred(binning.m, binning.s), TWO_MODES) > 0.2
    assert coarseness(binning, TWO_MODES) < 0.005


@pytest.mark.parametrize(
    ("was", "now"), [(5.0, 5.2), (0.0, 1.0), (1e9, 1.001e9), (1e-9, 2e-9), (-40.0, -40.5), (5e-324, 1.0), (1e308, -1e308)]
)
def test_a_constant_that_changes_changes_its_bin(was, now):
    """Also where there is no spread to scale by."""
    before, after = choose(np.full(50, was)).codes(np.array([was, now]))
    assert before != after


def test_nothing_to_choose_from_gives_bins_all_the_same():
    """No value, or none that is finite."""
    assert choose([]) == choose([math.nan, math.inf]) == Centred(0.0, 1.0)


def test_a_private_column_keeps_no_value_of_a_row():
    """Its centre and scale are rounded, and even two far modes get no edges."""
    ages = RNG.integers(18, 90, 5001).astype(float) + 0.123
    binning = choose(ages, private=True)
    assert isinstance(binning, Centred) and binning.m not in ages and math.log2(binning.s).is_integer()
    assert abs(binning.m - np.median(ages)) <= binning.s / 4
    assert isinstance(choose(TWO_MODES, private=True), Centred)
