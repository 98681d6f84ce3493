"""What histograms say against what the values say: the bounds that the docs promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlops_tui.stats import bins, distances
from mlops_tui.summaries.binning import Centred, Edges, choose
from mlops_tui.summaries.histogram import Histogram, ks

N = 200_000
Make = Callable[[np.random.Generator, int, bool], np.ndarray]
SHAPES: dict[str, Make] = {
    "normal, far from zero": lambda r, n, moved: r.normal(1001.5 if moved else 1000, 5, n),
    "unix seconds": lambda r, n, moved: 1.79e9 + r.uniform(20_000 if moved else 0, 86_400, n),
    "kelvin": lambda r, n, moved: r.normal(293, 7.5 if moved else 5, n),
    "around zero": lambda r, n, moved: r.normal(0.3 if moved else 0, 1, n),
    "lognormal": lambda r, n, moved: (1.2 if moved else 1) * r.lognormal(3, 1, n),
    "mostly zeros": lambda r, n, moved: np.where(r.random(n) < (0.65 if moved else 0.7), 0, r.exponential(5, n)),
    "nearly only zeros": lambda r, n, moved: np.where(r.random(n) < 0.95, 0, r.exponential(2e-6 if moved else 1e-6, n)),
    "small counts": lambda r, n, moved: r.poisson(3.3 if moved else 3, n).astype(float),
    "whole days": lambda r, n, moved: np.floor(r.gamma(2, 440 if moved else 400, n)),
    "cut off on both sides": lambda r, n, moved: r.uniform(-0.9 if moved else -1, 1.1 if moved else 1, n),
    "scores": lambda r, n, moved: r.beta(2, 4.5 if moved else 5, n),
    "scores at both ends": lambda r, n, moved: r.beta(0.5, 0.6 if moved else 0.5, n),
    "heavy tails": lambda r, n, moved: (1.3 if moved else 1) * r.standard_cauchy(n),
    "a unit a hundredfold": lambda r, n, moved: (100 if moved else 1) * r.normal(50, 10, n),
    "a constant that moves": lambda r, n, moved: np.full(n, 5.2 if moved else 5.0),
    "two narrow modes far apart": lambda r, n, moved: r.normal(0, 1, n) + np.where(r.random(n) < 0.5, 1e6 + moved / 2, 0),
}


def pair(name: str) -> tuple[np.ndarray, np.ndarray, Histogram, Histogram]:
    rng = np.random.default_rng(7)
    before, now = (SHAPES[name](rng, n, moved) for n, moved in ((N, False), (N // 4, True)))
    binning = choose(before[:40_000])
    sides = [
        Histogram(binning, np.bincount(binning.codes(x), minlength=binning.size), low=float(x.min()), high=float(x.max()))
        for x in (before, now)
    ]
    return before, now, sides[0], sides[1]


@pytest.mark.parametrize("name", SHAPES)
def test_distances_are_those_of_the_values(name):
    """PSI on the reference's deciles and Kolmogorov-Smirnov, each within 0.002 of what the raw values give."""
    before, now, reference, current = pair(name)
    edges = bins.quantile_edges(before)
    exact = distances.psi(bins.bin_counts(before, edges), bins.bin_counts(now, edges))
    own = reference.edges()
    assert distances.psi(reference.binned(own), current.binned(own)) == pytest.approx(exact, abs=0.002)
    assert ks(reference, current) == pytest.approx(scipy_stats.ks_2samp(before, now).statistic, abs=0.002)


@pytest.mark.parametrize("name", SHAPES)
def test_every_value_lies_within_its_bin(name):
    """Codes ascend with the values, and the bounds hold."""
    before, _, reference, _ = pair(name)
    binning = reference.binning
    codes = binning.codes(before)
    tiny = 1e-9 * (np.abs(before) + 1)
    assert ((binning.bounds[codes] <= before + tiny) & (before <= binning.bounds[codes + 1] + tiny)).all()
    order = np.argsort(before)
    assert (np.diff(codes[order]) >= 0).all()
    assert len(binning.bounds) == binning.size + 1


def test_modes_that_one_bin_would_hold_get_edges_of_their_own():
    """The self-check on the sample finds what centred bins cannot tell apart, and only that."""
    told = {name: type(pair(name)[2].binning) for name in SHAPES}
    assert told["two narrow modes far apart"] is Edges
    assert told["unix seconds"] is Centred
    assert told["mostly zeros"] is Centred


@pytest.mark.parametrize("name", ["around zero", "scores", "whole days", "unix seconds"])
def test_quantiles_lie_in_the_bin_of_the_true_ones(name):
    """Off by no more than the width of a bin there."""
    before, _, reference, _ = pair(name)
    for q in (0.01, 0.25, 0.5, 0.75, 0.99):
        true = float(np.quantile(before, q, method="inverted_cdf"))
        at = int(reference.binning.codes(np.array([true]))[0])
        low, high = reference.binning.bounds[max(at - 1, 0)], reference.binning.bounds[min(at + 2, reference.binning.size)]
        told = reference.quantile(q)
        assert told is not None
        assert low <= told <= high


def test_empty_sides_say_nothing():
    """No values: no quantile, no edges, no distance."""
    nothing = Histogram(Centred(0.0, 1.0), np.zeros(768, dtype=np.int64), nulls=3)
    assert (nothing.quantile(0.5), nothing.n, nothing.missing) == (None, 3, 3)
    assert not len(nothing.edges())
    assert ks(nothing, nothing) == 0.0


def test_infinities_are_beyond_every_value():
    """They fall into the open ends, count for KS, and shape no edge."""
    counts = np.bincount(Centred(0.0, 1.0).codes(np.linspace(-1, 1, 1000)), minlength=768)
    plain = Histogram(Centred(0.0, 1.0), counts, low=-1.0, high=1.0)
    odd = Histogram(Centred(0.0, 1.0), counts, low=-1.0, high=1.0, above=1000)
    assert ks(plain, odd) == pytest.approx(0.5)
    edges = odd.edges()
    assert np.array_equal(edges, plain.edges())
    assert (odd.binned(edges) - plain.binned(edges))[len(edges)] == 1000
