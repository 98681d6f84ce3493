"""Seeded rows for summaries, and what a summary of them must be, counted one by one."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from mlops_tui.summaries.add import batch_schema
from mlops_tui.summaries.binning import Centred, Edges
from mlops_tui.summaries.categories import fingerprints
from mlops_tui.summaries.layout import Column, Dimension, Layout, Part, joined

LAYOUT = Layout(
    "Europe/Berlin",
    dimensions=(
        Dimension("region", "segment", "region"),
        Dimension("version", "version", "version"),
        Dimension("new", "slice", "age < 1"),
    ),
    pairs=(("version", "region"),),
    columns=(
        Column("income", "number", binning=Centred(10.0, 2.0)),
        Column("job", "category", known=("clerk", "none", "pilot"), seen=fingerprints(["clerk", "none", "pilot", "rare"])),
        Column("score", "number", binning=Edges((0.2, 0.5, 0.8), 0.5, 0.25)),
        Column("note", "length", private=True, binning=Centred(3.0, 1.0)),
        Column("name", "category", private=True),
    ),
    parts=(Part("cost", "cost"), Part("latency", "latency")),
    score="score",
)
CLOCKS_CHANGE = datetime(2026, 10, 24, 20, tzinfo=UTC)
"""Before a night of 25 hours in Berlin."""

_REGIONS = ["DE", "ES", None, "a\x1fb", "\x00"]
_JOBS = ["clerk", "none", "pilot", "rare", "new one", "newer", None]
_ODD = [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, -0.0, 10.0]


def rows(seed: int, n: int, *, layout: Layout = LAYOUT, start: datetime = CLOCKS_CHANGE, hours: float = 60) -> pa.RecordBatch:
    """Rows of `LAYOUT` in no order, with everything in them that a log may hold."""
    r = np.random.default_rng(seed)

    def some(values, share=0.1):
        return [None if r.random() < share else v for v in values]

    odd = [float(r.choice(_ODD)) if r.random() < 0.1 else float(v) for v in r.normal(10, 3, n)]
    cents = [Decimal(int(v)).scaleb(-6) for v in r.integers(-(10**18) + 1, 10**18, n)]
    decided = r.random(n) < 0.9
    columns = [
        (r.integers(0, int(hours * 3.6e9), n) + int(start.timestamp()) * 10**6).tolist(),
        [_REGIONS[i] for i in r.integers(0, 5, n)],
        some([f"v{i}" for i in r.integers(1, 4, n)]),
        [["yes", "no"][i] for i in r.integers(0, 2, n)],
        decided.tolist(),
        (decided & (r.random(n) < 0.4)).tolist(),
        some(odd),
        [_JOBS[i] for i in r.integers(0, 7, n)],
        some(r.random(n).round(2).tolist(), 0.05),
        some(r.integers(0, 9, n).astype(float).tolist()),
        some([f"person {i}" for i in r.integers(0, 50, n)]),
        some(cents),
        some(cents),
    ]
    wanted = batch_schema(layout)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, wanted, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def dictionaries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows, texts as dictionaries."""
    columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def day(us: int, zone: str) -> tuple[int, int]:
    """The day of a time: its first minute and its minutes."""
    local = datetime.fromtimestamp(us / 1e6, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = (int(d.astimezone(UTC).timestamp() // 60) for d in (local, local + timedelta(days=1)))
    return start, end - start


def hour(us: int, zone: str) -> tuple[int, int]:
    """The hour of a time, cut where a day begins or ends within it."""
    minute, (start, span) = us // 3_600_000_000 * 60, day(us, zone)
    first, last = max(minute, start), min(minute + 60, start + span)
    return first, last - first


def expected(batch: pa.RecordBatch, layout: Layout = LAYOUT) -> dict[str, dict[tuple, dict]]:
    """The tables of a summary in the grain "hour", as key -> values; sums are fractions of what they are scaled by."""
    tables: dict[str, dict[tuple, dict]] = {n: {} for n in ("cells", "numbers", "categories")}
    for row in batch.to_pylist():
        us, zone = row["at_us"], layout.zone
        values = {d.name: row[f"d{i}"] for i, d in enumerate(layout.dimensions)}
        leaf = (*hour(us, zone), "*", joined(list(values.values())))
        _cell(tables["cells"].setdefault(leaf, defaultdict(int)), row, len(layout.parts))
        for i, c in enumerate(layout.columns):
            value = row[f"c{i}"]
            for dims in layout.sets:
                key = (*day(us, zone), "\x1f".join(dims), joined([values[d] for d in dims]) if dims else "", c.name)
                if c.kind == "category":
                    _category(tables["categories"].setdefault(key, defaultdict(int)), value, c)
                else:
                    _number(
                        tables["numbers"].setdefault(key, defaultdict(int)), value, c, row["positive"], c.name == layout.score
                    )
            if c.name == layout.score:
                key = (*hour(us, zone), "", "", c.name)
                _number(tables["numbers"].setdefault(key, defaultdict(int)), value, c, row["positive"], True)
    return tables


def _cell(into, row, parts):
    into["n"] += 1
    into["decided"] += row["decided"]
    into["positive"] += row["positive"]
    for i in range(parts):
        into[f"m{i}_n"] += row[f"m{i}"] is not None
        into[f"m{i}_sum"] += Fraction(row[f"m{i}"] or 0)


def _category(into, value, column):
    into["n"] += 1
    if value is None:
        into["missing"] += 1
    elif column.private or value == "rare":
        into["other"] += 1
    elif value in column.known:
        into["known", column.known.index(value)] += 1
    else:
        into["new", value] += 1


def _number(into, value, column, positive, scored):
    into["n"] += 1
    if value is None:
        into["nulls"] += 1
    elif math.isnan(value):
        into["nans"] += 1
    elif math.isinf(value):
        into["pos_inf" if value > 0 else "neg_inf"] += 1
    else:
        bounds = column.binning.bounds
        code = int(np.searchsorted(bounds, value, "right")) - 1
        into["bin", code] += 1
        if scored:
            into["positive", code] += positive
        z = (value - column.binning.m) / column.binning.s
        z = min(max(z, -65536.0), 65536.0)
        into["z1"] += math.floor(z * 2**20 + 0.5)
        into["z2"] += math.floor(z * z * 2**20 + 0.5)
        if not column.private:
            into["min"] = min(into.get("min", math.inf), value)
            into["max"] = max(into.get("max", -math.inf), value)


def found(table: pa.Table, keys: int) -> dict[tuple, dict]:
    """A table of a summary in the form of `expected`: what is zero or null is left out."""
    out = {}
    for row in table.to_pylist():
        values = list(row.values())
        told = dict(list(row.items())[keys:])
        flat = (
            {("bin", c): n for c, n in zip(told.pop("bins", []), told.get("counts", []), strict=True)} if "bins" in told else {}
        )
        if "positives" in told:
            positives = told.pop("positives")
            flat |= {("positive", c[1]): p for c, p in zip(list(flat), positives or [], strict=False)}
        if "codes" in told:
            flat |= {("known", c): n for c, n in zip(told.pop("codes"), told["counts"], strict=True)}
            flat |= {("new", c): n for c, n in zip(told.pop("names"), told.pop("name_counts"), strict=True)}
        told.pop("counts", None)
        if "z2_hi" in told:
            told["z2"] = (told.pop("z2_hi") << 26) + told.pop("z2_lo")
        told = {k: Fraction(v) if isinstance(v, Decimal) else v for k, v in told.items()}
        extremes = {k: told.pop(k) for k in ("min", "max") if told.get(k) is not None or told.pop(k, None)}
        out[tuple(values[:keys])] = {k: v for k, v in (told | flat).items() if v} | extremes
    return out


def without_zeros(table: dict[tuple, dict]) -> dict[tuple, dict]:
    """What `found` leaves out is left out."""
    return {k: {n: v for n, v in values.items() if v or n in ("min", "max")} for k, values in table.items()}
