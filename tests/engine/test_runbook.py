"""Runbook files: strict, every problem at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_tui.core.errors import InvalidFiles
from mlops_tui.engine.kinds import kinds, params_types
from mlops_tui.engine.runbook import load_runbook, parse_runbook

ROOT = Path(__file__).parents[2]


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFiles) as caught:
        parse_runbook(text, source="r.yaml", kinds=params_types())
    return [str(p) for p in caught.value.problems]


@pytest.mark.parametrize("path", sorted((ROOT / "runbooks").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_runbooks_read(path: Path) -> None:
    """Every runbook that ships reads, and each step says what it is for."""
    runbook = load_runbook(path, root=ROOT, kinds=params_types())
    assert runbook.name == path.stem
    assert all(s.kind in kinds() for s in runbook.steps)


def test_every_problem_is_named_at_once_with_its_place() -> None:
    """Unknown keys, two kinds, no kind and a wrong type are all told in one go, with the nearest name."""
    found = problems(
        "runbook: r\ntitle: t\nsteps:\n"
        "  - id: a\n    chek: {alert: x}\n    whn: true\n"
        "  - id: b\n    check: {alrt: x}\n    query: select 1\n"
        "  - id: c\n"
        "  - id: d\n    note: x\n    timeout: soon\n"
    )
    assert [f.split(": ")[0] for f in found] == [
        "r.yaml:5:5",
        "r.yaml:6:5",
        "r.yaml:8:13",
        "r.yaml:9:5",
        "r.yaml:10:5",
        "r.yaml:13:14",
    ]
    assert "did you mean 'check'?" in found[0]
    assert "did you mean 'alert'?" in found[2]
    assert "'check' and 'query'" in found[3]


def test_a_kind_nobody_has_made_is_read_and_left_to_lint() -> None:
    """A step whose only own key is unknown keeps it as its kind."""
    runbook = parse_runbook(
        "runbook: r\ntitle: t\nsteps:\n  - id: a\n    diagnose: {finding: $scope}\n", source="r.yaml", kinds=params_types()
    )
    assert (runbook.steps[0].kind, runbook.steps[0].params) == ("diagnose", None)


def test_a_scalar_keeps_its_text() -> None:
    """`no` and `1.10` stay what was written: nothing guesses types."""
    text = 'runbook: r\ntitle: t\nsteps:\n  - id: a\n    ask: {question: "Sure?", answers: [yes, no, 1.10]}\n'
    runbook = parse_runbook(text, source="r.yaml", kinds=params_types())
    assert runbook.steps[0].params.answers == ["yes", "no", "1.10"]


@pytest.mark.parametrize(
    "text", ["", "- a\n", "runbook: r\ntitle: t\nsteps: []\n", "runbook: r\ntitle: t\n", "steps:\n- {id: [}\n"]
)
def test_files_that_are_no_runbook(text: str) -> None:
    """An empty file, a list, no steps, broken YAML: problems with a place, never a traceback."""
    assert problems(text)


def test_the_name_is_the_files_stem(tmp_path: Path) -> None:
    """A runbook is found by its file's name, so both must agree."""
    path = tmp_path / "other.yaml"
    path.write_text("runbook: r\ntitle: t\nsteps:\n  - {id: a, note: x}\n")
    with pytest.raises(InvalidFiles, match="not the file's stem"):
        load_runbook(path, root=tmp_path, kinds=params_types())
