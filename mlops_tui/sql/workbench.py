"""The place where queries of a runbook run: guarded, typed, interruptible, over declared relations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_tui.core.errors import QueryError
from mlops_tui.sql import bind as binding
from mlops_tui.sql.compare import Comparisons
from mlops_tui.sql.failure import details, explain
from mlops_tui.sql.guard import Guard
from mlops_tui.sql.results import AS_PYTHON, read
from mlops_tui.sql.sandbox import Sandbox
from mlops_tui.sql.tree import Node
from mlops_tui.sql.values import UNTYPED, Value, quoted, sample
from mlops_tui.sql.watch import Watch, never

if TYPE_CHECKING:
    import pyarrow as pa

_WRAP = ("select (\n", "\n) as ok")


class Workbench:
    """Relations that queries may read, on a DuckDB that can neither write nor open anything else.

    `views` maps names to SELECT texts of ours over log files inside `folders`; `tables` are ready rows. Both are
    made before the lock. `spill` is a folder for what does not fit into `memory`; without it such a query fails.
    Queries may run on several threads at once. Raises QueryError when a relation cannot be made.
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
        self._box = Sandbox(views, tables or {}, folders, spill=spill, threads=threads, memory=memory)
        self._lock = self._box.lock
        self._guard = Guard(self._box.twins)
        self._comparisons = Comparisons(self._box.twins)

    @property
    def relations(self) -> Mapping[str, Mapping[str, str]]:
        """What can be read: relation -> column -> SQL type."""
        return dict(self._box.relations)

    def put(self, name: str, table: pa.Table) -> None:
        """Add a step's result as the relation `name`; an earlier result of that name is replaced.

        Raises QueryError for a name that no relation may have, and for one of a view.
        """
        self._box.put(name, table)

    def put_empty(self, name: str, columns: Mapping[str, str]) -> None:
        """Add a relation with these columns (name -> SQL type) and no rows: the result of a step that was skipped."""
        self._box.put_empty(name, columns)

    def query(
        self,
        text: str,
        values: Mapping[str, Value],
        *,
        timeout: timedelta | None = None,
        cancelled: Callable[[], bool] = never,
        where: str = "",
        most: int | None = None,
    ) -> pa.Table:
        """The rows that a query gives: times with a zone in UTC, whole numbers as integers, enums as text.

        `values` may hold more than the query uses. `cancelled` is asked every 50 ms from another thread. `where`
        goes into the errors. Raises QueryError for what is refused, fails, takes longer than `timeout` or gives more
        than `most` rows (reading stops there), and Cancelled.
        """
        with _told(where):
            bound = self._ready(text, values, 0)
            table = self._run(bound, timeout, cancelled, 0, most)
            names = list(table.column_names)
            for at, name in bound.columns.items():
                names[at] = name
            return table.rename_columns(names)

    def condition(
        self,
        text: str,
        values: Mapping[str, Value],
        *,
        timeout: timedelta | None = None,
        cancelled: Callable[[], bool] = never,
        where: str = "",
    ) -> bool | None:
        """Whether a condition holds; None where SQL says NULL.

        `text` is a boolean expression or a SELECT of one cell. Raises QueryError as `query` does, and for
        whatever is not BOOLEAN: text and numbers are never true.
        """
        with _told(where):
            bound = self._ready(text, values, 1)
            answer: bool | None = self._run(bound, timeout, cancelled, 1).column(0)[0].as_py()
            return answer

    def cell(self, name: str) -> Value:
        """The value of a relation of one column and at most one row (null where it has none), with its SQL type.

        Times, numbers and text are Python's; the rarer types are DuckDB's own text, which binds back as the same value.
        """
        ((column, sql_type),) = self._box.relations[name].items()
        exact = sql_type in AS_PYTHON
        shown = quoted(column) if exact else f"cast({quoted(column)} as varchar)"
        cursor = self._box.cursor()
        try:
            found = cursor.sql(f"select {shown} as v from main.{quoted(name)}").to_arrow_table()  # noqa: S608 - our own names
            return Value(sql_type, found.column(0)[0].as_py() if found.num_rows else None)
        except (OverflowError, ValueError):  # a time that Python does not have
            text = cursor.sql(f"select cast({quoted(column)} as varchar) as v from main.{quoted(name)}")  # noqa: S608
            return Value(sql_type, text.to_arrow_table().column(0)[0].as_py())
        finally:
            cursor.close()

    def columns(self, text: str, values: Mapping[str, Value]) -> Mapping[str, str]:
        """The columns that a query would give (name -> SQL type), without running it: for `put_empty`.

        Raises QueryError as `query` does for what is refused or does not bind.
        """
        bound = self._ready(text, values, 0)
        with self._lock:
            found = self._describe(bound, 0)
        names = [name for name, _ in found]
        for at, name in bound.columns.items():
            names[at] = name
        return dict(zip(names, (sql_type for _, sql_type in found), strict=True))

    def shown(self, text: str, values: Mapping[str, Value]) -> str:
        """The text with its values written as SQL literals, to cite: it gives the same rows. Does not run it.

        A condition that is an expression is shown as the query that asks it: `select (...) as ok`.
        """
        with self._lock:
            try:
                return binding.shown(text, self._guard.check(text, self._box.relations), values)
            except QueryError as error:
                whole = _wrapped(text) if "\n" in text or "--" in text else f"select ({text}) as ok"
                try:
                    tree = self._guard.check(whole, self._box.relations)
                except QueryError:
                    raise error from None
                return binding.shown(whole, tree, values)

    def bind_check(self, text: str, types: Mapping[str, str], *, condition: bool = False) -> tuple[tuple[int, str], ...]:
        """What is wrong with a text, without its data: (line from 1 or 0, message) each; empty when it binds.

        `types` are the SQL types of the values that there will be.
        """
        values = {name: Value(sql_type, sample(sql_type)) for name, sql_type in types.items()}
        skip = 1 if condition else 0
        try:
            with self._lock:
                whole = _wrapped(text) if condition else text
                faults = binding.missing(self._guard.check(whole, self._box.relations, skip=skip), values, whole, skip)
            if not faults:
                self._ready(text, values, skip)
        except QueryError as error:
            faults = [error]
        return tuple((f.line, f"{f.message} ({f.hint})" if f.hint else f.message) for f in faults)

    def close(self) -> None:
        """Give everything back. The workbench cannot be used afterwards."""
        self._box.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self, text: str, values: Mapping[str, Value], skip: int) -> binding.Bound:
        """Guarded, typed, bound against the empty twins. `skip` is 1 for a condition, which gets a line in front."""
        if skip and not text.strip():
            raise QueryError("the condition is empty", hint="write a boolean expression, or a SELECT of one cell")
        whole = _wrapped(text) if skip else text
        with self._lock:
            tree = self._guard.check(whole, self._box.relations, skip=skip)
            if skip:
                _one_expression(tree)
            for fault in binding.missing(tree, values, whole, skip):
                raise fault
            bound = binding.bind(self._box.twins, whole, tree, values)
            types = [sql_type for _, sql_type in self._describe(bound, skip)]
            refusal = self._comparisons.check(whole, tree, values, bound.values, skip)
        if refusal is not None:
            raise refusal
        if skip and types[0] not in ("BOOLEAN", UNTYPED):
            hint = "compare it with something, such as > 0"
            raise QueryError(f"a condition must be true or false; this is {types[0]}", hint=hint, line=1)
        return bound

    def _describe(self, bound: binding.Bound, skip: int) -> list[tuple[str, str]]:
        """The names and types of the columns that a query gives, from the empty twins. The lock must be held."""
        import duckdb

        ahead = "describe "
        try:
            rows = self._box.twins.execute(ahead + bound.text, dict(bound.values)).fetchall()
        except duckdb.Error as error:
            raise self._failed(error, bound, skip, len(ahead)) from error
        return [(row[0], row[1]) for row in rows]

    def _failed(self, error: Exception, bound: binding.Bound, skip: int, ahead: int = 0) -> QueryError:
        """DuckDB's error about a bound query, with the line in the author's text; `ahead` bytes are not of it."""
        body = dict(details(error))
        position = body.pop("position", None)
        if position is not None and bound.in_place:
            body["position"] = int(position) - ahead
        return explain(body, bound.text, self._box.relations, skip=skip)

    def _run(
        self,
        bound: binding.Bound,
        timeout: timedelta | None,
        cancelled: Callable[[], bool],
        skip: int,
        most: int | None = None,
    ) -> pa.Table:
        """Run a bound query on a cursor of its own."""
        import duckdb

        cursor = self._box.cursor()
        watch = Watch(cursor, timeout, cancelled)
        try:
            with watch:
                return read(cursor.sql(bound.text, params=dict(bound.values)), most=most)
        except (duckdb.Error, OSError) as error:  # once rows come, Arrow hands DuckDB's errors on as OSError
            if watch.fired:
                raise watch.reason() from error
            raise self._failed(error, bound, skip) from error
        finally:
            cursor.close()


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Says where a QueryError happened."""
    try:
        yield
    except QueryError as error:
        error.where = error.where or where
        raise


def _wrapped(text: str) -> str:
    return _WRAP[0] + text + _WRAP[1]


def _one_expression(tree: Node) -> None:
    """Raise unless the wrapped condition is one expression and nothing has slipped out of the brackets."""
    node: dict[str, Any] = tree["node"]
    single = node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1 and node["select_list"][0].get("alias") == "ok"
    empty = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "qualify", "sample")
    if not (single and node["from_table"]["type"] == "EMPTY" and not any(node.get(k) for k in empty)):
        hint = "write a boolean expression, or a SELECT of one cell; brackets must pair"
        raise QueryError("a condition is one expression", hint=hint)
