"""A log that names Polars has the summaries that it would have without."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pyarrow as pa
import pytest
from logs.summing import ASKED, Place, rows, summary_of

from mlops_tui.core.errors import LogError, QueryError
from mlops_tui.inventory.types import LabelSpec
from mlops_tui.summaries.summary import Summary


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, zone="Europe/Madrid", spec={"engine": "polars"})


def by_duckdb(place: Place) -> Summary:
    """The same log summarised anew without its engine."""
    shutil.rmtree(place.root / "cache")
    return summary_of(replace(place, spec={**place.spec, "engine": None}).refresh())


def test_polars_reads_the_rows_and_the_counts_are_the_same(place):
    """Also of outcomes that are a column, with a folder's value as a column."""
    labels = LabelSpec(column="flag", only_when="decision = 'approved'")
    place.asked = replace(ASKED, labels=labels)
    place.spec = {**place.spec, "segments": ["region", "channel", "date"], "id": None}
    for day in range(3):
        place.write(day)
    made = place.refresh()
    assert len(made.snapshot.layout.dimensions) == 6
    assert made.snapshot.read()[0].labels.num_rows > 0
    assert summary_of(made).equals(by_duckdb(place))


def test_polars_is_what_reads(place, monkeypatch):
    place.spec = {**place.spec, "id": None}
    place.write(0)

    def no(*_: object) -> None:
        raise AssertionError("the rows were read by another")

    monkeypatch.setattr("mlops_tui.logs.log.Log.batches", no)
    monkeypatch.setattr("mlops_tui.logs.direct.Direct.batches", no)
    assert place.refresh().counters.rows_read == 600


def test_columns_that_came_later_or_became_wider(place):
    old, new = rows(0).drop_columns(["bank"]), rows(1)
    place.write(0, old.set_column(old.schema.get_field_index("score"), "score", old.column("score").cast(pa.float32())))
    place.write(1, new)
    made = place.refresh()
    assert summary_of(made).equals(by_duckdb(place))


def test_text_is_read_by_duckdb(place):
    place.write(0, name="a.csv")
    made = place.refresh()
    assert summary_of(made).equals(by_duckdb(place))


def test_what_is_not_portable_is_asked_of_the_rows(place):
    place.asked = replace(ASKED, slices={"odd": "round(income) > 60"})
    place.write(0)
    made = place.refresh()
    ((name, why),) = made.snapshot.index.left_out
    assert name == "odd"
    assert why.startswith("polars cannot compute it: ")


def test_times_that_polars_reads_otherwise_are_refused(place):
    """A naive time of a zone whose clocks change."""
    table = rows(0)
    naive = table.column("ts").cast(pa.timestamp("us"))
    place.write(0, table.set_column(0, "ts", naive))
    place.spec = {**place.spec, "timezone": "Europe/Madrid"}
    with pytest.raises(LogError, match="does not read times of TIMESTAMP"):
        place.refresh()


def test_a_damaged_file_is_named_and_passed_over(place):
    place.write(0)
    path = place.write(1)
    data = path.read_bytes()
    path.write_bytes(data[:200] + b"\0" * 2000 + data[2200:])
    made = place.refresh()
    assert [f.shown for f in made.bad] == [str(path.relative_to(place.root))]
    assert summary_of(made).cells.num_rows > 0


def test_a_layout_that_polars_cannot_compute_says_what_to_do(place):
    """The slice was laid out before the log named its engine."""
    asked = replace(ASKED, slices={"odd": "round(income) > 60"})
    place.asked, engine = asked, place.spec
    place.spec = {}
    place.write(0)
    place.refresh()
    place.write(1)
    place.spec = engine
    with pytest.raises(QueryError, match=r"slice odd: halves .* or take `engine:` from the log"):
        place.refresh()
