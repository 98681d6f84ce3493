"""What is only summarised is told as if its values had been written and counted, and no value of it is in any file."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.capture import Around, DecisionLog, OneOf, private, units
from mlops_tui.core.errors import UsageError
from mlops_tui.summaries import packed
from mlops_tui.summaries.add import Adder, batch_schema
from mlops_tui.summaries.binning import Centred
from mlops_tui.summaries.layout import Column, Layout
from mlops_tui.summaries.summary import NAMES, Summary, merge

DAY = datetime(2026, 10, 14, tzinfo=UTC)
TYPES: dict[str, Any] = {
    "amount": "number",
    "income": "number",
    "diagnosis": "text",
    "plan": "text",
    "note": "text",
    "smokes": "boolean",
}
HOWS = {"income": Around(30_000, 20_000), "diagnosis": None, "plan": OneOf("basic", "full"), "note": "length", "smokes": None}
PRIVATE = tuple(HOWS)


def decisions(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Arguments of `write`, as a service might have them: some values missing, some not finite, a plan that nobody told."""
    pick = random.Random(seed)
    made = []
    for i in range(count):
        income = pick.choice([None, float("nan"), float("inf"), *(pick.lognormvariate(10, 1) for _ in range(20))])
        features = {
            "amount": round(pick.random(), 3),
            "income": income,
            "diagnosis": pick.choice([None, f"secret illness {i % 7}"]),
            "plan": pick.choice(["basic", "full", "secret plan", None]),
            "note": pick.choice([None, "", "secret " * pick.randrange(9)]),
            "smokes": pick.choice([True, False, None]),
        }
        made.append(
            {
                "features": features,
                "segments": {"region": pick.choice(["ES", "FR", None])},
                "version": pick.choice(["6", "7"]),
                "score": pick.random(),
                "decision": pick.choice(["approved", "rejected", None]),
                "latency_ms": pick.choice([None, 12.345678, 3]),
                "cost_usd": 0.0004,
                "id": f"d{seed}-{i}",
                "ts": DAY + timedelta(seconds=pick.randrange(3 * 86_400)),
            }
        )
    return made


def put(root: Path, given: list[dict[str, Any]], **options: Any) -> DecisionLog:
    with DecisionLog(root, **{"model": "m", "types": TYPES, "summarise": HOWS, "segments": ["region"], **options}) as log:
        for each in given:
            log.write(**each)
    stats = log.stats
    assert (stats.mistyped, stats.lost, stats.unsummarised, stats.failures) == ({}, 0, 0, 0), stats
    return log


def batch(layout: Layout, given: list[dict[str, Any]], *, coarse: bool) -> pa.RecordBatch:
    """The rows as an engine would give them to be summarised; numbers as their bins tell them, where `coarse`."""
    columns: dict[str, Any] = {"at_us": [int(g["ts"].timestamp() * 1e6) for g in given]}
    columns |= {"d0": [g["version"] for g in given], "d1": [g["segments"]["region"] for g in given]}
    columns["decided"] = [g["decision"] is not None for g in given]
    columns["positive"] = [g["decision"] == "approved" for g in given]
    for i, column in enumerate(layout.columns):
        values = [g["score"] if column.name == "score" else g["features"][column.name] for g in given]
        if column.name == "smokes":
            values = [None if v is None else str(v).lower() for v in values]
        if column.kind == "length":
            values = [None if v is None else float(len(v)) for v in values]
        if column.name == "plan" and column.known:
            values = [v if v in (None, *column.known) else "\x01" for v in values]
        if coarse and column.kind != "category":
            known = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
            values = [None if v is None else x for v, x in zip(values, private.coarse(column, known).tolist(), strict=True)]
        columns[f"c{i}"] = values
    for i, name in enumerate(("latency_ms", "cost_usd")[: len(layout.parts)]):
        columns[f"m{i}"] = [None if g[name] is None else Decimal(str(g[name])) for g in given]
    schema = batch_schema(layout)
    return pa.RecordBatch.from_arrays([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def hours(given: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(h * 60, 60) for h in sorted({int(g["ts"].timestamp()) // 3600 for g in given})]


def read(root: Path) -> tuple[Layout, Summary]:
    """The layout of a folder's units, and all of them together."""
    found, bad = units.found(root)
    assert bad == ()
    (layout,) = {u.layout for u in found}
    return layout, merge(*(packed.read(u.path) for u in found))


def test_summaries_are_those_of_the_values(tmp_path: Path) -> None:
    """By hour, over all and by version and segment: exactly what counting the rows gives, to the width of a bin; counts, bins
    and what is missing exactly."""
    given = decisions(3_000)
    log = put(tmp_path, given)
    layout, told = read(tmp_path)
    assert tuple(c.name for c in layout.columns) == PRIVATE
    adder = Adder(layout, pieces=hours(given))
    adder.add(batch(layout, given, coarse=True))
    assert told.equals(adder.summary())
    assert told.cells.num_rows == 0
    exact = Adder(layout, pieces=hours(given))
    exact.add(batch(layout, given, coarse=False))
    moments = ["z1", "z2_hi", "z2_lo", "min", "max"]
    assert told.numbers.drop_columns(moments).equals(exact.summary().numbers.drop_columns(moments))
    assert told.categories.equals(exact.summary().categories)
    z1 = [t.column("z1").to_numpy() / 2**20 / t.column("n").to_numpy() for t in (told.numbers, exact.summary().numbers)]
    far = np.maximum(np.abs(z1[1]), 1)
    assert (np.abs(z1[0] - z1[1]) <= far * 0.1).all()
    assert log.stats.written == len(given)


def test_rows_lack_what_is_only_summarised(tmp_path: Path) -> None:
    """The other columns are written as ever, one row a decision."""
    given = decisions(500)
    put(tmp_path, given)
    table = pa.concat_tables([pq.read_table(p, partitioning=None) for p in tmp_path.glob("date=*/*.parquet")])
    assert set(table.column_names).isdisjoint(PRIVATE)
    assert sorted(table["id"].to_pylist()) == sorted(g["id"] for g in given)
    assert sorted(table["amount"].to_pylist()) == sorted(g["features"]["amount"] for g in given)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("learn", [True, False])
def test_no_value_is_in_any_file(tmp_path: Path, rows: bool, learn: bool) -> None:
    """Not in a byte as it lies there, not in what the bytes say: texts whole or in part, numbers as text or as doubles."""
    given = decisions(2_000)
    told = {**HOWS, "income": None} if learn else HOWS
    put(tmp_path, given, summarise=told, rows=rows, positive="approved")
    incomes = [x for g in given if (x := g["features"]["income"]) is not None and np.isfinite(x)]
    assert len(incomes) > 1_000
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files
    said: set[object] = set()
    for path in files:
        data = path.read_bytes()
        assert b"secret" not in data
        assert not any(struct.pack("<d", x) in data or struct.pack(">d", x) in data or str(x).encode() in data for x in incomes)
        if path.suffix == ".layout":
            continue
        table = pq.ParquetFile(path)
        said.update(json.dumps(k.decode() + v.decode()) for k, v in (table.metadata.metadata or {}).items())
        for column in table.read().columns:
            flat = column.combine_chunks()
            while pa.types.is_list(flat.type):
                flat = flat.flatten()
            said.update(flat.to_pylist())
    assert not any("secret" in v for v in said if isinstance(v, str))
    assert said.isdisjoint(incomes)


def test_a_lone_value_is_known_to_its_bin_only(tmp_path: Path) -> None:
    """The moments of one decision give back the middle of its bin, and neither least nor greatest value is kept."""
    with DecisionLog(tmp_path, model="m", types={"x": "number"}, summarise={"x": Around(0, 1)}) as log:
        log.write({"x": 3.14159}, ts=DAY)
    _, told = read(tmp_path)
    row = told.numbers.to_pylist()[0]
    assert (row["n"], row["min"], row["max"]) == (1, None, None)
    assert 3.125 <= row["z1"] / 2**20 <= 3.25
    assert row["z1"] / 2**20 == pytest.approx(3.1875)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_middle_of_a_bin_lies_in_it(value: float, centre: float, scale: float) -> None:
    """So that what is counted by bins is the same, whichever of the two is counted."""
    column = Column("x", "number", True, Centred(centre, scale))
    values = np.array([value])
    assert column.binning is not None
    assert (column.binning.codes(private.coarse(column, values)) == column.binning.codes(values)).all()


def test_writers_add_up(tmp_path: Path) -> None:
    """Several logs, an hour that is flushed again and again, decisions that come hours late: together what one would give."""
    given = decisions(1_500)
    for part in range(3):
        with DecisionLog(tmp_path, model="m", types=TYPES, summarise=HOWS, segments=["region"]) as log:
            for i, each in enumerate(given[part::3]):
                log.write(**each)
                if i % 100 == 0:
                    assert log.flush(60)
    layout, told = read(tmp_path)
    adder = Adder(layout, pieces=hours(given))
    adder.add(batch(layout, given, coarse=True))
    assert told.equals(adder.summary())


def test_a_day_is_one_file_until_it_is_over(tmp_path: Path) -> None:
    """Flushed often, its file is replaced; one that readers have open stays whole."""
    with DecisionLog(tmp_path, model="m", types={"x": "number"}, summarise={"x": Around(0, 1)}) as log:
        for i in range(50):
            log.write({"x": float(i)}, ts=DAY + timedelta(seconds=i))
            assert log.flush(60)
            (unit,) = units.found(tmp_path)[0]
            assert packed.read(unit.path).numbers.column("n").to_pylist()[0] == i + 1
        log.write({"x": 1.0}, ts=DAY + timedelta(hours=1))
        log.write({"x": 1.0}, ts=DAY + timedelta(days=1))
    found, _ = units.found(tmp_path)
    assert len(found) == 2
    start = int(DAY.timestamp()) // 60
    assert [len(units.found(tmp_path, between)[0]) for between in ((start, start + 60), (start - 60, start))] == [1, 0]
    assert units.found(tmp_path, (start + 1380, start + 1500))[0] == found


# -- bins that are learned


CHILD = """
import random, sys, time
from datetime import UTC, datetime
from mlops_tui.capture import DecisionLog
log = DecisionLog(sys.argv[1], model="m", types={"income": "number"}, summarise=["income"], flush_seconds=0.02)
pick = random.Random(sys.argv[2])
for i in range(2_000):
    log.write({"income": pick.lognormvariate(10, 1)}, ts=datetime(2026, 10, 14, 5, tzinfo=UTC))
    if i % 500 == 0:
        time.sleep(0.05)
log.close()
assert log.stats.unsummarised == 0, log.stats
"""


def test_writers_learn_the_same_bins(tmp_path: Path) -> None:
    """Four processes that begin together agree on what the first of them learned; so does one that comes the next day."""
    children = [subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, str(n)]) for n in range(4)]
    assert [child.wait(120) for child in children] == [0] * 4
    assert subprocess.run([sys.executable, "-c", CHILD, tmp_path, "5"], timeout=120, check=False).returncode == 0
    layout, told = read(tmp_path)
    whole = [r for r in told.numbers.to_pylist() if r["set"] == ""]
    assert [(r["n"], sum(r["counts"])) for r in whole] == [(10_000, 10_000)]
    binning = layout.columns[0].binning
    assert isinstance(binning, Centred)
    assert 10_000 < binning.m < 50_000
    assert binning.m % (binning.s / 4) == 0


def test_a_few_values_teach_nothing(tmp_path: Path) -> None:
    """Bins from nine values would tell of each: they lie around 0 instead, and it is told."""
    said: list[str] = []
    with DecisionLog(tmp_path, model="m", types={"x": "number"}, summarise=["x"], tell=said.append) as log:
        for i in range(9):
            log.write({"x": 1_000.0 + i}, ts=DAY)
        assert not log.flush(60)  # not summarised yet
    layout, told = read(tmp_path)
    assert layout.columns[0].binning == Centred(0.0, 1.0)
    assert told.numbers.column("n").to_pylist()[0] == 9
    assert said == ["'x' had too few values to learn bins from: tell them by Around(...)"]


# -- without rows


def test_without_rows_decisions_are_counted_alone(tmp_path: Path) -> None:
    """Counts by hour, version and segment, with latency and cost; shapes of every column and of the score; nothing else."""
    given = decisions(2_000)
    log = put(tmp_path, given, rows=False, positive="approved")
    assert list(tmp_path.glob("**/*.parquet")) == []
    layout, told = read(tmp_path)
    assert [c.name for c in layout.columns] == ["score", *TYPES]
    assert log.stats.written == len(given)
    shapes = Adder(layout, pieces=hours(given))
    shapes.add(batch(layout, given, coarse=True))
    cells = Adder(replace(layout, columns=(), score=None))
    cells.add(batch(layout, given, coarse=True))
    assert told.equals(replace(shapes.summary(), cells=cells.summary().cells))
    assert sum(told.cells.column("n").to_pylist()) == len(given)


def test_without_rows_what_nobody_declared_is_refused(tmp_path: Path) -> None:
    """A name that is in no file is counted and told once, not passed over in silence."""
    said: list[str] = []
    log = DecisionLog(
        tmp_path, model="m", rows=False, positive="yes", types={"x": "number"}, segments=["region"], tell=said.append
    )
    for _ in range(20):
        log.write({"x": 1.0, "age": 40}, segments={"region": "ES", "channel": "web"}, decision="yes", score=0.5, ts=DAY)
    log.close()
    assert log.stats.refused == {"age": 20, "channel": 20}
    assert len(said) == 2
    assert log.stats.written == 20


# -- reading


def test_units_fit_the_layout_of_the_log(tmp_path: Path) -> None:
    """A log's layout takes the columns that only units know, and then counts them as its own; by dimensions that both have."""
    given = decisions(1_000)
    put(tmp_path, given)
    (mine, *_), _ = units.found(tmp_path)
    region = mine.layout.dimensions[1]
    bare = Layout(
        "Europe/Madrid", (region, replace(region, name="channel")), (), (Column("amount", "number", False, Centred(0, 1)),)
    )
    found, _ = units.found(tmp_path)
    layout, refused = units.taken_over(bare, found)
    assert refused == ()
    assert [c.name for c in layout.columns] == ["amount", *PRIVATE]
    whole = merge(*(units.aligned(u, layout) for u in found))
    assert set(whole.numbers.column("set").to_pylist()) == {"", "region"}
    _, told = read(tmp_path)
    assert whole.numbers.equals(told.numbers.filter(pa.array([s in ("", "region") for s in told.numbers["set"].to_pylist()])))


def test_other_bins_are_refused(tmp_path: Path) -> None:
    """Somebody changed the declaration: the column of the units that differ is named, the others are read."""
    put(tmp_path, decisions(50), summarise={"income": Around(1, 1), "diagnosis": None})
    found, _ = units.found(tmp_path)
    bare = Layout("UTC", (), (), (Column("income", "number", True, Centred(2.0, 1.0)),))
    layout, refused = units.taken_over(bare, found)
    assert {reason for _, reason in refused} == {"'income' is summarised in other bins or categories"}
    assert set(merge(*(units.aligned(u, layout) for u in found)).numbers.column("column").to_pylist()) == set()
    assert merge(*(units.aligned(u, layout) for u in found)).categories.num_rows > 0


def test_cells_fit_by_the_names_of_dimensions_and_parts(tmp_path: Path) -> None:
    """In another order, with a dimension that units do not know and a metric that they do not count."""
    given = decisions(800)
    put(tmp_path, given, rows=False, positive="approved")
    found, _ = units.found(tmp_path)
    theirs = found[0].layout
    mine = replace(
        theirs,
        dimensions=(theirs.dimensions[1], replace(theirs.dimensions[0], name="x"), theirs.dimensions[0]),
        parts=(replace(theirs.parts[0], name="amount"), theirs.parts[0]),
    )
    whole = merge(*(units.aligned(u, mine) for u in found)).cells
    assert sum(whole.column("n").to_pylist()) == len(given)
    assert sum(whole.column("m0_n").to_pylist()) == 0
    assert sum(whole.column("m1_n").to_pylist()) == sum(g["latency_ms"] is not None for g in given)
    es7 = sum(r["n"] for r in whole.to_pylist() if r["value"].split("\x1f")[0] == "ES" and r["value"].split("\x1f")[2] == "7")
    assert es7 == sum(g["segments"]["region"] == "ES" and g["version"] == "7" for g in given)


def test_a_unit_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Half a file, one of somebody else's, one whose layout is gone."""
    put(tmp_path, decisions(50), summarise={"income": Around(1, 1)})
    folder = tmp_path / units.FOLDER
    good, *_ = sorted(folder.glob("*.summary"))
    (folder / "half.20261014.x.summary").write_bytes(good.read_bytes()[:100])
    (folder / f"lost.{good.name.split('.', 1)[1]}").write_bytes(good.read_bytes())
    found, bad = units.found(tmp_path)
    assert good in [u.path for u in found]
    (folder / "notes.summary").touch()
    found, bad = units.found(tmp_path)
    assert [name.split(".")[0] for name, _ in bad] == ["half", "lost", "notes"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"summarise": ["x"]},
        {"summarise": ["score"]},
        {"summarise": ["x"], "types": {"x": "time"}},
        {"summarise": {"x": Around(0, 0)}, "types": {"x": "number"}},
        {"summarise": {"x": OneOf("a")}, "types": {"x": "number"}},
        {"summarise": {"x": "length"}, "types": {"x": "number"}},
        {"summarise": ["region"], "types": {"region": "text"}, "segments": ["region"]},
        {"summarise": ["x"], "types": {"x": "number"}, "segments": ["*"]},
        {"rows": False},
    ],
)
def test_what_cannot_be_summarised_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """At once, when the log is made."""
    with pytest.raises(UsageError):
        DecisionLog(tmp_path, model="m", **wrong)


def test_a_segment_of_very_many_values_is_bounded(tmp_path: Path) -> None:
    """A summary for each customer would be the log again: beyond a thousand values they count as missing, and it is told."""
    said: list[str] = []
    with DecisionLog(
        tmp_path, model="m", types={"x": "number"}, summarise={"x": Around(0, 1)}, segments=["customer"], tell=said.append
    ) as log:
        for i in range(1_500):
            log.write({"x": 1.0}, segments={"customer": f"c{i}"}, ts=DAY)
    _, told = read(tmp_path)
    rows = [r for r in told.numbers.to_pylist() if r["set"] == "customer"]
    assert len(rows) == 1_001
    assert sum(r["n"] for r in rows) == 1_500
    assert log.stats.refused == {"customer": 500}
    assert len(said) == 1


def test_every_table_is_of_the_form_that_readers_know(tmp_path: Path) -> None:
    """The tables of a unit are canonical: merged with nothing they are themselves."""
    put(tmp_path, decisions(200), rows=False, positive="approved")
    layout, told = read(tmp_path)
    assert merge(told, Summary.empty(layout)).equals(told)
    assert {n: told.table(n).num_rows > 0 for n in NAMES} == {
        "cells": True,
        "labels": False,
        "numbers": True,
        "categories": True,
    }
