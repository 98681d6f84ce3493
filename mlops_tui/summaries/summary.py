"""A summary: four tables of integers. Adding two of them gives the very bytes that all their rows together would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.core.errors import LogError
from mlops_tui.summaries import categories as kept
from mlops_tui.summaries import grouping, wide
from mlops_tui.summaries.layout import MOST_CATEGORIES, Layout

Name = Literal["cells", "labels", "numbers", "categories"]
NAMES: tuple[Name, ...] = get_args(Name)

MINUTE = 60_000_000
"""Microseconds: `at` and `span` count minutes, from 1970 in UTC."""
SCALE = 2.0**20
"""A moment is floor(z * SCALE + 0.5) and floor(z * z * SCALE + 0.5) added up; z = (x - m) / s within +-FARTHEST."""
FARTHEST = 2.0**16
LOW_BITS = 26
"""`z2` is kept as z2_hi * 2^26 + z2_lo, with z2_lo below 2^26."""

_TIME = (("at", pa.int32()), ("span", pa.int32()))
_GROUP = (*_TIME, ("set", pa.string()), ("value", pa.string()))
_KEYS: dict[Name, tuple[tuple[str, pa.DataType], ...]] = {
    "cells": _GROUP,
    "labels": (*_GROUP, ("age", pa.int16())),
    "numbers": (*_GROUP, ("column", pa.string())),
    "categories": (*_GROUP, ("column", pa.string())),
}
_SUMS: dict[Name, tuple[str, ...]] = {
    "cells": ("n", "decided", "positive"),
    "labels": ("n", "positive"),
    "numbers": ("n", "nulls", "nans", "pos_inf", "neg_inf", "z1", "z2_hi", "z2_lo"),
    "categories": ("n", "missing", "other", "overflow"),
}
_NO_NULLS = {"nullable": False}
U16, U32 = (pa.list_(pa.field("item", t, nullable=False)) for t in (pa.uint16(), pa.uint32()))
TEXTS = pa.list_(pa.field("item", pa.string(), nullable=False))


def schema(name: Name, parts: int = 0) -> pa.Schema:
    """The columns of a table, in order; `parts` is how many metric parts the layout has.

    `cells`: rows, decided rows and positive decisions; of metric part i the sum and how many rows it has. `labels`: outcomes
    known, and positive ones, by whole days from decision to outcome. `numbers`: of a column in a group, rows by what they
    hold, least and greatest value (null where private or none), moments, and the filled bins, ascending, with their counts;
    `positives` only for the score: how many rows of the bin are positive decisions. `categories`: `codes` are places in the
    layout's `known`, ascending; `other` are further categories that the sample had, `names` newcomers in order, `overflow`
    newcomers beyond those kept by name.
    """
    fields = [pa.field(k, t, **_NO_NULLS) for k, t in _KEYS[name]]
    fields += [pa.field(k, pa.int64(), **_NO_NULLS) for k in _SUMS[name]]
    if name == "cells":
        for i in range(parts):
            fields += [pa.field(f"m{i}_n", pa.int64(), **_NO_NULLS), pa.field(f"m{i}_sum", wide.SUM, **_NO_NULLS)]
    if name == "numbers":
        fields += [pa.field("min", pa.float64()), pa.field("max", pa.float64())]
        fields += [pa.field("bins", U16, **_NO_NULLS), pa.field("counts", U32, **_NO_NULLS), pa.field("positives", U32)]
    if name == "categories":
        fields += [pa.field("codes", U16, **_NO_NULLS), pa.field("counts", U32, **_NO_NULLS)]
        fields += [pa.field("names", TEXTS, **_NO_NULLS), pa.field("name_counts", U32, **_NO_NULLS)]
    return pa.schema(fields)


def encoded_schema(plain: pa.Schema) -> pa.Schema:
    """A table's columns with texts as dictionaries, as `packed.read` can give them."""
    kind = pa.dictionary(pa.int32(), pa.string())
    names = pa.list_(pa.field("item", kind, nullable=False))
    types = {"set": kind, "value": kind, "column": kind, "names": names}
    return pa.schema([f.with_type(types.get(f.name, f.type)) for f in plain])


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """Parts of one of the tables one after the other, not added up; texts may be dictionaries in some of them."""
    dictionaries = encoded_schema(tables[0].schema)
    if any(t.schema == dictionaries for t in tables):
        tables = [t if t.schema == dictionaries else t.cast(dictionaries) for t in tables]
    return pa.concat_tables(tables)


def keys(name: Name) -> tuple[str, ...]:
    """The columns by which a table is sorted, no two rows being equal in all of them."""
    return tuple(k for k, _ in _KEYS[name])


@dataclass(frozen=True, slots=True)
class Summary:
    """Four tables in canonical form (`schema`, sorted by `keys`): equal rows in, equal bytes out."""

    cells: pa.Table
    labels: pa.Table
    numbers: pa.Table
    categories: pa.Table

    @staticmethod
    def empty(layout: Layout) -> Summary:
        """The summary of no rows: what added to another changes nothing."""
        return Summary(*(schema(n, len(layout.parts)).empty_table() for n in NAMES))

    def table(self, name: Name) -> pa.Table:
        """One of the four."""
        found: pa.Table = getattr(self, name)
        return found

    def equals(self, other: Summary) -> bool:
        """Whether all four tables hold the same."""
        return all(self.table(n).equals(other.table(n)) for n in NAMES)


def merge(first: Summary, *others: Summary) -> Summary:
    """The summary of all rows together. Every summary is of the same layout, and no row is in two of them."""
    if not others:
        return first
    return Summary(*(added(n, [s.table(n) for s in (first, *others)]) for n in NAMES))


def added(name: Name, tables: list[pa.Table]) -> pa.Table:
    """One of the tables, from parts of it: rows of equal keys added up, in canonical form.

    Raises LogError where the parts have not the same columns, which are then not of one layout.
    """
    wanted = tables[0].schema
    if any(t.schema != wanted for t in tables):
        raise LogError(f"summaries of two layouts cannot be added up ({name})", hint="build the summaries again")
    table = pa.concat_tables(tables).combine_chunks()
    by, texts = [], {}
    for key, kind in _KEYS[name]:
        column = table.column(key)
        if kind == pa.string():
            found, texts[key] = grouping.ranks(column)
            by.append(found)
        else:
            by.append(column.to_numpy())
    groups = grouping.grouped(by)
    if groups.single and not (name == "categories" and _many_new(table)):
        return table.take(pa.array(groups.order)).combine_chunks()
    columns: dict[str, pa.Array] = {}
    for (key, kind), values in zip(_KEYS[name], by, strict=True):
        first = groups.first(values)
        columns[key] = named(first, texts[key]) if kind == pa.string() else pa.array(first, kind)
    for key in _SUMS[name]:
        columns[key] = pa.array(groups.total(table.column(key).to_numpy()))
    _ADD[name](table, groups, columns)
    return pa.table([columns[f.name] for f in wanted], schema=wanted)


def _no_more(table: pa.Table, groups: grouping.Groups, columns: dict[str, pa.Array]) -> None:
    """Labels are added up by their sums."""


def _add_parts(table: pa.Table, groups: grouping.Groups, columns: dict[str, pa.Array]) -> None:
    for field in table.schema:
        if field.name.endswith("_n"):
            columns[field.name] = pa.array(groups.total(table.column(field.name).to_numpy()))
        elif field.name.endswith("_sum"):
            a, b, c = (groups.total(p) for p in wide.to_parts(table.column(field.name).combine_chunks()))
            columns[field.name] = wide.from_parts((a, b, c))


def _add_numbers(table: pa.Table, groups: grouping.Groups, columns: dict[str, pa.Array]) -> None:
    high, low = columns["z2_hi"].to_numpy(), columns["z2_lo"].to_numpy()
    columns["z2_hi"], columns["z2_lo"] = (pa.array(v) for v in carried(high, low))
    for key, pick in (("min", np.fmin), ("max", np.fmax)):
        values = table.column(key).to_numpy()
        columns[key] = pa.array(pick.reduceat(values[groups.order], groups.starts), from_pandas=True)
    offsets, bins = grouping.flat(table.column("bins"))
    _, counts = grouping.flat(table.column("counts"))
    scored = table.column("positives").combine_chunks()
    each, positives = grouping.flat(scored)
    of_bin = np.zeros(len(bins), dtype=np.int64)
    with_score = np.repeat(np.diff(each) > 0, np.diff(offsets))
    of_bin[with_score] = positives.to_numpy()
    flat = grouping.Sparse(offsets, _long(bins), (_long(counts), of_bin))
    sums = grouping.added(flat, groups)
    columns["bins"] = lists(sums.each, sums.codes, U16)
    columns["counts"] = lists(sums.each, sums.counts[0], U32)
    without = groups.first(scored.is_null().to_numpy(zero_copy_only=False)).astype(bool)
    columns["positives"] = lists(sums.each, sums.counts[1], U32, without)


def _add_categories(table: pa.Table, groups: grouping.Groups, columns: dict[str, pa.Array]) -> None:
    offsets, codes = grouping.flat(table.column("codes"))
    _, counts = grouping.flat(table.column("counts"))
    sums = grouping.added(grouping.Sparse(offsets, _long(codes), (_long(counts),)), groups)
    columns["codes"] = lists(sums.each, sums.codes, U16)
    columns["counts"] = lists(sums.each, sums.counts[0], U32)
    offsets, names = grouping.flat(table.column("names"))
    _, counts = grouping.flat(table.column("name_counts"))
    places, texts = grouping.ranks(names)
    new = grouping.added(grouping.Sparse(offsets, places, (_long(counts),)), groups)
    new, dropped = _capped(new, texts, [columns[k] for k in ("at", "span", "column")])
    columns["overflow"] = pa.array(columns["overflow"].to_numpy() + dropped)
    columns["names"] = pa.ListArray.from_arrays(pa.array(new.offsets), named(new.codes, texts), type=TEXTS)
    columns["name_counts"] = lists(new.each, new.counts[0], U32)


def _many_new(table: pa.Table) -> bool:
    """Whether newcomers could be more than are kept."""
    _, names = grouping.flat(table.column("names"))
    return len(names.unique()) > MOST_CATEGORIES


def _capped(new: grouping.Sparse, texts: list[str], stretch: list[pa.Array]) -> tuple[grouping.Sparse, npt.NDArray[np.int64]]:
    """Newcomers, of which each column keeps MOST_CATEGORIES by name in a stretch of time, and the rows of those that go.

    Those of the least fingerprint stay: the least of a union are the least of its parts' least, so that parts add up in any
    order, and what stays is counted in full.
    """
    dropped = np.zeros(len(new.offsets) - 1, dtype=np.int64)
    if len(texts) <= MOST_CATEGORIES:
        return new, dropped
    at, span, column = stretch
    owner = grouping.grouped([at.to_numpy(), span.to_numpy(), grouping.ranks(column)[0]]).of_row[new.rows]
    found, pair = grouping.distinct(owner * len(texts) + new.codes)
    owners, codes = np.divmod(found, len(texts))
    prints = np.array([kept.fingerprint(t) for t in texts], dtype=np.uint64)
    least_first = np.lexsort((codes, prints[codes], owners))
    begins = np.searchsorted(owners, owners)  # where each one's owner begins
    stay = np.empty(len(found), dtype=bool)
    stay[least_first] = np.arange(len(found)) - begins < MOST_CATEGORIES
    stays = stay[pair]
    np.add.at(dropped, new.rows[~stays], new.counts[0][~stays])
    each = np.bincount(new.rows[stays], minlength=len(dropped))
    offsets = np.concatenate([[0], np.cumsum(each)]).astype(np.int32)
    return grouping.Sparse(offsets, new.codes[stays], (new.counts[0][stays],)), dropped


_ADD = {"cells": _add_parts, "labels": _no_more, "numbers": _add_numbers, "categories": _add_categories}


def carried(high: npt.NDArray[np.int64], low: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A second moment in canonical form: the low part below 2^26."""
    return high + (low >> LOW_BITS), low & ((1 << LOW_BITS) - 1)


def _long(values: pa.Array) -> npt.NDArray[np.int64]:
    wider: npt.NDArray[np.int64] = values.to_numpy().astype(np.int64)
    return wider


def lists(
    each: npt.NDArray[np.int64], values: npt.NDArray[np.int64], kind: pa.DataType, without: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """A list column: `each` is how many of the values a row has; null where `without`. Raises LogError for too large counts."""
    if len(values) and values.max() > np.iinfo(kind.value_type.to_pandas_dtype()).max:
        raise LogError("more rows in one bin of one day than a summary can count (4,294,967,295)")
    mask = None
    if without is not None:
        values, mask = values[np.repeat(~without, each)], pa.array(without)
        each = np.where(without, 0, each)
    offsets = np.concatenate([[0], np.cumsum(each)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, kind.value_type), type=kind, mask=mask)


def named(places: npt.NDArray[np.integer[Any]], texts: list[str]) -> pa.Array:
    """A text column, from each row's place among some texts."""
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(texts, pa.string())).cast(pa.string())
