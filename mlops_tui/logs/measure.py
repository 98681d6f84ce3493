"""What is measured on a log: each question one aggregate, in integers, with the query that gives it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.core.finding import Input
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import summed as summaries
from mlops_tui.logs.literals import ident, instant, text, wall, within
from mlops_tui.logs.log import Log, moment

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Key = tuple[int, tuple[str | None, ...]]
"""Index of the window, and the values of the grouping columns as text."""
Grain = Literal["hour", "day"]
Source = Literal["rows", "summaries"]
Where = Mapping[str, str | None]
NOWHERE: Where = MappingProxyType({})
"""No restriction."""

_HOURS: Mapping[Grain, int] = {"hour": 1, "day": 24}
_MICROSECONDS: Mapping[Grain, int] = {"hour": 3_600_000_000, "day": 86_400_000_000}
_FLOATS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """An answer with its provenance. `query` is a SELECT over the log's relation (`log`, or the source's name) that gives
    it from rows; `source` says what it was taken from."""

    value: T
    query: str
    inputs: Input
    source: Source = "rows"


@dataclass(frozen=True, slots=True)
class Rate:
    """`positives` of `n` decisions; rows without a decision are not counted."""

    n: int
    positives: int

    @property
    def rate(self) -> float | None:
        """The share of positives; None where there are no decisions."""
        return self.positives / self.n if self.n else None


def rates(
    log: Log,
    decision: Decision,
    windows: Sequence[Window],
    *,
    by: Sequence[str] = (),
    where: Where = NOWHERE,
    rows: str | None = None,
) -> Measured[dict[Key, Rate]]:
    """Decisions and positives in each window, by the values of the columns `by` (as text; None for null).

    A value seen in one window has a Rate in every window. Keys are in order of value, nulls last.
    """
    column, positive = ident(_known(log, decision.column)), _positive(log, decision)
    items = [
        f"count(*) FILTER (WHERE {inside}) AS n{i}, count(*) FILTER (WHERE {inside} AND {positive}) AS positives{i}"
        for i, inside in enumerate(within(log.spec.time, w) for w in windows)
    ]
    query = _grouped(log, items, windows, by, [f"{column} IS NOT NULL", *_conditions(log, where, rows)])
    summed = summaries.of(log, decision.column)
    if summed is not None and (told := summed.counts(windows, by, where, rows)) is not None:
        some = {group for (_, group), c in told.items() if c.decided} if by else {()}
        taken = {key: Rate(c.decided, c.positive) for key, c in told.items() if key[1] in some}
        return Measured(dict(sorted(taken.items(), key=_order)), query, log.inputs, "summaries")
    value: dict[Key, Rate] = {}
    for row in log.rows(query, windows):
        group, counts = row[: len(by)], row[len(by) :]
        for i in range(len(windows)):
            value[i, group] = Rate(counts[2 * i], counts[2 * i + 1])
    return Measured(dict(sorted(value.items(), key=_order)), query, log.inputs)


def volumes(
    log: Log, windows: Sequence[Window], *, by: Sequence[str] = (), where: Where = NOWHERE, rows: str | None = None
) -> Measured[dict[Key, int]]:
    """Rows in each window, by the values of the columns `by`; keys as those of `rates`."""
    items = [f"count(*) FILTER (WHERE {within(log.spec.time, w)}) AS n{i}" for i, w in enumerate(windows)]
    query = _grouped(log, items, windows, by, _conditions(log, where, rows))
    summed = summaries.of(log)
    if summed is not None and (told := summed.counts(windows, by, where, rows)) is not None:
        taken = {key: c.n for key, c in told.items()}
        return Measured(dict(sorted(taken.items(), key=_order)), query, log.inputs, "summaries")
    value: dict[Key, int] = {}
    for row in log.rows(query, windows):
        value |= {(i, row[: len(by)]): row[len(by) + i] for i in range(len(windows))}
    return Measured(dict(sorted(value.items(), key=_order)), query, log.inputs)


def nulls(
    log: Log,
    names: Sequence[str],
    windows: Sequence[Window],
    *,
    by: Sequence[str] = (),
    where: Where = NOWHERE,
    rows: str | None = None,
) -> Measured[dict[tuple[int, tuple[str | None, ...], str], tuple[int, int]]]:
    """Rows and missing values of each column: `(window, group, column) -> (n, missing)`.

    NaN counts as missing in a floating-point column; empty text does not. Of a column that the log's writers only summarised
    there is nothing where they did not tell the groups apart.
    """
    if beside := [c for c in names if c not in log.columns and log.watches(c)]:
        rest = nulls(log, [c for c in names if c not in beside], windows, by=by, where=where, rows=rows)
        more = {(i, g, c): n for c in beside for (i, g), n in _beside(log, c, windows, by, where, rows).items()}
        return replace(rest, value=rest.value | more)
    items = []
    for i, w in enumerate(windows):
        inside = within(log.spec.time, w)
        items.append(f"count(*) FILTER (WHERE {inside}) AS n{i}")
        items += [f"count(*) FILTER (WHERE {inside} AND {_missing(log, c)}) AS missing{i}_{j}" for j, c in enumerate(names)]
    query = _grouped(log, items, windows, by, _conditions(log, where, rows))
    summed = summaries.of(log) if len(by) <= 1 else None
    if summed is not None and (told := summed.missing(names, windows, by[0] if by else None, where, rows)) is not None:
        ordered = sorted(told.items(), key=lambda item: (_texts_order(item[0][1]), item[0][0], names.index(item[0][2])))
        return Measured(dict(ordered), query, log.inputs, "summaries")
    value: dict[tuple[int, tuple[str | None, ...], str], tuple[int, int]] = {}
    width = 1 + len(names)
    for row in sorted(log.rows(query, windows), key=lambda r: _texts_order(r[: len(by)])):
        group, counts = row[: len(by)], row[len(by) :]
        for i in range(len(windows)):
            n, *missing = counts[i * width : (i + 1) * width]
            value |= {(i, group, c): (n, m) for c, m in zip(names, missing, strict=True)}
    return Measured(value, query, log.inputs)


def rate_series(
    log: Log,
    decision: Decision,
    window: Window,
    *,
    by: str | None = None,
    only: Sequence[str] | None = None,
    where: Where = NOWHERE,
    rows: str | None = None,
    grain: Grain = "hour",
) -> Measured[dict[str | None, list[tuple[datetime, Rate]]]]:
    """Decisions and positives over time, by the values of `by` (one key None when it is None), or `only` by some of them.

    Buckets start at the window's start and every hour (or 24 hours) after it; those without decisions are left out.
    """
    column, positive = ident(_known(log, decision.column)), _positive(log, decision)
    group = _as_text(log, by) if by else "NULL"
    conditions = [within(log.spec.time, window), f"{column} IS NOT NULL", *_conditions(log, where, rows)]
    if only is not None:
        conditions.append(f"{group} IN ({', '.join(map(text, only)) or 'NULL'})")
    query = (
        f"SELECT {group} AS value, {_bucket(log, window, grain)} AS bucket_us,\n"
        f"  count(*) AS n, count(*) FILTER (WHERE {positive}) AS positives\n"
        f"FROM {ident(log.name)}\nWHERE {_all(conditions)}\nGROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2"
    )
    summed = summaries.of(log, decision.column)
    if summed is not None and (told := summed.series(window, by, where, rows, _HOURS[grain])) is not None:
        lines = {v: [(at, Rate(c.decided, c.positive)) for at, c in line if c.decided] for v, line in told.items()}
        taken = {v: line for v, line in lines.items() if line and (only is None or v in only)}
        return Measured(taken, query, log.inputs, "summaries")
    value: dict[str | None, list[tuple[datetime, Rate]]] = {}
    for name, bucket, n, positives in log.rows(query, [window]):
        value.setdefault(name, []).append((moment(bucket), Rate(n, positives)))
    return Measured(value, query, log.inputs)


def volume_series(
    log: Log,
    window: Window,
    *,
    where: Where = NOWHERE,
    rows: str | None = None,
    grain: Grain = "hour",
) -> Measured[list[tuple[datetime, int]]]:
    """Rows over time; buckets as those of `rate_series`."""
    conditions = [within(log.spec.time, window), *_conditions(log, where, rows)]
    query = (
        f"SELECT {_bucket(log, window, grain)} AS bucket_us, count(*) AS n\nFROM {ident(log.name)}\n"
        f"WHERE {_all(conditions)}\nGROUP BY 1 ORDER BY 1"
    )
    summed = summaries.of(log)
    if summed is not None and (told := summed.series(window, None, where, rows, _HOURS[grain])) is not None:
        return Measured([(at, c.n) for at, c in told.get(None, [])], query, log.inputs, "summaries")
    return Measured([(moment(b), n) for b, n in log.rows(query, [window])], query, log.inputs)


def volume_cycles(
    log: Log,
    window: Window,
    step: timedelta,
    cycles: int,
    *,
    by: str | None = None,
    where: Where = NOWHERE,
    rows: str | None = None,
    zone: ZoneInfo | None = None,
) -> Measured[dict[str | None, dict[int, int]]]:
    """Rows of the window (cycle 0) and of the same stretch 1 to `cycles` steps earlier, by the values of `by` (one key None
    when it is None). The window is no longer than a step; cycles without rows are left out.

    With `zone` the earlier stretches have the same hours of the day there, also where the clocks changed in between.
    """
    time, tick = ident(log.spec.time), timedelta(microseconds=1)
    back, length = f"(epoch_us({instant(window.end)}) - 1 - epoch_us({time}))", window.length // tick
    span = Window(window.start - cycles * step, window.end)
    cycle = f"{back} // {step // tick}"
    inside = f"{back} % {step // tick} < {length}"
    if zone is not None:
        span = Window(span.start - timedelta(hours=2), span.end)
        end = (window.end - tick).astimezone(zone).replace(tzinfo=None)
        back = f"(epoch_us({wall(end)}) - epoch_us(timezone({text(zone.key)}, {time})))"
        now, every = f"{time} >= {instant(window.start)}", step // tick
        cycle = f"CASE WHEN {now} THEN 0 ELSE {back} // {every} END"
        inside = f"({now} OR ({back} >= {every} AND {back} < {(cycles + 1) * every} AND {back} % {every} < {length}))"
    group = _as_text(log, by) if by else "NULL"
    conditions = [within(log.spec.time, span), inside, *_conditions(log, where, rows)]
    query = (
        f"SELECT {group} AS value, {cycle} AS cycle, count(*) AS n\nFROM {ident(log.name)}\n"
        f"WHERE {_all(conditions)}\nGROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2"
    )
    summed = summaries.of(log)
    wanted = list(summaries.stretches(window, step, cycles, zone))
    if summed is not None and (told := summed.counts(wanted, [by] if by else [], where, rows)) is not None:
        kept: dict[str | None, dict[int, int]] = {} if by else {None: {}}
        for (place, values_of), counted in told.items():
            if counted.n:
                kept.setdefault(values_of[0] if by else None, {})[place] = counted.n
        return Measured(kept, query, log.inputs, "summaries")
    value: dict[str | None, dict[int, int]] = {} if by else {None: {}}
    for name, cycle, n in log.rows(query, [span]):
        value.setdefault(name, {})[cycle] = n
    return Measured(value, query, log.inputs)


def columns(
    log: Log, names: Sequence[str], window: Window, *, where: Where = NOWHERE, rows: str | None = None
) -> Measured[pa.Table]:
    """The raw values of a few columns, in the order of the files: numbers stay numbers, nulls and NaN are kept."""
    query = columns_query(log, names, window, where=where, rows=rows)
    return Measured(log.arrow(query, [window]), query, log.inputs)


def columns_query(log: Log, names: Sequence[str], window: Window, *, where: Where = NOWHERE, rows: str | None = None) -> str:
    """The query of `columns`. Of columns that the log's writers only summarised it says so, and counts the rows."""
    conditions = [within(log.spec.time, window), *_conditions(log, where, rows)]
    beside = [n for n in names if n not in log.columns and log.watches(n)]
    listed = ", ".join(ident(_known(log, n)) for n in names if n not in beside) or "count(*)"
    told = "".join(f"-- {one_line(n)} is in no row: it was summarised as it was captured\n" for n in beside)
    return f"{told}SELECT {listed}\nFROM {ident(log.name)}\nWHERE {_all(conditions)}"


def _beside(
    log: Log, name: str, windows: Sequence[Window], by: Sequence[str], where: Where, rows: str | None
) -> dict[Key, tuple[int, int]]:
    told = None
    if log.captured is not None and len(by) <= 1:
        told = log.captured.missing(name, windows, by[0] if by else None, where, rows)
    return told or {}


def doubles(log: Log, column: str, window: Window) -> Measured[tuple[int, int]]:
    """How many rows of the window repeat a value of the column that another row has, beyond the first; and its rows.

    Rows without a value repeat nothing.
    """
    name = ident(_known(log, column))
    query = (
        f"SELECT count({name}) - count(DISTINCT {name}) AS doubled, count(*) AS n\nFROM {ident(log.name)}\n"
        f"WHERE {within(log.spec.time, window)}"
    )
    doubled, n = log.rows(query, [window])[0]
    return Measured((int(doubled), int(n)), query, log.inputs)


def values(log: Log, column: str, window: Window | None, *, most: int = 1000) -> Measured[dict[str | None, int]]:
    """How often each value of a column occurs (as text), the most frequent first, ties by value."""
    where = f"\nWHERE {within(log.spec.time, window)}" if window else ""
    query = (
        f"SELECT {_as_text(log, column)} AS value, count(*) AS n\nFROM {ident(log.name)}{where}\n"
        f"GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT {most}"
    )
    summed = summaries.of(log)
    if summed is not None and window is not None and (told := summed.counts([window], [column], NOWHERE, None)) is not None:
        counted = sorted(((g, c.n) for (_, (g,)), c in told.items()), key=lambda x: (-x[1], x[0] is None, x[0] or ""))
        return Measured(dict(counted[:most]), query, log.inputs, "summaries")
    return Measured(dict(log.rows(query, [window] if window else None)), query, log.inputs)


def versions_seen(log: Log, until: datetime) -> Measured[dict[str, tuple[datetime, datetime]]]:
    """Each model version in the log with its first and last row before `until`; empty where no version column is declared."""
    if log.spec.version is None:
        return Measured({}, "", log.inputs)
    time = ident(log.spec.time)
    version = _as_text(log, log.spec.version)
    query = (
        f"SELECT {version} AS version, epoch_us(min({time})) AS first_us, epoch_us(max({time})) AS last_us\n"
        f"FROM {ident(log.name)}\nWHERE {time} < {instant(until)} AND {version} IS NOT NULL\nGROUP BY 1 ORDER BY 2, 1"
    )
    window = Window(min(datetime(2, 1, 1, tzinfo=UTC), until), until)
    return Measured({v: (moment(a), moment(b)) for v, a, b in log.rows(query, [window])}, query, log.inputs)


def _grouped(log: Log, items: Sequence[str], windows: Sequence[Window], by: Sequence[str], conditions: Sequence[str]) -> str:
    time = ident(log.spec.time)
    groups = [f"{_as_text(log, c)} AS {ident(c)}" for c in by]
    span = f"{time} >= {instant(min(w.start for w in windows))} AND {time} < {instant(max(w.end for w in windows))}"
    any_window = "(" + " OR ".join(f"({within(log.spec.time, w)})" for w in windows) + ")"
    every = [span, *([any_window] if len(windows) > 1 else []), *conditions]
    listed = ",\n  ".join([*groups, *items])
    tail = "\nGROUP BY " + ", ".join(str(i + 1) for i in range(len(by))) if by else ""
    return f"SELECT {listed}\nFROM {ident(log.name)}\nWHERE {_all(every)}{tail}"


def _conditions(log: Log, where: Where, rows: str | None) -> list[str]:
    found = [f"{_as_text(log, c)} = {text(v)}" for c, v in sorted(where.items()) if v is not None]
    return [*found, f"(\n{rows}\n)"] if rows else found


def _all(conditions: Sequence[str]) -> str:
    return "\n  AND ".join(conditions)


def _as_text(log: Log, column: str) -> str:
    name = ident(_known(log, column))
    return name if log.columns[column] == "VARCHAR" else f"CAST({name} AS VARCHAR)"


def _missing(log: Log, column: str) -> str:
    name = ident(_known(log, column))
    return f"({name} IS NULL OR isnan({name}))" if log.columns[column] in _FLOATS else f"{name} IS NULL"


def _bucket(log: Log, window: Window, grain: Grain) -> str:
    step = _MICROSECONDS[grain]
    start = f"epoch_us({instant(window.start)})"
    return f"{start} + (epoch_us({ident(log.spec.time)}) - {start}) // {step} * {step}"


def _known(log: Log, column: str) -> str:
    if column not in log.columns:
        raise UnknownName("column", column, log.columns, where=log.name)
    return column


_TRUTHS = {"true": "true", "false": "false", "1": "true", "0": "false"}


def _positive(log: Log, decision: Decision) -> str:
    """The condition that a decision is positive, compared in the column's own type."""
    type_, name = log.columns[decision.column], ident(decision.column)
    if type_ == "VARCHAR" or type_.startswith("ENUM"):
        return f"{_as_text(log, decision.column)} = {text(decision.positive)}"
    if type_ == "BOOLEAN":
        truth = _TRUTHS.get(decision.positive.strip().lower())
        if truth is None:
            raise LogError(
                f"column {decision.column!r} is BOOLEAN, and {decision.positive!r} is neither true nor false", where=log.name
            )
        return f"{name} = {truth}"
    try:
        number = float(decision.positive)
    except ValueError:
        raise LogError(
            f"column {decision.column!r} is {type_}, and {decision.positive!r} is not a number", where=log.name
        ) from None
    return f"{name} = {int(number) if number.is_integer() else number!r}"


def _texts_order(group: Sequence[str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((v is None, v or "") for v in group)


def _order(item: tuple[Key, object]) -> tuple[int, tuple[tuple[bool, str], ...]]:
    (index, group), _ = item
    return index, _texts_order(group)
