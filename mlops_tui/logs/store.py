"""Where summaries lie: files written whole and renamed, and one index that says which of them count."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa

from mlops_tui.core.errors import Cancelled, LogError
from mlops_tui.logs.index import FORMAT, Index, Section, Unit
from mlops_tui.summaries import packed
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import NAMES, Name, Summary

Part = tuple[Section, Summary]
INDEX, LOCK, SUFFIX = "index.json", "lock", ".parquet"
_POLL = 0.05
_OTHERS = 1
"""Folders of other layouts that are kept beside one in use: switching between two branches builds nothing again."""


class Unwritable(Exception):
    """Nothing can be written there; `reason` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.reason = (error.strerror or type(error).__name__).lower()


@dataclass(frozen=True)
class Store:
    """One folder of summaries: of one log, in one layout.

    The index names every file that counts and is replaced in one step, so that a reader sees the store as it was before a
    build or after it. Whoever writes holds the lock; what a killed writer left lying about is swept by the next.
    """

    folder: Path

    def load(self) -> Index | None:
        """The index; None where there is none, or one that this version cannot read."""
        try:
            index = msgspec.json.decode((self.folder / INDEX).read_bytes(), type=Index)
        except (OSError, msgspec.MsgspecError):
            return None
        return index if index.format == FORMAT else None

    @contextlib.contextmanager
    def writing(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """The right to write, waited for while another process has it. Raises Unwritable, Cancelled."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unwritable(error) from error
        try:
            while not _locked(descriptor):
                if stopped():
                    raise Cancelled
                time.sleep(_POLL)
            yield
        finally:
            os.close(descriptor)

    def write(self, index: Index, layout: Layout, parts: Sequence[Part]) -> tuple[Index, Unit]:
        """A new file of summaries with these sections, and the index that will name the next one. Nobody sees it before
        `commit`. Raises Unwritable."""
        name = f"{index.serial:08d}{SUFFIX}"
        header = packed.Header(layout=layout.key, metric_parts=len(layout.parts))
        whole = Summary(*(pa.concat_tables([s.table(n) for _, s in parts]) for n in NAMES))
        try:
            packed.write(self.folder / name, header, whole)
            size = (self.folder / name).stat().st_size
        except OSError as error:
            raise Unwritable(error) from error
        unit = Unit(name, size, placed(parts))
        return msgspec.structs.replace(index, serial=index.serial + 1), unit

    def commit(self, index: Index) -> None:
        """Makes the index the one that counts; removes every file that it does not name. Raises Unwritable."""
        target = self.folder / INDEX
        temporary = self.folder / f"{INDEX}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(msgspec.json.encode(index))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            packed.sync_folder(self.folder)
        except OSError as error:
            raise Unwritable(error) from error
        self.sweep(index)

    def missing(self, index: Index) -> tuple[Unit, ...]:
        """Units whose file is not there, or not as long as it was written."""
        return tuple(u for u in (*index.units, *index.outcomes) if _size(self.folder / u.name) != u.size)

    def sweep(self, index: Index) -> None:
        """Removes what the index does not name: files that were replaced, and those of a writer that was killed."""
        named = {INDEX, LOCK, *(u.name for u in (*index.units, *index.outcomes))}
        for entry in list(self.folder.iterdir()):
            if entry.name not in named:
                with contextlib.suppress(OSError):
                    entry.unlink()

    def forget_others(self) -> None:
        """Removes the folders of other layouts of the same log but for the one used last; never one that somebody writes."""
        others = [f for f in self.folder.parent.iterdir() if f.is_dir() and f != self.folder]
        for folder in sorted(others, key=_age)[_OTHERS:]:
            with contextlib.suppress(OSError):
                descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    if _locked(descriptor):
                        shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(descriptor)


@dataclass(frozen=True)
class Snapshot:
    """Summaries of a log as they were at one moment; `held` are sections that could not be written and lie in memory.

    Its files are mapped into memory, so that a later build may replace them: what is read belongs together.
    """

    layout: Layout
    index: Index
    mapped: dict[str, pa.NativeFile] = field(default_factory=dict, repr=False)
    held: tuple[Part, ...] = ()
    folder: Path | None = None

    @classmethod
    def open(cls, store: Store) -> Snapshot | None:
        """What the store holds now; None where it holds nothing that can be read."""
        while (index := store.load()) is not None:
            try:
                if store.missing(index):
                    raise FileNotFoundError
                mapped = {u.name: pa.memory_map(str(store.folder / u.name)) for u in (*index.units, *index.outcomes)}
                return cls(index.read_layout(), index, mapped, folder=store.folder)
            except FileNotFoundError:
                if index == store.load():
                    return None
            except ValueError:
                return None
        return None

    def read(
        self,
        tables: Sequence[Name] = NAMES,
        columns: Sequence[str] | None = None,
        between: tuple[int, int] | None = None,
        *,
        encoded: bool = False,
    ) -> list[Summary]:
        """Summaries to be added up: some tables, of them some columns, of sections that hold anything of `between` (minutes
        since 1970, half open), texts as dictionaries with `encoded`. Raises LogError."""
        found = []
        for unit in (*self.index.units, *self.index.outcomes):
            wanted = [s for s in unit.sections if _meets(s, between)]
            if wanted:
                found.append(_taken(self._whole(unit, tables, columns, encoded), wanted))
        held = [_narrowed(s, tables, columns) for section, s in self.held if _meets(section, between)]
        return found + [packed.encoded(s) if encoded else s for s in held]

    def part(self, unit: Unit, section: Section) -> Part:
        """One section with its rows. Raises LogError."""
        return section, _taken(self._whole(unit, NAMES, None, encoded=False), [section])

    def _whole(self, unit: Unit, tables: Sequence[Name], columns: Sequence[str] | None, encoded: bool) -> Summary:
        try:
            return packed.read(self.mapped[unit.name], tables, columns, encoded=encoded)
        except LogError as error:
            if self.folder is not None:
                discard(self.folder / unit.name)
            raise LogError(error.message, where=unit.name, hint="it is built again the next time") from error


def discard(path: Path) -> None:
    """Removes a file of summaries that cannot be read: what it counted will be read again."""
    with contextlib.suppress(OSError):
        path.unlink()


def placed(parts: Sequence[Part]) -> tuple[Section, ...]:
    """The sections with the places that their rows have when their tables are laid one after the other."""
    at, found = [0] * len(NAMES), []
    for section, summary in parts:
        ranges = []
        for i, name in enumerate(NAMES):
            stop = at[i] + summary.table(name).num_rows
            ranges.append((at[i], stop))
            at[i] = stop
        found.append(msgspec.structs.replace(section, ranges=tuple(ranges), pieces=pieces(summary)))
    return tuple(found)


def pieces(summary: Summary) -> tuple[int, int] | None:
    """The least start and the greatest end of what a summary holds, in minutes since 1970; None of nothing."""
    starts, ends = [], []
    for name in NAMES:
        table = summary.table(name)
        if table.num_rows:
            at = table.column("at").to_numpy()
            starts.append(int(at.min()))
            ends.append(int((at + table.column("span").to_numpy()).max()))
    return (min(starts), max(ends)) if starts else None


class Broken(Exception):
    """A file of summaries cannot be read; it has been removed."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.name)
        self.unit = unit


def read_sections(store: Store, unit: Unit, sections: Sequence[Section]) -> list[Part]:
    """Some sections of a unit, each with its rows. Raises Broken."""
    try:
        whole = packed.read(store.folder / unit.name)
    except (LogError, OSError) as error:
        discard(store.folder / unit.name)
        raise Broken(unit) from error
    return [(s, _taken(whole, [s])) for s in sections]


def _taken(whole: Summary, sections: Sequence[Section]) -> Summary:
    tables = []
    for i, name in enumerate(NAMES):
        table = whole.table(name)
        slices = [table.slice(a, b - a) for a, b in (s.ranges[i] for s in sections)] if table.num_rows else [table]
        tables.append(pa.concat_tables(slices))
    return Summary(*tables)


def _narrowed(summary: Summary, tables: Sequence[Name], columns: Sequence[str] | None) -> Summary:
    found = []
    for name in NAMES:
        table = summary.table(name) if name in tables else summary.table(name).slice(0, 0)
        found.append(table if columns is None else table.select([c for c in table.column_names if c in columns]))
    return Summary(*found)


def _meets(section: Section, between: tuple[int, int] | None) -> bool:
    if between is None:
        return True
    return section.pieces is not None and section.pieces[0] < between[1] and section.pieces[1] > between[0]


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP):
            raise LogError("this file system has no locks", hint="put the project's .runbook on a local disk") from error
        raise
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _age(folder: Path) -> float:
    try:
        return -(folder / INDEX).stat().st_mtime
    except OSError:
        return 0.0
