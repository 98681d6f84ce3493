"""A chain so small that a run of it takes a moment: one model, one source, twelve days of a few decisions an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
ONSET = NOW - timedelta(hours=20)
DAYS = 12

INVENTORY = """\
version: 1
organisation: Tiny
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}, {name: Tom Beck, login: tbeck}], slack: "#ml"}
  risk: {members: [{name: Lea Vogt, login: lvogt}], slack: "#risk"}
sources:
  feed:
    owner: {team: risk, name: Lea Vogt}
    log: {path: logs/feed/*.parquet, time: at, sensitive: [iban]}
features:
  amount: {type: numeric, version: 1, owner: {team: ml, name: Ana Ruiz}, source: feed, description: What is asked for.}
models:
  loans:
    description: Approves or rejects loans.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml, risk]
    inputs: [feed]
    features: [amount]
    decision: {column: decision, positive: approved}
    log:
      path: logs/loans/*.parquet
      time: ts
      complete_after: 10m
      id: id
      version: version
      score: {column: score, means: probability of repayment, approve_from: 0.5}
      segments: [region]
      sensitive: [name]
    windows: {current: 2d, reference: 8d}
    alerts:
      - id: drop
        check: decision_rate
        by: region
        compare: day_over_day
        fire: {change: {below: -10pp}}
        page: [ml]
        runbook: every
"""


def rows(start: datetime, hours: int) -> dict[str, list[object]]:
    """Twelve decisions an hour in two regions; from the onset on, ES is rejected."""
    made: dict[str, list[object]] = {n: [] for n in ("id", "ts", "region", "decision", "score", "amount", "version", "name")}
    for hour in range(hours):
        for i in range(12):
            ts = start + timedelta(hours=hour, minutes=5 * i)
            region = ("ES", "FR")[i % 2]
            broken = region == "ES" and ts >= ONSET
            score = (((hour * 12 + i) * 37) % 100) / 100 * (0.4 if broken else 1.0)
            values = (
                f"d{hour}-{i}",
                ts,
                region,
                "approved" if score >= 0.5 else "rejected",
                score,
                10.0 + i,
                "7",
                f"Person {i}",
            )
            for name, value in zip(made, values, strict=True):
                made[name].append(value)
    return made


def write(root: Path) -> Path:
    """The chain, below `root`: one file a day."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "inventory.yaml").write_text(INVENTORY)
    (root / "runbooks").mkdir(exist_ok=True)
    begin = NOW + timedelta(hours=1) - timedelta(days=DAYS)
    for day in range(DAYS):
        start = begin + timedelta(days=day)
        made = rows(start, 24 if day < DAYS - 1 else 23)
        put(root / "logs" / "loans" / f"{start:%Y-%m-%d}.parquet", made)
        feed = {"at": made["ts"], "event_id": made["id"], "iban": made["name"]}
        put(root / "logs" / "feed" / f"{start:%Y-%m-%d}.parquet", feed)
    return root


def put(path: Path, columns: dict[str, list[object]]) -> None:
    """One Parquet file of these columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def runbook(root: Path, steps: str, name: str = "probe", head: str = "") -> str:
    """Writes a runbook of these steps and gives its name."""
    text = f"runbook: {name}\ntitle: A probe\napplies_to: {{models: [loans]}}\n{head}steps:\n{steps}"
    (root / "runbooks" / f"{name}.yaml").write_text(text)
    return name
