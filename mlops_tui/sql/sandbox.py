"""A DuckDB that holds declared relations and can neither write a file nor open another one."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.core.errors import QueryError, RunbookError
from mlops_tui.sql.failure import explain
from mlops_tui.sql.names import NAME
from mlops_tui.sql.values import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Sandbox:
    """Relations in a locked DuckDB, and an empty twin of each, against which a query binds without touching a file.

    `views` maps names to SELECT texts of ours over files inside `folders`; `tables` are ready rows. Both are made
    before the lock. `spill` is a folder for what does not fit into `memory`. Raises QueryError naming the relation
    that cannot be made. `lock` is held by whoever uses `twins`, which is one cursor for all threads.
    """

    def __init__(
        self,
        views: Mapping[str, str],
        tables: Mapping[str, pa.Table],
        folders: Sequence[Path],
        *,
        spill: Path | None,
        threads: int,
        memory: str,
    ) -> None:
        import duckdb

        self.lock = threading.RLock()
        self.relations: dict[str, Mapping[str, str]] = {}
        self._views = frozenset(views)
        self._con = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        try:
            self._settings()
            self._make_views(views)
            self._shut(folders, spill)
            for name, table in tables.items():
                self.put(name, table)
            self.twins = self._con.cursor()
            self.twins.execute("use twin")
            self._con.execute("set lock_configuration = true")
        except BaseException:
            self._con.close()
            raise

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor for one query of one thread; the caller closes it."""
        with self.lock:
            return self._con.cursor()

    def put(self, name: str, table: pa.Table) -> None:
        """Make the table `name` from these rows, in the place of an earlier one. Raises QueryError for a view's name."""
        given = f"given {name}"
        with self.lock:
            self._may_be(name)
            self._con.register(given, table)
            try:
                self._ours(name, f"create or replace table main.{quoted(name)} as from {quoted(given)}")
            finally:
                self._con.unregister(given)
            rows = self._con.execute(f"describe main.{quoted(name)}").fetchall()
            self._twin(name, {row[0]: row[1] for row in rows})

    def put_empty(self, name: str, columns: Mapping[str, str]) -> None:
        """Make the table `name` with these columns (name -> SQL type) and no rows."""
        with self.lock:
            self._may_be(name)
            self._ours(name, _create("main", name, columns))
            self._twin(name, dict(columns))

    def close(self) -> None:
        """Give everything back."""
        with self.lock:
            self.twins.close()
            self._con.close()

    def _settings(self) -> None:
        for setting in ("TimeZone = 'UTC'", "errors_as_json = true", "python_enable_replacements = false"):
            self._con.execute(f"set global {setting}")
        self._con.execute("create schema twin")

    def _make_views(self, views: Mapping[str, str]) -> None:
        for name, text in views.items():
            _good_name(name)
            self._ours(name, f"create view {quoted(name)} as {text}")
        if not views:
            return
        rows = self._con.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where not internal and schema_name = 'main' order by table_name, column_index"
        ).fetchall()
        found: dict[str, dict[str, str]] = {name: {} for name in views}
        for table, column, sql_type in rows:
            found[table][column] = sql_type
        for name, columns in found.items():
            self._twin(name, columns)

    def _shut(self, folders: Sequence[Path], spill: Path | None) -> None:
        """Everything after this reads the folders' files and nothing else, in the order of settings that works."""
        run = self._con.execute
        run("set autoinstall_known_extensions = false")
        run("set autoload_known_extensions = false")
        run(f"set temp_directory = {_text(str(spill) if spill else '')}")
        # DuckDB follows links before it compares, so a folder behind a link is named both ways.
        inside = sorted({f"{path}/" for folder in folders for path in (folder.absolute(), folder.resolve())})
        if inside:
            run(f"set allowed_directories = [{', '.join(map(_text, inside))}]")
        run("set enable_external_access = false")

    def _twin(self, name: str, columns: Mapping[str, str]) -> None:
        self._con.execute(_create("twin", name, columns))
        self.relations[name] = columns

    def _may_be(self, name: str) -> None:
        _good_name(name)
        if name in self._views:
            raise QueryError(f"{name!r} is a relation that is always there", hint="give the step another id")

    def _ours(self, name: str, text: str) -> None:
        """Run a statement of ours; what fails is told as about the relation."""
        import duckdb

        try:
            self._con.execute(text)
        except duckdb.Error as error:
            raise _about(name, explain(error, "", {})) from error


def _about(name: str, error: RunbookError) -> QueryError:
    return QueryError(f"the relation {name!r} cannot be made: {error.message}", hint=error.hint)


def _good_name(name: str) -> None:
    if not NAME.match(name):
        raise QueryError(f"{name!r} cannot name a relation", hint="lower-case letters, digits and _, a letter first")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create(schema: str, name: str, columns: Mapping[str, str]) -> str:
    fields = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns.items())
    return f"create or replace table {schema}.{quoted(name)} ({fields})"
