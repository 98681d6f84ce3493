"""`runbook drift` on the demo: what stands first, and the same bytes each time."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def demo(runbook):
    assert runbook("demo", "demo", "--rows", "60000").code == 0
    return ("--project", "demo", "drift", "credit-risk", "--at", "2026-10-14T03:20Z")


def test_what_broke_heads_the_table(runbook, demo):
    """The relabelled feature in the region it broke in, the header with how old the data is, the rates below."""
    said = runbook(*demo, "--by", "region")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("credit-risk · data until 2026-10-14 03:00Z")
    assert next(line for line in lines if line.startswith("COLUMN")).split()[:3] == ["COLUMN", "WHERE", "ROWS"]
    assert lines[4].split()[:2] == ["bank_label", "region=ES"]
    assert any(line.startswith("region=ES") and "points" in line for line in lines)


def test_the_same_log_gives_the_same_bytes(runbook, demo):
    """JSON is a function of the log; without --by every segment is cut by, with --whole none."""
    first, second = (runbook(*demo, "--json").out for _ in range(2))
    assert first == second
    told = json.loads(first)
    assert (told["schema"], told["by"]) == ("runbook/drift/1", ["region", "merchant_size", "channel"])
    whole = json.loads(runbook(*demo, "--json", "--whole").out)
    assert whole["by"] == [] and all(c["slice"] == {} for c in whole["columns"])


def test_contradicting_options_are_a_usage_error(runbook, demo):
    """--whole and --by exclude each other; a segment nobody has names the nearest."""
    assert runbook(*demo, "--whole", "--by", "region").code == 2
    said = runbook(*demo, "--by", "regoin")
    assert said.code == 2
    assert "region" in said.err
