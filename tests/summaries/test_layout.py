"""A layout says what may be added up, and survives being written down."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.summaries.binning import Centred, Edges
from mlops_tui.summaries.layout import Column, Dimension, Layout, Part, joined, layout_from, parted

LAYOUT = Layout(
    zone="Europe/Berlin",
    dimensions=(Dimension("region", "segment", '"region"'), Dimension("new", "slice", "age < 1")),
    pairs=(("region", "new"),),
    columns=(
        Column("income", "number", binning=Centred(0.1, 1 / 3)),
        Column("modes", "number", binning=Edges((1.0, 2.5), 1.0, 2.0)),
        Column("job", "category", known=("a", "b"), seen=(1, 2**64 - 1)),
    ),
    parts=(Part("cost", "cost", "ok"),),
    score="income",
)


def test_a_layout_comes_back_from_json_as_it_was():
    """Every digit of a centre and every byte of the categories survives."""
    again = layout_from(LAYOUT.as_text())
    assert again == LAYOUT and again.key == LAYOUT.key


def test_the_key_changes_with_whatever_changes_the_numbers():
    """The last digit of a centre, an expression, the zone, the grain: another key. What was learned is no declaration."""
    moved = replace(LAYOUT.columns[0], binning=Centred(0.1000000000000001, 1 / 3))
    others = [
        replace(LAYOUT, columns=(moved, *LAYOUT.columns[1:])),
        replace(LAYOUT, zone="UTC"),
        replace(LAYOUT, parts=(Part("cost", "cost"),)),
        replace(LAYOUT, dimensions=(LAYOUT.dimensions[0], Dimension("new", "slice", "age < 2"))),
        LAYOUT.with_grain("margins"),
    ]
    assert len({LAYOUT.key, *(o.key for o in others)}) == 6
    assert len({LAYOUT.declared, *(o.declared for o in others)}) == 4


def test_sets_are_all_rows_each_dimension_and_the_declared_pairs():
    """In that order, which is the order of the tables."""
    assert LAYOUT.sets == ((), ("region",), ("new",), ("region", "new"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dimensions": (Dimension("*", "segment", "x"),)}, "cannot be called"),
        ({"dimensions": (Dimension("a", "segment", "a"), Dimension("a", "slice", "b"))}, "'a' twice"),
        ({"pairs": (("a", "b"),)}, "not both among"),
        ({"score": "x"}, "none of its columns"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(change, said):
    """With what is wrong with it."""
    with pytest.raises(ValueError, match=said):
        Layout("UTC", **change)


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", LAYOUT.as_text().replace('"format":1', '"format":99')])
def test_text_that_is_no_layout_of_this_format_is_refused(text):
    """The summaries are then built again."""
    with pytest.raises(ValueError, match=r"no layout|format 99|Expecting value"):
        layout_from(text)


@given(st.lists(st.none() | st.text(st.sampled_from("aé\x00\x1f\x1b* ")), min_size=1))
def test_values_of_a_set_come_apart_as_they_were_put_together(values):
    """Whatever signs they hold, and a missing one is never taken for a text."""
    assert parted(joined(values)) == tuple(values)
