"""`query`: SQL on the locked-down DuckDB. `$id` is its single cell; the relation `id` is its result."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from mlops_tui.core.errors import QueryError
from mlops_tui.core.window import iso
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Table

SHOWN_ROWS = 50
MOST_ROWS = 100_000


class QueryKind(Kind):
    """Reads. A result of more than 100,000 rows is refused: aggregate in SQL."""

    name = "query"
    params = str
    result = "cell"

    def sql(self, step: Step) -> Iterable[tuple[str, str, bool]]:
        """The query."""
        yield "query", step.params, False

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Run the query; keep its result whole as an artefact and its first rows in the journal."""
        text: str = call.step.params
        values = call.bind(text)
        found = call.bench.query(text, values, timeout=call.step.common.timeout, cancelled=cancelled)
        if found.num_rows > MOST_ROWS:
            raise QueryError(
                f"the result has {found.num_rows:,} rows", where=call.where, hint="aggregate in SQL, or add a limit"
            )
        table = shown_table(found)
        value = cell(found) if found.num_rows == 1 and found.num_columns == 1 else None
        rows = "1 row" if found.num_rows == 1 else f"{found.num_rows:,} rows"
        said = call.values.shown(value) if value is not None else rows
        return Outcome("ok", table=table, value=value, relation=found, text=said, query=call.bench.shown(text, values))


def cell(table: Any) -> Any:
    """The single cell of a result, as Python has it (times aware, in UTC)."""
    return table.column(0)[0].as_py()


def shown_table(table: Any, most: int = SHOWN_ROWS) -> Table:
    """The first rows of an Arrow table, as JSON can hold them."""
    head = table.slice(0, most).to_pylist()
    columns = tuple(table.column_names)
    rows = tuple(tuple(_scalar(row[c]) for c in columns) for row in head)
    return Table(columns, tuple(str(t) for t in table.schema.types), rows, max(0, table.num_rows - most))


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


KIND = QueryKind()
