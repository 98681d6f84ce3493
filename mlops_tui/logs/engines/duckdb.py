"""The engine that is always there: DuckDB in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mlops_tui.core.errors import LogError, QueryError, UnknownName
from mlops_tui.core.leave import one_line
from mlops_tui.logs.connection import connect
from mlops_tui.logs.engines import NO_PARAMS, Param
from mlops_tui.logs.engines.tables import plain
from mlops_tui.logs.literals import ident, texts
from mlops_tui.logs.refusals import first_line
from mlops_tui.sql.failure import explain
from mlops_tui.sql.watch import Watch

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from mlops_tui.logs.engines import Relations

_HINT = "`runbook doctor` reads every file of the log"


class DuckDB:
    """Relations in a DuckDB of their own, a cursor for each query."""

    def __init__(self, relations: Relations) -> None:
        import duckdb
        import pyarrow as pa

        self._con = connect()
        self._con.execute("SET errors_as_json = true")
        self._running: set[threading.Event] = set()
        self._lock = threading.Lock()
        self._schemas: dict[str, dict[str, str]] = {}
        for name, rows in relations.items():
            try:
                if isinstance(rows, pa.Table):
                    self._con.register("given", rows)
                    self._con.execute(f"CREATE TABLE {ident(name)} AS FROM given")
                    self._con.unregister("given")
                else:
                    files = f"read_parquet({texts(map(str, rows))}, union_by_name = true, hive_partitioning = false)"
                    self._con.execute(f"CREATE VIEW {ident(name)} AS FROM {files}")
                found = self._con.execute(f"DESCRIBE {ident(name)}").fetchall()
            except duckdb.Error as error:
                self._con.close()
                raise _unreadable(error, name) from error
            self._schemas[name] = {str(row[0]): str(row[1]) for row in found}

    def schema(self, relation: str) -> Mapping[str, str]:
        """As `Engine.schema`."""
        if relation not in self._schemas:
            raise UnknownName("relation", relation, self._schemas)
        return dict(self._schemas[relation])

    def arrow(self, sql: str, params: Mapping[str, Param] = NO_PARAMS, timeout: timedelta | None = None) -> pa.Table:
        """As `Engine.arrow`: cancelled within some 30 ms, a final sort or window within 1.6 s."""
        import duckdb

        self._one_select(sql)
        stop = threading.Event()
        with self._cursor(stop) as cursor:
            watch = Watch(cursor, timeout, stop.is_set)
            try:
                with watch:
                    table = cursor.sql(sql, params=dict(params) or None).to_arrow_table()
            except (duckdb.Error, OSError) as error:  # once rows come, Arrow hands DuckDB's errors on as OSError
                if watch.fired:
                    raise watch.reason() from error
                raise self._failed(error, sql) from error
        if watch.fired:
            raise watch.reason()
        return plain(table)

    def validate(self, sql: str, params: Mapping[str, Param] = NO_PARAMS) -> None:
        """As `Engine.validate`."""
        import duckdb

        self._one_select(sql)
        with self._cursor(threading.Event()) as cursor:
            try:
                cursor.execute(f"EXPLAIN {sql}", dict(params)).fetchall()
            except duckdb.Error as error:
                raise self._failed(error, sql) from error

    def cancel(self) -> None:
        """As `Engine.cancel`."""
        with self._lock:
            for stop in self._running:
                stop.set()

    def close(self) -> None:
        """As `Engine.close`."""
        self._con.close()

    def _one_select(self, sql: str) -> None:
        import duckdb

        try:
            found = self._con.extract_statements(sql)
        except duckdb.Error as error:
            raise self._failed(error, sql) from error
        if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
            raise QueryError("the text is not one SELECT", hint="write one SELECT, or WITH ... SELECT")

    def _failed(self, error: Exception, sql: str) -> QueryError | LogError:
        import duckdb

        if isinstance(error, duckdb.IOException):
            return _unreadable(error, "")
        return explain(error, sql, self._schemas)

    @contextmanager
    def _cursor(self, stop: threading.Event) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._con.cursor()
        with self._lock:
            self._running.add(stop)
        try:
            yield cursor
        finally:
            with self._lock:
                self._running.discard(stop)
            cursor.close()


def _unreadable(error: Exception, where: str) -> LogError:
    from mlops_tui.sql.failure import details

    said = str(details(error)["exception_message"])
    return LogError(f"the log cannot be read: {one_line(first_line(Exception(said)))}", where=where, hint=_HINT)
