"""A log whose files were read before is opened again without reading one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import log as logs
from mlops_tui.logs import measure

START = datetime(2026, 10, 1, tzinfo=UTC)
WEEK = Window(START, START + timedelta(days=7))
APPROVED = Decision(column="decision", positive="approved")


def remembered(log):
    facts = log.facts()
    return lambda files: {f.shown: facts[f.shown] for f in files if f.shown in facts}


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_known_files_are_not_opened_until_rows_are_asked_for(write, opened, some_rows, suffix, monkeypatch):
    """Columns, notes and the fingerprint need no connection; a question on rows makes one and gives the same answer."""
    write(f"logs/a.{suffix}", some_rows(30))
    write(f"logs/b.{suffix}", some_rows(30, START + timedelta(hours=30)))
    first = opened(segments=["region"], features={"score": "numeric"})
    asked = measure.rates(first, APPROVED, [WEEK], by=["region"])
    made = []
    connect = logs.connect
    monkeypatch.setattr(logs, "connect", lambda: made.append(1) or connect())
    again = opened(segments=["region"], features={"score": "numeric"}, known=remembered(first))
    assert (again.columns, again.notes, again.inputs) == (first.columns, first.notes, first.inputs)
    assert again.facts() == first.facts()
    assert not made
    assert measure.rates(again, APPROVED, [WEEK], by=["region"]) == asked
    assert made == [1]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_view_over_known_files_has_their_rows(write, opened, some_rows, suffix):
    """The SELECT for another connection is right also where this one read nothing yet."""
    import duckdb

    write(f"logs/a.{suffix}", some_rows(10))
    first = opened(features={"score": "numeric"})
    again = opened(features={"score": "numeric"}, known=remembered(first))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        assert con.execute(f"SELECT count(score) FROM ({again.view_sql(WEEK)})").fetchall() == [(10,)]


def test_only_new_files_are_read(write, opened, some_rows):
    """What is known is taken as it was told; a file that came since is looked at."""
    write("logs/a.parquet", some_rows(10))
    first = opened()
    write("logs/b.parquet", some_rows(20, START + timedelta(hours=10)))
    again = opened(known=remembered(first))
    assert measure.volumes(again, [WEEK]).value == {(0, ()): 30}
    assert {shown: f.rows for shown, f in again.facts().items()} == {"logs/a.parquet": 10, "logs/b.parquet": 20}
