"""Counts of windows from cells: exactly what the rows give, or None where cells cannot tell."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.summaries.counts import Counted, Counts, Total
from mlops_tui.summaries.layout import JOIN, LEAF, Dimension, Layout, Part, joined
from mlops_tui.summaries.summary import schema

DAY = 1440
REGION, SIZE = Dimension("region", "segment", '"region"'), Dimension("size", "segment", '"size"')
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY - 1),
        st.sampled_from(["ES", "FR", None, "a\x1fb"]),
        st.sampled_from(["small", "large"]),
        st.sampled_from(["approved", "rejected", None]),
        st.decimals(-1000, 1000, places=2),
    ),
    max_size=60,
)


def layout(grain):
    pairs = (("region", "size"),) if grain == "margins" else ()
    return Layout("UTC", (REGION, SIZE), pairs, (), (Part("fee", "fee"),), grain=grain)


def cells(rows, grain):
    """What a build would write, made row by row."""
    plan = layout(grain)
    sets = [(LEAF, 60)] if grain == "hour" else [(JOIN.join(s), 60) for s in plan.sets]
    sets += [(LEAF, DAY)] if grain == "day" else []
    found = {}
    for at, region, size, decision, fee in rows:
        values = {"region": region, "size": size}
        for key, span in sets:
            names = plan.names if key == LEAF else [n for n in key.split(JOIN) if n]
            place = (at // span * span, span, key, joined([values[n] for n in names]))
            n, decided, positive, total = found.get(place, (0, 0, 0, Decimal(0)))
            found[place] = (n + 1, decided + (decision is not None), positive + (decision == "approved"), total + fee)
    columns = [(*k, *v[:3], v[0], v[3]) for k, v in sorted(found.items())]
    return Counts(
        plan,
        pa.table([pa.array(c) for c in zip(*columns, strict=True)], schema=schema("cells", 1))
        if columns
        else schema("cells", 1).empty_table(),
    )


def counted(rows):
    return Counted(len(rows), sum(r[3] is not None for r in rows), sum(r[3] == "approved" for r in rows))


@pytest.mark.parametrize("grain", ["hour", "day", "margins"])
@given(rows=ROWS, hour=st.integers(0, 40), length=st.integers(1, 30))
def test_windows_are_counted_as_the_rows_are(grain, rows, hour, length):
    """Any window of whole hours, by any dimension, restricted by any value, at any grain that holds it."""
    window = (hour * 60, (hour + length) * 60)
    inside = [r for r in rows if window[0] <= r[0] < window[1]]
    answer = cells(rows, grain)
    assert answer.counts([window]) == {(0, ()): counted(inside)}
    assert answer.counts([window], ["region"]) == {
        (0, (value,)): counted([r for r in inside if r[1] == value])
        for value in sorted({r[1] for r in inside}, key=lambda v: (v is None, v or ""))
    }
    only = answer.counts([window], where={"region": "a\x1fb"})
    assert only == {(0, ()): counted([r for r in inside if r[1] == "a\x1fb"])}
    assert answer.totals("fee", [window]) == {(0, ()): Total(len(inside), sum((r[4] for r in inside), Decimal(0)))}


@given(rows=ROWS)
def test_series_are_those_of_the_rows(rows):
    """By the hour and by the day, from a start that is no bucket's own; empty buckets are left out."""
    answer = cells(rows, "hour")
    window = (7 * 60, 7 * 60 + 2 * DAY)
    for minutes in (60, DAY):
        inside = [r for r in rows if window[0] <= r[0] < window[1]]
        expected = Counter((r[1], window[0] + (r[0] - window[0]) // minutes * minutes) for r in inside)
        found = answer.series(window, minutes, by="region")
        assert {(v, at): c.n for v, line in found.items() for at, c in line} == expected


@given(rows=ROWS)
def test_units_add_up(rows):
    """The cells of two units, one after the other, answer as those of all rows."""
    whole, parts = cells(rows, "hour"), [cells(rows[::2], "hour"), cells(rows[1::2], "hour")]
    both = Counts(whole.layout, pa.concat_tables([p.table for p in parts]))
    window = (0, 3 * DAY)
    assert both.counts([window], ["region", "size"]) == whole.counts([window], ["region", "size"])
    assert both.totals("fee", [window], ["size"]) == whole.totals("fee", [window], ["size"])


def test_what_cells_cannot_tell_is_none():
    """Half an hour, a crossing that is not kept, a day's leaf cut by the hour, a part or a dimension nobody declared."""
    rows = [(30, "ES", "small", "approved", Decimal(1)), (100, "FR", "large", None, Decimal(2))]
    assert cells(rows, "hour").counts([(0, 45)]) is None
    assert cells(rows, "hour").series((0, 180), 90) is None
    assert cells(rows, "day").counts([(0, 60)], ["region", "size"]) is None
    assert cells(rows, "day").counts([(0, DAY)], ["region", "size"]) is not None
    assert cells(rows, "hour").totals("nothing", [(0, DAY)]) is None
    assert cells(rows, "hour").counts([(0, DAY)], ["channel"]) is None
    without = Counts(Layout("UTC", (REGION, SIZE), grain="margins"), cells(rows, "margins").table)
    assert without.counts([(0, DAY)], ["region"], {"size": "small"}) is None


def test_values_and_their_spans():
    """The values of a dimension, and from when to when each was seen."""
    answer = cells(
        [(30, "ES", "small", None, Decimal(0)), (200, "ES", "small", None, Decimal(0)), (90, None, "large", None, Decimal(0))],
        "hour",
    )
    assert (answer.values("region"), answer.values("size")) == (("ES",), ("large", "small"))
    assert answer.spans("region", 60) == {"ES": (0, 0)}
    assert answer.spans("region", DAY) == {"ES": (0, 180)}
