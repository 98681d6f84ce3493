"""A log that nobody has described yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui.core.errors import LogError
from mlops_tui.logs import undeclared
from mlops_tui.logs.undeclared import UndeclaredLog


def test_every_column_is_there_as_the_files_hold_it(write, some_rows, tmp_path: Path) -> None:
    """Nothing is converted, folders' keys are columns of text, and the log knows how many rows it has."""
    write("logs/market=ES/a.parquet", some_rows(5))
    write("logs/market=FR/a.parquet", some_rows(7))
    log = UndeclaredLog.look("logs/**/*.parquet", root=tmp_path)
    assert (log.partitions, log.columns["market"], log.columns["score"]) == ({"market"}, "VARCHAR", "DOUBLE")
    assert (log.total_files, log.total_rows) == (2, 12)
    assert log.rows("SELECT market, count(*) FROM log GROUP BY 1 ORDER BY 1") == [("ES", 5), ("FR", 7)]


def test_of_a_huge_log_some_files_are_read_from_the_first_to_the_last(write, some_rows, tmp_path, monkeypatch) -> None:
    """The bound on rows holds, the first and the last file are among those read, and the whole is still counted."""
    monkeypatch.setattr(undeclared, "MOST_ROWS", 50)
    for i in range(20):
        write(f"logs/{i:02}.parquet", some_rows(10, part=i))
    log = UndeclaredLog.look("logs/*.parquet", root=tmp_path)
    parts = [p for (p,) in log.rows("SELECT DISTINCT part FROM log ORDER BY 1")]
    assert len(parts) == 5
    assert (parts[0], parts[-1]) == (0, 19)
    assert log.total_rows == 200


def test_a_sample_is_the_same_rows_every_time(write, some_rows, tmp_path: Path) -> None:
    """Chosen by what is in the rows, in the order of the files; all of them where they are few."""
    write("logs/a.parquet", some_rows(2_000))
    log = UndeclaredLog.look("logs/a.parquet", root=tmp_path)
    few = log.arrow(log.sample(200))
    assert 120 <= few.num_rows <= 300
    assert few.equals(log.arrow(log.sample(200)))
    assert log.arrow(log.sample(1_500)).num_rows == 2_000


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    """A pattern without a file is an error that names it."""
    with pytest.raises(LogError, match="no file matches nothing"):
        UndeclaredLog.look("nothing/*.csv", root=tmp_path)
