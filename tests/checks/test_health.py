import numpy as np
import pyarrow as pa

from mlops_tui import checks

from .conftest import HOURS, feed, rows, table


def health(world, **keys):
    return {f.target: f for f in checks.log_health(world.subject(**keys))}


def test_a_column_that_changes_its_type_is_a_finding(world):
    """Where text stands for numbers in some files of the windows, what does not fit is missing: said, and worth a look."""
    columns = rows()
    early = columns["hour"] < HOURS - 24
    world.write(table({k: v[early] for k, v in columns.items()}))
    late = {k: v[~early] for k, v in columns.items()}
    world.write(table(late | {"amount": np.array([f"{x} EUR" for x in late["amount"]])}), name="b")
    found = health(world)["log.columns"]
    assert found.status == "warn" and found.kind == "data_quality" and found.unit == "columns"
    assert "'amount' is VARCHAR in 1 of 2 files, read as DOUBLE" in found.summary


def test_a_column_absent_from_some_files_is_a_finding(world):
    """A declared column that some files of the windows lack is worth a look; one that nobody declares is only told."""
    columns = rows()
    early = columns["hour"] < HOURS - 24
    world.write(table({k: v[early] for k, v in columns.items()} | {"note": np.full(early.sum(), "x")}))
    world.write(table({k: v[~early] for k, v in columns.items() if k != "label"}), name="b")
    found = health(world)
    assert found["log.columns"].status == "warn" and "'label' is absent from 1 of 2 files" in found["log.columns"].summary
    assert found["log.other_columns"].status == "ok" and "'note'" in found["log.other_columns"].summary


def test_files_outside_the_windows_say_nothing_of_them(world):
    """A column that was added before the reference began is no news today."""
    columns = rows()
    old = columns["hour"] < HOURS - 32 * 24
    world.write(table({k: v[old] for k, v in columns.items() if k != "label"}), name="old")
    world.write(table({k: v[~old] for k, v in columns.items()}))
    assert "log.columns" not in health(world)


def test_rows_without_a_time_are_a_finding(world):
    """Rows whose time is null are in no window, and it is said how many they are."""
    columns = table(rows())
    ts = columns["ts"].to_pylist()
    world.write(columns | {"ts": pa.array([None] * 7 + ts[7:], pa.timestamp("us", "UTC"))})
    found = health(world)["log.untimed_rows"]
    assert (found.status, found.value, found.unit) == ("warn", 7.0, "rows") and "7 rows of log without a time" in found.summary


def test_rows_that_repeat_an_id_are_a_finding(world):
    """An hour that was delivered twice is too little for volume, and is seen by its ids."""
    world.inventory = world.inventory.replace("time: ts\n", "time: ts\n      id: number\n")
    columns = rows()
    columns |= {"number": np.arange(len(columns["hour"]))}
    assert "log.doubled_rows" not in health_of(world, columns)
    again = (columns["hour"] >= HOURS - 3) & (columns["hour"] < HOURS - 2)
    found = health_of(world, {k: np.concatenate([v, v[again]]) for k, v in columns.items()})["log.doubled_rows"]
    assert found.status == "warn" and found.value == again.sum() and "repeat an number" in found.summary
    assert "count(DISTINCT" in found.provenance.query


def health_of(world, columns):
    world.write(table(columns))
    return health(world)


def test_a_sources_log_is_looked_at_too(world):
    """A torn file of an upstream log is named beside the model's own."""
    world.write(table(rows()))
    path = world.write(feed(), log="feed")
    (path.parent / "torn.parquet").write_bytes(path.read_bytes()[:500])
    found = health(world)
    assert list(found) == ["feed.files"] and "1 of 2 files unreadable" in found["feed.files"].summary
