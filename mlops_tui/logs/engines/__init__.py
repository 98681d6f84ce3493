"""Engines that answer SQL over the files of a log: one protocol, one file an engine, one registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from mlops_tui.core.errors import UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

    Relations = Mapping[str, Sequence[Path] | pa.Table]

Param = str | int | float | bool | datetime | None
"""What a `$name` in a text may stand for. A moment knows its zone."""
NO_PARAMS: Mapping[str, Param] = MappingProxyType({})


class Engine(Protocol):
    """Rows of declared relations, asked in the DuckDB dialect of SQL. Threads may ask at the same time.

    What every engine understands is the portable subset (`logs.portable`); within it all of them give the same rows. A table
    that comes back has whole numbers as int64, text as string, times with a zone as timestamp[us, UTC].
    """

    def schema(self, relation: str) -> Mapping[str, str]:
        """Column -> DuckDB type, in order. Raises UnknownName, LogError where the files cannot be read."""

    def arrow(self, sql: str, params: Mapping[str, Param] = NO_PARAMS, timeout: timedelta | None = None) -> pa.Table:
        """The rows of a trusted SELECT. Raises QueryError for what is wrong with it or takes too long, LogError, Cancelled."""

    def validate(self, sql: str, params: Mapping[str, Param] = NO_PARAMS) -> None:
        """Raises QueryError where a text is no SELECT or does not bind, without reading rows."""

    def cancel(self) -> None:
        """Ends the queries that run now: they raise Cancelled."""

    def close(self) -> None:
        """Gives everything back."""


def _duckdb(relations: Relations) -> Engine:
    from mlops_tui.logs.engines.duckdb import DuckDB

    return DuckDB(relations)


def _polars(relations: Relations) -> Engine:
    from mlops_tui.logs.engines.polars import Polars

    return Polars(relations)


ENGINES: Mapping[str, Callable[[Relations], Engine]] = MappingProxyType({"duckdb": _duckdb, "polars": _polars})
"""Engines by the name that an inventory gives them."""


def open_engine(name: str, relations: Relations) -> Engine:
    """The engine of that name over relations: Parquet files, read as one by the names of their columns, or ready rows.

    Raises UnknownName, and LogError where the files cannot be read.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    return ENGINES[name](relations)
