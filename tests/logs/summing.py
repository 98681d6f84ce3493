"""What the tests of building share: a log of decisions by day, its declaration, and summaries made from rows in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mlops_tui.inventory.types import Decision, LogSpec, Metric, Score
from mlops_tui.logs.log import Log
from mlops_tui.logs.origin import Origin
from mlops_tui.logs.plan import Watched
from mlops_tui.logs.projection import projection
from mlops_tui.logs.refresh import refresh
from mlops_tui.logs.wanted import Refreshed, Wanted
from mlops_tui.summaries.add import Adder
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import NAMES, Summary, added

DAY0 = date(2026, 10, 1)
ASKED = Watched(
    Decision(column="decision", positive="approved"),
    {"income": "numeric", "bank": "categorical", "note": "text", "flag": "boolean"},
    ("band",),
    {"rich": "income > 60"},
    (Metric(name="volume", sum="case when decision = 'approved' then amount end"),),
)


def rows(day: int, count: int = 600, seed: int = 0) -> pa.Table:
    """Decisions of one day (UTC): nulls, NaN and infinities among them."""
    r = np.random.default_rng([day, count, seed])
    start = int(datetime(DAY0.year, DAY0.month, DAY0.day, tzinfo=UTC).timestamp()) * 1_000_000
    at = np.sort(r.integers(0, 86_400_000_000, count)) + start + day * 86_400_000_000
    income = r.lognormal(4, 0.5, count)
    income[:3] = [np.nan, np.inf, -np.inf]
    segments = {"region": ["ES", "FR", "PT"], "channel": ["web", "app"], "band": ["a", "b"]}
    return pa.table(
        {
            "ts": pa.array(at, pa.timestamp("us", "UTC")),
            "id": [f"{day}-{seed}-{i}" for i in range(count)],
            **{n: pa.array(r.choice(v, count)) for n, v in segments.items()},
            "decision": pa.array(r.choice(["approved", "rejected"], count), mask=r.random(count) < 0.02),
            "score": r.random(count),
            "income": pa.array(income, mask=r.random(count) < 0.05, from_pandas=False),
            "bank": pa.array(r.choice(["x", "y", "z"], count), mask=r.random(count) < 0.1),
            "note": pa.array(["n" * int(k) for k in r.integers(0, 9, count)]),
            "flag": pa.array(r.random(count) < 0.3),
            "amount": np.round(r.random(count) * 1000, 2),
            "model": pa.array(["1.10"] * count),
        }
    )


@dataclass
class Place:
    """A folder with a log in it and its summaries."""

    root: Path
    zone: str = "UTC"
    spec: Mapping[str, Any] = field(default_factory=dict)
    asked: Watched = ASKED

    @property
    def wanted(self) -> Wanted:
        spec = {
            "path": "logs/**/*",
            "time": "ts",
            "id": "id",
            "version": "model",
            "segments": ["region", "channel"],
            "pairs": [("region", "channel")],
            "score": Score(column="score"),
            "complete_after": timedelta(0),
        }
        declared = LogSpec(**{**spec, **self.spec})
        origin = Origin(declared, self.root, ZoneInfo(self.zone), required=("decision",), features=self.asked.features)
        return Wanted(origin, self.asked, self.zone, self.root / "cache" / "m")

    def write(self, day: int, table: pa.Table | None = None, name: str = "part-0.parquet", folder: str | None = None) -> Path:
        """A file of a day's rows, written beside and renamed, as writers of logs do."""
        table = rows(day) if table is None else table
        path = self.root / "logs" / (folder or f"date={DAY0 + timedelta(days=day)}") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"_{path.name}")
        if path.suffix == ".parquet":
            pq.write_table(table, beside)
        elif path.suffix == ".csv":
            pyarrow.csv.write_csv(table, beside)
        else:
            beside.write_text("".join(f"{line}\n" for line in json_lines(table)))
        beside.rename(path)
        return path

    def refresh(self, **more: Any) -> Refreshed:
        return refresh(self.wanted, **more)

    @property
    def folder(self) -> Path:
        store = self.wanted.store
        assert store is not None
        return store.folder

    @property
    def files(self) -> list[str]:
        """What lies in the store."""
        return sorted(p.name for p in self.folder.iterdir())


def json_lines(table: pa.Table) -> list[str]:
    """Rows as JSON, times as ISO 8601; NaN and infinities as Python writes them."""
    import json

    return [
        json.dumps({k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}) for row in table.to_pylist()
    ]


def canonical(found: list[Summary]) -> Summary:
    """Summaries added up, in canonical form."""
    return Summary(*(added(n, [s.table(n) for s in found]) for n in NAMES))


def summary_of(made: Refreshed) -> Summary:
    """What a refresh holds in the end."""
    return canonical(made.snapshot.read())


def from_rows(wanted: Wanted, layout: Layout) -> Summary:
    """The same from the rows of all files together, in one go."""
    log: Log = wanted.origin.open()
    try:
        adder = Adder(layout)
        for batch in log.arrow(projection(log, layout, wanted.asked.decision)).to_batches():
            adder.add(batch)
        return adder.summary()
    finally:
        log.close()
