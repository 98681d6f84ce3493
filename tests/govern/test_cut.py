"""The cut of a score that tells a decision."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlops_tui.govern.profile import Column
from mlops_tui.govern.together import cut_of


def column(values: np.ndarray) -> Column:
    """A score with these values."""
    return Column(
        "score", "DOUBLE", False, len(values), len(values), len(values), None, None, pa.chunked_array([pa.array(values)])
    )


@pytest.mark.parametrize(("bound", "shown"), [(0.55, "0.55"), (0.5, "0.5"), (0.123, "0.123"), (0.0, "0")])
@pytest.mark.parametrize("above", [True, False])
def test_the_cut_is_the_shortest_number_that_parts_the_scores(bound, shown, above):
    """A threshold that somebody wrote is found again, from scores that never hit it, whichever side is meant."""
    scores = np.random.default_rng(3).uniform(-1, 1, 20_000)
    inside = scores >= bound if above else scores <= bound
    cut = cut_of(column(scores), inside, np.ones(len(scores), dtype=bool))
    assert cut is not None
    assert (cut.simple, cut.right, cut.above) == (shown, 1.0, above)


def test_single_precision_is_no_other_threshold():
    """0.65 as a 32-bit number is still 0.65."""
    scores = (np.arange(100) / 100).astype(np.float32).repeat(5)
    cut = cut_of(column(scores.astype(np.float64)), scores >= np.float32(0.65), np.ones(len(scores), dtype=bool))
    assert cut is not None
    assert cut.simple == "0.65"


def test_the_chance_that_one_outscores_the_other_counts_ties_half():
    """AUC by hand: of 20 x 20 pairs, all tied; then all won."""
    same = np.full(40, 0.5)
    inside = np.arange(40) < 20
    every = np.ones(40, dtype=bool)
    tied = cut_of(column(same), inside, every)
    won = cut_of(column(np.where(inside, 1.0, 0.0)), inside, every)
    assert tied is not None
    assert won is not None
    assert (tied.auc, won.auc) == (0.5, 1.0)


def test_too_few_rows_tell_no_cut():
    """Nineteen rows on a side are not enough to say anything."""
    scores = np.linspace(0, 1, 60)
    assert cut_of(column(scores), np.arange(60) < 19, np.ones(60, dtype=bool)) is None
