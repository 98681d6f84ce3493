"""A summary on the disk is there as it was, or not at all."""

from __future__ import annotations

import os

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.core.errors import LogError
from mlops_tui.summaries.packed import Header, Member, encoded, read, read_header, write
from mlops_tui.summaries.summary import NAMES, Summary, merge, schema, together

DAY = 29_700_000


def number(at: int, value: str, bins: list[int], positives: list[int] | None = None, column: str = "x") -> dict[str, object]:
    fixed = {"nulls": 1, "nans": 0, "pos_inf": 0, "neg_inf": 2, "z1": -7, "z2_hi": 3, "z2_lo": (1 << 26) - 1}
    ends = {"min": float(bins[0]), "max": float(bins[-1])} if bins else {"min": None, "max": None}
    row = {"at": at, "span": 1440, "set": "region", "value": value, "column": column, "n": len(bins) + 1}
    return {**row, **fixed, **ends, "bins": bins, "counts": [1] * len(bins), "positives": positives}


def cell(at: int, value: str, total: str) -> dict[str, object]:
    from decimal import Decimal

    row = {"at": at, "span": 60, "set": "*", "value": value, "n": 5, "decided": 4, "positive": 3, "m0_n": 5}
    return {**row, "m0_sum": Decimal(total)}


def category(at: int, names: list[str]) -> dict[str, object]:
    row = {"at": at, "span": 1440, "set": "", "value": "", "column": "job", "n": 9, "missing": 1, "other": 2, "overflow": 0}
    return {**row, "codes": [1, 3], "counts": [4, 2], "names": names, "name_counts": [1] * len(names)}


def label(at: int, age: int) -> dict[str, object]:
    return {"at": at, "span": 60, "set": "", "value": "", "age": age, "n": 2, "positive": 1}


def table(name, rows):
    return pa.Table.from_pylist(rows, schema=schema(name, 1))


def summary(at: int) -> Summary:
    return Summary(
        table("cells", [cell(at, "DE", "-0.000001"), cell(at, "ES", "99999999999999999999999999999999.999999")]),
        table("labels", [label(at, 0), label(at, 30)]),
        table("numbers", [number(at, "DE", [4, 9, 500], [1, 0, 1], "score"), number(at, "DE", []), number(at, "ES", [4, 767])]),
        table("categories", [category(at, ["new", "newer"])]),
    )


MEMBER = Member(path="data/a.parquet", size=7, mtime_ns=1, inode=2, rows=3, first_us=4, last_us=5, columns=(("x", "DOUBLE"),))
HEADER = Header(layout="k", members=(MEMBER,), pieces=((DAY, 60),), metric_parts=1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new" / "unit.parquet"
    write(path, HEADER, merge(summary(DAY), summary(DAY + 1440)))
    return path


def test_a_summary_comes_back_as_it_was_written(file):
    """Every table, every null and every digit."""
    assert read(file).equals(merge(summary(DAY), summary(DAY + 1440)))


def test_the_header_comes_back_and_says_where_the_rows_are(file):
    """With the files that were counted."""
    header = read_header(file)
    assert header.members == (MEMBER,) and header.pieces == ((DAY, 60),)
    assert next((g.table, g.rows, g.first, g.last) for g in header.groups) == ("cells", 4, DAY, DAY + 1440)


def test_only_what_is_asked_is_read(file):
    """Some tables, some of their columns, some of the time; the rest is empty."""
    some = read(file, ["numbers"], ["at", "n"], (DAY + 1, DAY + 1441))
    assert some.numbers.column_names == ["at", "n"]
    assert set(some.numbers.column("at").to_pylist()) == {DAY + 1440}
    assert some.cells.num_rows == some.labels.num_rows == some.categories.num_rows == 0
    assert read(file, between=(0, DAY)).equals(read(file, tables=()))


def test_a_reader_finds_the_old_file_or_the_new_one(file, monkeypatch):
    """A write that fails half-way changes nothing and leaves nothing behind."""
    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(file, HEADER, summary(DAY))
    assert file.read_bytes() == before and os.listdir(file.parent) == [file.name]


def test_files_that_hold_no_summary_are_named(tmp_path, file):
    """Parquet of somebody else, no Parquet, half a file, another format: an error that says what to do."""
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    (tmp_path / "empty.parquet").touch()
    (tmp_path / "text.parquet").write_text("no Parquet at all")
    (tmp_path / "half.parquet").write_bytes(file.read_bytes()[:-20])
    write(tmp_path / "old.parquet", Header(layout="k", metric_parts=1, format=0), summary(DAY))
    for name in ("other", "empty", "text", "half", "old"):
        with pytest.raises(LogError, match=rf"{name}\.parquet: .*build the summaries again"):
            read_header(tmp_path / f"{name}.parquet")
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "none.parquet")


def test_texts_may_come_as_dictionaries(file):
    """What they say is the same, from the file or from memory."""
    whole, got = read(file), read(file, encoded=True)
    assert pa.types.is_dictionary(got.numbers.schema.field("value").type)
    for name in NAMES:
        assert got.table(name).schema == encoded(whole).table(name).schema
        both = together([got.table(name), whole.table(name)])
        assert both.to_pylist() == 2 * whole.table(name).to_pylist()
        assert got.table(name).to_pylist() == encoded(whole).table(name).to_pylist() == whole.table(name).to_pylist()


def test_a_flipped_bit_is_noticed(file):
    """Wherever it is: the file is refused, or what it holds is the same."""
    whole, good = read(file), file.read_bytes()
    for place in np.random.default_rng(5).integers(0, len(good), 800).tolist():
        data = bytearray(good)
        data[place] ^= 1 << place % 8
        file.write_bytes(data)
        try:
            got = read(file)
        except LogError:
            continue
        assert got.equals(whole), place


def test_rows_need_not_be_in_order_of_time(tmp_path):
    """Parts that lie one after the other are found by time as well."""
    both = [summary(DAY + 1440), summary(DAY)]
    write(tmp_path / "a.parquet", HEADER, Summary(*(pa.concat_tables([s.table(n) for s in both]) for n in NAMES)))
    assert read(tmp_path / "a.parquet", between=(DAY, DAY + 1440)).equals(summary(DAY))


def test_any_reader_of_parquet_can_look_into_it(file):
    """The tables are plain Parquet, beside each other."""
    plain = pq.read_table(file)
    found = duckdb.sql(f"SELECT sum(list_sum(counts)) FROM '{file}'").fetchall()[0][0]
    assert found == sum(sum(c) for c in plain["counts"].to_pylist() if c)
    assert set(schema("cells", 1).names) | set(schema("numbers").names) <= set(plain.column_names)
    assert plain.num_rows == sum(g.rows for g in read_header(file).groups)


def test_every_table_has_its_own_columns():
    """And those in common have one type, so that they fit beside each other."""
    types = {}
    for name in NAMES:
        for f in schema(name, 2):
            assert types.setdefault(f.name, f.type) == f.type
