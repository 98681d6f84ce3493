"""Which column holds the moment of the decision."""

# ruff: noqa: S608 (names pass through `ident`)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from mlops_tui.govern.guess import Evidence, Guess
from mlops_tui.govern.profile import Column, Profile
from mlops_tui.govern.words import CALENDAR, HINTS, OTHER_TIMES, SURE, TIME_NOUNS
from mlops_tui.logs.literals import ident
from mlops_tui.logs.shape import aware

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

Form = Literal["aware", "wall", "date", "unix", "text"]
"""How a column writes times: with an offset, without one, days only, Unix numbers, text without an offset."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = r"[0-9](\s*[zZ]|[+-][0-9]{2}(:?[0-9]{2})?)\s*$"
_YEAR = 365 * 86_400_000_000
_DAY = 86_400_000_000
_UNITS = (
    (1e8, 4.2e9, "seconds"),
    (1e11, 4.2e12, "milliseconds"),
    (1e14, 4.2e15, "microseconds"),
    (1e17, 4.2e18, "nanoseconds"),
)


@dataclass(frozen=True)
class Moments:
    """A column read as times: microseconds of the sample's rows as if in UTC, `read` a mask of those that can be read."""

    column: Column
    form: Form
    micros: npt.NDArray[np.int64]
    read: npt.NDArray[np.bool_]
    unit: str = ""

    @property
    def known(self) -> npt.NDArray[np.int64]:
        """The times that can be read."""
        return self.micros[self.read]

    @property
    def first(self) -> datetime:
        """The earliest of the sample, as written."""
        return _EPOCH + timedelta(microseconds=int(self.known.min()))

    @property
    def last(self) -> datetime:
        """The latest of the sample, as written."""
        return _EPOCH + timedelta(microseconds=int(self.known.max()))


def moments(profile: Profile) -> list[Moments]:
    """Every column that can be read as times, in the columns' order."""
    import pyarrow as pa

    from mlops_tui.logs.connection import connect

    chosen = [c for c in profile.columns.values() if _may_be_time(c)]
    # a folder's day says less than a moment in the rows
    chosen = [c for c in chosen if not c.partition] or chosen
    if not chosen:
        return []
    con = connect()
    try:
        con.register("sample", pa.table({f"c{i}": c.sample for i, c in enumerate(chosen)}))
        return [m for i, c in enumerate(chosen) if (m := _read(con, f"c{i}", c)) is not None]
    finally:
        con.close()


def _may_be_time(c: Column) -> bool:
    if c.kind == "time":
        return True
    if c.kind == "text":
        some = list(c.frequencies)[:200]
        return bool(some) and sum(_looks_timed(v) for v in some) >= 0.95 * len(some)
    if c.kind != "number" or not (c.whole or set(c.words) & TIME_NOUNS):
        return False
    import numpy as np

    known = c.numbers[np.isfinite(c.numbers)]
    return any(lo <= known.min() and known.max() < hi for lo, hi, _ in _UNITS)


def _looks_timed(value: str) -> bool:
    return len(value) >= 8 and value[:4].isdigit() and value[4] in "-/"


def instant_sql(column: Column) -> str:
    """The SQL of a column as an instant, as if written in UTC."""
    return aware(ident(column.name), "UNIX" if column.kind == "number" else column.type, ZoneInfo("UTC"))


def _read(con: duckdb.DuckDBPyConnection, name: str, column: Column) -> Moments | None:
    import numpy as np

    type_ = "UNIX" if column.kind == "number" else column.type
    sql = aware(ident(name), type_, ZoneInfo("UTC"))
    table = con.sql(f"SELECT epoch_us({sql}) AS us FROM sample").to_arrow_table()
    values = table.column(0)
    read = np.asarray(values.is_valid().to_numpy(), dtype=np.bool_)
    held = int((column.codes >= 0).sum())
    if not held or read.sum() < 0.95 * held:
        return None
    micros = np.asarray(values.fill_null(0).to_numpy(), dtype=np.int64)
    form, unit = _form(con, name, column)
    return Moments(column, form, micros, read, unit)


def _form(con: duckdb.DuckDBPyConnection, name: str, column: Column) -> tuple[Form, str]:
    import numpy as np

    if column.kind == "number":
        high = float(np.nanmax(column.numbers))
        return "unix", next(unit for lo, hi, unit in _UNITS if high < hi)
    if column.kind == "time":
        return ("aware" if "TIME ZONE" in column.type else "date" if column.type == "DATE" else "wall"), ""
    raw = f"CAST({ident(name)} AS VARCHAR)"
    query = (
        f"SELECT count(*) FILTER (WHERE contains({raw}, ':') AND regexp_matches({raw}, '{_OFFSET}')), count({raw}),"
        f" count(*) FILTER (WHERE contains({raw}, ':')) FROM sample"
    )
    offsets, held, clocks = con.execute(query).fetchall()[0]
    if offsets >= 0.99 * held:
        return "aware", ""
    return ("text" if clocks else "date"), ""


def weigh(m: Moments, all_: Sequence[Moments], now: datetime) -> Evidence:
    """What speaks for a column of times to be the moment of the decision."""
    import numpy as np

    c, e = m.column, Evidence()
    words = set(c.words)
    other = words & OTHER_TIMES
    if c.joined in SURE["time"]:
        e.add(3.0, "named as one")
    elif words & HINTS["time"] and not other:
        e.add(2.0, "named as one")
    elif m.form == "unix":
        e.add(-2.0)
    if other:
        e.add(-2.5)
    if m.form == "unix":
        step = np.abs(np.diff(np.sort(m.column.numbers[m.read])))
        counter = len(step) and c.unique and float(step.max()) <= 3 * float(np.median(step)) and not words & HINTS["time"]
        e.add(-3.0 if counter else 0.0)
    missing = c.missing
    e.add(1.0 if missing == 0 else 0.5 if missing < 0.01 else -3.0, "every row has one" if missing == 0 else "")
    whole_days = bool(np.all(m.known % _DAY == 0))
    e.add(-0.5 if whole_days else 1.0)
    span = int(m.known.max() - m.known.min())
    future = m.last > now + timedelta(days=1)
    e.add(-4.0 if span > 30 * _YEAR else 0.0)
    e.add(-2.0 if future else 0.0)
    distinct = len(np.unique(m.known))
    e.add(-6.0 if distinct == 1 and len(m.known) > 1 else 0.5 if distinct > 50 else 0.0)
    ordered = float(np.mean(np.diff(m.known) >= 0)) if len(m.known) > 1 else 0.0
    e.add(2.0 * (ordered - 0.5), "rows come in its order" if ordered > 0.99 else "")
    rest = [o for o in all_ if o is not m and not set(o.column.words) & {"birth", "dob", "born"}]
    for o in rest:
        both = m.read & o.read
        if (
            both.sum() > 10
            and float(np.mean(m.micros[both] <= o.micros[both])) > 0.99
            and np.any(m.micros[both] < o.micros[both])
        ):
            e.add(0.8, f"never after {o.column.name}")
            break
    if c.partition:
        e.add(-1.5, "a folder's name")
    return e


def choose(profile: Profile, now: datetime) -> tuple[Moments, Guess[str], list[Moments]] | None:
    """The time column with its reason, and the other columns of times; None where there is none."""
    found = moments(profile)
    if not found:
        return None
    weighed = [(m, weigh(m, found, now)) for m in found]
    weighed.sort(key=lambda pair: (-pair[1].weight, list(profile.columns).index(pair[0].column.name)))
    best, evidence = weighed[0]
    if evidence.weight < 0:
        return None
    others = [m for m in found if m is not best and (m.form != "unix" or weigh(m, found, now).weight > 0)]
    only = "the only column of times" if len(found) == 1 else ""
    why = "; ".join(filter(None, [only, evidence.told()])) or "the likeliest column of times"
    close = len(weighed) > 1 and weighed[1][1].weight > evidence.weight - 1
    if close:
        why += f"; {weighed[1][0].column.name} is nearly as likely"
    if best.form == "unix":
        why += f"; Unix {best.unit}"
    if best.form == "date":
        why += "; days only, so nothing can be told by the hour"
    return best, Guess(best.column.name, why, sure=evidence.weight >= 2.5 and not close), others


def calendar_part(c: Column) -> bool:
    """Whether a folder's key is a part of the calendar, such as `date` or `month`."""
    return c.partition and bool(c.words) and set(c.words) <= CALENDAR | {"utc", "local", "id", "partition", "event"}
