"""Small logs on disk, in every format, and the clockwork to open them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.inventory.types import LogSpec
from mlops_tui.logs.log import Log, nothing_known

START = datetime(2026, 10, 1, tzinfo=UTC)
Row = Mapping[str, Any]
Write = Callable[..., Path]
Open = Callable[..., Log]


@pytest.fixture
def some_rows() -> Callable[..., list[dict[str, Any]]]:
    """Rows an hour apart: even ones approved, regions in turn ES, ES, FR."""

    def make(count: int, start: datetime = START, **extra: Any) -> list[dict[str, Any]]:
        return [
            {
                "ts": start + timedelta(hours=i),
                "id": f"a{i}",
                "region": ("ES", "ES", "FR")[i % 3],
                "decision": "approved" if i % 2 == 0 else "rejected",
                "score": i / 100,
                "version": "1.10",
            }
            | extra
            for i in range(count)
        ]

    return make


def _text(rows: Sequence[Row], suffixes: Sequence[str]) -> bytes:
    plain = [{k: v.isoformat() if isinstance(v, datetime) else v for k, v in r.items()} for r in rows]
    out = io.StringIO()
    if ".csv" in suffixes:
        writer = csv.DictWriter(out, list(dict.fromkeys(k for r in plain for k in r)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain)
    else:
        out.writelines(json.dumps(r) + "\n" for r in plain)
    data = out.getvalue().encode()
    return gzip.compress(data, mtime=0) if ".gz" in suffixes else data


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as the format of the name's suffix; gives the path."""

    def write(name: str, rows: Sequence[Row], schema: pa.Schema | None = None) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=schema), path)
        else:
            path.write_bytes(_text(rows, path.suffixes))
        return path

    return write


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Open a log below the test's folder."""

    def opened(path: str = "logs/**/*", zone: str = "UTC", name: str = "log", **spec: Any) -> Log:
        features = spec.pop("features", {})
        required = spec.pop("required", ["decision"])
        known = spec.pop("known", nothing_known)
        spec.setdefault("time", "ts")
        declared = LogSpec(path=path, **spec)
        return Log.open(
            declared, root=tmp_path, zone=ZoneInfo(zone), name=name, required=required, features=features, known=known
        )

    return opened
