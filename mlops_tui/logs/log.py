"""An opened log: its files as one relation, with bad files left out and named."""

# ruff: noqa: S608 (this room makes SQL; names and values pass through `literals`)
from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import Cancelled, LogError, QueryError
from mlops_tui.core.finding import Input
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import LogSpec
from mlops_tui.logs.connection import connect
from mlops_tui.logs.declared import Declared, FeatureType
from mlops_tui.logs.facts import Facts, facts_of, parts_of
from mlops_tui.logs.literals import ident, instant, within
from mlops_tui.logs.manifest import NO_VARIABLES, LogFile, Manifest, find, judge
from mlops_tui.logs.refusals import first_line, no_columns, nothing_to_read, zone_of
from mlops_tui.logs.shape import AWARE, Part, aware, coarse, common_columns, disagreements, one_column, respelt, widened

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from mlops_tui.logs.captured import Captured
    from mlops_tui.logs.summed import Summed
    from mlops_tui.sql.tree import Node

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Known = Callable[[Sequence[LogFile]], Mapping[str, Facts]]
"""Gives the facts of those files that were read before and have not changed since."""
NO_COLUMNS: Mapping[str, str] = MappingProxyType({})
NO_TABLES: Mapping[str, pa.Table] = MappingProxyType({})
NO_FEATURES: Mapping[str, FeatureType] = MappingProxyType({})
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


def nothing_known(_files: Sequence[LogFile]) -> Mapping[str, Facts]:
    """Of no file anything."""
    return {}


def once(make: Callable[[], T]) -> Callable[[], T]:
    """`make`, called at most once; others that ask meanwhile wait for its answer. Nothing is kept where it raises."""
    lock = threading.Lock()
    kept: list[T] = []

    def made() -> T:
        with lock:
            if not kept:
                kept.append(make())
            return kept[0]

    return made


class Log:
    """The rows of a log, wherever its files lie. Open it with `Log.open`; `name` is its relation's name in queries.

    One in-memory DuckDB connection inside, made for the first question that needs rows; a cursor for each query, so that
    threads may ask at the same time. A file that turns out to be damaged while a query reads it is named, left out, and the
    query is run again.
    """

    def __init__(self, spec: LogSpec, name: str, zone: ZoneInfo, manifest: Manifest, declared: Declared) -> None:
        self.name = name
        self.spec = spec
        self.zone = zone
        self._declared = declared
        self._manifest = manifest
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._parts: tuple[Part, ...] = ()
        self._unread = False
        self._columns: dict[str, str] = {}
        self._partitions: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._opening = threading.RLock()
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self.halted = threading.Event()
        """Set when somebody wants the queries, and the making of summaries, to stop."""
        self._summarised: Callable[[], Summed | None] = lambda: None
        self._captured = once(self._look_beside)
        self.positive: str | None = None
        """Of a log without rows: the decision that its writers counted as the positive one; None: there are rows."""

    @classmethod
    def open(
        cls,
        spec: LogSpec,
        *,
        root: Path,
        zone: ZoneInfo,
        name: str,
        required: Sequence[str] = (),
        features: Mapping[str, FeatureType] = NO_FEATURES,
        environ: Mapping[str, str] = NO_VARIABLES,
        only: Collection[str] | None = None,
        known: Known = nothing_known,
        also: Mapping[str, str] = NO_COLUMNS,
        manifest: Manifest | None = None,
    ) -> Log:
        """The log that `spec` declares, below `root`; `zone` is that of naive times unless the spec names one.

        `environ` fills `${NAME}` in the path. `required` are columns that must be there beside those that the spec names
        (the decision). `features` are declared types by column, which may be missing: a number is read as one even where
        files hold it as text. Declared columns are taken from `key=value` folders where the files lack them; other such
        folders are no columns. With `only`, no other files than those are read. `known` gives facts of files that were read
        before; where it knows all of them, none is read now. `also` are columns (name -> DuckDB type, empty where it is not
        known) that the log has in other files than these: missing here, not absent. Files are looked for, unless a `manifest`
        names them. Raises LogError when nothing matches, nothing can be read or a declared column is missing.
        """
        if spec.path is None:
            raise LogError("this log names an engine, and engines are not read yet", where=name, hint="give the log a path")
        zone = zone_of(spec.timezone, name) if spec.timezone else zone
        manifest = find(spec.path, root, environ, only=only) if manifest is None else manifest.held_to(only)
        log = cls(spec, name, zone, manifest, Declared(spec, zone, tuple(required), features))
        if not manifest.files:
            if log._counted_only():
                return log
            raise nothing_to_read(manifest, name)
        log._load(known(manifest.files), also)
        return log

    # -- what it is --------------------------------------------------------------------------------------------------

    @property
    def manifest(self) -> Manifest:
        """The files as they stand now: a file found damaged by a query has moved to `unreadable`."""
        return self._manifest

    def attach(self, summarised: Callable[[], Summed | None]) -> None:
        """Answer from these summaries what they can answer. They are made when they are first needed; None: there are none.
        A log without rows has its own."""

        def made() -> Summed | None:
            self.halted.clear()
            return summarised()

        if self.positive is None:
            self._summarised = once(made)

    @property
    def summed(self) -> Summed | None:
        """The log's summaries, made now if need be; None where rows are asked."""
        return self._summarised()

    @property
    def captured(self) -> Captured | None:
        """Columns that the log's writers only summarised, beside its rows; None where there are no such summaries."""
        return self._captured()

    def watches(self, column: str) -> bool:
        """Whether the log can tell of a column: its rows have it, or its writers summarised it."""
        return column in self._columns or (self.captured is not None and column in self.captured.names)

    def _counted_only(self) -> bool:
        """Whether there are counts of decisions instead of rows: then they answer. Raises LogError as `_load` does."""
        from mlops_tui.capture.places import FOLDER

        if not (self._manifest.base / FOLDER).is_dir():
            return False
        from mlops_tui.logs.captured import alone

        found = alone(self._manifest.base)
        if found is None:
            return False
        self._columns = dict(found.columns)
        if missing := [c for c in self._declared.columns if c not in self._columns]:
            raise no_columns(missing, list(self._columns), self._manifest, self.name)
        self._summarised, self._captured, self.positive = lambda: found.summed, lambda: found.captured, found.positive
        return True

    def _look_beside(self) -> Captured | None:
        from mlops_tui.capture.places import FOLDER

        if not (self._manifest.base / FOLDER).is_dir():
            return None
        from mlops_tui.logs.captured import captured

        return captured(self._manifest.base, self._columns)

    @property
    def unreadable(self) -> tuple[LogFile, ...]:
        """Files that are passed over, each with its problem."""
        return self._manifest.unreadable

    @property
    def columns(self) -> Mapping[str, str]:
        """Column name -> DuckDB type, of the relation: the time column is always TIMESTAMP WITH TIME ZONE."""
        return self._columns

    @property
    def notes(self) -> tuple[str, ...]:
        """What else a reader should know: columns that some files lack, or hold in another type; rows left out of files."""
        partial = tuple(
            f"{f.shown}: {f.rejected:,} row{'' if f.rejected == 1 else 's'} left out ({f.note})" for f in self._manifest.partial
        )
        beside = () if self.captured is None else self.captured.notes
        return partial + beside + tuple(text for _, text in self.disagreements())

    def disagreements(self, windows: Sequence[Window] | None = None) -> tuple[tuple[str, str], ...]:
        """Columns that some files lack, or hold in another type, and what that means; of files that may hold rows of the
        windows (None: of all)."""
        columns = {c: t for c, t in self._columns.items() if c not in self._partitions}
        return disagreements(self._parts, columns, self.spec.time, windows)

    @property
    def inputs(self) -> Input:
        """What was read, for provenance."""
        manifest = self._manifest
        unreadable = tuple(f.shown for f in manifest.unreadable)
        return Input(manifest.pattern, manifest.fingerprint, len(manifest.files), unreadable)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the view reads below, links followed: those that a locked-down connection must allow."""
        base = self._manifest.base.resolve()
        real = {f.path.resolve().parent for f in self._manifest.files}
        return (base, *sorted(folder for folder in real if not folder.is_relative_to(base)))

    def newest(self, not_after: datetime) -> datetime | None:
        """The newest row's time that is not after this moment; None when there is no such row."""
        summed = self.summed
        if summed is not None and (told := summed.newest(not_after)) is not None:
            return told
        known = [lo for p in self._parts for lo, _ in p.spans.values() if lo <= not_after]
        window = _inclusive(max(known, default=None), not_after)
        return self._time(f"max({ident(self.spec.time)})", window) or self._time(
            f"max({ident(self.spec.time)})", _inclusive(None, not_after)
        )

    def oldest(self) -> datetime | None:
        """The oldest row's time; None when there are no rows."""
        if (summed := self.summed) is not None:
            return summed.first
        known = [hi for p in self._parts for _, hi in p.spans.values()]
        window = Window(_FIRST, min(known)) if known else None
        return self._time(f"min({ident(self.spec.time)})", window) or self._time(f"min({ident(self.spec.time)})", None)

    def after(self, clock: datetime) -> int:
        """How many rows are later than the clock."""
        if (summed := self.summed) is not None and (summed.last is None or summed.last <= clock):
            return 0
        window = Window(clock, _LAST)
        query = f"SELECT count(*) FROM {ident(self.name)} WHERE {ident(self.spec.time)} > {instant(clock)}"
        return int(self.rows(query, [window])[0][0])

    def at_most(self, windows: Sequence[Window]) -> int:
        """A number of rows that the windows cannot exceed, from what the files say of themselves; nothing is read."""
        rows = {f.path: f.rows for f in self._manifest.files}
        known = [(p, [rows.get(file) for file in p.overlapping(windows)]) for p in self._parts]
        return sum(p.rows if p.table or None in counts else sum(n or 0 for n in counts) for p, counts in known)

    def untimed(self) -> int:
        """How many rows have no time that can be read: they are in no window."""
        if all(file in p.untimed for p in self._parts for file in p.files):
            return sum(n for p in self._parts for n in p.untimed.values())
        return int(self.rows(f"SELECT count(*) FROM {ident(self.name)} WHERE {ident(self.spec.time)} IS NULL")[0][0])

    # -- asking ------------------------------------------------------------------------------------------------------

    def view_sql(self, window: Window | None, *, hide: Collection[str] = ()) -> str:
        """A SELECT over the files for another connection (in UTC): rows of the window, hidden columns left out."""
        if self._unread:
            _ = self._con
        shown = [c for c in self._columns if c not in set(hide)]
        inner = self._relation([window] if window else None, tables=False)
        where = f" WHERE {within(self.spec.time, window)}" if window else ""
        return f"SELECT {', '.join(map(ident, shown))} FROM ({inner}){where}"

    def rows(self, query: str, windows: Sequence[Window] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a trusted SELECT over the relation `name`. `windows` says which times it can need (None: all).

        Do not select times (see `microseconds`). Raises QueryError, LogError, Cancelled.
        """
        return self._ask(query, windows, lambda cursor, sql: list(cursor.execute(sql).fetchall()))  # type: ignore[no-any-return]

    def arrow(self, query: str, windows: Sequence[Window] | None = None) -> pa.Table:
        """As `rows`, as an Arrow table; rows keep the files' order, so that the same log gives the same table."""
        return self._ask(query, windows, lambda cursor, sql: cursor.sql(sql).to_arrow_table())

    def batches(
        self, query: str, files: Sequence[Path], size: int, *, beside: Mapping[str, pa.Table] = NO_TABLES
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a trusted SELECT over some of the log's files (of text: over all of them), in batches of about `size`
        rows and in the files' order; nothing is kept. Tables `beside` the log are relations of their names.

        Raises QueryError, LogError, Cancelled; a file that turns out to be damaged is a LogError here, and is not passed over.
        """
        import duckdb

        sql = f"WITH {ident(self.name)} AS NOT MATERIALIZED ({self._relation(None, files=set(files))})\n{query}"
        with self._cursor() as cursor:
            try:
                for name, table in beside.items():
                    cursor.register(name, table)
                yield from cursor.sql(sql).to_arrow_reader(size)
            except duckdb.InterruptException:
                raise Cancelled from None
            except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
                raise QueryError(first_line(error), where=self.name) from error
            except duckdb.Error as error:
                raise LogError(f"the log cannot be read: {first_line(error)}", where=self.name) from error

    def over(self, query: str, rows: pa.RecordBatch) -> pa.Table:
        """What a trusted SELECT over these rows gives, in their order: they are the relation. Raises QueryError, Cancelled."""
        import duckdb
        import pyarrow as pa

        with self._cursor() as cursor:
            try:
                cursor.register(self.name, pa.Table.from_batches([rows]))
                return cursor.sql(query).to_arrow_table()
            except duckdb.InterruptException:
                raise Cancelled from None
            except duckdb.Error as error:
                raise QueryError(first_line(error), where=self.name) from error

    def parsed(self, query: str) -> Node:
        """The tree of a SELECT. Raises QueryError."""
        from mlops_tui.sql.tree import parse

        with self._cursor() as cursor:
            return parse(cursor, query)

    def as_they_lie(self, path: Path) -> Mapping[str, str]:
        """The columns (name -> DuckDB type) that a Parquet file holds as the relation has them; none of a file that is text."""
        return {c: t for c, t in (self.held(path) or NO_COLUMNS).items() if self._columns.get(c) == t}

    def held(self, path: Path) -> Mapping[str, str] | None:
        """The columns (name -> DuckDB type) that a Parquet file holds; None of a file that is text."""
        part = next((p for p in self._parts if path in p.files and p.table is None and not p.expressions), None)
        return None if part is None else part.columns

    def interrupt(self) -> None:
        """Stop the queries that run now; they raise Cancelled. Repeat it until they do: one that has not begun misses it."""
        self.halted.set()
        with self._lock:
            running = tuple(self._running)
        for cursor in running:
            cursor.interrupt()

    def facts(self) -> Mapping[str, Facts]:
        """What each file that is read told, by what is shown of it: for `known` of a later `open`."""
        return facts_of(self._manifest.files, self._parts)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _con(self) -> duckdb.DuckDBPyConnection:
        """The connection, with every text file's rows in it."""
        with self._opening:
            if self._opened is None:
                self._opened = connect()
            if self._unread:
                self._unread = False
                self._read({})
            return self._opened

    def _load(self, known: Mapping[str, Facts], also: Mapping[str, str]) -> None:
        self._read(known)
        declared = self._declared
        if not self._parts:
            raise nothing_to_read(self._manifest, self.name)
        held = common_columns(self._parts)
        keys = set.intersection(*(set(f.partitions) for f in self._manifest.files))
        self._partitions = frozenset(k for k in keys if k not in held and declared.knows(k))
        own = widened(held, {c: t for c, t in also.items() if c not in self._partitions})
        self._columns = {c: _declared_type(t, declared.kind(c)) for c, t in own.items()}
        self._columns |= dict.fromkeys(sorted(self._partitions), "VARCHAR")
        missing = [c for c in declared.columns if c not in self._columns]
        if missing:
            raise no_columns(missing, [*self._columns, *sorted(keys)], self._manifest, self.name)
        self._columns[self.spec.time] = AWARE

    def _read(self, known: Mapping[str, Facts]) -> None:
        """The parts that the files make. Of text files all are read, or, where all are known, none until rows are asked for."""
        files = self._manifest.files
        texts = [f for f in files if f.format != "parquet"]
        told = [f for f in files if f.shown in known and (f.format == "parquet" or all(t.shown in known for t in texts))]
        parts, judged = parts_of(told, known)
        self._unread = any(f.format != "parquet" for f in told)
        rest = [f for f in files if f not in told]
        if rest:
            parts, judged = self._asked_of_files(rest, parts, judged)
        self._manifest = self._manifest.judged({f.shown: f for f in judged})
        self._parts = respelt(parts, self._declared.columns)

    def _asked_of_files(
        self, files: Sequence[LogFile], parts: Sequence[Part], judged: Sequence[LogFile]
    ) -> tuple[list[Part], list[LogFile]]:
        from mlops_tui.logs.parquet import read_footers
        from mlops_tui.logs.textfiles import read_text

        self._opened = con = self._opened or connect()
        read, seen = read_footers(con, [f for f in files if f.format == "parquet"], self.spec.time, self.zone)
        texts, told = read_text(con, [f for f in files if f.format != "parquet"], self._declared)
        return [*parts, *read, *texts], [*judged, *seen, *told]

    def _relation(self, windows: Sequence[Window] | None, *, tables: bool = True, files: Collection[Path] | None = None) -> str:
        """The SELECT that makes the relation, over the files (all by default) that may hold rows of the windows."""
        parts = self._parts
        if files is not None:
            parts = tuple(replace(p, files=tuple(f for f in p.files if f in files)) for p in parts)
        selects = [s for p in parts if (s := self._select(p, windows, tables))]
        if not selects:
            empty = ", ".join(f"CAST(NULL AS {t}) AS {ident(c)}" for c, t in self._columns.items())
            return f"SELECT {empty} WHERE false"
        return " UNION ALL ".join(selects)

    def _select(self, part: Part, windows: Sequence[Window] | None, tables: bool) -> str:
        files = part.overlapping(windows)
        if not files:
            return ""
        table, time = part.table if tables else None, self.spec.time
        items, named = [], False
        for name, type_ in self._columns.items():
            own = part.columns.get(name, "VARCHAR") if name == time else type_
            item, path = one_column(part, name, own, self._partitions, table=table is not None)
            named |= path
            items.append(f"{aware(item, own, self.zone) if name == time else item} AS {ident(name)}")
        bounds = coarse(ident(time), part.columns.get(time, ""), self.zone, windows or ())
        source = table or part.scan(files, named=named)
        return f"SELECT {', '.join(items)} FROM {source}" + (f" WHERE {bounds}" if bounds else "")

    def _ask(self, query: str, windows: Sequence[Window] | None, read: Any) -> Any:
        import duckdb

        if self._unread:
            _ = self._con
        for last in (False, False, False, False, True):
            sql = f"WITH {ident(self.name)} AS NOT MATERIALIZED ({self._relation(windows)})\n{query}"
            with self._cursor() as cursor:
                try:
                    answer = read(cursor, sql)
                    if not self._renewed(windows):
                        return answer
                except duckdb.InterruptException:
                    raise Cancelled from None
                except (
                    duckdb.BinderException,
                    duckdb.ParserException,
                    duckdb.CatalogException,
                    duckdb.ConversionException,
                ) as error:
                    raise QueryError(first_line(error), where=self.name) from error
                except duckdb.Error as error:
                    if not (self._renewed(windows) or self._quarantine(windows)) or last:
                        raise LogError(f"the log cannot be read: {first_line(error)}", where=self.name) from error
        raise LogError(
            "its files change or fail while they are read", where=self.name, hint="try again when the writer has finished"
        )

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._con.cursor()
        with self._lock:
            self._running.add(cursor)
        try:
            yield cursor
        finally:
            with self._lock:
                self._running.discard(cursor)
            cursor.close()

    def _renewed(self, windows: Sequence[Window] | None) -> bool:
        """Whether Parquet files of the windows were replaced since they were looked at: they are looked at anew."""
        paths = {path for part in self._parts if part.table is None for path in part.overlapping(windows)}
        files = [f for f in self._manifest.files if f.path in paths and f.format == "parquet" and not f.same]
        if not files:
            return False
        known = {shown: facts for shown, facts in self.facts().items() if shown not in {f.shown for f in files}}
        with self._opening:
            self._manifest = self._manifest.judged({f.shown: judge(f.path, f.shown, self._manifest.base) for f in files})
            self._read(known)
        return True

    def damage(self, path: Path) -> str:
        """What is wrong with a Parquet file of the log, read to its end; empty when nothing is, and for text."""
        import duckdb

        from mlops_tui.logs.parquet import reason

        part = next((p for p in self._parts if path in p.files and p.table is None), None)
        if part is None:
            return ""
        with self._cursor() as cursor:
            try:
                cursor.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {part.scan([path], named=False)}").fetchall()
            except duckdb.InterruptException:
                raise Cancelled from None
            except duckdb.Error as error:
                return reason(error, path)
        return ""

    def _quarantine(self, windows: Sequence[Window] | None) -> bool:
        """Read every file of the windows alone; pass over those that fail. Whether there were any."""
        by_path = {f.path: f for f in self._manifest.files}
        paths = [path for part in self._parts for path in part.overlapping(windows)]
        bad = {path: by_path[path].bad(problem) for path in paths if (problem := self.damage(path))}
        if not bad:
            return False
        with self._lock:
            self._manifest = self._manifest.judged({f.shown: f for f in bad.values()})
            self._parts = tuple(replace(p, files=tuple(f for f in p.files if f not in bad)) for p in self._parts)
        return True

    def _time(self, aggregate: str, window: Window | None) -> datetime | None:
        where = f" WHERE {within(self.spec.time, window)}" if window else ""
        rows = self.rows(f"SELECT epoch_us({aggregate}) FROM {ident(self.name)}{where}", [window] if window else None)
        value = rows[0][0]
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def moment(microseconds: int) -> datetime:
    """An aware UTC moment from microseconds since 1970, which is how queries hand out times."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _declared_type(found: str, kind: FeatureType | None) -> str:
    """The column's type: as found, unless it is declared a number or a truth and found as text."""
    if found != "VARCHAR" or kind not in ("numeric", "boolean"):
        return found
    return "DOUBLE" if kind == "numeric" else "BOOLEAN"


def _inclusive(start: datetime | None, last: datetime) -> Window:
    end = last + timedelta(microseconds=1)
    return Window(min(start or _FIRST, end), end)
