"""What the files may say and no run does yet is refused by lint, never silently left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui.engine.kinds import params_types
from mlops_tui.engine.lint import lint_runbook
from mlops_tui.engine.runbook import parse_runbook
from mlops_tui.inventory import load

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("note: x\n    parallel: true", "parallel: is not performed yet"),
        ("note: x\n    effect: read", "effect: is not performed yet"),
        ("note: x\n    idempotency_key: k", "idempotency_key: is not performed yet"),
        ("note: x\n    for_each: {query: select 1}", "for_each: is not performed yet"),
        ("run: {argv: [true], verify: {query: select true}}", "run.verify: is not performed yet"),
        ('run: {argv: [curl, "${secret:TOKEN}"]}', "is not filled in yet"),
    ],
)
def test_a_key_that_nothing_performs_is_refused(step: str, said: str) -> None:
    """Each such key is a problem at its own place."""
    text = f"runbook: r\ntitle: t\napplies_to: {{models: [credit-risk]}}\nsteps:\n  - id: a\n    {step}\n"
    runbook = parse_runbook(text, source="r.yaml", kinds=params_types())
    found = lint_runbook(runbook, load(ROOT), checks=["volume"], charts=[])
    assert [said in str(p) for p in found] == [True]
    assert found[0].line >= 6
