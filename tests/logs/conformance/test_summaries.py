"""What an engine counts where the rows lie is what `Adder` counts of the rows themselves, to the last bit."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.inventory.types import Decision, LogSpec
from mlops_tui.logs.log import Log
from mlops_tui.logs.portable import faults, transpiled
from mlops_tui.logs.projection import projection
from mlops_tui.logs.pushdown import Source, Texts, batches, texts
from mlops_tui.summaries.add import Adder
from mlops_tui.summaries.aggregates import Aggregates, summary_of
from mlops_tui.summaries.binning import Centred, choose
from mlops_tui.summaries.categories import fingerprints
from mlops_tui.summaries.days import Calendar
from mlops_tui.summaries.layout import Column, Dimension, Layout, Part
from mlops_tui.summaries.summary import NAMES
from mlops_tui.summaries.wide import millionths

N = 6_000
FIRST = int(datetime(2026, 10, 24, tzinfo=UTC).timestamp()) * 1_000_000  # a day of 25 hours in Europe follows
CENTRE = Centred(0.0, 1.3)


def edges_of_bins() -> np.ndarray:
    """Values on both sides of every bound, and on it."""
    bounds = CENTRE.bounds[1:-1]
    return np.concatenate([bounds, np.nextafter(bounds, np.inf), np.nextafter(bounds, -np.inf), [0.0, -0.0, 5e-324, -5e-324]])


def rows(seed: int = 0) -> pa.Table:
    r = np.random.default_rng(seed)
    x = r.lognormal(4, 0.5, N)
    x[:8] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.7e308, -1.7e308, 1e-310]
    score = r.normal(0, 1, N)
    score[: len(edges_of_bins())] = edges_of_bins()
    at = r.integers(FIRST, FIRST + 3 * 86_400_000_000, N)
    odd = [0.0000005, -0.0000025, 1e12, -1e12, 1e300, 999_999_999_999.0]
    return pa.table(
        {
            "ts": pa.array(at, pa.timestamp("us", "UTC"), mask=r.random(N) < 0.01),
            "region": pa.array(r.choice(["ES", "FR", "", "+", "-"], N), mask=r.random(N) < 0.05),
            "version": pa.array(r.integers(1, 4, N), pa.int32()),
            "decision": pa.array(r.choice(["yes", "no"], N), mask=r.random(N) < 0.05),
            "score": score,
            "x": pa.array(x, mask=r.random(N) < 0.05, from_pandas=False),
            "modes": r.choice([0.0, 1e6], N) + r.normal(0, 1, N),
            "count": pa.array(r.integers(0, 9, N), pa.int16()),
            "bank": pa.array(r.choice(["a", "b", "c", "newcomer", ""], N), mask=r.random(N) < 0.1),
            "flag": pa.array(r.random(N) < 0.3, mask=r.random(N) < 0.1),
            "note": ["é" * int(k) for k in r.integers(0, 9, N)],
            "secret": pa.array(r.choice(["p", "q"], N), mask=r.random(N) < 0.1),
            "amount": np.concatenate([odd, np.round(r.normal(0, 1e4, N - len(odd)), 2)]),
        }
    )


def layout(table: pa.Table, zone: str, **more: object) -> Layout:
    columns = (
        Column("score", "number", binning=CENTRE),
        Column("x", "number", binning=choose(table.column("x").drop_null().to_numpy())),
        Column("modes", "number", binning=choose(table.column("modes").to_numpy())),
        Column("count", "number", True, binning=Centred(4.0, 2.0)),
        Column("bank", "category", known=("a", "b"), seen=fingerprints(["a", "b", "c"])),
        Column("flag", "category", known=("false", "true"), seen=fingerprints(["false", "true"])),
        Column("note", "length", True, binning=Centred(4.0, 2.0)),
        Column("secret", "category", True),
    )
    dimensions = (
        Dimension("version", "version", '"version"'),
        Dimension("region", "segment", '"region"'),
        Dimension("rich", "slice", "x > 60 -- by hand"),
    )
    parts = (Part("amount", "amount"), Part("approved", "CASE WHEN decision = 'yes' THEN amount END", "x > 10"))
    base = {"dimensions": dimensions, "pairs": (("rich", "region"),), "columns": columns, "parts": parts, "score": "score"}
    return Layout(zone, **{**base, **more})  # type: ignore[arg-type]


SPEC = LogSpec(path="*.parquet", time="ts", engine="polars")
DECISION = Decision(column="decision", positive="yes")


def pieces(table: pa.Table, zone: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The days and the hours of some rows."""
    calendar = Calendar(zone)
    minutes = np.unique(table.column("ts").drop_null().cast(pa.int64()).to_numpy() // 60_000_000)
    starts, spans = calendar.days_of(minutes)
    hours = np.unique(calendar.hours_of(minutes))
    days = sorted(set(zip(starts.tolist(), spans.tolist(), strict=True)))
    return days, list(zip(hours.tolist(), calendar.hour_spans(hours).tolist(), strict=True))


def source(engine, made: Layout) -> Source:
    return Source("log", SPEC, engine.schema("log"), made, DECISION)


def counted(engine, asked: Texts) -> Aggregates:
    columns = {name: engine.arrow(sql) for name, sql in asked.columns.items()}
    cells = None if asked.cells is None else engine.arrow(asked.cells)
    return Aggregates(cells, None if asked.score is None else engine.arrow(asked.score), columns)


def as_decimals(table: pa.Table) -> pa.Table:
    """Parts in millionths as DECIMAL(18,6)."""
    columns = {n: table.column(n).combine_chunks() for n in table.column_names}
    return pa.table({n: millionths(c) if n[0] == "m" else c for n, c in columns.items()})


def added(made: Layout, table: pa.Table, **more):
    adder = Adder(made, **more)
    for batch in table.to_batches(max_chunksize=999):
        adder.add(batch)
    return adder.summary()


def same(one, other) -> list[str]:
    """Tables that differ, and the columns that do."""
    found = []
    for name in NAMES:
        a, b = one.table(name), other.table(name)
        if not a.equals(b):
            columns = [c for c in a.column_names if len(a) != len(b) or not a.column(c).equals(b.column(c))]
            found.append(f"{name}: {len(a)} and {len(b)} rows, {columns}")
    return found


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "Asia/Kolkata", "America/St_Johns"])
def test_counts_of_the_engine_are_those_of_the_rows(opened, zone, tmp_path):
    table = rows()
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
    made = layout(table, zone)
    engine = opened({"log": [tmp_path / "a.parquet"]})
    log = Log.open(SPEC, root=tmp_path, zone=ZoneInfo("UTC"), name="log")
    usual = added(made, log.arrow(projection(log, made, DECISION)))
    days, hours = pieces(table, zone)
    pushed = summary_of(made, counted(engine, texts(source(engine, made), days, hours)), days, hours)
    assert same(pushed, usual) == []
    assert same(added(made, as_decimals(engine.arrow(batches(source(engine, made))))), usual) == []


@pytest.mark.parametrize("grain", ["day", "margins"])
def test_coarser_grains_are_the_same_too(opened, grain):
    table = rows(1)
    made = layout(table, "Europe/Madrid", grain=grain)
    engine = opened({"log": table})
    days, hours = pieces(table, "Europe/Madrid")
    pushed = summary_of(made, counted(engine, texts(source(engine, made), days, hours)), days, hours)
    assert same(pushed, added(made, as_decimals(engine.arrow(batches(source(engine, made)))))) == []


def test_pieces_are_counted_and_nothing_else(opened):
    """The ends of windows: shapes of some minutes, no cells, no hours of the score."""
    table = rows(2)
    made = layout(table, "UTC")
    engine = opened({"log": table})
    ends = [(FIRST // 60_000_000 + 90, 45), (FIRST // 60_000_000 + 1440, 7)]
    pushed = summary_of(made, counted(engine, texts(source(engine, made), ends, None)), ends)
    assert pushed.cells.num_rows == 0
    assert same(pushed, added(made, as_decimals(engine.arrow(batches(source(engine, made)))), pieces=ends)) == []


def test_a_log_without_dimensions_columns_or_rows(opened):
    bare = Layout("UTC")
    for table in (rows(), rows().slice(0, 0)):
        engine = opened({"log": table})
        given = Source("log", LogSpec(path="x", time="ts"), engine.schema("log"), bare)
        days, hours = pieces(table, "UTC")
        pushed = summary_of(bare, counted(engine, texts(given, days, hours)), days, hours)
        assert same(pushed, added(bare, engine.arrow(batches(given)))) == []


def test_every_text_is_portable_and_has_words_in_spark():
    table = rows()
    kinds = {"ts": "TIMESTAMP WITH TIME ZONE", "version": "INTEGER", "count": "SMALLINT", "flag": "BOOLEAN"}
    columns = {c: kinds.get(c, "VARCHAR") for c in table.column_names}
    given = Source("log", SPEC, columns, layout(table, "Europe/Madrid"), DECISION)
    asked = texts(given, *pieces(table, "Europe/Madrid"))
    for sql in (batches(given), asked.cells, asked.score, *asked.columns.values()):
        assert faults(sql) == ()
        assert "epoch_us" not in transpiled(sql, "spark").lower()
