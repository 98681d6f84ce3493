"""A small inventory that is right, to be made wrong one line at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_tui.inventory import Inventory, load

GOOD = """\
version: 1
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}, {name: Tom Beck}], slack: "#ml"}
  risk: {members: [{name: Lea Vogt, login: lvogt}]}
sources:
  bank_feed:
    owner: {team: ml, name: Ana Ruiz}
    log: {path: logs/bank_feed/*.csv, time: at}
  ledger:
    owner: {team: ml, name: Ana Ruiz}
    log: {path: logs/ledger/*.csv, time: at}
features:
  age: {type: numeric, version: 1, owner: {team: ml, name: Ana Ruiz}, description: Age., source: ledger}
  label: {type: categorical, version: 1, owner: {team: risk, name: Lea Vogt}, description: Label.}
models:
  credit-risk:
    description: Decides.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml, risk]
    inputs: [bank_feed]
    features: [age, label]
    decision: {column: decision, positive: approved}
    log: {path: logs/credit-risk/*.csv, time: ts, segments: [region], sensitive: [who]}
    windows: {current: 7d, reference: 30d}
    metrics: [{name: overturned, mean: "overturned::int"}]
    slices: {new: age < 30}
    alerts:
      - id: approval-drop
        check: decision_rate
        by: region
        fire: {change: {below: -10pp, above: 10pp}}
        page: [ml]
        runbook: approval-drop
    versions: []
    changes: [{jsonl: changes.jsonl}]
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Inventory]:
    """Loads the good inventory with some texts replaced."""

    def build(*changes: tuple[str, str]) -> Inventory:
        text = GOOD
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        (tmp_path / "inventory.yaml").write_text(text)
        return load(tmp_path)

    return build
