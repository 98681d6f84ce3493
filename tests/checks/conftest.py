"""A small real project on disk: an inventory, Parquet logs, and the question asked of them at a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui import checks
from mlops_tui.core.settings import Actor
from mlops_tui.project.project import open_project

NOW = datetime(2026, 10, 14, tzinfo=UTC)
HOURS = 40 * 24
REGIONS = ("DE", "ES", "FR")

INVENTORY = """\
version: 1
timezone: UTC
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}]}
sources:
  feed:
    owner: {team: ml, name: Ana Ruiz}
    log: {path: logs/feed/*.parquet, time: at, complete_after: 0s}
features:
  amount: {type: numeric, version: 1, owner: {team: ml, name: Ana Ruiz}, description: Euros.}
  label: {type: categorical, version: 1, owner: {team: ml, name: Ana Ruiz}, description: The bank's label.}
models:
  risk:
    description: Approves.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml]
    inputs: [feed]
    features: [amount, label]
    decision: {column: decision, positive: approved}
    log:
      path: logs/risk/*.parquet
      time: ts
      complete_after: 0s
      score: {column: score}
      segments: [region]
    windows: {current: 1d, reference: 28d}
    slices: {big: amount > 100, best: {top: 10%, by: score}}
"""


@dataclass
class World:
    """A project whose logs a test fills: columns as arrays, `hour` counted from HOURS before NOW to one past it."""

    root: Path
    inventory: str = INVENTORY

    def write(self, columns, *, log="risk", name="a"):
        """One Parquet file of a log."""
        folder = self.root / "logs" / log
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.parquet"
        pq.write_table(pa.table(columns), path)
        return path

    def subject(self, at=NOW, clock=None):
        """The model half an hour after `at`, so that `at` is data's now; with `clock`, by the clock and not by --at."""
        (self.root / "inventory.yaml").write_text(self.inventory)
        project = open_project(self.root, clock=lambda: clock or NOW, actor=Actor("aruiz", 1000, "here", 1), environ={})
        return project.subject("risk", at=None if clock else at + timedelta(minutes=30))

    def run(self, name, at=NOW, clock=None, **keys):
        """The Findings of one question."""
        return checks.run(self.subject(at, clock), checks.Ask(name, **keys))


def times(hours):
    """Row times: `hours` counted from HOURS before NOW, fractions allowed."""
    start = NOW - timedelta(hours=HOURS)
    micros = np.datetime64(start.replace(tzinfo=None), "us") + (np.asarray(hours) * 3.6e9).astype("timedelta64[us]")
    return pa.array(micros, pa.timestamp("us", "UTC"))


def rows(per_hour=12, seed=1, rate=None, hours=HOURS + 1):
    """A quiet world: columns of a decision log with three regions; `rate(hour, region)` is the chance of approval."""
    rng = np.random.default_rng(seed)
    hour = np.sort(rng.uniform(0, hours, per_hour * hours))
    region = np.array(REGIONS)[rng.integers(0, 3, len(hour))]
    chance = np.full(len(hour), 0.6) if rate is None else np.array([rate(h, r) for h, r in zip(hour, region, strict=True)])
    return {
        "hour": hour,
        "region": region,
        "decision": np.where(rng.random(len(hour)) < chance, "approved", "rejected"),
        "score": np.round(rng.beta(4, 2, len(hour)), 4),
        "amount": np.round(rng.lognormal(4, 1, len(hour)), 2),
        "label": np.array(["rent", "sales", "tax", "loan"])[rng.choice(4, len(hour), p=[0.4, 0.3, 0.2, 0.1])],
    }


def table(columns):
    """The columns as they are written: `hour` becomes `ts`."""
    return {"ts": times(columns["hour"])} | {k: v for k, v in columns.items() if k != "hour"}


def feed(per_hour=10, seed=2, hours=HOURS + 1, keep=None):
    """An upstream log; `keep(hour)` says which rows exist."""
    rng = np.random.default_rng(seed)
    hour = np.sort(rng.uniform(0, hours, per_hour * hours))
    if keep is not None:
        hour = hour[[bool(keep(h)) for h in hour]]
    return {"at": times(hour), "id": np.arange(len(hour))}


@pytest.fixture
def world(tmp_path):
    """A project without logs yet."""
    return World(tmp_path)


@pytest.fixture
def quiet(world):
    """A project in which nothing happened."""
    world.write(table(rows()))
    world.write(feed(), log="feed")
    return world
