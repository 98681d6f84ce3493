"""A seeded log of credit decisions with planted drift: `python -m parts.decisions ROOT ROWS [--days 30,7] [--day N]`.

Writes ROOT/inventory.yaml and ROOT/log/date=YYYY-MM-DD/part-0.parquet (zstd): 20 features (14 numbers, 6 categories, one of
them with 10,000 values), score and decision, three segments of 12, 4 and 3 values. The same rows and days give the same bytes,
and a day depends on its number only, so that a later day can be added to a log.

Planted at the first of the current days, each in a column of its own:

- `income` x 1.5, in region R07 only
- `utilisation` Beta(2, 5) to Beta(2.6, 5), everywhere
- `bureau_score` missing in 3 % of the rows, then 9 %, mostly of the channel partner
- `device` gets a category that nobody saw before
- `opened_at` (unix seconds: offset far above the spread) 0.3 standard deviations later
- `ambient` (Kelvin) spread x 1.5
- `decision` the cut falls for the product bnpl, whose features stay
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST = date(2026, 9, 1)
MODEL, METRIC = "credit", "approved_balance"
SEGMENTS = {
    "region": ([f"R{i:02d}" for i in range(1, 13)], [20, 16, 12, 10, 9, 8, 6, 5, 5, 4, 3, 2]),
    "product": (["card", "loan", "bnpl", "auto"], [45, 25, 20, 10]),
    "channel": (["web", "app", "partner"], [40, 45, 15]),
}
NUMBERS = (
    "income age debt_ratio utilisation tenure inquiries accounts balance delinquencies bureau_score ticket spread opened_at"
    " ambient"
).split()
CATEGORIES = "employment housing purpose device state merchant".split()
FEATURES = (*NUMBERS, *CATEGORIES)
COLUMNS = ("ts", *SEGMENTS, "score", "decision", *FEATURES)


def moment(day: int) -> datetime:
    """The midnight (UTC) at which a day begins."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=day)


def rows_of(day: int, days: int, rows: int) -> int:
    """How many of `rows` fall on one of so many days."""
    return (day + 1) * rows // days - day * rows // days


def file_of(root: Path, day: int) -> Path:
    """Where the rows of a day lie."""
    return root / "log" / f"date={moment(day):%Y-%m-%d}" / "part-0.parquet"


def table(day: int, rows: int, late: bool) -> Any:
    """The rows of one day, in order of time; `late` where the planted drift is on."""
    import numpy as np
    import pyarrow as pa

    r = np.random.default_rng([20260901, day])
    at = np.sort(r.integers(0, 86_400_000_000, rows)) + int(moment(day).timestamp()) * 1_000_000
    codes = {name: _codes(r, rows, weights) for name, (_, weights) in SEGMENTS.items()}
    numbers = _numbers(r, rows, late, codes["region"] == 6)
    score = _score(r, numbers)
    approved = score < np.where(late & (codes["product"] == 2), 0.36, 0.42)
    texts = {name: (codes[name], values) for name, (values, _) in SEGMENTS.items()}
    texts |= {"decision": (approved.astype(np.int32), ["rejected", "approved"]), **_categories(r, rows, late)}
    missing = {
        "bureau_score": np.where(late, np.where(codes["channel"] == 2, 0.29, 0.055), 0.03),
        "ticket": 0.12,
        "employment": 0.02,
    }
    gone = {name: r.random(rows) < share for name, share in missing.items()}
    made = {"ts": pa.array(at, pa.timestamp("us", "UTC")), "score": pa.array(score)}
    made |= {name: pa.array(values, mask=gone.get(name), from_pandas=False) for name, values in numbers.items()}
    for name, (places, values) in texts.items():
        indices = pa.array(places, mask=gone.get(name))
        made[name] = pa.DictionaryArray.from_arrays(indices, pa.array(values)).cast(pa.string())
    return pa.table({name: made[name] for name in COLUMNS})


def _codes(r: Any, rows: int, weights: Any) -> Any:
    """Places 0, 1, ... drawn with these weights."""
    import numpy as np

    upto = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(upto[:-1] / upto[-1], r.random(rows), side="right").astype(np.int32)


def _numbers(r: Any, rows: int, late: bool, r07: Any) -> dict[str, Any]:
    import numpy as np

    return {
        "income": r.lognormal(10.6, 0.55, rows) * np.where(late & r07, 1.5, 1.0),
        "age": np.clip(np.rint(r.normal(41, 13, rows)), 18, 95).astype(np.int16),
        "debt_ratio": r.beta(2.2, 6, rows),
        "utilisation": r.beta(2.6 if late else 2.0, 5, rows).astype(np.float32),
        "tenure": r.exponential(38, rows),
        "inquiries": r.poisson(1.3, rows).astype(np.int32),
        "accounts": r.negative_binomial(5, 0.4, rows).astype(np.int32),
        "balance": (r.pareto(2.2, rows) + 1) * 900,
        "delinquencies": np.where(r.random(rows) < 0.85, 0, r.poisson(2, rows)).astype(np.int16),
        "bureau_score": r.normal(680, 60, rows),
        "ticket": r.lognormal(3.4, 1.1, rows),
        "spread": np.where(r.random(rows) < 0.01, np.nan, r.standard_t(3, rows) * 10),
        "opened_at": np.rint(r.normal(1.6e9 + (0.3 * 2.6e7 if late else 0.0), 2.6e7, rows)).astype(np.int64),
        "ambient": r.normal(293.15, 6.0 if late else 4.0, rows),
    }


def _score(r: Any, n: dict[str, Any]) -> Any:
    """The probability of default of a scorecard on those features."""
    import numpy as np

    risk = -1.1 + 2.2 * n["utilisation"] + 1.8 * n["debt_ratio"] - 0.45 * (np.log(n["income"]) - 10.6)
    risk += 0.25 * n["delinquencies"] - 0.008 * (n["bureau_score"] - 680) - 0.004 * n["tenure"]
    return 1 / (1 + np.exp(-risk - r.normal(0, 0.35, len(risk))))


def _categories(r: Any, rows: int, late: bool) -> dict[str, tuple[Any, list[str]]]:
    """Places and the values they stand for, the most frequent first where there are many."""
    given = {
        "employment": (["fulltime", "parttime", "self", "student", "retired", "none"], [58, 12, 14, 6, 7, 3]),
        "housing": (["own", "rent", "mortgage", "other"], [20, 40, 35, 5]),
        "purpose": ([f"p{i:02d}" for i in range(12)], [1 / i for i in range(1, 13)]),
        "device": (["ios", "android", "desktop", "tablet", "tv"], [28, 38, 26, 5, 3] if late else [35, 33, 27, 5, 0]),
        "state": ([f"S{i:02d}" for i in range(50)], [i**-0.5 for i in range(1, 51)]),
        "merchant": ([f"m{i:05d}" for i in range(10_000)], [i**-1.05 for i in range(1, 10_001)]),
    }
    return {name: (_codes(r, rows, weights), values) for name, (values, weights) in given.items()}


def write_day(root: Path, day: int, rows: int, late: bool) -> None:
    """One partition: categories and whole numbers dictionary encoded, as writers of logs do."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = table(day, rows, late)
    whole = [f.name for f in made.schema if not pa.types.is_floating(f.type) and f.name not in ("ts", "opened_at")]
    path = file_of(root, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(made, path, compression="zstd", row_group_size=131_072, use_dictionary=whole)


def write_inventory(root: Path, reference: int, current: int, segments: bool) -> None:
    """The project around the log. With `segments`, the three of them; without, the same columns read as a whole only."""
    owner = {"team": "risk", "name": "Lea Vogt"}
    kinds = {name: "numeric" if name in NUMBERS else "categorical" for name in FEATURES}
    file = {
        "version": 1,
        "organisation": "Benchmark",
        "timezone": "UTC",
        "teams": {"risk": {"members": [{"name": "Lea Vogt"}]}},
        "features": {
            name: {"type": kind, "version": 1, "owner": owner, "description": f"{name} of the applicant"}
            for name, kind in kinds.items()
        },
        "models": {
            MODEL: {
                "description": "Approves or rejects credit.",
                "owner": owner,
                "on_call": ["risk"],
                "features": list(FEATURES),
                "decision": {"column": "decision", "positive": "approved"},
                "log": {
                    "path": "log/**/*.parquet",
                    "time": "ts",
                    "complete_after": "0s",
                    "score": {"column": "score", "means": "probability of default", "approve_to": 0.42},
                    "segments": list(SEGMENTS) if segments else [],
                },
                "windows": {"current": f"{current}d", "reference": f"{reference}d"},
                "business_metric": {"name": METRIC, "sum": "case when decision = 'approved' then balance end"},
            }
        },
    }
    # JSON is YAML: the writer needs no library
    (root / "inventory.yaml").write_text(json.dumps(file, indent=2) + "\n", "utf-8")


def main() -> None:
    """Write a log and its project, or one more day of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("--days", default="30,7", help="days of the reference, current days")
    parser.add_argument("--day", type=int, help="write this one day only, with all the rows")
    asked = parser.parse_args()
    reference, current = (int(part) for part in asked.days.split(","))
    if asked.day is not None:
        write_day(asked.root, asked.day, asked.rows, asked.day >= reference)
        return
    for day in range(reference + current):
        write_day(asked.root, day, rows_of(day, reference + current, asked.rows), day >= reference)
    write_inventory(asked.root, reference, current, segments=True)


if __name__ == "__main__":
    main()
