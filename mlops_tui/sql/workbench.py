"""The place where queries of a runbook run: declared relations on a locked-down DuckDB, values bound by type."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import Cancelled, QueryError
from mlops_tui.core.window import format_duration
from mlops_tui.sql import bind as binding
from mlops_tui.sql.compare import Comparisons, companion
from mlops_tui.sql.failure import details, explain
from mlops_tui.sql.guard import Guard
from mlops_tui.sql.names import NAME
from mlops_tui.sql.tree import Node
from mlops_tui.sql.values import UNTYPED, Value, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_WRAP = ("select (\n", "\n) as ok")
_TICK = 0.05
"""Seconds between interrupts: one that comes before the query has begun is lost, so it is repeated."""


def _never() -> bool:
    return False


class Workbench:
    """Relations that queries may read, on a DuckDB that can neither write nor open anything else.

    `views` maps names to SELECT texts of ours over log files inside `folders`; `tables` are ready rows. Both are
    made before the lock. `spill` is a folder for what does not fit into `memory`; without it such a query fails.
    Queries may run on several threads at once. Raises QueryError when a view cannot be made.
    """

    def __init__(
        self,
        views: Mapping[str, str],
        *,
        tables: Mapping[str, pa.Table] | None = None,
        folders: Sequence[Path] = (),
        spill: Path | None = None,
        threads: int = 2,
        memory: str = "2GB",
    ) -> None:
        import duckdb

        self._lock = threading.RLock()
        self._con = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        self._relations: dict[str, Mapping[str, str]] = {}
        try:
            self._prepare(views, tables or {}, folders, spill)
        except BaseException:
            self._con.close()
            raise
        self._shape = self._con.cursor()
        self._shape.execute("use shape")
        self._con.execute("set lock_configuration = true")
        self._guard = Guard(self._shape)
        self._companion: Node | None = None

    def _prepare(
        self, views: Mapping[str, str], tables: Mapping[str, pa.Table], folders: Sequence[Path], spill: Path | None
    ) -> None:
        """Everything up to the lock, in the order that works (DESIGN 9)."""
        run = self._con.execute
        run("set global TimeZone = 'UTC'")
        run("set global errors_as_json = true")
        run("set global python_enable_replacements = false")
        run("create schema shape")
        for name, text in views.items():
            self._may_be(name)
            self._ours(f"create view {quoted(name)} as {text}", f"the relation {name!r}")
        if views:
            self._learn()
        run("set autoinstall_known_extensions = false")
        run("set autoload_known_extensions = false")
        run(f"set temp_directory = {_literal(str(spill) if spill else '')}")
        if folders:
            inside = ", ".join(_literal(f"{folder}/") for folder in folders)
            run(f"set allowed_directories = [{inside}]")
        run("set enable_external_access = false")
        for name, table in tables.items():
            self.put(name, table)

    def _may_be(self, name: str) -> None:
        if not NAME.match(name):
            raise QueryError(f"{name!r} cannot name a relation", hint="lower-case letters, digits and _, a letter first")

    def _ours(self, text: str, what: str) -> None:
        """Run a statement of ours; what fails is told as about `what`."""
        import duckdb

        try:
            self._con.execute(text)
        except duckdb.Error as error:
            raise explain(error, "", {}, where=what) from error

    def _learn(self) -> None:
        """Read the columns of the views, and make an empty twin of each: what binds there binds here."""
        rows = self._con.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where not internal and schema_name = 'main' order by table_name, column_index"
        ).fetchall()
        found: dict[str, dict[str, str]] = {}
        for table, column, sql_type in rows:
            found.setdefault(table, {})[column] = sql_type
        for name, columns in found.items():
            self._con.execute(_create("shape", name, columns))
        self._relations.update(found)

    @property
    def relations(self) -> Mapping[str, Mapping[str, str]]:
        """What can be read: relation -> column -> SQL type."""
        return dict(self._relations)

    def put(self, name: str, table: pa.Table) -> None:
        """Add a step's result as the relation `name`; an earlier result of that name is replaced.

        Raises QueryError for a name that no relation may have, and for one of a view.
        """
        with self._lock:
            self._may_be(name)
            given = quoted(f"given {name}")
            self._con.register(f"given {name}", table)
            try:
                self._ours(f"create or replace table main.{quoted(name)} as from {given}", f"the relation {name!r}")
            finally:
                self._con.unregister(f"given {name}")
            rows = self._con.execute(f"describe main.{quoted(name)}").fetchall()
            self._settle(name, {row[0]: row[1] for row in rows})

    def put_empty(self, name: str, columns: Mapping[str, str]) -> None:
        """Add a relation with these columns (name -> SQL type) and no rows: the result of a step that was skipped."""
        with self._lock:
            self._may_be(name)
            self._ours(_create("main", name, columns), f"the relation {name!r}")
            self._settle(name, dict(columns))

    def _settle(self, name: str, columns: Mapping[str, str]) -> None:
        self._con.execute(_create("shape", name, columns))
        self._relations[name] = columns

    def query(
        self,
        text: str,
        values: Mapping[str, Value],
        *,
        timeout: timedelta | None = None,
        cancelled: Callable[[], bool] = _never,
        where: str = "",
    ) -> pa.Table:
        """The rows that a query gives; times with a zone are in UTC.

        `values` may hold more than the query uses. `cancelled` is asked every 50 ms from another thread.
        Raises QueryError for what is refused, fails or takes longer than `timeout`, and Cancelled.
        """
        with _told(where):
            _, bound = self._ready(text, values, 0)
            table = self._run(bound, timeout, cancelled, 0)
            names = [new or old for new, old in zip(bound.columns, table.column_names, strict=True)] if bound.columns else None
            return table.rename_columns(names) if names else table

    def condition(
        self,
        text: str,
        values: Mapping[str, Value],
        *,
        timeout: timedelta | None = None,
        cancelled: Callable[[], bool] = _never,
        where: str = "",
    ) -> bool | None:
        """Whether a condition holds; None where SQL says NULL.

        `text` is a boolean expression or a SELECT of one cell. Raises QueryError as `query` does, and for
        whatever is not BOOLEAN: text and numbers are never true.
        """
        with _told(where):
            _, bound = self._ready(text, values, 1)
            table = self._run(bound, timeout, cancelled, 1)
            answer: bool | None = table.column(0)[0].as_py()
            return answer

    def shown(self, text: str, values: Mapping[str, Value]) -> str:
        """The text with its values written as SQL literals, to cite: it gives the same rows. Does not run it."""
        with self._lock:
            tree = self._guard.check(text, self._relations)
            return binding.shown(text, tree, values)

    def bind_check(self, text: str, types: Mapping[str, str], *, condition: bool = False) -> tuple[tuple[int, str], ...]:
        """What is wrong with a text, without its data: (line from 1 or 0, message) each; empty when it binds.

        `types` are the SQL types of the values that there will be.
        """
        values = {name: Value(sql_type, _sample(sql_type)) for name, sql_type in types.items()}
        skip = 1 if condition else 0
        try:
            with self._lock:
                whole = _wrapped(text) if condition else text
                tree = self._guard.check(whole, self._relations, skip=skip)
                faults = binding.missing(tree, values, whole, skip)
            if not faults:
                self._ready(text, values, skip)
        except QueryError as error:
            faults = [error]
        return tuple((f.line, f"{f.message} ({f.hint})" if f.hint else f.message) for f in faults)

    def close(self) -> None:
        """Give everything back. The workbench cannot be used afterwards."""
        with self._lock:
            self._shape.close()
            self._con.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self, text: str, values: Mapping[str, Value], skip: int) -> tuple[Node, binding.Bound]:
        """Guarded, typed, bound against the empty twins. `skip` is 1 for a condition, which gets a line in front."""
        whole = _wrapped(text) if skip else text
        with self._lock:
            tree = self._guard.check(whole, self._relations, skip=skip)
            if skip:
                _one_expression(tree)
            for fault in binding.missing(tree, values, whole, skip):
                raise fault
            bound = binding.bind(self._shape, whole, tree, values)
            types = self._types(bound, skip)
            self._compared(whole, tree, values, bound, skip)
        if skip and types[0] not in ("BOOLEAN", UNTYPED):
            raise QueryError(
                f"a condition must be true or false; this is {types[0]}", hint="compare it with something, such as > 0", line=1
            )
        return tree, bound

    def _types(self, bound: binding.Bound, skip: int) -> list[str]:
        """The types of the columns that a query gives, from the empty twins."""
        import duckdb

        try:
            rows = self._shape.execute(f"describe {bound.text}", dict(bound.values)).fetchall()
        except duckdb.Error as error:
            raise self._failed(error, bound, skip, ahead=len("describe ")) from error
        return [row[1] for row in rows]

    def _compared(self, whole: str, tree: Node, values: Mapping[str, Value], bound: binding.Bound, skip: int) -> None:
        """Raise for text that is compared with a number."""
        import duckdb

        if self._companion is None:
            self._companion = companion(self._shape)
        found = Comparisons(self._companion)
        guarded = found.guarded(tree)
        if not found.nodes:
            return
        types = {name: values[name].sql_type for name in bound.values}
        try:
            made = binding.written(self._shape, binding.typed_tree(self._shape, guarded, types))
            self._shape.execute(f"describe {made}", dict(bound.values)).fetchall()
        except duckdb.Error as error:
            refusal = found.refusal(str(details(error)["exception_message"]), whole, skip)
            raise (refusal or self._failed(error, bound, skip)) from error

    def _failed(self, error: duckdb.Error, bound: binding.Bound, skip: int, ahead: int = 0) -> QueryError:
        """DuckDB's error about a bound query, with the line in the author's text."""
        body = dict(details(error))
        if "position" in body:
            body["position"] = int(body["position"]) - ahead
        if not bound.in_place:
            body.pop("position", None)
        return explain(body, bound.text, self._relations, skip=skip)

    def _run(self, bound: binding.Bound, timeout: timedelta | None, cancelled: Callable[[], bool], skip: int) -> pa.Table:
        """Run a bound query on a cursor of its own."""
        import duckdb

        with self._lock:
            cursor = self._con.cursor()
        watch = _Watch(cursor, timeout, cancelled)
        try:
            with watch:
                return cursor.sql(bound.text, params=dict(bound.values)).to_arrow_table()
        except duckdb.InterruptException as error:
            if watch.stopped:
                raise Cancelled from error
            spent = format_duration(timeout) if timeout else "its time"
            raise QueryError(f"the query took longer than {spent}", hint="give the step a longer timeout:") from error
        except duckdb.Error as error:
            raise self._failed(error, bound, skip) from error
        finally:
            cursor.close()


class _Watch:
    """Interrupts a cursor, again and again, once time is up or somebody cancelled."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, timeout: timedelta | None, cancelled: Callable[[], bool]) -> None:
        self._cursor = cursor
        self._timeout = timeout
        self._cancelled = cancelled
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.stopped = False

    def __enter__(self) -> None:
        if self._timeout is not None or self._cancelled is not _never:
            self._thread = threading.Thread(target=self._watch, name="query watch", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        left = self._timeout.total_seconds() if self._timeout is not None else None
        while not self._done.wait(_TICK if left is None else min(_TICK, max(left, 0.001))):
            self.stopped = self.stopped or self._cancelled()
            left = None if left is None else left - _TICK
            if self.stopped or (left is not None and left <= 0):
                self._cursor.interrupt()


class _told:  # noqa: N801  (reads as a word where it is used)
    """Says where a QueryError happened."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._where and isinstance(error, QueryError) and not error.where:
            error.where = self._where


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create(schema: str, name: str, columns: Mapping[str, str]) -> str:
    fields = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns.items())
    return f"create or replace table {schema}.{quoted(name)} ({fields})"


def _wrapped(text: str) -> str:
    return _WRAP[0] + text + _WRAP[1]


def _one_expression(tree: Node) -> None:
    """Raise unless the wrapped condition is one expression and nothing has slipped out of the brackets."""
    node: dict[str, Any] = tree["node"]
    single = node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1 and node["select_list"][0].get("alias") == "ok"
    empty = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "qualify", "sample")
    if not (single and node["from_table"]["type"] == "EMPTY" and not any(node.get(k) for k in empty)):
        raise QueryError(
            "a condition is one expression", hint="write a boolean expression, or a SELECT of one cell; brackets must pair"
        )


def _sample(sql_type: str) -> Any:
    """Some value of a type, to bind with where there is no data yet."""
    if sql_type.strip()[:6].upper() == "STRUCT":
        return {name: _sample(kind) for name, kind in Value(sql_type).fields.items()}
    if sql_type.endswith("]"):
        return []
    return {"VARCHAR": "", "BOOLEAN": False, "BIGINT": 1, "INTEGER": 1, "DOUBLE": 0.5}.get(sql_type.upper())
