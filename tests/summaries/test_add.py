"""A summary is what counting row by row gives, whatever batches the rows come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rows import CLOCKS_CHANGE, LAYOUT, dictionaries, expected, found, hour, rows, without_zeros

from mlops_tui.core.errors import LogError
from mlops_tui.summaries import add, frame, margins
from mlops_tui.summaries.add import Adder, Labeller, batch_schema, label_schema
from mlops_tui.summaries.binning import Centred
from mlops_tui.summaries.cells import coarsened, fitting
from mlops_tui.summaries.layout import Column, Dimension, Layout
from mlops_tui.summaries.summary import Summary, merge

BATCH = rows(1, 1500)


def summed(*batches, layout=LAYOUT, pieces=None) -> Summary:
    adder = Adder(layout, pieces=pieces)
    for batch in batches:
        adder.add(batch)
    return adder.summary()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "UTC"])
@pytest.mark.parametrize("form", [lambda b: b, dictionaries])
def test_every_number_is_that_of_counting_row_by_row(zone, form):
    """Nulls, NaN, infinities, the largest doubles, missing and strange values, days of 25 hours, zones of half hours."""
    layout = replace(LAYOUT, zone=zone)
    whole, wanted = summed(form(BATCH), layout=layout), expected(BATCH, layout)
    assert found(whole.cells, 4) == without_zeros(wanted["cells"])
    assert found(whole.numbers, 5) == without_zeros(wanted["numbers"])
    assert found(whole.categories, 5) == without_zeros(wanted["categories"])
    assert whole.labels.num_rows == 0


@given(st.lists(st.integers(0, 1500), max_size=4), st.permutations(range(5)))
@settings(max_examples=25, deadline=None)
def test_batches_and_their_order_change_nothing(cuts, order):
    """Added in pieces by one or merged from several, the bytes are those of all rows at once."""
    whole = summed(BATCH)
    ends = [0, *sorted(cuts), 1500]
    parts = [BATCH.slice(a, b - a) for a, b in pairwise(ends)]
    parts = [parts[i] for i in order if i < len(parts)]
    assert summed(*parts).equals(whole)
    assert merge(*(summed(p) for p in parts)).equals(whole)


def test_large_counts_small_chunks_and_early_sums_change_nothing(monkeypatch):
    """Neither how many rows are counted together, nor what is laid out or sorted, nor when partial sums are made."""
    whole = summed(BATCH)
    monkeypatch.setattr(frame, "CHUNK", 100)
    monkeypatch.setattr(add, "AT_ONCE", 200)
    monkeypatch.setattr(add, "MOST_WAITING", 1)
    assert summed(*(BATCH.slice(i, 70) for i in range(0, 1500, 70))).equals(whole)
    monkeypatch.setattr(margins, "MOST_DENSE", 1)
    assert summed(BATCH).equals(whole)


def test_rows_in_order_of_time_give_what_rows_in_no_order_give():
    """Sorted logs take shorter ways."""
    order = np.argsort(BATCH.column("at_us").to_numpy())
    assert summed(BATCH.take(pa.array(order))).equals(summed(BATCH))


def test_pieces_are_counted_instead_of_days():
    """Rows outside are passed over, there are no cells and no hours of the score, and every number is that of the piece."""
    start = int(CLOCKS_CHANGE.timestamp()) // 60
    pieces = [(start + 90, 30), (start + 180, 600)]
    got = summed(BATCH, pieces=pieces)
    at = BATCH.column("at_us").to_numpy() // 60_000_000
    inside = np.logical_or.reduce([(at >= a) & (at < a + s) for a, s in pieces])
    wanted = expected(BATCH.filter(pa.array(inside)))
    assert got.cells.num_rows == 0
    assert set(zip(got.numbers["at"].to_pylist(), got.numbers["span"].to_pylist(), strict=True)) == set(pieces)
    sums = {k[2:]: v["n"] for k, v in found(got.numbers, 5).items() if k[:2] == pieces[1]}
    later = expected(BATCH.filter(pa.array((at >= pieces[1][0]) & (at < sum(pieces[1])))))
    assert sums[("", "", "income")] == sum(v["n"] for k, v in later["numbers"].items() if k[2:] == ("", "", "income"))
    assert sum(got.numbers["n"].to_pylist()) == sum(v["n"] for k, v in wanted["numbers"].items() if k[1] > 60)
    assert summed(BATCH, pieces=[]).equals(Summary.empty(LAYOUT))


def test_nothing_gives_the_empty_summary():
    """No batch, or one without rows."""
    assert summed().equals(Summary.empty(LAYOUT)) and summed(BATCH.slice(0, 0)).equals(Summary.empty(LAYOUT))


def test_a_source_without_dimensions_or_columns_is_counted():
    """Volumes by the hour: one leaf, no shapes."""
    layout = Layout("UTC")
    at = [int(CLOCKS_CHANGE.timestamp()) * 10**6 + i * 10**9 for i in range(8)]
    batch = pa.RecordBatch.from_arrays([at, [False] * 8, [False] * 8], schema=batch_schema(layout))
    got = summed(batch, layout=layout)
    assert got.cells["n"].to_pylist() == [4, 4] and got.cells["set"].to_pylist() == ["*", "*"]
    assert got.numbers.num_rows == got.categories.num_rows == 0


def test_times_that_are_none_of_a_log_are_told_and_not_counted():
    """A year 9999 or a second before Christ breaks nothing."""
    adder = Adder(LAYOUT)
    at = BATCH.column("at_us").to_numpy().copy()
    at[:3] = [253402300799000000, -62135596800000000, -9223372036854775807]
    adder.add(BATCH.set_column(0, BATCH.schema.field(0), pa.array(at)))
    assert adder.summary().equals(summed(BATCH.slice(3))) and adder.strange == 3


def test_an_epoch_among_todays_rows_costs_no_calendar():
    """One row of 1970 is a day of its own."""
    at = BATCH.column("at_us").to_numpy().copy()
    at[7] = 0
    got = summed(BATCH.set_column(0, BATCH.schema.field(0), pa.array(at)))
    assert got.cells["at"].to_pylist()[0] == 0 and got.numbers["at"].to_pylist()[0] == -60


def test_nothing_of_a_private_column_is_kept_but_its_spread():
    """No category, no newcomer, no least and no greatest value."""
    got = summed(BATCH)
    notes = got.numbers.filter(pa.compute.equal(got.numbers["column"], "note"))
    assert notes["min"].null_count == notes["max"].null_count == notes.num_rows > 0
    names = got.categories.filter(pa.compute.equal(got.categories["column"], "name"))
    assert set(names["codes"].to_pylist() == [] or map(len, names["codes"].to_pylist())) == {0}
    assert set(map(len, names["names"].to_pylist())) == {0} and sum(names["other"].to_pylist()) > 0
    assert b"person" not in b"".join(bytes(b) for c in got.categories.columns for k in c.chunks for b in k.buffers() if b)


def test_a_crowd_of_newcomers_is_capped_and_counted():
    """A thousand by name; the others are in `overflow`, and merging two crowds keeps the same as counting both."""
    layout = Layout("UTC", (Dimension("d", "segment", "d"),), columns=(Column("id", "category"),))

    def crowd(first, n):
        at = [int(CLOCKS_CHANGE.timestamp()) * 10**6] * n
        ids = [f"id {i}" for i in range(first, first + n)]
        columns = [at, [f"{i % 3}" for i in range(n)], [True] * n, [False] * n, ids]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, batch_schema(layout), strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=batch_schema(layout))

    whole = summed(crowd(0, 1500), crowd(1200, 1500), layout=layout)
    assert whole.equals(merge(summed(crowd(1200, 1500), layout=layout), summed(crowd(0, 1500), layout=layout)))
    assert whole.equals(summed(*(crowd(i, 300) for i in (*range(0, 1500, 300), *range(1200, 2700, 300))), layout=layout))
    first = whole.categories.to_pylist()[0]
    assert len(first["names"]) == 1000 and first["overflow"] + sum(first["name_counts"]) == first["n"] == 3000


@pytest.mark.parametrize("grain", ["day", "margins"])
def test_coarser_cells_hold_the_sums_of_finer_ones(grain):
    """Leaves by the day, and margins and pairs by the hour, from the same rows."""
    layout = LAYOUT.with_grain(grain)
    got, fine = summed(BATCH, layout=layout).cells, summed(BATCH).cells
    assert got.equals(coarsened("cells", fine, layout))
    by_set = {}
    for s, span, n, m in zip(*(got[k].to_pylist() for k in ("set", "span", "n", "m0_sum")), strict=True):
        rows_, total, spans = by_set.get(s, (0, 0, set()))
        by_set[s] = rows_ + n, total + m, spans | {span}
    assert set(by_set) == {"", "region", "version", "new", "version\x1fregion"} | ({"*"} if grain == "day" else set())
    assert {v[:2] for v in by_set.values()} == {(1500, sum(fine["m0_sum"].to_pylist()))}
    assert by_set[""][2] == {60} and by_set.get("*", (0, 0, {1500}))[2] <= {1440, 1500}


def test_the_grain_follows_from_how_many_cells_there_are():
    """Hours while cells are at most 5 % of the rows, then days, then margins."""
    cells = summed(BATCH).cells
    days = coarsened("cells", cells, LAYOUT.with_grain("day"))
    leaves = sum(s == "*" for s in days["set"].to_pylist())
    assert fitting(20 * cells.num_rows, cells, LAYOUT.zone) == "hour"
    assert fitting(20 * cells.num_rows - 1, cells, LAYOUT.zone) == fitting(20 * leaves, cells, LAYOUT.zone) == "day"
    assert fitting(20 * leaves - 1, cells, LAYOUT.zone) == "margins"


def test_many_values_of_many_dimensions_are_counted_as_few_are():
    """Crosses that would be too large to lay out."""
    n, r = 4000, np.random.default_rng(3)
    layout = Layout(
        "UTC",
        tuple(Dimension(f"d{i}", "segment", f"d{i}") for i in range(4)),
        (("d0", "d1"),),
        (Column("x", "number", binning=Centred(0.0, 1.0)),),
        score="x",
    )
    columns = [np.full(n, int(CLOCKS_CHANGE.timestamp()) * 10**6)]
    columns += [np.char.add("v", r.integers(0, 900, n).astype(str)) for _ in range(4)]
    columns += [np.full(n, True), r.random(n) < 0.5, r.normal(0, 1, n)]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, batch_schema(layout), strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=batch_schema(layout))
    got = found(summed(batch, layout=layout).numbers, 5)
    assert got == without_zeros(expected(batch, layout)["numbers"])


def outcomes(age):
    columns = [BATCH.column(n) for n in ("at_us", "d0", "d1", "d2")]
    return pa.RecordBatch.from_arrays([*columns, pa.array(age), BATCH.column("positive")], schema=label_schema(LAYOUT))


@pytest.mark.parametrize("grain", ["hour", "day", "margins"])
def test_outcomes_are_counted_by_the_decisions_hour_and_their_age(grain):
    """In the sets that cells have; batches change nothing, and an outcome before its decision has age 0."""
    age = np.random.default_rng(4).integers(-1, 40, 1500)
    batch, layout = outcomes(age), LAYOUT.with_grain(grain)
    labeller, parts = Labeller(layout), [Labeller(layout) for _ in range(2)]
    labeller.add(batch)
    for i in range(0, 1500, 100):
        parts[i % 2].add(batch.slice(i, 100))
    got = labeller.summary()
    assert got.equals(merge(*(p.summary() for p in parts)))
    cells = summed(BATCH, layout=layout).cells
    assert set(got.labels["set"].to_pylist()) == set(cells["set"].to_pylist())
    wanted = {}
    for row in batch.to_pylist():
        key = (*hour(row["at_us"], layout.zone), max(row["age"], 0))
        n, positive = wanted.get(key, (0, 0))
        wanted[key] = n + 1, positive + row["positive"]
    told = {}
    for row in got.labels.to_pylist():
        if row["set"] == ("*" if grain == "hour" else ""):
            key = row["at"], row["span"], row["age"]
            n, positive = told.get(key, (0, 0))
            told[key] = n + row["n"], positive + row["positive"]
    assert told == wanted
    assert Labeller(LAYOUT).summary().equals(Summary.empty(LAYOUT))


def test_a_batch_that_does_not_fit_is_refused():
    """A column that is not there, of another type, or with nulls where none may be: its name is told."""
    for change, said in (
        (BATCH.drop_columns(["c2"]), "no column 'c2'"),
        (BATCH.set_column(6, "c0", pa.array(["x"] * 1500)), "'c0' .* is string, not double"),
        (BATCH.set_column(4, "decided", pa.array([None] * 1500, pa.bool_())), "'decided' .* has nulls"),
    ):
        with pytest.raises(LogError, match=said):
            Adder(LAYOUT).add(change)
    layout = Layout("UTC", columns=(Column("x", "number"),))
    at = pa.array([0], pa.int64())
    batch = pa.RecordBatch.from_arrays([at, [True], [True], [1.0]], schema=batch_schema(layout))
    with pytest.raises(LogError, match="no bins for the column 'x'"):
        summed(batch, layout=layout)


def test_hours_are_cut_where_a_day_begins_within_them():
    """In India midnight is at half past: no cell is part of two days."""
    us = int(datetime(2026, 10, 24, 18, 29, tzinfo=UTC).timestamp()) * 10**6
    zone = "Asia/Kolkata"
    later = us + timedelta(minutes=2) // timedelta(microseconds=1)
    assert hour(us, zone)[1] == hour(later, zone)[1] == 30
    spans = summed(BATCH, layout=replace(LAYOUT, zone=zone)).cells["span"].to_pylist()
    assert set(spans) == {30, 60}
