"""The summaries that lie beside a log's rows, or instead of them: their names, and how they are read again."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from mlops_tui.capture.files import publish
from mlops_tui.capture.places import FOLDER
from mlops_tui.core.canonical import digest
from mlops_tui.core.errors import LogError
from mlops_tui.summaries import packed
from mlops_tui.summaries.layout import JOIN, LEAF, Column, Layout, joined, layout_from, parted
from mlops_tui.summaries.summary import NAMES, Name, Summary, added, schema

SUFFIX = ".summary"
_ZERO = date(1970, 1, 1)
_SHAPES: tuple[Name, ...] = ("numbers", "categories")


def shared(root: Path, declared: Layout) -> Layout | None:
    """The layout that the writers of a declaration share; None while none of them has learned it. Raises OSError."""
    path = _layout_path(root, declared)
    try:
        return layout_from(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(f"{path} holds no layout: {error}") from None


def share(root: Path, declared: Layout, layout: Layout) -> Layout:
    """Offer a layout to the other writers of the declaration; the first that is offered is everybody's. Raises OSError."""
    path = _layout_path(root, declared)
    publish(memoryview(layout.as_text().encode()), root, path, once=True)
    return shared(root, declared) or layout


def target(root: Path, declared: Layout, day: int, name: str) -> Path:
    """The file of a unit: of a day since 1970, in UTC."""
    return root / FOLDER / f"{_key(declared)}.{_ZERO + timedelta(days=day):%Y%m%d}.{name}{SUFFIX}"


def encoded(
    layout: Layout, summary: Summary, pieces: Sequence[tuple[int, int]], span: tuple[int, int], positive: str
) -> memoryview:
    """A unit as bytes. `span` are its least and greatest time in microseconds, `positive` the decision that counts as such."""
    file = io.BytesIO()
    rows = packed.Member(
        path="", size=0, mtime_ns=0, inode=0, rows=0, first_us=span[0], last_us=span[1], partitions={"positive": positive}
    )
    header = packed.Header(layout=layout.key, members=(rows,), pieces=tuple(pieces), metric_parts=len(layout.parts))
    packed.write_to(file, header, summary)
    return file.getbuffer()


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    """A file of summaries that a process wrote: its decisions of a UTC day, by the hour. It is replaced until the day is over.

    `stamp` is (size, mtime_ns, inode): another one, another content. `alone` means that its decisions lie in no other file.
    """

    path: Path
    stamp: tuple[int, int, int]
    layout: Layout
    header: packed.Header

    @property
    def alone(self) -> bool:
        """Whether decisions are counted here, and not only columns of rows that lie beside it."""
        return any(g.table == "cells" for g in self.header.groups)

    @property
    def positive(self) -> str:
        """The decision that counts as the positive one; empty where nobody said."""
        return self.header.members[0].partitions.get("positive", "")

    @property
    def span(self) -> tuple[int, int]:
        """Its least and greatest time, in microseconds since 1970."""
        first, last = self.header.members[0].first_us, self.header.members[0].last_us
        return first or 0, last or 0


def found(folder: Path, between: tuple[int, int] | None = None) -> tuple[tuple[Unit, ...], tuple[tuple[str, str], ...]]:
    """The units in a log's folder (its FOLDER below), by name, of days that touch a stretch (minutes since 1970; None: all);
    and those that cannot be read: name and reason."""
    units, bad = [], []
    layouts: dict[str, Layout] = {}
    for path in sorted((folder / FOLDER).glob(f"*{SUFFIX}")):
        key, _, rest = path.name.partition(".")
        try:
            start = (datetime.strptime(rest.partition(".")[0], "%Y%m%d").date() - _ZERO).days * 1440  # noqa: DTZ007 (a date)
            if between is not None and not between[0] - 1440 < start < between[1]:
                continue
            stat = path.stat()
            header = packed.read_header(path)
            if key not in layouts:
                layouts[key] = layout_from((path.parent / f"{key}.layout").read_text("utf-8"))
            layout = layouts[key]
            if layout.key != header.layout:
                raise ValueError("it was written with another layout than the one beside it")
            if not header.members:
                raise ValueError("it does not say what it counts")
            units.append(Unit(path, (stat.st_size, stat.st_mtime_ns, stat.st_ino), layout, header))
        except (OSError, ValueError, LogError) as error:
            bad.append((path.name, error.message if isinstance(error, LogError) else str(error)))
    return tuple(units), tuple(bad)


def taken_over(layout: Layout, units: Sequence[Unit]) -> tuple[Layout, tuple[tuple[str, str], ...]]:
    """The layout with the columns that only units know, and those of its own that it has no bins for; and which columns of
    which units do not fit it, with the reason."""
    columns = {c.name: c for c in layout.columns}
    refused = []
    for unit in units:
        for column in unit.layout.columns:
            mine = columns.get(column.name)
            if mine is None or (mine.binning is None and not mine.known and mine.kind == column.kind):
                columns[column.name] = column
            elif not _alike(mine, column):
                refused.append((unit.path.name, f"{column.name!r} is summarised in other bins or categories"))
    return replace(layout, columns=tuple(columns.values())), tuple(refused)


def aligned(unit: Unit, layout: Layout) -> Summary:
    """A unit's counts as of another layout: of columns that are alike in both, by sets of dimensions that both have.

    Dimensions that only the other layout has are missing in each of the unit's decisions. Raises LogError, OSError.
    """
    read = packed.read(unit.path)
    kept = {c.name for c in unit.layout.columns if (mine := layout.column(c.name)) is not None and _alike(mine, c)}
    sets = {JOIN.join(s) for s in layout.sets}
    tables = {name: read.table(name) for name in NAMES}
    for name in _SHAPES:
        fits = [s in sets and c in kept for s, c in zip(*_texts(tables[name], "set", "column"), strict=True)]
        tables[name] = tables[name].filter(pa.array(fits, pa.bool_()))
    tables["cells"] = _cells(tables["cells"], unit.layout, layout)
    return Summary(**tables)


def _cells(cells: pa.Table, theirs: Layout, mine: Layout) -> pa.Table:
    wanted = schema("cells", len(mine.parts))
    if not cells.num_rows:
        return wanted.empty_table()
    names, place = [p.name for p in theirs.parts], {d: i for i, d in enumerate(theirs.names)}
    leaves = []
    for set_, value in zip(*_texts(cells, "set", "value"), strict=True):
        values = parted(value) if set_ == LEAF and theirs.names else ()
        leaves.append(joined(tuple(values[place[d]] if d in place else None for d in mine.names)) if set_ == LEAF else value)
    columns = {f.name: cells.column(f.name) for f in wanted if f.name in cells.column_names and not f.name.startswith("m")}
    columns["value"] = pa.array(leaves, pa.string())
    for i, part in enumerate(mine.parts):
        for suffix in ("n", "sum"):
            name = f"m{i}_{suffix}"
            if part.name in names:
                columns[name] = cells.column(f"m{names.index(part.name)}_{suffix}")
            else:
                columns[name] = pa.array([0] * cells.num_rows).cast(wanted.field(name).type)
    return added("cells", [pa.table([columns[f.name] for f in wanted], schema=wanted)])


def _alike(one: Column, other: Column) -> bool:
    return (one.kind, one.binning, one.known) == (other.kind, other.binning, other.known)


def _texts(table: pa.Table, *names: str) -> list[list[str]]:
    return [table.column(n).to_pylist() for n in names]


def _layout_path(root: Path, declared: Layout) -> Path:
    return root / FOLDER / f"{_key(declared)}.layout"


def _key(declared: Layout) -> str:
    return digest(os.fsencode(declared.as_text()))[:12]
