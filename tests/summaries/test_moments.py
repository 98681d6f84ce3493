"""Means and deviations from integers are those of the values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlops_tui.summaries.add import Adder, batch_schema
from mlops_tui.summaries.binning import choose
from mlops_tui.summaries.histogram import Histogram
from mlops_tui.summaries.layout import Column, Layout

N = 50_000
RNG = np.random.default_rng(11)
SHAPES = {
    "normal, far from zero": RNG.normal(1000, 5, N),
    "unix seconds": 1.79e9 + RNG.uniform(0, 86_400, N),
    "kelvin": RNG.normal(293, 5, N),
    "lognormal": RNG.lognormal(3, 1, N),
    "mostly zeros": np.where(RNG.random(N) < 0.7, 0, RNG.exponential(5, N)),
    "small counts": RNG.poisson(3, N).astype(float),
    "constant": np.full(N, 5.0),
    "two narrow modes far apart": RNG.normal(0, 1, N) + np.where(RNG.random(N) < 0.5, 1e6, 0),
    "tiny": RNG.normal(0, 1e-200, N),
    "huge": RNG.normal(1e200, 1e199, N),
}


@pytest.mark.parametrize("name", SHAPES)
def test_mean_and_deviation_are_those_of_the_values(name):
    """To a millionth of the scale, whatever the offset; no sum of floats is made on the way."""
    values = SHAPES[name]
    layout = Layout("UTC", columns=(Column("x", "number", binning=choose(values)),))
    at, no = np.full(N, 1_790_000_000_000_000), np.zeros(N, dtype=bool)
    adder = Adder(layout)
    adder.add(pa.RecordBatch.from_arrays([pa.array(v) for v in (at, no, no, values)], schema=batch_schema(layout)))
    [row] = adder.summary().numbers.to_pylist()
    binning = layout.columns[0].binning
    counts = np.bincount(row["bins"], row["counts"], binning.size).astype(np.int64)
    told = Histogram(binning, counts, z1=row["z1"], z2=(row["z2_hi"] << 26) + row["z2_lo"])
    assert told.mean == pytest.approx(float(values.mean()), abs=2e-6 * binning.s)
    scaled = (values - binning.m) / binning.s
    assert told.deviation == pytest.approx(float(scaled.std()) * binning.s, abs=2e-3 * binning.s, rel=1e-5)
    assert (row["min"], row["max"]) == (values.min(), values.max())
