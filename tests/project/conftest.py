"""A project of one model on disk, and a clock that stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.core.settings import Actor
from mlops_tui.project import Project, open_project

INVENTORY = """\
version: 1
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}]}
sources:
  feed:
    owner: {team: ml, name: Ana Ruiz}
    log: {path: logs/feed/*.parquet, time: ts}
features:
  age: {type: numeric, version: 1, owner: {team: ml, name: Ana Ruiz}, description: Age., source: feed}
models:
  risk:
    description: Approves loans.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml]
    inputs: [feed]
    features: [age]
    decision: {column: decision, positive: approved}
    log: {path: logs/risk/**/*.parquet, time: ts, version: model_version, segments: [region]}
    windows: {current: 7d, reference: REFERENCE}
"""

NOW = datetime(2026, 10, 31, 3, 7, tzinfo=UTC)


def rows(start: datetime, hours: int) -> pa.Table:
    every = [start + timedelta(hours=i) for i in range(hours)]
    return pa.table(
        {
            "ts": pa.array(every, pa.timestamp("us", tz="UTC")),
            "decision": ["approved"] * hours,
            "region": ["ES"] * hours,
            "model_version": ["1.10"] * hours,
            "age": ["7"] * hours,
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """60 days of hourly decisions up to 02:30 of the day of `NOW`, and a source that went silent two days before."""
    for name, last in (("risk", NOW), ("feed", NOW - timedelta(days=2))):
        (tmp_path / "logs" / name).mkdir(parents=True)
        start = last.replace(minute=30) - timedelta(hours=24 * 60)
        pq.write_table(rows(start, 24 * 60), tmp_path / "logs" / name / "a.parquet")
    (tmp_path / "runbooks").mkdir()
    for name in ("approval-drop.yaml", "approval-drop.test.yaml", "feature-drift.yaml", "notes.md"):
        (tmp_path / "runbooks" / name).write_text("runbook: x\n")
    (tmp_path / "inventory.yaml").write_text(INVENTORY.replace("REFERENCE", "30d"))
    return tmp_path


@pytest.fixture
def project(folder: Path) -> Callable[..., Project]:
    """Open the project at `NOW`, as Ana; `reference` rewrites the inventory first."""

    def make(*, reference: str = "30d", now: datetime = NOW, **extra: Any) -> Project:
        (folder / "inventory.yaml").write_text(INVENTORY.replace("REFERENCE", reference) + extra.pop("more", ""))
        return open_project(folder, clock=lambda: now, actor=Actor("aruiz", 1000, "box", 1, "Ana Ruiz"), environ={}, **extra)

    return make
