"""Reading without SQL gives what SQL gives: whatever the files' types are, and wherever it must be left to SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from logs.summing import ASKED, Place, from_rows, rows, summary_of

from mlops_tui.inventory.types import Decision
from mlops_tui.logs.direct import Unfit, direct
from mlops_tui.logs.log import Log

Change = Callable[[pa.Table], pa.Table]


def put(name: str, make: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Change:
    return lambda t: t.set_column(t.column_names.index(name), name, make(t.column(name)))


def cast(name: str, type_: pa.DataType, *, safe: bool = True) -> Change:
    return put(name, lambda c: c.cast(type_, safe=safe))


TEXTS = pa.dictionary(pa.int8(), pa.string())
DIRECT: dict[str, Change] = {
    "as it is": lambda t: t,
    "milliseconds": cast("ts", pa.timestamp("ms", "UTC"), safe=False),
    "dictionaries": lambda t: cast("region", TEXTS)(cast("bank", TEXTS)(t)),
    "floats": cast("income", pa.float32()),
    "a number that is true or false": put("income", lambda c: pc.greater(c, 50.0)),
    "large texts": cast("region", pa.large_string()),
    "rows without a time": put("ts", lambda c: pc.if_else(pc.equal(pc.second(c), 7), pa.scalar(None, c.type), c)),
    "another zone": cast("ts", pa.timestamp("us", "Europe/Madrid")),
}
BY_SQL: dict[str, Change] = {
    "naive times": lambda t: put("ts", lambda c: c.cast(pa.timestamp("us")))(t),
    "nanoseconds": cast("ts", pa.timestamp("ns", "UTC")),
    "times as text": cast("ts", pa.string()),
    "seconds since 1970": put("ts", lambda c: pc.divide(c.cast(pa.int64()), 1_000_000)),
}


def opened(place: Place) -> Log:
    return place.wanted.origin.open()


@pytest.mark.parametrize("name", [*DIRECT, *BY_SQL])
def test_both_ways_count_the_same(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path)
    for day in range(3):
        place.write(day, (DIRECT | BY_SQL)[name](rows(day)))
    made = place.refresh()
    assert made.counters.rows_read > 1700
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


@pytest.mark.parametrize("name", DIRECT)
def test_these_files_are_read_without_sql(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path)
    path = place.write(0, DIRECT[name](rows(0)))
    log = opened(place)
    way = direct(log, place.refresh().snapshot.layout, ASKED.decision, None)
    assert way is not None
    assert sum(b.num_rows for b in way.batches(path, 100)) > 580
    assert set(way.columns) >= {"income", "amount"}
    assert "id" not in way.columns
    log.close()


def test_what_sql_must_read_is_said(tmp_path: Path) -> None:
    """A type that differs from the log's, a column that the file lacks, a damaged file."""
    place = Place(tmp_path)
    paths = [
        place.write(0),
        place.write(1, cast("income", pa.float32())(rows(1))),
        place.write(2, rows(2).drop_columns("bank")),
    ]
    layout = place.refresh().snapshot.layout
    log = opened(place)
    way = direct(log, layout, ASKED.decision, None)
    assert way is not None
    assert [b.num_rows for b in way.batches(paths[0], 1000)] == [600]
    for path in paths[1:]:
        with pytest.raises(Unfit):
            list(way.batches(path, 1000))
    data = bytearray(paths[0].read_bytes())
    data[4:3000] = bytes(2996)
    paths[0].write_bytes(data)
    with pytest.raises(Unfit):
        list(way.batches(paths[0], 1000))
    log.close()


@pytest.mark.parametrize(("kind", "positive"), [(pa.bool_(), "true"), (pa.int8(), "1"), (pa.float64(), "1")])
def test_decisions_that_are_no_text(tmp_path: Path, kind: pa.DataType, positive: str) -> None:
    place = Place(tmp_path, asked=replace(ASKED, decision=Decision(column="decision", positive=positive), metrics=()))
    for day in range(2):
        place.write(day, put("decision", lambda c: pc.equal(c, "approved").cast(kind))(rows(day)))
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_names_in_other_cases_are_the_same_column(tmp_path: Path) -> None:
    """SQL does not tell `Region` from `region`; Arrow does, and leaves it to SQL."""
    place = Place(tmp_path)
    place.write(0)
    table = rows(1)
    place.write(1, table.rename_columns([n.title() if n in ("region", "income") else n for n in table.column_names]))
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_rows_in_many_groups_of_a_file(tmp_path: Path) -> None:
    place = Place(tmp_path)
    path = place.write(0, pa.concat_tables([rows(0, 600, seed=i) for i in range(4)]))
    pq.write_table(pq.read_table(path), path, row_group_size=700)
    made = place.refresh()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
