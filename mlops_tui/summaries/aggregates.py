"""Summaries from what another engine has counted: groups in long form become the tables that `Adder` makes of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_tui.summaries import cells, wide
from mlops_tui.summaries.layout import LEAF, Column, Layout, joined, set_name
from mlops_tui.summaries.numbers import ABOVE, BELOW, NAN, NULL
from mlops_tui.summaries.summary import TEXTS, U16, U32, Name, Summary, added, carried, lists, schema
from mlops_tui.summaries.texts import MISSING, OTHER, vocabulary

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Rows that an engine gave: of cells, of the score by the hour, of each column by its name. None: it was not asked.

    `cells`: piece, d0.. (text, null is missing), n, decided, positive, and of part i m{i}_n, m{i}_high, m{i}_low (millionths,
    the high ones in units of 2^32). Numbers: piece, k0.. (`-` for missing, `+` before a text, null where the row is not told
    apart by it), code (from the number of bins on: null, NaN, above, below), n, positive, z1, z2_hi, z2_lo, low, high.
    Categories: piece, k0.., category (as the k), n. A piece is told by its start, in minutes since 1970.
    """

    cells: pa.Table | None = None
    score: pa.Table | None = None
    columns: Mapping[str, pa.Table] = field(default_factory=dict)


def summary_of(
    layout: Layout, counted: Aggregates, days: Sequence[tuple[int, int]], hours: Sequence[tuple[int, int]] = ()
) -> Summary:
    """The summary; `days` and `hours` are the pieces (start, span) that were asked for."""
    day, hour = dict(days), dict(hours)
    found: dict[Name, list[pa.Table]] = {"cells": [], "numbers": [], "categories": []}
    if counted.cells is not None:
        found["cells"].append(cells.coarsened("cells", _cells(layout, counted.cells, hour), layout))
    if counted.score is not None and layout.score is not None:
        column = layout.column(layout.score)
        assert column is not None
        found["numbers"].append(_numbers(layout, column, counted.score, hour, [()]))
    for name, table in counted.columns.items():
        column = layout.column(name)
        assert column is not None, name
        if column.kind == "category":
            found["categories"].append(_categories(layout, column, table, day))
        else:
            found["numbers"].append(_numbers(layout, column, table, day, layout.sets))
    empty = Summary.empty(layout)
    tables = [added(n, parts) if parts else empty.table(n) for n, parts in found.items()]
    return Summary(tables[0], empty.labels, tables[1], tables[2])


def _cells(layout: Layout, table: pa.Table, spans: Mapping[int, int]) -> pa.Table:
    values = [table.column(f"d{i}").to_pylist() for i in range(len(layout.dimensions))]
    at = _whole(table, "piece")
    columns = _timed(at, spans) | {
        "set": pa.array([LEAF] * len(at), pa.string()),
        "value": pa.array([joined(v) for v in zip(*values, strict=True)] if values else [""] * len(at), pa.string()),
        **{k: pa.array(_whole(table, k)) for k in ("n", "decided", "positive")},
    }
    for i in range(len(layout.parts)):
        columns[f"m{i}_n"] = pa.array(_whole(table, f"m{i}_n"))
        high, low = _whole(table, f"m{i}_high"), _whole(table, f"m{i}_low")
        columns[f"m{i}_sum"] = wide.from_parts((low, high, np.zeros(len(at), dtype=np.int64)))
    return _table("cells", columns, len(layout.parts))


def _numbers(
    layout: Layout, column: Column, table: pa.Table, spans: Mapping[int, int], sets: Sequence[tuple[str, ...]]
) -> pa.Table:
    """A row of the table for each group: `added` puts together those that differ by their code only."""
    assert column.binning is not None
    size, parts = column.binning.size, []
    for part, names in _by_set(layout, table, sets):
        code, n, positive = (_whole(part, k) for k in ("code", "n", "positive"))
        inside = code < size
        each = inside.astype(np.int64)
        without = np.full(len(code), column.name != layout.score)
        high, low = carried(_whole(part, "z2_hi"), _whole(part, "z2_lo"))
        columns = _timed(_whole(part, "piece"), spans) | names
        columns |= {"column": pa.array([column.name] * len(code), pa.string()), "n": pa.array(n)}
        kinds = {NULL: "nulls", NAN: "nans", ABOVE: "pos_inf", BELOW: "neg_inf"}
        columns |= {name: pa.array(np.where(code == size + k, n, 0)) for k, name in kinds.items()}
        columns |= {"z1": pa.array(_whole(part, "z1")), "z2_hi": pa.array(high), "z2_lo": pa.array(low)}
        columns |= {"min": _end(part, "low", column), "max": _end(part, "high", column)}
        columns |= {"bins": lists(each, code[inside], U16), "counts": lists(each, n[inside], U32)}
        columns["positives"] = lists(each, positive[inside], U32, without)
        parts.append(_table("numbers", columns))
    return pa.concat_tables(parts) if parts else schema("numbers").empty_table()


def _categories(layout: Layout, column: Column, table: pa.Table, spans: Mapping[int, int]) -> pa.Table:
    words, parts = vocabulary(column), []
    for part, names in _by_set(layout, table, layout.sets):
        key, n = part.column("category"), _whole(part, "n")
        texts = pc.if_else(pc.equal(key, "-"), pa.scalar(None, pa.string()), pc.utf8_slice_codeunits(key, 1))
        read = words.read(column.name, texts.combine_chunks())
        known, new = read.codes < read.known, read.codes >= read.first_new
        columns = _timed(_whole(part, "piece"), spans) | names
        columns |= {"column": pa.array([column.name] * len(n), pa.string()), "n": pa.array(n)}
        columns |= {"missing": pa.array(np.where(read.codes == read.known + MISSING, n, 0))}
        columns |= {"other": pa.array(np.where(read.codes == read.known + OTHER, n, 0))}
        columns["overflow"] = pa.array(np.zeros(len(n), dtype=np.int64))
        listed, each = known.astype(np.int64), new.astype(np.int64)
        columns |= {"codes": lists(listed, read.codes[known], U16), "counts": lists(listed, n[known], U32)}
        offsets = np.concatenate([[0], np.cumsum(each)]).astype(np.int32)
        added_names = pa.array([read.new[i] for i in (read.codes[new] - read.first_new).tolist()], pa.string())
        columns["names"] = pa.ListArray.from_arrays(pa.array(offsets), added_names, type=TEXTS)
        columns["name_counts"] = lists(each, n[new], U32)
        parts.append(_table("categories", columns))
    return pa.concat_tables(parts) if parts else schema("categories").empty_table()


def _by_set(layout: Layout, table: pa.Table, sets: Sequence[tuple[str, ...]]) -> list[tuple[pa.Table, dict[str, pa.Array]]]:
    """The rows of each set of dimensions, with their columns `set` and `value`."""
    keys = {d: f"k{i}" for i, d in enumerate(layout.names) if f"k{i}" in table.column_names}
    out = []
    for dims in sets:
        held = np.ones(table.num_rows, dtype=bool)
        for d, key in keys.items():
            held &= np.asarray(table.column(key).is_valid()) == (d in dims)
        part = table.filter(pa.array(held))
        texts = [part.column(keys[d]).to_pylist() for d in dims]
        values = [joined([_unkeyed(v) for v in row]) for row in zip(*texts, strict=True)] if dims else [""] * part.num_rows
        names = {"set": pa.array([set_name(dims)] * part.num_rows, pa.string()), "value": pa.array(values, pa.string())}
        out.append((part, names))
    return out


def _unkeyed(key: str) -> str | None:
    return None if key == "-" else key[1:]


def _timed(at: Ints, spans: Mapping[int, int]) -> dict[str, pa.Array]:
    return {"at": pa.array(at, pa.int32()), "span": pa.array([spans[a] for a in at.tolist()], pa.int32())}


def _whole(table: pa.Table, name: str) -> Ints:
    """A column of counts; a sum of nothing is 0."""
    found: Ints = pc.fill_null(table.column(name).cast(pa.int64()), 0).to_numpy()
    return found


def _end(table: pa.Table, name: str, column: Column) -> pa.Array:
    """Least or greatest values: null where there is none and of a private column; no minus zero."""
    if column.private:
        return pa.nulls(table.num_rows, pa.float64())
    values = table.column(name).cast(pa.float64()).to_numpy() + 0.0
    return pa.array(values, from_pandas=True)


def _table(name: Name, columns: Mapping[str, pa.Array], parts: int = 0) -> pa.Table:
    wanted = schema(name, parts)
    return pa.table([columns[f.name] for f in wanted], schema=wanted)
