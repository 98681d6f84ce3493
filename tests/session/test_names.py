"""The names that a shell completes: there at once, also where the project is broken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal
from mlops_tui.session import names

INVENTORY = """\
version: 1
models:
  credit-risk:
    description: Approves loans.
    log: {path: logs/x.csv, time: ts, segments: [region], names: {region: {ES: Spain, NO: Norway}}}
  collections: {}
"""
RUNBOOK = """\
runbook: drop
title: It dropped
inputs:
  region: {type: segment, help: look here}
  place: {type: segment, of: region}
  depth: {type: choice, choices: [quick, full]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of two files, one of them with YAML that is no good inventory."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "runbooks" / "drop.yaml").write_text(RUNBOOK)
    return tmp_path


def test_models_and_runbooks_by_name(root):
    """With what they do, from any folder below, although the inventory would not pass the reader."""
    assert names.models(root / "runbooks") == {"credit-risk": "Approves loans.", "collections": ""}
    assert names.runbooks(root) == {"drop": "It dropped"}


def test_inputs_and_their_values(root):
    """A segment's named values stay text (`NO` is Norway); choices are the runbook's; `model` is always there."""
    assert names.inputs(root, "drop") == {"model": "which model", "region": "look here", "place": "", "depth": ""}
    assert names.values(root, "drop", "region") == {"ES": "Spain", "NO": "Norway"}
    assert names.values(root, "drop", "place") == {"ES": "Spain", "NO": "Norway"}
    assert list(names.values(root, "drop", "depth")) == ["quick", "full"]
    assert list(names.values(root, "drop", "model")) == ["credit-risk", "collections"]


def test_incidents_newest_first(root):
    """From the journal, with their titles; reading makes none."""
    assert names.incidents(root) == {}
    assert not (root / ".runbook").exists()
    actor = Actor("ana", 1, "host", 1)
    with Journal.open(root / ".runbook" / "state", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), actor=actor) as journal:
        for title in ("First", "Second"):
            journal.start_stream("INC-", "incident_opened", {"title": title})
    assert names.incidents(root) == {"INC-2": "Second", "INC-1": "First"}


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\x00", "models: 7", "models: {a: 7}"])
def test_what_cannot_be_read_has_no_names(text, tmp_path):
    """A shell is never answered with an error."""
    (tmp_path / "inventory.yaml").write_text(text)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "drop.yaml").write_text(text)
    assert set(names.models(tmp_path)) <= {"a"}
    assert names.runbooks(tmp_path) == {"drop": ""}
    assert names.inputs(tmp_path, "drop") == {"model": "which model"}
    assert names.values(tmp_path, "drop", "region") == {}
    assert names.models(tmp_path.parent / "nowhere") == names.incidents(tmp_path.parent / "nowhere") == {}
