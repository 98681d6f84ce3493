"""A published log with a known break and stable decoys (NannyML's car loans): CAR_LOAN_DATA names its folder."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from mlops_tui.project import open_project
from mlops_tui.session.check import check

FOLDER = os.environ.get("CAR_LOAN_DATA", "")
pytestmark = pytest.mark.skipif(not Path(FOLDER, "truth.json").is_file(), reason="CAR_LOAN_DATA names no folder with car loans")
TYPES = {
    "salary_range": "categorical",
    "repaid_loan_on_prev_car": "boolean",
    "size_of_downpayment": "categorical",
    "car_value": "numeric",
    "debt_to_income_ratio": "numeric",
    "loan_length": "numeric",
    "driver_tenure": "numeric",
}


def inventory():
    owner = "owner: {team: ml, name: Ana Ruiz}"
    features = "\n".join(f"  {n}: {{type: {t}, version: 1, {owner}, description: x}}" for n, t in TYPES.items())
    return f"""\
version: 1
teams:
  ml: {{members: [{{name: Ana Ruiz}}]}}
features:
{features}
models:
  car-loan:
    description: Loans.
    {owner}
    on_call: [ml]
    features: [{", ".join(TYPES)}]
    decision: {{column: decision, positive: "1"}}
    log:
      {{path: "${{CAR_LOAN_DATA}}/decisions.parquet", time: ts, id: decision_id, complete_after: 0s, score: {{column: score}}}}
    windows: {{current: 7d, reference: 90d}}
"""


def test_the_break_is_found_and_no_decoy(tmp_path):
    """Three weeks after the break the features that drifted are named, with its day; none of those that did not is."""
    truth = json.loads(Path(FOLDER, "truth.json").read_text())
    (tmp_path / "inventory.yaml").write_text(inventory())
    project = open_project(tmp_path, environ={"CAR_LOAN_DATA": FOLDER})
    bad = [f for f in check(project, at="2019-04-21T00:00").findings if f.status in ("warn", "crit")]
    moved = {t for i in truth["incidents"] if "feature_drift" in i["kinds"] for t in i["targets"]}
    stable = {t for d in truth["decoys"] for t in d["targets"]}
    assert moved <= {f.target for f in bad} and not stable & {f.target for f in bad}
    assert all(abs((f.onset.date() - date(2019, 3, 31)).days) <= 3 for f in bad if f.target in moved)
