"""Outcomes: joined by key to their decisions, counted by the decision's hour and by age, looked for only where due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from logs.summing import ASKED, DAY0, Place, rows, summary_of

from mlops_tui.inventory.types import LabelSpec, LogSpec
from mlops_tui.logs.refresh import current
from mlops_tui.logs.wanted import Refreshed
from mlops_tui.summaries.add import Labeller, label_schema
from mlops_tui.summaries.layout import Layout

DAY_US = 86_400_000_000
LABELS = LabelSpec(
    log=LogSpec(path="outcomes/**/*", time="seen"),
    join="id",
    column="repaid",
    positive="yes",
    only_when="decision = 'approved'",
)


def outcomes_of(decisions: pa.Table, seed: int, share: float = 0.4) -> pa.Table:
    """Outcomes of some of these decisions, up to nine days later, in no order; some are not known yet."""
    r = np.random.default_rng(seed)
    chosen = r.permutation(decisions.num_rows)[: int(decisions.num_rows * share)]
    some = decisions.take(pa.array(chosen))
    seen = some.column("ts").cast(pa.int64()).to_numpy() + r.integers(0, 9 * DAY_US, len(chosen))
    return pa.table(
        {
            "id": some.column("id"),
            "seen": pa.array(seen, pa.timestamp("us", "UTC")),
            "repaid": pa.array(r.choice(["yes", "no"], len(chosen)), mask=r.random(len(chosen)) < 0.1),
        }
    )


class Outcomes(Place):
    """A log of decisions with one of outcomes beside it."""

    def put(self, table: pa.Table, name: str) -> Path:
        path = self.root / "outcomes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            text = table.set_column(1, "seen", table.column("seen").cast(pa.string()))
            pa.csv.write_csv(text, path)
        else:
            pq.write_table(table, path)
        return path


@pytest.fixture
def place(tmp_path: Path) -> Outcomes:
    return Outcomes(tmp_path, asked=replace(ASKED, labels=LABELS))


def joined(layout: Layout, decisions: Sequence[pa.Table], outcomes: Sequence[pa.Table]) -> pa.Table:
    """The labels of all rows, by Arrow's own join."""
    left = pa.concat_tables(decisions).filter(pc.equal(pc.field("decision"), "approved"))
    right = pa.concat_tables(outcomes).filter(pc.is_valid(pc.field("repaid")))
    both = left.join(right, "id", join_type="inner")
    at, seen = (both.column(c).cast(pa.int64()).to_numpy() for c in ("ts", "seen"))
    income = both.column("income").to_numpy()
    with np.errstate(invalid="ignore"):
        rich = np.where(np.isnan(income) & ~np.asarray(pc.is_null(both.column("income"))), True, income > 60)
    plain = {"version": "model", "rich": None}
    dims = []
    for d in layout.dimensions:
        dims.append(
            pa.array(np.where(rich, "yes", "no"))
            if d.role == "slice"
            else both.column(plain.get(d.name) or d.name).combine_chunks().cast(pa.string())
        )
    arrays = [pa.array(at), *dims, pa.array((seen - at) // DAY_US), pc.equal(both.column("repaid"), "yes").combine_chunks()]
    labeller = Labeller(layout)
    labeller.add(pa.RecordBatch.from_arrays(arrays, names=label_schema(layout).names))
    return labeller.summary().labels


def check(made: Refreshed, decisions: Sequence[pa.Table], outcomes: Sequence[pa.Table]) -> None:
    assert summary_of(made).labels.equals(joined(made.snapshot.layout, decisions, outcomes))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_outcomes_are_counted_with_their_decisions(place: Outcomes, suffix: str) -> None:
    decisions = [rows(day) for day in range(5)]
    outcomes = [outcomes_of(d, i) for i, d in enumerate(decisions)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    for i, table in enumerate(outcomes):
        place.put(table, f"{i}.{suffix}")
    made = place.refresh()
    check(made, decisions, outcomes)
    assert made.counters.outcome_files == 5
    assert place.refresh().counters.outcome_files == 0
    assert current(place.wanted, place.wanted.origin.manifest()) is not None


def test_outcomes_that_come_later_cost_their_own_file(place: Outcomes) -> None:
    """No decision is counted again."""
    decisions = [rows(day) for day in range(6)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    place.put(first := outcomes_of(decisions[0], 1), "a.parquet")
    place.refresh()
    place.put(late := outcomes_of(pa.concat_tables(decisions), 2, 0.1), "late.parquet")
    made = place.refresh()
    assert (made.counters.rows_read, made.counters.outcome_files) == (0, 1)
    check(made, decisions, [first, late])


def test_decisions_that_come_after_their_outcomes_find_them(place: Outcomes) -> None:
    """A decision file that was late, and one that was written again."""
    decisions = [rows(day) for day in range(5)]
    outcomes = [outcomes_of(d, i) for i, d in enumerate(decisions)]
    for i, table in enumerate(outcomes):
        place.put(table, f"{i}.parquet")
    for day in (0, 1, 3, 4):
        place.write(day, decisions[day])
    place.refresh()
    place.write(2, decisions[2])
    check(place.refresh(), decisions, outcomes)
    decisions[1] = decisions[1].slice(0, 200)
    place.write(1, decisions[1])
    made = place.refresh()
    assert made.counters.rows_read == 200
    check(made, decisions, outcomes)


def test_outcomes_that_were_written_again_or_are_gone(place: Outcomes) -> None:
    decisions = [rows(day) for day in range(3)]
    outcomes = [outcomes_of(decisions[0], i, 0.2) for i in range(3)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    paths = [place.put(table, f"day=2026-10-01/{i}.parquet") for i, table in enumerate(outcomes)]
    check(place.refresh(), decisions, outcomes)
    outcomes[1] = outcomes_of(decisions[1], 9)
    place.put(outcomes[1], "day=2026-10-01/1.parquet")
    paths[2].unlink()
    check(place.refresh(), decisions, outcomes[:2])


def test_labels_of_expired_decisions_and_outcomes_stay(place: Outcomes) -> None:
    decisions = [rows(day) for day in range(4)]
    outcomes = [outcomes_of(d, i) for i, d in enumerate(decisions)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    paths = [place.put(table, f"date={DAY0 + timedelta(days=i)}/o.parquet") for i, table in enumerate(outcomes)]
    place.refresh()
    (place.root / "logs" / f"date={DAY0}" / "part-0.parquet").unlink()
    paths[0].unlink()
    place.put(more := outcomes_of(decisions[3], 8, 0.1), "date=2026-10-09/o.parquet")
    check(place.refresh(), decisions, [*outcomes, more])


def test_a_damaged_file_of_outcomes_is_named_and_passed_over(place: Outcomes) -> None:
    decisions = [rows(day) for day in range(2)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    place.put(good := outcomes_of(decisions[0], 1), "good.parquet")
    bad = place.put(outcomes_of(decisions[1], 2), "bad.parquet")
    data = bytearray(bad.read_bytes())
    data[4:600] = bytes(596)
    bad.write_bytes(data)
    made = place.refresh()
    assert [f.shown for f in made.bad] == ["outcomes/bad.parquet"]
    check(made, decisions, [good])
    assert place.refresh().counters.outcome_files == 0


def test_labels_in_memory_where_nothing_can_be_written(place: Outcomes) -> None:
    decisions = [rows(day) for day in range(3)]
    outcomes = [outcomes_of(d, i) for i, d in enumerate(decisions)]
    for day, table in enumerate(decisions):
        place.write(day, table)
    for i, table in enumerate(outcomes):
        place.put(table, f"{i}.parquet")
    (place.root / "cache").write_text("no folder")
    check(place.refresh(), decisions, outcomes)


def test_an_outcome_that_stands_beside_its_decision(tmp_path: Path) -> None:
    """Labels that are a column of the log itself are known at once."""
    labels = LabelSpec(column="flag", positive="true", only_when="decision = 'approved'")
    place = Place(tmp_path, asked=replace(ASKED, labels=labels))
    tables = [rows(day) for day in range(3)]
    for day, table in enumerate(tables):
        place.write(day, table)
    labels_table = summary_of(place.refresh()).labels
    approved = pa.concat_tables(tables).filter(pc.equal(pc.field("decision"), "approved"))
    whole = labels_table.filter(pc.equal(labels_table["set"], ""))
    assert pc.sum(whole["n"]).as_py() == approved.num_rows
    assert pc.sum(whole["positive"]).as_py() == pc.sum(approved["flag"]).as_py()
    assert set(whole["age"].to_pylist()) == {0}
