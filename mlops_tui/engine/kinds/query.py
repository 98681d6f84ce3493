"""`query`: SQL on the locked-down DuckDB. `$id` is its single cell; the relation `id` is its result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlops_tui.core.leave import one_line
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Table
from mlops_tui.sql.results import first, scalar, scalars

SHOWN_ROWS = 50
MOST_ROWS = 100_000
LONG_CELL, LONG_VALUE = 500, 4_000
"""Characters of a cell of the shown rows, and of a single value; the whole result is kept beside the journal."""


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
        found = call.bench.query(text, values, cancelled=cancelled, most=MOST_ROWS)
        alone = found.num_rows == 1 and found.num_columns == 1
        value = first(found) if alone else None
        rows = "1 row" if found.num_rows == 1 else f"{found.num_rows:,} rows"
        said = one_line(call.values.shown(value), most=LONG_CELL) if value is not None else rows
        value = scalar(value, LONG_VALUE)
        return Outcome(
            "ok", table=shown_table(found), value=value, relation=found, text=said, query=call.bench.shown(text, values)
        )


def shown_table(table: Any, most: int = SHOWN_ROWS) -> Table:
    """The first rows of an Arrow table, as JSON can hold them, with long cells cut."""
    rows = tuple(scalars(table, most=most, wide=LONG_CELL))
    types = tuple(str(t) for t in table.schema.types)
    return Table(tuple(table.column_names), types, rows, max(0, table.num_rows - most))


KIND = QueryKind()
