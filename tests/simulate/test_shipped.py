"""The files that ship with the demo fit its logs."""

from datetime import UTC, datetime

import duckdb
import pytest
import yaml

from mlops_tui.simulate import shipped
from mlops_tui.simulate.files import shipped_files


@pytest.fixture(scope="module")
def inventory():
    """The demo's inventory as plain YAML."""
    return yaml.safe_load((shipped() / "inventory.yaml").read_text())


def columns_of(folder, spec):
    """The columns of a log of the inventory, in a demo's folder."""
    with duckdb.connect() as con:
        return {row[0] for row in con.execute(f"describe from read_parquet('{folder}/{spec['path']}')").fetchall()}


def test_every_declared_column_is_logged(inventory, demos):
    """Times, ids, segments, features and the like of each model are columns of its log."""
    for model in inventory["models"].values():
        log = model["log"]
        named = {log["time"], log["id"], log["version"], log["score"]["column"], log["latency"], log["cost"]}
        named |= {model["decision"]["column"], *log["segments"], *log.get("sensitive", []), *model["features"]}
        named |= set(model.get("protected", []))
        assert named <= columns_of(demos(0), log)
        if labels := model.get("labels"):
            assert {labels["join"], labels["column"], labels["log"]["time"]} <= columns_of(demos(0), labels["log"])


def test_features_and_models_agree_on_each_other(inventory):
    """A model reads declared features, each meant for it; what they name (source, team, member, file) is there."""
    for name, model in inventory["models"].items():
        for feature in model["features"]:
            assert name in inventory["features"][feature]["intended_use"]
        for alert in model["alerts"]:
            assert set(alert["page"]) <= set(inventory["teams"])
            assert (shipped() / "runbooks" / f"{alert['runbook']}.yaml").is_file()
    for feature in inventory["features"].values():
        assert feature["owner"]["name"] in {m["name"] for m in inventory["teams"][feature["owner"]["team"]]["members"]}
        assert feature.get("source") in {None, *inventory["sources"]}
        assert "definition" not in feature or (shipped() / feature["definition"]).is_file()


def test_the_decision_is_cut_where_the_inventory_says(inventory):
    """The scorers and the inventory cut scores at the same place."""
    from mlops_tui.simulate import scorer

    cuts = {name: float(model["log"]["score"]["approve_from"]) for name, model in inventory["models"].items()}
    assert cuts == {"credit-risk": scorer.APPROVE_FROM, "collections-priority": scorer.CALL_FROM}


def test_each_definition_computes_its_feature(inventory, demos):
    """Each SQL definition runs on bank_feed and gives one row a merchant with a column of the feature's name."""
    with duckdb.connect() as con:
        con.execute(
            f"create view bank_feed as from read_parquet('{demos(0)}/{inventory['sources']['bank_feed']['log']['path']}')"
        )
        for name, feature in inventory["features"].items():
            if "definition" not in feature:
                continue
            text = (shipped() / feature["definition"]).read_text()
            con.execute(f"create or replace temp table made as {text}", {"at": datetime(2026, 10, 14, 3, tzinfo=UTC)})
            rows, merchants, found = con.execute(
                f"select count(*), count(distinct merchant_id), count({name}) from made"
            ).fetchall()[0]
            assert rows == merchants
            assert found > 0.9 * rows > 900


def test_the_contract_describes_the_feed(inventory, demos):
    """The contract of bank_feed lists exactly the columns that the feed has, beside the folder's date."""
    contract = yaml.safe_load((shipped() / inventory["sources"]["bank_feed"]["contract"]).read_text())
    (feed,) = contract["schema"]
    assert {p["name"] for p in feed["properties"]} | {"date"} == columns_of(demos(0), inventory["sources"]["bank_feed"]["log"])


def test_only_text_ships():
    """What is copied into a demo is inventory, runbooks, contracts, SQL and schemas, nothing else of where they lie."""
    names = shipped_files(shipped())
    assert "inventory.yaml" in names
    assert {name.split("/")[0] for name in names} == {"inventory.yaml", "runbooks", "contracts", "sql", "schema"}
