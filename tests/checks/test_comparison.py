"""`runbook drift`: distances of every column in every slice, without a verdict."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.spatial.distance import jensenshannon

from mlops_tui.checks.comparison import comparison
from mlops_tui.core.errors import UnknownName

from .conftest import HOURS, rows, table


def moved(columns):
    late = columns["hour"] >= HOURS - 24
    columns["amount"] = np.where(late & (columns["region"] == "ES"), columns["amount"] * 3, columns["amount"])
    return columns


def test_the_column_that_moved_comes_first_where_it_moved(world):
    """A feature that trebled in one region heads the list with that region, every other column follows."""
    world.write(table(moved(rows(per_hour=40))))
    found = comparison(world.subject(), ["region"])
    first = found.columns[0]
    assert (first.column, first.slice) == ("amount", {"region": "ES"})
    assert {(c.column, tuple(c.slice.values())) for c in found.columns} == {
        (name, where) for name in ("score", "amount", "label", "decision") for where in ((), ("DE",), ("ES",), ("FR",))
    }
    assert [r.slice for r in found.rates] == [{}, {"region": "DE"}, {"region": "ES"}, {"region": "FR"}]


def test_numbers_are_those_of_the_rows(world):
    """Rows, rates and Kolmogorov-Smirnov are exactly what the values give."""
    columns = moved(rows(per_hour=40))
    world.write(table(columns))
    found = comparison(world.subject(), ["region"])
    hour, mine = columns["hour"], columns["region"] == "ES"
    now = mine & (hour >= HOURS - 24) & (hour < HOURS)
    before = mine & (hour >= HOURS - 24 - 28 * 24) & (hour < HOURS - 24)
    es = next(c for c in found.columns if c.column == "amount" and c.slice)
    assert (es.n, es.n_reference) == (now.sum(), before.sum())
    assert es.ks == pytest.approx(scipy_stats.ks_2samp(columns["amount"][now], columns["amount"][before]).statistic, abs=1e-12)
    rate = next(r for r in found.rates if r.slice == {"region": "ES"})
    approved = columns["decision"] == "approved"
    assert (rate.positives, rate.positives_reference) == ((now & approved).sum(), (before & approved).sum())


def test_the_decision_is_a_column_like_any_other(world):
    """Fewer approvals lie as far away as their shares do; a decision that was not taken counts as missing."""
    columns = rows(per_hour=40)
    late = columns["hour"] >= HOURS - 24
    turn = np.arange(len(late)) % 10
    columns["decision"] = np.where(late & (turn < 2), "rejected", columns["decision"]).astype(object)
    columns["decision"][late & (turn == 9)] = None
    world.write(table(columns))
    told = next(c for c in comparison(world.subject(), []).columns if c.column == "decision")
    shares = []
    for hours in ((HOURS - 24, HOURS), (HOURS - 24 - 28 * 24, HOURS - 24)):
        inside = (columns["hour"] >= hours[0]) & (columns["hour"] < hours[1])
        values = columns["decision"][inside]
        shares.append([(values == v).mean() for v in ("approved", "rejected", None)])
    assert told.missing == pytest.approx(0.1, abs=0.001) and told.missing_reference == 0
    assert told.js == pytest.approx(jensenshannon(*shares), abs=1e-9) and told.ks is None


def test_a_slice_with_few_rows_says_so(world):
    """Too few rows are no distance of nought."""
    columns = rows(per_hour=12)
    most = np.arange(len(columns["region"])) % 50 > 0
    columns["region"] = np.where((columns["region"] == "ES") & most, "FR", columns["region"])
    world.write(table(columns))
    few = [c for c in comparison(world.subject(), ["region"]).columns if c.slice == {"region": "ES"}]
    assert few and all(c.psi is None and c.why == "too few rows" for c in few)


def test_an_unknown_segment_names_the_nearest(quiet):
    """A misspelt segment is an error that helps."""
    with pytest.raises(UnknownName, match="region"):
        comparison(quiet.subject(), ["regoin"])
