"""Two more questions over time: how a number is spread, and how much of some columns is missing, by bucket."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from mlops_tui.core.errors import LogError
from mlops_tui.core.window import Window
from mlops_tui.logs.literals import ident, instant, within
from mlops_tui.logs.log import Log, moment
from mlops_tui.logs.measure import NOWHERE, Measured, Where, _conditions, _known, _missing

_HOUR = 3_600_000_000


def _buckets(log: Log, window: Window, hours: int) -> str:
    start, step = f"epoch_us({instant(window.start)})", _HOUR * hours
    return f"{start} + (epoch_us({ident(log.spec.time)}) - {start}) // {step} * {step}"


def _all(log: Log, window: Window, where: Where, rows: str | None, *more: str) -> str:
    return "\n  AND ".join([within(log.spec.time, window), *more, *_conditions(log, where, rows)])


def number_range(
    log: Log, column: str, window: Window, *, where: Where = NOWHERE, rows: str | None = None
) -> Measured[tuple[float, float, float, float] | None]:
    """The least and largest finite value of a numeric column, and its 0.5th and 99.5th percentile; None without values.

    Raises LogError for a column that does not hold numbers.
    """
    name = f"CAST({ident(_known(log, column))} AS DOUBLE)"
    if log.columns[column] in ("VARCHAR", "BLOB", "DATE") or log.columns[column].startswith(("TIMESTAMP", "ENUM")):
        raise LogError(f"column {column!r} does not hold numbers", where=column)
    query = (
        f"SELECT min({name}), max({name}), quantile_cont({name}, 0.005), quantile_cont({name}, 0.995)\n"
        f"FROM {ident(log.name)}\nWHERE {_all(log, window, where, rows, f'isfinite({name})')}"
    )
    row = next(iter(log.rows(query, [window])), None)
    value = None if row is None or row[0] is None else (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
    return Measured(value, query, log.inputs)


def bin_series(
    log: Log,
    column: str,
    edges: Sequence[float],
    window: Window,
    hours: int,
    *,
    where: Where = NOWHERE,
    rows: str | None = None,
) -> Measured[dict[datetime, tuple[int, ...]]]:
    """Rows in each bin by bucket of so many hours from the window's start. `edges` are equally far apart.

    The first and the last bin also hold what lies beyond; missing and infinite values are left out.
    """
    name, count = f"CAST({ident(_known(log, column))} AS DOUBLE)", len(edges) - 1
    low, step = edges[0], (edges[-1] - edges[0]) / count
    # a hair above the edge, so that 0.3 falls into the bin that starts at 0.3
    place = f"least(greatest(floor(({name} - {low!r}) / {step!r} + {math.ulp(1.0) * 16!r}), 0), {count - 1})"
    query = (
        f"SELECT {_buckets(log, window, hours)} AS bucket_us, CAST({place} AS INTEGER) AS bin, count(*) AS n\n"
        f"FROM {ident(log.name)}\nWHERE {_all(log, window, where, rows, f'isfinite({name})')}\nGROUP BY 1, 2 ORDER BY 1, 2"
    )
    value: dict[datetime, list[int]] = {}
    for bucket, index, n in log.rows(query, [window]):
        value.setdefault(moment(bucket), [0] * count)[index] = n
    return Measured({at: tuple(counts) for at, counts in value.items()}, query, log.inputs)


def missing_series(
    log: Log, names: Sequence[str], window: Window, hours: int, *, where: Where = NOWHERE, rows: str | None = None
) -> Measured[dict[datetime, tuple[int, ...]]]:
    """Rows, then missing values of each column, by bucket of so many hours from the window's start."""
    counts = "".join(f", count(*) FILTER (WHERE {_missing(log, c)}) AS missing{i}" for i, c in enumerate(names))
    query = (
        f"SELECT {_buckets(log, window, hours)} AS bucket_us, count(*) AS n{counts}\nFROM {ident(log.name)}\n"
        f"WHERE {_all(log, window, where, rows)}\nGROUP BY 1 ORDER BY 1"
    )
    return Measured({moment(b): tuple(rest) for b, *rest in log.rows(query, [window])}, query, log.inputs)
