"""A query that takes too long, or that nobody wants, is waited for no longer; the engine can be asked again."""

from __future__ import annotations

import threading
from datetime import timedelta
from time import monotonic

import pyarrow as pa
import pytest

from mlops_tui.core.errors import Cancelled, QueryError

ROWS = pa.table({"x": pa.array(range(9_000), pa.int64())})
SLOW = "SELECT SUM(CASE WHEN EXP(a.x / 1000) * LN(b.x + 1) > 5 THEN 1 ELSE 0 END) AS n FROM one AS a CROSS JOIN two AS b"


@pytest.fixture
def engine(opened):
    return opened({"one": ROWS, "two": ROWS})


def test_a_timeout_ends_the_waiting(engine):
    began = monotonic()
    with pytest.raises(QueryError, match=r"took longer than 0\.1s"):
        engine.arrow(SLOW, timeout=timedelta(seconds=0.1))
    assert monotonic() - began < 2
    assert engine.arrow("SELECT COUNT(*) AS n FROM one", timeout=timedelta(seconds=30)).to_pylist() == [{"n": 9_000}]


def test_cancel_ends_what_runs_and_nothing_else(engine):
    threading.Timer(0.2, engine.cancel).start()
    began = monotonic()
    with pytest.raises(Cancelled):
        engine.arrow(SLOW)
    assert monotonic() - began < 3
    assert engine.arrow("SELECT COUNT(*) AS n FROM one").to_pylist() == [{"n": 9_000}]


def test_threads_ask_at_the_same_time(engine):
    found: list[int] = []

    def ask() -> None:
        found.append(engine.arrow("SELECT SUM(x) AS n FROM one").column("n")[0].as_py())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [sum(range(9_000))] * 6
