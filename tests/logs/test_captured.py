"""Columns that are in no row: told by what their writers counted, by what they told them apart by, and by whole hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mlops_tui.capture import Around, DecisionLog
from mlops_tui.capture.places import FOLDER
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import LogSpec
from mlops_tui.logs import measure
from mlops_tui.logs.log import Log

DAY = datetime(2026, 10, 14, tzinfo=UTC)


def put(root: Path, days: int = 3, **options: object) -> None:
    """Twelve decisions an hour; income is missing for one in four, and lower by the day."""
    given = {"model": "m", "types": {"income": "number"}, "summarise": {"income": Around(100, 10)}, "segments": ["region"]}
    with DecisionLog(root / "log", **(given | options)) as log:  # type: ignore[arg-type]
        for hour in range(24 * days):
            for i in range(12):
                income = None if i % 4 == 0 else 100.0 - hour // 24
                region = ("ES", "FR", None)[i % 3]
                log.write(
                    {"income": income, "amount": 1.0},
                    segments={"region": region},
                    ts=DAY + timedelta(hours=hour, minutes=5 * i),
                )


def opened(root: Path) -> Log:
    return Log.open(
        LogSpec(path="log/**/*.parquet", time="ts", segments=["region"]), root=root, zone=ZoneInfo("UTC"), name="log"
    )


def window(start: int, hours: int, minutes: int = 0) -> Window:
    begin = DAY + timedelta(hours=start, minutes=minutes)
    return Window(begin, begin + timedelta(hours=hours))


def test_missing_values_are_counted_beside_those_of_rows(tmp_path: Path) -> None:
    """By window and by segment, for both kinds of columns at once; windows begin and end with any hour."""
    put(tmp_path)
    log = opened(tmp_path)
    windows = [window(5, 7), window(0, 72)]
    told = measure.nulls(log, ["amount", "income"], windows).value
    assert told == {
        (0, (), "amount"): (84, 0),
        (0, (), "income"): (84, 21),
        (1, (), "amount"): (864, 0),
        (1, (), "income"): (864, 216),
    }
    told = measure.nulls(log, ["income"], windows, by=["region"]).value
    assert told[0, ("ES",), "income"] == (28, 7)
    assert told[1, (None,), "income"] == (288, 72)
    told = measure.nulls(log, ["income"], windows[:1], where={"region": "FR"}).value
    assert told == {(0, (), "income"): (28, 7)}


def test_nothing_is_told_that_was_not_counted(tmp_path: Path) -> None:
    """By a column that writers did not tell decisions apart by, of some rows only, or for half an hour: not by rows either."""
    put(tmp_path)
    log = opened(tmp_path)
    for asked in ({"where": {"decision": "x"}}, {"rows": "amount > 0"}, {"by": ["decision"]}):
        assert measure.nulls(log, ["income"], [window(0, 24)], **asked).value == {}  # type: ignore[arg-type]
    assert measure.nulls(log, ["income"], [window(0, 1, minutes=30)]).value == {}


def test_the_query_says_that_no_row_has_it(tmp_path: Path) -> None:
    """It runs, counts the rows, and names the column."""
    put(tmp_path)
    log = opened(tmp_path)
    query = measure.columns_query(log, ["income"], window(0, 24))
    assert query.startswith("-- income is in no row")
    assert log.rows(query) == [(288,)]


def test_a_log_without_summaries_has_none(tmp_path: Path) -> None:
    """No folder, no columns, no notes."""
    put(tmp_path, summarise=(), segments=())
    log = opened(tmp_path)
    assert log.captured is None
    assert (log.watches("income"), log.watches("age"), log.notes) == (True, False, ())


def test_a_column_that_rows_have_is_that_of_the_rows(tmp_path: Path) -> None:
    """Somebody stopped writing it, or began to: what rows have is asked of rows, and it is told."""
    put(tmp_path, days=1, summarise=(), segments=())
    put(tmp_path, days=1)
    log = opened(tmp_path)
    assert log.captured is not None
    assert log.captured.names == frozenset()
    assert "'income' is in rows, and summarised in _summaries: it is told by rows alone" in log.notes
    assert measure.nulls(log, ["income"], [window(0, 24)]).value == {(0, (), "income"): (576, 360)}


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    """Files of other bins than the newest have, files that cannot be read, decisions that are in no row."""
    put(tmp_path, days=1, summarise={"income": Around(0, 1)})
    put(tmp_path, days=2)
    (tmp_path / "log" / FOLDER / "half.20261014.x.summary").write_bytes(b"half")
    log = opened(tmp_path)
    assert log.captured is not None
    assert log.captured.notes == log.notes
    half, other = log.notes
    assert half.startswith("_summaries/half.20261014.x.summary: a summary cannot be read")
    assert other == "_summaries: 'income' is summarised in other bins or categories in 1 file; they are passed over"
    assert measure.nulls(log, ["income"], [window(24, 24)]).value == {(0, (), "income"): (288, 72)}


def test_segments_are_those_that_all_writers_told(tmp_path: Path) -> None:
    """A segment that came later is not told of, rather than wrongly."""
    put(tmp_path, days=1, segments=())
    put(tmp_path, days=2)
    log = opened(tmp_path)
    assert log.captured is not None
    assert log.captured.layout.names == ("model_version",)
    assert measure.nulls(log, ["income"], [window(0, 24)], by=["region"]).value == {}
    assert measure.nulls(log, ["income"], [window(0, 24)]).value == {(0, (), "income"): (576, 144)}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_hours_are_those_of_utc(tmp_path: Path, zone: str) -> None:
    """A window of a zone at half an hour is not cut through an hour: it is not told."""
    put(tmp_path, days=2)
    start = datetime(2026, 10, 15, tzinfo=ZoneInfo(zone))
    told = measure.nulls(opened(tmp_path), ["income"], [Window(start, start + timedelta(hours=12))]).value
    assert told == ({(0, (), "income"): (144, 36)} if zone == "UTC" else {})
