"""What is measured inside a process: `python -m parts.probe WHAT ARGUMENTS`.

The last line is JSON; its `seconds` are without imports."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from parts.decisions import COLUMNS, SEGMENTS


def limit(root: str, which: str) -> dict[str, Any]:
    """S: DuckDB's own count, min and max of all columns (`all`), or of those that are no segments (`bare`)."""
    import duckdb

    names = [c for c in COLUMNS if which == "all" or c not in SEGMENTS]
    asked = ", ".join(f"count({c}), min({c}), max({c})" for c in names)
    con = duckdb.connect(config={"threads": 2})
    begun = time.perf_counter()
    # as Arrow: fetching times as Python values needs pytz
    table = con.sql(f"SELECT count(*), {asked} FROM read_parquet('{root}/log/**/*.parquet')").to_arrow_table()
    return {"seconds": time.perf_counter() - begun, "rows": table[0][0].as_py()}


PROBES: dict[str, Callable[..., dict[str, Any]]] = {"limit": limit}


def main() -> None:
    """Measure one thing."""
    what, *given = sys.argv[1:]
    print(json.dumps(PROBES[what](*given), default=str))


if __name__ == "__main__":
    main()
