"""How files of one schema are read, and how several schemas become one relation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mlops_tui.core.window import Window
from mlops_tui.logs.literals import ident, text, wall

SOURCE = "__source_file"
"""The column that DuckDB fills with the file's path, for values that only the folder's name holds."""

_NUMERIC = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE"),
}
_WHOLE = _NUMERIC - {"FLOAT", "DOUBLE"}
_WALL = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"}
AWARE = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True)
class Part:
    """Files that share one schema. `columns` are theirs (name -> DuckDB type); `scan` reads a list of them.

    `untimed` counts each file's rows without a time, where the file tells it.

    `spans` holds each file's first and last time, in UTC and inclusive, where the file tells it cheaply. `template` is the
    FROM item, with `{files}` and `{source}` (and `{picked}` inside a subquery) to fill. `expressions` make a column of what
    is scanned; `table`, where there is one, already holds the made columns of every file.
    """

    files: tuple[Path, ...]
    columns: Mapping[str, str]
    rows: int = 0
    untimed: Mapping[Path, int] = field(default_factory=dict)
    spans: Mapping[Path, tuple[datetime, datetime]] = field(default_factory=dict)
    template: str = "read_parquet({files}, hive_partitioning = false, union_by_name = false{source})"
    expressions: Mapping[str, str] = field(default_factory=dict)
    table: str | None = None

    def scan(self, files: Sequence[Path], *, named: bool) -> str:
        """The FROM item over some of the files."""
        listed = "[" + ", ".join(text(str(f)) for f in files) + "]"
        source, picked = (f", filename = '{SOURCE}'", f", {ident(SOURCE)}") if named else ("", "")
        return self.template.replace("{source}", source).replace("{picked}", picked).replace("{files}", listed)

    def overlapping(self, windows: Sequence[Window] | None) -> tuple[Path, ...]:
        """The files that may hold rows of one of the windows; every file for None."""
        if windows is None:
            return self.files

        def may(file: Path) -> bool:
            span = self.spans.get(file)
            return span is None or any(span[0] < w.end and span[1] >= w.start for w in windows)

        return tuple(f for f in self.files if may(f))


def common_type(types: Mapping[str, int]) -> str:
    """The one type for a column that has several; `types` counts rows by type. Numbers widen; otherwise most rows win."""
    if len(types) == 1:
        return next(iter(types))
    if set(types) <= _WHOLE:
        return "HUGEINT" if {"UBIGINT", "HUGEINT", "UHUGEINT"} & set(types) else "BIGINT"
    if all(t in _NUMERIC or t.startswith("DECIMAL") for t in types):
        return "DOUBLE"
    if all(t in _WALL or t == AWARE for t in types):
        return AWARE if AWARE in types else "TIMESTAMP"
    return min(types, key=lambda t: (-types[t], t))


def common_columns(parts: Sequence[Part]) -> dict[str, str]:
    """Every column of any part, in the order first seen, with its common type."""
    seen: dict[str, Counter[str]] = {}
    for part in parts:
        for name, type_ in part.columns.items():
            seen.setdefault(name, Counter())[type_] += max(part.rows, 1)
    return {name: common_type(types) for name, types in seen.items()}


def widened(columns: Mapping[str, str], also: Mapping[str, str]) -> dict[str, str]:
    """The columns, and those of other files of the same log; where the types do not widen, that of the others stays. A column
    whose type nobody knows (empty) is only missing here: text, where nothing else is declared."""
    spelling = {c.casefold(): c for c in columns}
    found = dict(columns)
    for name, type_ in also.items():
        own = spelling.get(name.casefold())
        if not type_:
            found.setdefault(own or name, "VARCHAR")
            continue
        found[own or name] = common_type({type_: 2, columns[own]: 1}) if own and columns[own] != type_ else type_
    return found


def respelt(parts: Sequence[Part], declared: Sequence[str]) -> tuple[Part, ...]:
    """The parts with one spelling for each column, as declared or first seen: SQL does not tell `Region` from `region`."""
    spelling = {c.casefold(): c for c in reversed([*declared, *(c for p in parts for c in p.columns)])}

    def one(part: Part) -> Part:
        return replace(
            part,
            columns={spelling[c.casefold()]: t for c, t in part.columns.items()},
            expressions={spelling[c.casefold()]: e for c, e in part.expressions.items()},
        )

    return tuple(map(one, parts))


def disagreements(
    parts: Sequence[Part], columns: Mapping[str, str], time: str, windows: Sequence[Window] | None = None
) -> tuple[tuple[str, str], ...]:
    """Columns that some files lack, and those whose type differs so that values may be lost (never the time's): the column,
    and what is so, in words. Only files that may hold rows of the windows count (None: all)."""
    counted = [(p, len(p.overlapping(windows))) for p in parts]
    total = sum(n for _, n in counted)
    notes = []
    for name, chosen in columns.items():
        lacking = sum(n for p, n in counted if name not in p.columns)
        if lacking:
            notes.append((name, f"column {name!r} is absent from {lacking} of {total} files: missing there"))
        here = [(p.columns[name], n) for p, n in counted if n and name in p.columns]
        for other in sorted({type_ for type_, _ in here if name != time} - {chosen}):
            if _widens(other, chosen):
                continue
            count = sum(n for type_, n in here if type_ == other)
            text = f"column {name!r} is {other} in {count} of {total} files, read as {chosen}: what does not fit is missing"
            notes.append((name, text))
    return tuple(notes)


def _widens(narrow: str, wide: str) -> bool:
    """Whether every value of one type has a place in the other."""
    return wide == "VARCHAR" or (narrow in _NUMERIC and wide in _NUMERIC) or (narrow in _WALL and wide in {*_WALL, AWARE})


def aware(raw: str, type_: str, zone: ZoneInfo) -> str:
    """SQL that turns a time of any usual type into TIMESTAMPTZ; naive times are in `zone`, numbers are Unix times.

    Numbers are seconds, milli-, micro- or nanoseconds by their size (after 1973 and before 5138 in seconds).
    """
    if type_ == AWARE:
        return raw
    if type_ in _WALL:
        return f"timezone({text(zone.key)}, {raw}::TIMESTAMP)"
    if type_ == "UNIX" or type_ in _NUMERIC or type_.startswith("DECIMAL"):
        raw = f"CAST({raw} AS DOUBLE)" if type_ == "UNIX" else raw
        micros = (
            f"CASE WHEN abs({raw}) < 1e11 THEN {raw} * 1e6 WHEN abs({raw}) < 1e14 THEN {raw} * 1e3"
            f" WHEN abs({raw}) < 1e17 THEN {raw} ELSE {raw} / 1e3 END"
        )
        return f"timezone('UTC', make_timestamp(TRY_CAST({micros} AS BIGINT)))"
    value = f"CAST({raw} AS VARCHAR)"
    offset = text(r"[0-9](\s*[zZ]|[+-][0-9]{2}(:?[0-9]{2})?)\s*$")
    return (
        f"CASE WHEN contains({value}, ':') AND regexp_matches({value}, {offset}) THEN TRY_CAST({value} AS TIMESTAMPTZ)"
        f" ELSE timezone({text(zone.key)}, TRY_CAST({value} AS TIMESTAMP)) END"
    )


def coarse(raw: str, type_: str, zone: ZoneInfo, windows: Sequence[Window]) -> str:
    """A condition on the raw column that holds for every row of the windows and that DuckDB can push into a scan.

    Two hours wider than the windows on both sides, since local times jump when the clocks change.
    """
    if type_ not in _WALL or type_ == "DATE" or not windows:
        return ""
    slack = timedelta(hours=2)
    low = (min(w.start for w in windows) - slack).astimezone(zone).replace(tzinfo=None)
    high = (max(w.end for w in windows) + slack).astimezone(zone).replace(tzinfo=None)
    return f"{raw} >= {wall(low)} AND {raw} < {wall(high)}"


def span_in_utc(low: int, high: int, type_: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """A file's first and last time from its statistics (microseconds, naive ones as if in UTC), widened for naive times."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        first, last = (epoch + timedelta(microseconds=v) for v in (low, high))
    except OverflowError:
        return None
    second = timedelta(seconds=1)
    if type_ == AWARE:
        return first - second, last + second
    slack = timedelta(hours=2)
    return (
        first.replace(tzinfo=zone).astimezone(UTC) - slack,
        last.replace(tzinfo=zone).astimezone(UTC) + slack + (timedelta(days=1) if type_ == "DATE" else second),
    )


def partition_value(key: str) -> str:
    """SQL for the value of a `key=value` folder, from the file's path."""
    import re
    import urllib.parse

    quoted = re.escape(urllib.parse.quote(key, safe="")).replace("'", "''")
    taken = f"regexp_extract({ident(SOURCE)}, '/{quoted}=([^/]*)/', 1)"
    return f"nullif(url_decode({taken}), '__HIVE_DEFAULT_PARTITION__')"


def one_column(part: Part, name: str, type_: str, partitions: frozenset[str], *, table: bool) -> tuple[str, bool]:
    """The SQL of one column of a part (from its table, or from its files) in the common type, and whether it needs the path."""
    if name in part.columns:
        raw = ident(name) if table else part.expressions.get(name, ident(name))
        own = part.columns[name]
        return (raw if own == type_ else f"TRY_CAST({raw} AS {type_})"), False
    if name in partitions:
        return f"CAST({partition_value(name)} AS {type_})", True
    return f"CAST(NULL AS {type_})", False
