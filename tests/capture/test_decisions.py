"""What is given to a DecisionLog lies in its files, by type, by day, by name; what cannot is counted and told once."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.capture import CaptureWarning, DecisionLog, Stats
from mlops_tui.core.errors import UsageError

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)


def files(root: Path) -> list[Path]:
    return sorted(root.glob("**/*.parquet"))


def rows(root: Path) -> list[dict[str, object]]:
    tables = [pq.ParquetFile(f, page_checksum_verification=True).read() for f in files(root)]
    return pa.concat_tables(tables, promote_options="default").to_pylist()


def test_a_decision_is_a_row(tmp_path: Path) -> None:
    """Every argument is a column, and every feature and segment; times are UTC, in the folder of their day."""
    with DecisionLog(tmp_path, model="credit-risk") as log:
        log.write(
            {"amount": 120.5, "bank_label": "invoice", "new": True},
            score=0.71,
            decision="approved",
            segments={"region": "ES"},
            version="2026.10",
            latency_ms=12.5,
            cost_usd=0.0004,
            id="a-1",
            ts=NOON,
        )
    (path,) = files(tmp_path)
    assert path.parent == tmp_path / "date=2026-10-14"
    assert rows(tmp_path) == [
        {
            "ts": NOON,
            "id": "a-1",
            "model_version": "2026.10",
            "score": 0.71,
            "decision": "approved",
            "latency_ms": 12.5,
            "cost_usd": 0.0004,
            "region": "ES",
            "amount": 120.5,
            "bank_label": "invoice",
            "new": True,
        }
    ]
    assert log.stats == Stats(taken=1, written=1, files=1)
    told = json.loads(pq.read_schema(path).metadata[b"runbook.capture"])
    assert told["model"] == "credit-risk"


def test_nothing_given_is_a_row_too(tmp_path: Path) -> None:
    """Without arguments there is the time, and the other columns are there and empty, so that an inventory may name them."""
    before = datetime.now(UTC)
    with DecisionLog(tmp_path, model="m", types={"amount": "integer"}) as log:
        log.write()
    (row,) = rows(tmp_path)
    assert before <= row.pop("ts") <= datetime.now(UTC)
    assert row == dict.fromkeys(("id", "model_version", "score", "decision", "latency_ms", "cost_usd", "amount"))


def test_nothing_is_touched_before_a_decision(tmp_path: Path) -> None:
    """Making a log, and closing it, leaves no folder."""
    with DecisionLog(tmp_path / "log", model="m"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_days_and_hours_have_their_folders(tmp_path: Path) -> None:
    """Rows lie where their time is, in UTC, whatever the order and the zone they came in."""
    late = datetime.fromisoformat("2026-10-15T01:30:00+02:00")  # still the 14th in UTC
    for every in ("day", "hour"):
        with DecisionLog(tmp_path / every, model="m", every=every) as log:
            for at in (NOON, late, NOON - timedelta(days=1), (NOON + timedelta(hours=1)).timestamp()):
                log.write(ts=at)
    assert [f.parent.relative_to(tmp_path / "day").as_posix() for f in files(tmp_path / "day")] == [
        "date=2026-10-13",
        "date=2026-10-14",
    ]
    assert [f.parent.relative_to(tmp_path / "hour").as_posix() for f in files(tmp_path / "hour")] == [
        "date=2026-10-13/hour=12",
        "date=2026-10-14/hour=12",
        "date=2026-10-14/hour=13",
        "date=2026-10-14/hour=23",
    ]
    assert [r["ts"] for r in rows(tmp_path / "day")] == [NOON - timedelta(days=1), NOON, late, NOON + timedelta(hours=1)]


def test_what_the_caller_changes_later_is_not_written(tmp_path: Path) -> None:
    """Features and segments are copied when they are given."""
    features, segments = {"amount": 1.0}, {"region": "ES"}
    with DecisionLog(tmp_path, model="m") as log:
        log.write(features, segments=segments)
        features["amount"] = 2.0
        segments.clear()
    assert [(r["amount"], r["region"]) for r in rows(tmp_path)] == [(1.0, "ES")]


def test_a_whole_number_may_be_followed_by_a_fraction(tmp_path: Path) -> None:
    """Numbers are doubles unless they are declared; numpy's and decimals are numbers like others; NaN is a value."""
    given = [1, 2.5, np.float32(0.5), np.int64(7), Decimal("1.25"), float("nan"), None, 10**400, 2**60]
    with DecisionLog(tmp_path, model="m") as log:
        for value in given:
            log.write({"amount": value})
    found = [r["amount"] for r in rows(tmp_path)]
    assert found[:5] == [1.0, 2.5, 0.5, 7.0, 1.25]
    assert np.isnan(found[5])
    assert found[6:] == [None, float("inf"), float(2**60)]
    assert log.stats.mistyped == {}


@pytest.mark.parametrize(
    ("kind", "first", "others"),
    [
        ("number", 1.5, ["12", True, np.True_, [1], b"1", object()]),
        ("integer", 3, [2.5, "3", False, 2**63, float("nan"), float("inf")]),
        ("boolean", True, [1, 0.0, "true"]),
        ("text", "a", [1, b"a", None.__class__, UUID(int=1)]),
        ("time", NOON, [NOON.replace(tzinfo=None), "2026-10-14", 5]),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_a_value_of_another_type_is_counted(
    tmp_path: Path, kind: str, first: object, others: list[object], declared: bool
) -> None:
    """The row is written, the value is missing in it; the log says so once, with the types and not the values."""
    said: list[str] = []
    kinds = {"x": kind} if declared or kind == "integer" else {}
    with DecisionLog(tmp_path, model="m", types=kinds, tell=said.append) as log:
        log.write({"x": first})
        assert log.flush(30)
        for other in others:
            log.write({"x": other})
        assert log.flush(30)
        for other in others:
            log.write({"x": other})
    assert [r["x"] for r in rows(tmp_path)] == [first] + [None] * 2 * len(others)
    assert log.stats.mistyped == {"x": 2 * len(others)}
    assert log.stats.written == 1 + 2 * len(others)
    (text,) = said
    assert text.startswith(f"'x' is of type {kind}; values of type ")


def test_the_type_stays_when_the_first_value_was_missing(tmp_path: Path) -> None:
    """A feature has no type until it has a value; until then no file has its column."""
    with DecisionLog(tmp_path, model="m") as log:
        log.write({"x": None})
        assert log.flush(30)
        log.write({"x": "a"})
    first, second = (pq.read_schema(f) for f in sorted(files(tmp_path), key=lambda p: p.name))
    assert "x" not in first.names
    assert second.field("x").type == pa.string()


def test_segments_versions_and_decisions_are_text(tmp_path: Path) -> None:
    """What is no text is written as SQL would write it; a feature that is a segment too is written as the segment."""
    with DecisionLog(tmp_path, model="m") as log:
        log.write({"region": 34, "x": 1}, segments={"region": 34, "small": False}, version=7, decision=True, id=UUID(int=1))
        log.write({"region": 35}, segments={"small": None}, decision=np.int64(0))
        log.write({}, segments={"region": "half \ud800 a pair"})
    first, second, third = rows(tmp_path)
    assert (first["region"], first["small"], first["model_version"], first["decision"]) == ("34", "false", "7", "true")
    assert first["id"] == "00000000-0000-0000-0000-000000000001"
    assert (second["region"], second["small"], second["decision"]) == ("35", None, "0")
    assert third["region"] == "half ? a pair"


def test_names_that_cannot_be_columns_are_refused(tmp_path: Path) -> None:
    """A feature called as a column that is always there, and a name that is no text; the rest of the row is written."""
    said: list[str] = []
    with DecisionLog(tmp_path, model="m", tell=said.append) as log:
        for _ in range(3):
            log.write({"score": 5, 7: 1, "": 2, "x": 1}, score=0.5)  # type: ignore[dict-item]
    assert [(r["score"], r["x"]) for r in rows(tmp_path)] == [(0.5, 1.0)] * 3
    assert log.stats.refused == {"score": 3, "7": 3, "": 3}
    assert len(said) == 3


def test_values_that_no_column_holds_are_counted(tmp_path: Path) -> None:
    """A list, an array or an object makes no column."""
    said: list[str] = []
    with DecisionLog(tmp_path, model="m", tell=said.append) as log:
        log.write({"embedding": np.zeros(3), "x": 1})
        log.write({"embedding": [0.0], "x": 2})
    assert all("embedding" not in r for r in rows(tmp_path))
    assert log.stats.mistyped == {"embedding": 2}
    assert said == ["'embedding' is not written: a column holds numbers, text, true and false or times, not ndarray"]


def test_a_name_for_each_value_does_not_make_a_column_of_each(tmp_path: Path) -> None:
    """Names beyond two thousand are refused and counted."""
    said: list[str] = []
    with DecisionLog(tmp_path, model="m", tell=said.append) as log:
        for i in range(2_100):
            log.write({f"customer {i}": 1})
    assert len(pq.read_schema(files(tmp_path)[0]).names) == 2_000
    assert sum(log.stats.refused.values()) == 107
    assert len(rows(tmp_path)) == 2_100


def test_a_time_that_is_none_becomes_the_present(tmp_path: Path) -> None:
    """A time without a zone would be read as another moment: the present is nearer to the truth, and it is counted."""
    said: list[str] = []
    before = datetime.now(UTC) - timedelta(seconds=1)
    wrong = [datetime(2020, 1, 1), "yesterday", float("nan"), 1e300, -1e11 * 9, True]
    with DecisionLog(tmp_path, model="m", tell=said.append) as log:
        for ts in wrong:
            log.write(ts=ts)  # type: ignore[arg-type]
    assert all(before <= r["ts"] <= datetime.now(UTC) for r in rows(tmp_path))
    assert log.stats.mistyped == {"ts": len(wrong)}
    assert len(said) == 1


def test_it_never_raises(tmp_path: Path) -> None:
    """Whatever it is given, and also where warnings are errors and after it was closed: decisions go on."""
    log = DecisionLog(tmp_path, model="m")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log.write(5)  # type: ignore[arg-type]
        log.write({"x": 1}, segments=7)  # type: ignore[arg-type]
        log.close()
        log.write({"x": 1})
    assert (log.stats.taken, log.stats.dropped) == (0, 3)


def test_it_warns_once(tmp_path: Path) -> None:
    """Without a listener it is a CaptureWarning."""
    log = DecisionLog(tmp_path, model="m")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(3):
            log.write(5)  # type: ignore[arg-type]
    assert [w.category for w in seen] == [CaptureWarning]
    assert "a decision of m could not be taken" in str(seen[0].message)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": ""},
        {"every": "week"},
        {"types": {"x": "float"}},
        {"types": {"score": "number"}},
        {"flush_seconds": 0},
        {"most_bytes": -1},
    ],
)
def test_what_cannot_be_right_is_refused_at_once(tmp_path: Path, wrong: dict[str, object]) -> None:
    """Declarations are checked when the log is made, where the person who wrote them sees it."""
    with pytest.raises(UsageError):
        DecisionLog(tmp_path, **{"model": "m", **wrong})  # type: ignore[arg-type]


def test_files_are_written_by_rows_and_by_age(tmp_path: Path) -> None:
    """Nobody has to flush: a file comes when enough rows have, or the first of them is old enough."""
    import time

    def until(count: int) -> None:
        end = time.monotonic() + 30
        while len(files(tmp_path)) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(files(tmp_path)) == count

    log = DecisionLog(tmp_path, model="m", flush_rows=2_048, flush_seconds=3600)
    for _ in range(2_048):
        log.write()
    until(1)
    log.close()
    log = DecisionLog(tmp_path, model="m", flush_seconds=0.05)
    log.write()
    until(2)
    log.write()
    until(3)
    log.close()


def test_flush_says_whether_all_is_on_disk(tmp_path: Path) -> None:
    """True with a reader finding every row; an empty log has nothing to wait for."""
    log = DecisionLog(tmp_path, model="m")
    assert log.flush()
    for i in range(10_000):
        log.write({"i": i})
    assert log.flush(60)
    assert len(rows(tmp_path)) == 10_000
    log.close()
    log.close()
    assert log.stats == Stats(taken=10_000, written=10_000, files=1)
