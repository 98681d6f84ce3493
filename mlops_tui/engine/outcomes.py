"""What a step gave, as the journal keeps it: a JSON body, and the whole result as a file beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import JournalError
from mlops_tui.core.finding import ROW_TYPES, Finding
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome
from mlops_tui.journal.store import shown

SUFFIX = "arrow"


def outcome_body(step: Step, outcome: Outcome, *, relation: str, seconds: float) -> dict[str, Any]:
    """The body of a `step_ended`. `relation` is the hash of the kept result, empty where there is none."""
    table = outcome.table
    rows = None if table is None else {"columns": table.columns, "types": table.types, "rows": table.rows, "more": table.more}
    return {
        "kind": step.kind,
        "title": step.title,
        "state": outcome.state,
        "text": outcome.text,
        "error": outcome.error,
        "findings": [f.as_json() for f in outcome.findings],
        "table": rows,
        "value": plain(outcome.value),
        "artefacts": [a.as_json() for a in outcome.artefacts],
        "relation": relation,
        "query": outcome.query,
        "seconds": round(seconds, 3),
        "extra": dict(outcome.extra),
    }


def relation_bytes(table: Any) -> bytes:
    """An Arrow table as a compressed Arrow file: unlike Parquet it holds every type that a query can give."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def row_types(dimensions: Iterable[str]) -> dict[str, str]:
    """The columns of a relation of Findings (name -> SQL type): their fields, and one text column per dimension."""
    return dict(ROW_TYPES) | {d: "VARCHAR" for d in dimensions if d not in ROW_TYPES}


def findings_table(findings: Iterable[Finding], dimensions: Sequence[str]) -> Any:
    """Findings as an Arrow table of `row_types`."""
    import pyarrow as pa

    types = {"VARCHAR": pa.string(), "DOUBLE": pa.float64(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}
    fields = [(name, types.get(kind, pa.timestamp("us", tz="UTC"))) for name, kind in row_types(dimensions).items()]
    return pa.Table.from_pylist([f.row(dimensions) for f in findings], schema=pa.schema(fields))


def read_relation(path: Path, sha256: str) -> Any:
    """The Arrow table that was kept. Raises JournalError where the file is not what the journal names."""
    import pyarrow as pa

    with shown(path):
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise JournalError(f"the kept result {path.name[:12]} was changed", where=str(path))
    return pa.ipc.open_file(pa.BufferReader(data)).read_all()
