"""The inventory: what runs and who answers for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_tui.core.errors import InvalidFiles, UnknownName
from mlops_tui.files import Reader, json_schema
from mlops_tui.inventory import Inventory, lint, load
from mlops_tui.inventory.types import InventoryFile, Span

DESIGN = Path(__file__).parents[1] / "fixtures" / "design"
CHECKS = ("decision_rate", "score_drift", "feature_drift", "missing_rate", "volume", "freshness")
Make = Callable[..., Inventory]


def test_the_designs_own_block_reads_without_a_problem() -> None:
    """Everything that the design writes in its inventory is a key that we know, typed as it is meant."""
    inventory = load(DESIGN)
    model = inventory.model("credit-risk")
    assert inventory.zone.key == "Europe/Madrid"
    assert model.alerts[0].fire["change"].below is not None
    assert str(model.alerts[0].fire["change"].below) == "-10pp"
    assert model.versions[0].id == "2026.10"
    assert model.labels is not None
    assert model.labels.positive == "true"
    assert inventory.file.features["merchant_age_days"].checks is not None
    assert inventory.file.features["merchant_age_days"].checks.range == (0.0, 20000.0)


def test_the_designs_own_block_names_only_what_nobody_has_made_yet() -> None:
    """Each later issue takes a line from this list; nothing else is wrong with the block."""
    problems = lint(load(DESIGN), checks=CHECKS, runbooks=["approval-drop"])
    assert [(p.line, p.message) for p in problems] == [
        (15, "there is no file 'contracts/bank_feed.yaml'"),
        (25, "there is no file 'sql/merchant_age_days.sql'"),
        (30, "unknown model 'collections-priority'"),
        (62, "there is no file 'score.py'"),
        (81, "unknown check 'metric'"),
        (85, "unknown runbook 'guardrail-breach'"),
    ]


def test_the_designs_runbook_block_is_sound_yaml() -> None:
    """The runbook block composes without a problem; its steps' kinds are read elsewhere."""
    path = DESIGN / "runbooks" / "approval-drop.yaml"
    reader = Reader(path.read_text(), source=path.name)
    assert reader.root is not None
    assert [key for key, _, _ in reader.entries(reader.root)][:2] == ["runbook", "title"]
    assert reader.problems == []


def test_questions_about_people(make: Make) -> None:
    """A login has its person; `on_call`, `owner` and a team's name mean teams; anything else is named with its nearest."""
    inventory = make()
    person = inventory.person("lvogt")
    assert person is not None
    assert person.name == "Lea Vogt"
    assert inventory.person("nobody") is None
    assert inventory.teams_for("on_call", "credit-risk") == ("ml", "risk")
    assert inventory.teams_for("owner", "credit-risk") == ("ml",)
    assert inventory.teams_for("risk", "credit-risk") == ("risk",)
    with pytest.raises(UnknownName, match=r"unknown team 'rsk' \(did you mean 'risk'\?\)"):
        inventory.teams_for("rsk", "credit-risk")
    with pytest.raises(UnknownName, match=r"unknown model 'credit_risk' \(did you mean 'credit-risk'\?\)"):
        inventory.model("credit_risk")


def test_questions_about_the_chain(make: Make) -> None:
    """A model stands on its features, on its inputs and on its features' sources, in the order written."""
    inventory = make()
    assert list(inventory.features_of("credit-risk")) == ["age", "label"]
    assert list(inventory.sources_of("credit-risk")) == ["bank_feed", "ledger"]


def test_an_unknown_timezone_is_a_problem_of_form(make: Make) -> None:
    """A zone that does not exist is named at its place with the nearest one, beside every other problem."""
    with pytest.raises(InvalidFiles) as caught:
        make(("Europe/Madrid", "Europe/Madird"), ("current: 7d", "current: 7"))
    messages = [str(p) for p in caught.value.problems]
    assert messages[0].startswith("inventory.yaml:2:11: unknown timezone 'Europe/Madird' (did you mean 'Europe/Madrid'")
    assert messages[1] == "inventory.yaml:25:24: expected a duration such as 20m, found '7'"


@pytest.mark.parametrize("zone", ["Europe", "../etc/passwd", "/etc/passwd", "Moon/Base"])
def test_no_text_gets_past_the_zones(make: Make, zone: str) -> None:
    """Folders, paths and inventions are no zones, in a log's own timezone either."""
    with pytest.raises(InvalidFiles, match="unknown timezone"):
        make(("time: at}", f"time: at, timezone: {zone}}}"))


def test_times_without_an_offset_are_in_the_projects_zone(make: Make) -> None:
    """A hand-written time means the clock on the project's wall."""
    windows = make(("reference: 30d", "reference: {from: 2026-06-01, to: 2026-07-01}")).model("credit-risk").windows
    assert windows.reference == Span(from_=datetime(2026, 5, 31, 22, tzinfo=UTC), to=datetime(2026, 6, 30, 22, tzinfo=UTC))


def test_a_missing_inventory_is_named(tmp_path: Path) -> None:
    """A folder without an inventory says so."""
    with pytest.raises(InvalidFiles, match=r"inventory.yaml: there is no such file"):
        load(tmp_path)


def test_the_schema_covers_every_key_of_the_file() -> None:
    """Editors learn the keys, with what each part is."""
    schema = json_schema(InventoryFile, title="inventory.yaml")
    assert set(schema["$defs"]["Alert"]["properties"]) >= {"id", "for", "fire", "runbook"}
    assert all(part["description"] for part in schema["$defs"].values())


def test_a_hundred_models_are_read_quickly(tmp_path: Path) -> None:
    """Typing a large inventory costs little beside its YAML, whatever machine this is."""
    head, model = (DESIGN / "inventory.yaml").read_text().split("models:\n")
    text = head + "models:\n" + "".join(model.replace("credit-risk:", f"credit-risk-{i}:", 1) for i in range(100))
    start = time.process_time()
    reader = Reader(text, source="inventory.yaml")
    read = time.process_time()
    file = reader.convert(reader.root, InventoryFile)
    typed = time.process_time()
    assert file is not None
    assert len(file.models) == 100
    assert typed - read < max(0.2, 3 * (read - start))
