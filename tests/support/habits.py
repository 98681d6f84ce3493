"""Decision logs of different habits, generated: the same seed gives the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2026, 8, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rows:
    """Rows of a lender: moments in order, three inputs, the probability of a good end, and the end."""

    n: int
    random: np.random.Generator
    moments: list[datetime]
    income: np.ndarray
    tenure: np.ndarray
    region: np.ndarray
    p: np.ndarray
    good: np.ndarray

    def text(self, form: str) -> list[str]:
        """The moments as text."""
        return [m.strftime(form) for m in self.moments]


def rows(n: int = 6_000, *, seed: int = 7, days: float = 60) -> Rows:
    """`n` rows spread evenly over `days` days from START."""
    r = np.random.default_rng(seed)
    moments = [START + timedelta(seconds=float(s)) for s in np.sort(r.uniform(0, days * 86_400, n))]
    x, income, tenure = r.normal(size=n), r.gamma(2, 20, n), r.integers(0, 9, n)
    region = r.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1])
    p = 1 / (1 + np.exp(-(0.8 * x + 0.02 * (income - 40) + 0.3 * r.normal(size=n) + 0.3 * (region == "north"))))
    return Rows(n, r, moments, income, tenure, region, p, r.random(n) < p)


def write(path: Path, columns: Mapping[str, Any], delimiter: str = ",") -> Path:
    """The columns as the format of the path's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.table(dict(columns)), path)
        return path
    values = [c.tolist() if hasattr(c, "tolist") else list(c) for c in columns.values()]
    out = io.StringIO()
    if ".csv" in path.suffixes:
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*values, strict=True))
    else:
        for row in zip(*values, strict=True):
            out.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path
