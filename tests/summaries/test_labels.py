"""Outcomes are counted by their decisions, and at a moment of the past only those that were known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from support.rows import CLOCKS_CHANGE, LAYOUT, rows

from mlops_tui.summaries.add import Labeller, label_schema
from mlops_tui.summaries.labels import Labels

BATCH = rows(3, 2000)
RNG = np.random.default_rng(8)
LATE_US = RNG.integers(0, 40 * 86_400_000_000, 2000)
"""How long after its decision each outcome became known."""
AT = BATCH.column("at_us").to_numpy()
GOOD = RNG.random(2000) < 0.2
START = int(CLOCKS_CHANGE.timestamp()) // 60
WINDOW = START + 60, START + 48 * 60


@pytest.fixture(scope="module", params=["hour", "day", "margins"])
def labels(request):
    layout = LAYOUT.with_grain(request.param)
    labeller = Labeller(layout)
    columns = [*(BATCH.column(n) for n in ("at_us", "d0", "d1", "d2")), LATE_US // 86_400_000_000, GOOD]
    labeller.add(pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=label_schema(layout)))
    return Labels(layout, labeller.summary().labels)


def inside(window):
    return (window[0] <= AT // 60_000_000) & (window[1] > AT // 60_000_000)


def test_what_is_known_now_is_every_outcome_by_the_time_of_its_decision(labels):
    """Overall and by a dimension, exactly."""
    mine = inside(WINDOW)
    whole = labels.known().counts([WINDOW])[0, ()]
    assert (whole.decided, whole.positive) == (mine.sum(), (mine & GOOD).sum())
    by = labels.known().counts([WINDOW], ["region"])
    regions = np.array(BATCH.column("d0").to_pylist(), dtype=object)
    assert {k[1][0]: v.decided for k, v in by.items()} == {
        r: sum(mine & np.array([x == r for x in regions])) for r in set(regions)
    }


@pytest.mark.parametrize("later", [0, 7 * 1440, 20 * 1440 + 600, 60 * 1440])
def test_at_a_moment_of_the_past_only_what_was_known_is_counted(labels, later):
    """What surely was, and beside it what may have been: the truth lies between; long after, nothing is unsure."""
    at = WINDOW[1] + later
    truth = (inside(WINDOW) & (at > (AT + LATE_US) // 60_000_000)).sum()
    sure, unsure = (c.counts([WINDOW])[0, ()].decided for c in (labels.known(at), labels.unsure(at)))
    assert sure <= truth <= sure + unsure
    assert unsure == 0 if later == 60 * 1440 else unsure < 0.15 * inside(WINDOW).sum()
