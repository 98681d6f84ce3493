"""A small chain whose approval rate a test moves, a clock that it turns, and a Slack that it can read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_tui.core.settings import Actor
from mlops_tui.project import Project, open_project
from mlops_tui.session.messages import BASE_URL, TOKEN

START = datetime(2026, 9, 1, tzinfo=UTC)
ONSET = START + timedelta(days=20)
"""Whole days before: a quiet past. From here on the test's fault."""
ANA = Actor("aruiz", 1001, "lab", 77, "Ana Ruiz")
TOM = Actor("tbeck", 1002, "lab", 78, "Tom Beck")
REGIONS = ("DE", "ES", "FR")
PER_HOUR = 60

INVENTORY = """\
version: 1
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}, {name: Tom Beck, login: tbeck}], slack: "#ml-incidents"}
  risk: {members: [{name: Lea Vogt, login: lvogt}], slack: "#risk-oncall"}
  quiet: {members: [{name: Nora Weiss, login: nweiss}]}
features:
  label: {type: categorical, version: 1, owner: {team: ml, name: Ana Ruiz}, description: The bank's label.}
models:
  credit:
    description: Approves.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml, risk]
    features: [label]
    decision: {column: decision, positive: approved}
    log: {path: logs/credit/*.parquet, time: ts, complete_after: 0s, segments: [region], sensitive: [name]}
    windows: {current: 1d, reference: 14d}
    alerts:
      - id: approval-drop
        check: decision_rate
        by: region
        compare: day_over_day
        fire: {change: {below: -10pp, above: 10pp}}
        severity: SEV2
        page: [ml, risk]
        runbook: drop
"""

RUNBOOK = """\
runbook: drop
title: Approvals fell
severity: SEV3
applies_to: {alerts: [approval-drop]}
steps:
  - id: scope
    check: {alert: approval-drop}
  - id: done
    end: {as: resolved, text: Looked at.}
"""


def log(hours: int, rate: dict[str, float], *, days: int = 20, seed: int = 3, until: int | None = None) -> pa.Table:
    """A decision log: `days` quiet days at 60 %, then `hours` with these rates by region (up to hour `until`)."""
    rng = np.random.default_rng(seed)
    total = days * 24 + hours
    hour = np.sort(rng.uniform(0, total, PER_HOUR * total))
    region = np.array(REGIONS)[rng.integers(0, 3, len(hour))]
    chance = np.full(len(hour), 0.6)
    bad = (hour >= days * 24) & (hour < (days * 24 + until if until is not None else total))
    for name, value in rate.items():
        chance[bad & (region == name)] = value
    micros = np.datetime64(START.replace(tzinfo=None), "us") + (hour * 3.6e9).astype("timedelta64[us]")
    return pa.table(
        {
            "ts": pa.array(micros, pa.timestamp("us", "UTC")),
            "region": region,
            "decision": np.where(rng.random(len(hour)) < chance, "approved", "rejected"),
            "label": np.array(["rent", "sales"])[rng.integers(0, 2, len(hour))],
            "name": np.array([f"Canary Person {n}" for n in range(len(hour))]),
        }
    )


@dataclass
class Night:
    """The project, its clock (data and wall alike), and how to open it."""

    root: Path
    slack: str = ""
    token: str = "xoxb-canary-3c1d9f"
    now: datetime = ONSET
    actor: Actor = ANA
    inventory: str = INVENTORY
    waits: list[float] = field(default_factory=list)

    def write(self, table: pa.Table, name: str = "a") -> None:
        """One file of the model's log."""
        folder = self.root / "logs" / "credit"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / f"{name}.parquet")

    def settle(self, text: str | None = None) -> None:
        """The inventory as a person saves it, and the runbook."""
        (self.root / "runbooks").mkdir(exist_ok=True)
        (self.root / "runbooks" / "drop.yaml").write_text(RUNBOOK)
        (self.root / "inventory.yaml").write_text(self.inventory if text is None else text)

    def clock(self) -> datetime:
        return self.now

    def project(self, actor: Actor | None = None) -> Project:
        """The project as it is opened now."""
        environ = {"PATH": "/usr/bin:/bin"}
        if self.slack:
            environ |= {TOKEN: self.token, BASE_URL: self.slack}
        return open_project(self.root, clock=self.clock, actor=actor or self.actor, environ=environ)

    def at(self, hours: float) -> datetime:
        """Turns the clock to this many hours after the onset."""
        self.now = ONSET + timedelta(hours=hours)
        return self.now
