"""Adding summaries is exact, whatever the order."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.core.errors import LogError
from mlops_tui.summaries import categories
from mlops_tui.summaries.layout import Layout, Part
from mlops_tui.summaries.summary import NAMES, Summary, added, keys, merge, schema

AT = st.sampled_from([0, 1440])
VALUE = st.sampled_from(["DE", "ES"])
COUNT = st.integers(0, 9)


@st.composite
def rows(draw, name):
    row = {"at": draw(AT), "span": 1440, "set": "region", "value": draw(VALUE)}
    bins = sorted(draw(st.sets(st.integers(0, 5), max_size=4)))
    counts = [draw(st.integers(1, 9)) for _ in bins]
    if name == "cells":
        wide = st.integers(-(10**26), 10**26)
        sums = {f"m{i}_sum": Decimal(draw(wide)).scaleb(-6) for i in range(2)}
        return row | {k: draw(COUNT) for k in ("n", "decided", "positive", "m0_n", "m1_n")} | sums
    if name == "labels":
        return row | {"age": draw(st.integers(0, 3)), "n": draw(COUNT), "positive": draw(COUNT)}
    if name == "numbers":
        score = draw(st.booleans())
        ends = draw(st.sampled_from([(None, None), (0.0, 5.0), (-3.5, 2.0)]))
        row |= {k: draw(COUNT) for k in ("n", "nulls", "nans", "pos_inf", "neg_inf")}
        row |= {"z1": draw(st.integers(-(2**50), 2**50)), "z2_hi": draw(COUNT), "z2_lo": draw(st.integers(0, 2**26 - 1))}
        row |= {"column": "score" if score else "x", "min": ends[0], "max": ends[1], "bins": bins, "counts": counts}
        return row | {"positives": counts if score else None}
    names = sorted(draw(st.sets(st.sampled_from("abc"))))
    row |= {k: draw(COUNT) for k in ("n", "missing", "other", "overflow")}
    return row | {"column": "job", "codes": bins, "counts": counts, "names": names, "name_counts": [2] * len(names)}


@st.composite
def summaries(draw):
    tables = {}
    for name in NAMES:
        some = draw(st.lists(rows(name), max_size=6))
        tables[name] = added(name, [pa.Table.from_pylist(some, schema=schema(name, 2))])
    return Summary(**tables)


NOTHING = Summary.empty(Layout("UTC", parts=(Part("a", "a"), Part("b", "b"))))


@given(summaries(), summaries(), summaries())
@settings(max_examples=60, deadline=None)
def test_adding_is_commutative_and_associative_and_nothing_changes_nothing(a, b, c):
    """The same bytes in any order, in one step or in two."""
    whole = merge(a, b, c)
    assert merge(b, a).equals(merge(a, b))
    assert merge(merge(a, b), c).equals(merge(a, merge(b, c))) and merge(c, b, a).equals(whole)
    assert merge(a, NOTHING).equals(merge(NOTHING, a)) and merge(a, NOTHING).equals(a) and merge(a).equals(a)


@given(summaries(), summaries())
@settings(max_examples=40, deadline=None)
def test_sums_are_exact_and_rows_sorted_without_repetition(a, b):
    """Also where they pass 64 bits."""
    whole = merge(a, b)
    for name in ("n", "z1"):
        got = sum(whole.numbers.column(name).to_pylist())
        assert got == sum(sum(s.numbers.column(name).to_pylist()) for s in (a, b))
    assert sum(whole.cells.column("m1_sum").to_pylist()) == sum(sum(s.cells.column("m1_sum").to_pylist()) for s in (a, b))
    squares = [
        [(h << 26) + low for h, low in zip(s["z2_hi"].to_pylist(), s["z2_lo"].to_pylist(), strict=True)]
        for s in (whole.numbers, a.numbers, b.numbers)
    ]
    assert sum(squares[0]) == sum(squares[1]) + sum(squares[2])
    assert all(low < 2**26 for low in whole.numbers["z2_lo"].to_pylist())
    for name in NAMES:
        found = list(zip(*(whole.table(name)[k].to_pylist() for k in keys(name)), strict=True))
        assert found == sorted(set(found))


def newcomers(names):
    row = {"at": 0, "span": 1440, "set": "", "value": "", "column": "job", "n": len(names), "missing": 0, "other": 0}
    row |= {"overflow": 0, "codes": [], "counts": [], "names": sorted(names), "name_counts": [1] * len(names)}
    table = pa.Table.from_pylist([row], schema=schema("categories"))
    return Summary(*(table if n == "categories" else schema(n).empty_table() for n in NAMES))


def test_newcomers_beyond_a_thousand_are_counted_without_a_name_in_any_order():
    """The same thousand are kept whichever summaries come first, each with its full count; no row is lost."""
    everyone = [f"shop {i}" for i in range(1800)]
    parts = [newcomers(everyone[:900]), newcomers(everyone[300:1300]), newcomers(everyone[800:])]
    whole = merge(*parts)
    assert merge(merge(parts[2], parts[0]), parts[1]).equals(whole)
    row = whole.categories.to_pylist()[0]
    assert set(row["names"]) == set(sorted(everyone, key=categories.fingerprint)[:1000]) and len(row["names"]) == 1000
    assert row["overflow"] + sum(row["name_counts"]) == 900 + 1000 + 1000 == row["n"]
    counts = dict(zip(row["names"], row["name_counts"], strict=True))
    assert all(counts[n] == sum(n in p for p in (everyone[:900], everyone[300:1300], everyone[800:])) for n in counts)


def test_summaries_of_two_layouts_are_not_added():
    """Other metric parts, another table."""
    with pytest.raises(LogError, match="two layouts"):
        added("cells", [schema("cells", 1).empty_table(), schema("cells", 2).empty_table()])
