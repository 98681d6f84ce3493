"""Histograms, categories and distances of windows from pieces of time, against the raw values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats as scipy_stats

from mlops_tui.stats import bins, distances
from mlops_tui.summaries.add import Adder, batch_schema
from mlops_tui.summaries.binning import choose
from mlops_tui.summaries.categories import fingerprint
from mlops_tui.summaries.histogram import ks
from mlops_tui.summaries.layout import Column, Dimension, Layout
from mlops_tui.summaries.packed import encoded
from mlops_tui.summaries.shapes import Shapes

DAY = 1440
BEGIN = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) // 60
DAYS = 12
LABELS = ("rent", "sales", "tax")


@pytest.fixture(scope="module")
def raw():
    rng = np.random.default_rng(11)
    n = 30_000
    minute = np.sort(rng.integers(0, DAYS * DAY, n))
    late = minute >= 10 * DAY
    region = np.array(["ES", "FR", ""])[rng.integers(0, 3, n)]
    amount = rng.lognormal(3, 1, n) * np.where(late & (region == "ES"), 1.5, 1.0)
    amount[rng.random(n) < 0.03] = np.nan
    amount[rng.random(n) < 0.002] = np.inf
    label = np.array(LABELS)[rng.choice(3, n, p=(0.6, 0.3, 0.1))].astype(object)
    label[late & (rng.random(n) < 0.1)] = "loan"
    label[rng.random(n) < 0.02] = None
    return {"minute": minute, "region": region, "amount": amount, "label": label, "score": rng.beta(2, 3, n)}


def batch(layout, columns, rows):
    made = {
        "at_us": pa.array((BEGIN + columns["minute"][rows]) * 60_000_000, pa.int64()),
        "d0": pa.array([r or None for r in columns["region"][rows]], pa.string()),
        "decided": pa.array(np.ones(rows.sum(), bool)),
        "positive": pa.array(columns["score"][rows] > 0.5),
        "c0": pa.array(columns["score"][rows]),
        "c1": pa.array(columns["amount"][rows]),
        "c2": pa.array(columns["label"][rows], pa.string()),
    }
    return pa.record_batch([made[f.name] for f in batch_schema(layout)], schema=batch_schema(layout))


@pytest.fixture(scope="module")
def layout(raw):
    return Layout(
        "UTC",
        (Dimension("region", "segment", '"region"'),),
        columns=(
            Column("score", "number", binning=choose(raw["score"][:5000])),
            Column("amount", "number", binning=choose(raw["amount"][:5000])),
            Column("label", "category", known=LABELS, seen=tuple(sorted(map(fingerprint, LABELS)))),
        ),
        score="score",
    )


@pytest.fixture(scope="module")
def shapes(raw, layout):
    """Two units, each of some days, as two files of a log would make."""
    units = []
    for part in (raw["minute"] < 5 * DAY, raw["minute"] >= 5 * DAY):
        adder = Adder(layout)
        adder.add(batch(layout, raw, part))
        units.append(adder.summary())
    return Shapes(layout, units)


def window(first, last):
    return BEGIN + first * DAY, BEGIN + last * DAY


def inside(raw, span):
    return (raw["minute"] + BEGIN >= span[0]) & (raw["minute"] + BEGIN < span[1])


@pytest.mark.parametrize("region", [None, "ES", "FR", ""])
def test_histograms_count_every_value_once(raw, shapes, region):
    """Rows, missing, infinite, least, greatest and mean of a window's group are those of its rows."""
    span = window(2, 9)
    mine = inside(raw, span) & (True if region is None else raw["region"] == region)
    key = () if region is None else (region or None,)
    told = shapes.histograms(span, "amount", () if region is None else ("region",))[key]
    values = raw["amount"][mine]
    finite = values[np.isfinite(values)]
    assert (told.n, told.missing, told.above, told.below) == (mine.sum(), np.isnan(values).sum(), np.isposinf(values).sum(), 0)
    assert (told.low, told.high) == (finite.min(), finite.max())
    assert told.finite == len(finite)
    assert told.mean == pytest.approx(finite.mean(), rel=1e-5)
    assert told.deviation == pytest.approx(finite.std(), rel=1e-4)


def test_categories_count_every_value_once(raw, shapes):
    """Known categories, a newcomer by its name, and what is missing."""
    span = window(8, 12)
    mine = inside(raw, span) & (raw["region"] == "FR")
    told = shapes.categories(span, "label", ("region",))[("FR",)]
    assert told.counts == {name: (raw["label"][mine] == name).sum() for name in (*LABELS, "loan")}
    assert (told.missing, told.n) == (sum(v is None for v in raw["label"][mine]), mine.sum())


def test_distances_are_those_of_the_values(raw, shapes):
    """Every column in every group at once: PSI and KS within 0.002 of the raw values', JS as of the same bins."""
    current, reference = window(10, 12), window(0, 10)
    found = {(d.column, d.group): d for d in shapes.distances(current, reference, [(), ("region",)])}
    assert len(found) == 3 * (1 + 3)
    for name in ("score", "amount"):
        for group, rows in (((), np.ones(len(raw["region"]), bool)), (("ES",), raw["region"] == "ES")):
            now, before = (raw[name][inside(raw, w) & rows] for w in (current, reference))
            told = found[name, group]
            edges = bins.quantile_edges(before)
            assert told.psi == pytest.approx(
                distances.psi(bins.bin_counts(before, edges), bins.bin_counts(now, edges)), abs=0.002
            )
            known = [v[~np.isnan(v)] for v in (before, now)]
            assert told.ks == pytest.approx(scipy_stats.ks_2samp(*known).statistic, abs=0.002)
            assert (told.n, told.n_reference, told.missing) == (len(now), len(before), np.isnan(now).sum())


def test_many_at_once_are_as_one_by_one(shapes):
    """The dense way gives what each histogram gives by itself."""
    current, reference = window(10, 12), window(0, 10)
    found = {(d.column, d.group): d for d in shapes.distances(current, reference, [("region",)])}
    now, before = (shapes.histograms(w, "amount", ("region",)) for w in (current, reference))
    for group, side in now.items():
        edges = before[group].edges()
        counts = before[group].binned(edges), side.binned(edges)
        told = found["amount", group]
        assert told.psi == pytest.approx(distances.psi(*counts), abs=1e-12)
        assert told.js == pytest.approx(distances.js(*counts), abs=1e-12)
        assert told.ks == pytest.approx(ks(before[group], side), abs=1e-12)
        assert told.bins == sum((counts[0] + counts[1]) > 0)


def test_categories_drift_as_their_counts_do(raw, shapes):
    """The reference's categories, missing, and all newcomers as one bin."""
    current, reference = window(10, 12), window(0, 10)
    found = {(d.column, d.group): d for d in shapes.distances(current, reference, [()])}
    counts = []
    for span in (reference, current):
        labels = raw["label"][inside(raw, span)]
        counts.append(
            {
                None if v is None else str(v): int(sum(labels == v)) if v is not None else int(sum(x is None for x in labels))
                for v in dict.fromkeys(labels)
            }
        )
    aligned = bins.category_counts(*counts)
    told = found["label", ()]
    assert told.psi == pytest.approx(distances.psi(aligned.reference, aligned.current), abs=1e-12)
    assert told.js == pytest.approx(distances.js(aligned.reference, aligned.current), abs=1e-12)
    assert told.ks is None


def test_parts_of_days_are_gaps_until_edges_fill_them(raw, layout, shapes):
    """A window that begins and ends within a day lacks two stretches; with pieces of exactly these it is whole."""
    span = BEGIN + 2 * DAY + 180, BEGIN + 9 * DAY + 180
    pieces, gaps = shapes.cover(span)
    assert gaps == [(span[0], BEGIN + 3 * DAY), (BEGIN + 9 * DAY, span[1])]
    assert len(pieces) == 6
    adder = Adder(layout, pieces=[(a, b - a) for a, b in gaps])
    adder.add(batch(layout, raw, np.ones(len(raw["minute"]), bool)))
    whole = Shapes(layout, shapes.summaries, [adder.summary()])
    assert whole.cover(span)[1] == []
    mine = inside(raw, span)
    for name in ("amount", "score"):
        values = raw[name][mine]
        told = whole.histograms(span, name)[()]
        assert (told.n, told.missing) == (len(values), np.isnan(values).sum())
        spec = layout.column(name)
        assert np.array_equal(
            told.counts, np.bincount(spec.binning.codes(values[np.isfinite(values)]), minlength=spec.binning.size)
        )
    assert whole.missing([span, window(0, 12)], "label")[0][()] == (mine.sum(), sum(v is None for v in raw["label"][mine]))


def test_an_hour_of_the_score_is_no_part_of_a_day(raw, layout, shapes):
    """The hours that are kept of the score cover no window that ends an hour after midnight: the other columns lack it."""
    span = BEGIN + 2 * DAY, BEGIN + 9 * DAY + 60
    gap = BEGIN + 9 * DAY, span[1]
    assert shapes.cover(span)[1] == [gap]
    adder = Adder(layout, pieces=[(gap[0], 60)])
    adder.add(batch(layout, raw, np.ones(len(raw["minute"]), bool)))
    whole = Shapes(layout, shapes.summaries, [adder.summary()])
    assert whole.cover(span)[1] == []
    for name in ("amount", "score"):
        assert whole.histograms(span, name)[()].n == inside(raw, span).sum()


def test_a_day_whose_other_hours_are_empty_needs_no_edge(layout, shapes):
    """Where nothing lies outside the window's part of a day, the day is the part; where nothing lies inside, it is no gap."""
    known = Shapes(layout, shapes.summaries, empty=lambda stretch: stretch[0] >= BEGIN + 9 * DAY + 180)
    assert known.cover((BEGIN + 8 * DAY, BEGIN + 9 * DAY + 180))[1] == []
    assert known.cover((BEGIN + 9 * DAY + 180, BEGIN + 10 * DAY)) == ([], [])


def test_days_without_rows_are_no_gaps(shapes):
    """A window may reach beyond the log on both sides."""
    assert shapes.cover((BEGIN - 30 * DAY - 60, BEGIN + 60 * DAY + 60)) == ([window(i, i + 1) for i in range(DAYS)], [])
    assert shapes.histograms((BEGIN - 30 * DAY, BEGIN - 20 * DAY), "amount") == {}


def test_hours_of_the_score_are_no_pieces_of_days(raw, layout):
    """Also where midnight is at half past, so that some of them have half an hour."""
    india = replace(layout, zone="Asia/Kolkata")
    adder = Adder(india)
    adder.add(batch(india, raw, np.ones(len(raw["minute"]), bool)))
    shapes = Shapes(india, [adder.summary()])
    pieces, gaps = shapes.cover((BEGIN - 330, BEGIN - 330 + DAYS * DAY))
    assert gaps == [] and {b - a for a, b in pieces} == {DAY} and len(pieces) == DAYS
    told = shapes.histograms((BEGIN - 330, BEGIN - 330 + 3 * DAY), "score")[()]
    assert told.n == (raw["minute"] < 3 * DAY - 330).sum()


def test_units_read_as_dictionaries_answer_as_others_do(shapes, layout):
    """Days from a file beside edges from memory: texts are told alike."""
    mixed = Shapes(layout, [encoded(shapes.summaries[0]), shapes.summaries[1]])
    current, reference = window(10, 12), window(0, 10)
    assert mixed.distances(current, reference, [(), ("region",)]) == shapes.distances(current, reference, [(), ("region",)])


def test_a_column_of_few_categories_is_told_beside_one_of_many():
    many = tuple(f"m{i}" for i in range(40))
    layout = Layout("UTC", columns=tuple(Column(n, "category", known=k) for n, k in (("few", LABELS), ("many", many))))
    codes = np.arange(80)
    made = {
        "at_us": pa.array(BEGIN * 60_000_000 + codes, pa.int64()),
        "decided": pa.array(np.zeros(80, bool)),
        "positive": pa.array(np.zeros(80, bool)),
        "c0": pa.array([LABELS[i % 3] for i in codes]),
        "c1": pa.array([many[i % 40] for i in codes]),
    }
    adder = Adder(layout)
    adder.add(pa.record_batch([made[f.name] for f in batch_schema(layout)], schema=batch_schema(layout)))
    [told] = Shapes(layout, [adder.summary()]).categories(window(0, 1), "few").values()
    assert told.counts == {"rent": 27, "sales": 27, "tax": 26}
