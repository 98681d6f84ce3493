"""A report's numbers against the raw values: `python -m parts.oracle ROOT REPORT.json`.

Everything is computed anew from the Parquet files, with NumPy and SciPy and nothing of the package: rows, missing values and
decisions counted, KS by `scipy.stats.ks_2samp`, PSI and the Jensen-Shannon distance on the bins that the package declares
(deciles of the reference, values with a tenth of the rows in a bin of their own, missing values in another).
The last line is JSON: how many numbers were compared, how many counts differ, the largest error of each distance and where.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from parts.decisions import CATEGORIES, SEGMENTS

PLANTED = {
    "income": {"region": "R07"},
    "utilisation": {},
    "bureau_score": {"channel": "partner"},
    "device": {},
    "opened_at": {},
    "ambient": {},
}
"""Where each planted drift must be seen."""
STILL = "age debt_ratio tenure inquiries accounts balance delinquencies ticket spread employment housing purpose state".split()
"""Features that nothing was done to."""


NEW, OTHER, OVERFLOW = "\x00new", "\x00other", "\x00overflow"
LARGE = 10_000
"""Rows of a slice on both sides from which on its errors are judged: with fewer, chance moves each distance far more."""
MOST_NEW = 1_000
"""New categories that summaries of a day keep by name."""


def fingerprint(category: str) -> int:
    """The first 64 bits of BLAKE2b, by which summaries know a category again."""
    return int.from_bytes(hashlib.blake2b(category.encode(), digest_size=8).digest())


class Raw:
    """The log's columns, one read at a time; rows of a window and a slice as masks."""

    def __init__(self, root: Path, windows: Mapping[str, tuple[datetime, datetime]]) -> None:
        self.files = sorted((root / "log").glob("**/*.parquet"))
        self.moments = list(windows.values())
        at = self._read("ts")
        self.windows = {
            name: pc.and_(pc.greater_equal(at, pa.scalar(start, at.type)), pc.less(at, pa.scalar(end, at.type))).to_numpy(
                zero_copy_only=False
            )
            for name, (start, end) in windows.items()
        }
        self.minutes = at.cast(pa.int64()).to_numpy() // 60_000_000
        self.slices = {(): np.ones(len(at), dtype=bool)}
        for name in SEGMENTS:
            values = self._read(name)
            for value in pc.unique(values).to_pylist():
                self.slices[((name, value),)] = pc.equal(values, value).to_numpy(zero_copy_only=False)

    def _read(self, name: str) -> Any:
        return pa.concat_arrays(
            [chunk for file in self.files for chunk in pq.read_table(file, columns=[name], partitioning=None)[name].chunks]
        )

    def kept(self, name: str, kept: Mapping[str, Any]) -> Any:
        """A column of categories as summaries tell it: by name what is in `known`; what is not, and has a fingerprint in
        `seen`, as one; of all else the MOST_NEW of least fingerprint in each stretch of a day by name, others as one."""
        values = self._read(name).dictionary_encode()
        codes = values.indices.to_numpy(zero_copy_only=False)
        texts = values.dictionary.to_pylist()
        known, seen = set(kept["known"]), set(kept["seen"])
        told = np.array([t if t in known else OTHER if fingerprint(t) in seen else NEW for t in texts], dtype=object)
        new = {i: fingerprint(t) for i, t in enumerate(texts) if told[i] == NEW}
        out = told[codes]
        for _, rows in self._stretches():
            there = np.unique(codes[rows])
            strange = sorted((i for i in there.tolist() if i in new), key=lambda i: new[i])
            names = told.copy()
            for place, i in enumerate(strange):
                names[i] = texts[i] if place < MOST_NEW else OVERFLOW
            out[rows] = names[codes[rows]]
        return out

    def _stretches(self) -> Iterator[tuple[int, Any]]:
        """The rows of each day, cut where a window begins or ends."""
        cuts = [int(moment.timestamp()) // 60 for moments in self.moments for moment in moments]
        stretch = self.minutes // 1440 * 100 + sum((self.minutes >= cut).astype(np.int64) for cut in cuts)
        for each in np.unique(stretch).tolist():
            yield each, np.flatnonzero(stretch == each)

    def column(self, name: str) -> Any:
        """A column as float64 with NaN, or as text with None."""
        values = self._read(name)
        if name in CATEGORIES or name == "decision":
            return values.to_numpy(zero_copy_only=False)
        return values.cast(pa.float64()).to_numpy(zero_copy_only=False)

    def rows(self, where: Mapping[str, str]) -> Iterator[Any]:
        """The masks of a slice: now, then the reference."""
        inside = self.slices[tuple(where.items())]
        for name in ("current", "reference"):
            yield inside & self.windows[name]


def edges(reference: Any) -> Any:
    """Where the bins of numbers are cut."""
    finite = reference[np.isfinite(reference)]
    distinct, counts = np.unique(finite, return_counts=True)
    alone = distinct if len(distinct) <= 10 else distinct[counts * 10 >= len(finite)]
    rest = finite[~np.isin(finite, alone)]
    parts = max(2, round(10 * len(rest) / len(finite))) if len(alone) else 10
    cuts = np.quantile(rest, np.arange(1, parts) / parts) if len(rest) else []
    return np.unique(np.concatenate([alone, np.nextafter(alone, np.inf), cuts]))


def counts_of(reference: Any, current: Any) -> tuple[Any, Any]:
    """The rows of both sides in the same bins; the last counts what is missing."""
    if reference.dtype == object:
        known = sorted({v for v in reference if v is not None})
        place = {v: i for i, v in enumerate(known)} | {None: len(known)}
        sides = [np.bincount([place.get(v, len(known) + 1) for v in s], minlength=len(known) + 2) for s in (reference, current)]
        return sides[0], sides[1]
    cuts = edges(reference)
    sides = []
    for side in (reference, current):
        there = side[~np.isnan(side)]
        binned = np.bincount(np.searchsorted(cuts, there, "right"), minlength=len(cuts) + 1)
        sides.append(np.append(binned, len(side) - len(there)))
    return sides[0], sides[1]


def psi(reference: Any, current: Any) -> float:
    """Over the bins that are filled on a side, each count smoothed by a half."""
    some = reference + current > 0
    r, c = ((side[some] + 0.5) / (side[some] + 0.5).sum() for side in (reference, current))
    return float(((c - r) * np.log(c / r)).sum())


def compared(raw: Raw, columns: list[dict[str, Any]], categories: Mapping[str, Any]) -> dict[str, Any]:
    """The errors of the report's columns; `categories` is what summaries keep of texts."""
    worst = {name: dict.fromkeys(("large", "small"), (0.0, "")) for name in ("psi", "js", "ks")}
    wrong, told, loaded = [], 0, ("", None)
    for c in sorted(columns, key=lambda c: c["column"]):
        where = f"{c['column']} {' '.join(c['slice'].values()) or 'all'}"
        if c["psi"] is None:
            if "few rows" not in c.get("why", ""):
                wrong.append(f"{where}: {c.get('why')}")
            continue
        if loaded[0] != c["column"]:
            kept = categories.get(c["column"])
            whole = kept is None or len(kept["known"]) == len(kept["seen"])
            loaded = (c["column"], raw.column(c["column"]) if whole else raw.kept(c["column"], kept))
        now, before = (loaded[1][mask] for mask in raw.rows(c["slice"]))
        r, q = counts_of(before, now)
        missing = [int(side[len(side) - (2 if now.dtype == object else 1)]) for side in (q, r)]
        exact = {"n": len(now), "n_reference": len(before), "missing": missing[0], "missing_reference": missing[1]}
        # a share is told with ten digits, which is enough to give its count again
        said = {k: c[k] for k in ("n", "n_reference")}
        said |= {k: round(c[k] * of) for k, of in (("missing", len(now)), ("missing_reference", len(before)))}
        wrong += [f"{where}: {k} {said[k]} is not {v}" for k, v in exact.items() if said[k] != v]
        figures = {"psi": psi(r, q), "js": float(jensenshannon(r, q))}
        if now.dtype != object:
            figures["ks"] = float(ks_2samp(before[~np.isnan(before)], now[~np.isnan(now)], method="asymp").statistic)
        for name, value in figures.items():
            told += 1
            size = "large" if min(len(now), len(before)) >= LARGE else "small"
            worst[name][size] = max(worst[name][size], (abs(value - c[name]), where))
    errors = {k: {size: {"most": v, "at": at} for size, (v, at) in by.items()} for k, by in worst.items()}
    return {"distances": told, "counts_wrong": wrong, "errors": errors}


def rates(raw: Raw, told: list[dict[str, Any]]) -> list[str]:
    """Which of the report's decision counts are not exactly those of the rows."""
    positive = raw.column("decision") == "approved"
    wrong = []
    for r in told:
        now, before = raw.rows(r["slice"])
        exact = {
            "n": int(now.sum()),
            "positives": int(positive[now].sum()),
            "n_reference": int(before.sum()),
            "positives_reference": int(positive[before].sum()),
        }
        wrong += [f"decision {r['slice']}: {k} {r[k]} is not {v}" for k, v in exact.items() if r[k] != v]
    return wrong


def sums(raw: Raw, told: list[dict[str, Any]]) -> list[str]:
    """Which sums of the metric are not exactly those of the rows, each rounded to six digits as DuckDB does."""
    balance = pa.table({"balance": raw.column("balance")})
    asked = "SELECT CAST(CAST(balance AS DECIMAL(18, 6)) * 1000000 AS BIGINT) AS micros FROM balance"
    micros = duckdb.from_arrow(balance).query("balance", asked).to_arrow_table()["micros"].to_numpy()
    counts = raw.column("decision") == "approved"
    wrong = []
    for t in told:
        rows = list(raw.rows(t["slice"]))[t["window"]] & counts
        exact = {"n": int(rows.sum()), "micros": int(micros[rows].sum())}
        wrong += [f"metric {t['slice']}: {k} {t[k]} is not {v}" for k, v in exact.items() if t[k] != v]
    return wrong


def unseen(columns: list[dict[str, Any]]) -> list[str]:
    """The planted drifts that do not stand out of all features that were left alone, in excess of chance."""
    beyond = {(c["column"], *c["slice"].items()): c["psi"] - c["psi_floor"] for c in columns if c["psi"] is not None}
    noise = max(v for k, v in beyond.items() if k[0] in STILL)
    seen = {name: beyond.get((name, *where.items()), beyond[(name,)]) for name, where in PLANTED.items()}
    return [name for name, value in seen.items() if value <= noise]


def main() -> None:
    """Compare one report with its log."""
    root, report = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    windows = {
        name: (datetime.fromisoformat(report[key]["start"]), datetime.fromisoformat(report[key]["end"]))
        for name, key in (("current", "window"), ("reference", "reference"))
    }
    raw = Raw(root, windows)
    found = compared(raw, report["columns"], report["categories"])
    found |= {"rates_wrong": rates(raw, report["rates"]), "unseen": unseen(report["columns"])}
    print(json.dumps(found | {"sums": len(report["totals"]), "sums_wrong": sums(raw, report["totals"])}))


if __name__ == "__main__":
    main()
