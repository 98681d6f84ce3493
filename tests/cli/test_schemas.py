"""The JSON Schemas that editors read: up to date, found from the files that name them, and as strict as the reader."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from mlops_tui.core.canonical import pretty
from mlops_tui.session.lint import schema
from mlops_tui.simulate import shipped

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "inventory.yaml", *sorted((ROOT / "runbooks").glob("*.yaml"))]


@pytest.mark.parametrize("what", ["inventory", "runbook"])
def test_the_files_are_what_schema_prints(what, runbook):
    """schema/*.json is `runbook schema`, byte for byte; when this fails, run `make docs`."""
    text = (ROOT / "schema" / f"{what}.json").read_text("utf-8")
    assert text == pretty(schema(what))
    assert text == runbook("schema", what).out


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_the_first_line_points_an_editor_at_its_schema(path):
    """The path in the first line, taken from the file's own folder, is the schema of that kind of file."""
    first = path.read_text("utf-8").split("\n", 1)[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found is not None
    title = json.loads((path.parent / found[1]).read_text("utf-8"))["title"]
    assert title == ("inventory.yaml" if path.name == "inventory.yaml" else "runbook")


def test_the_schemas_go_where_the_files_go():
    """The wheel carries the folder beside inventory.yaml, and what ships is where it lies."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["force-include"]["schema"] == "mlops_tui/_shipped/schema"
    assert (shipped() / "schema" / "runbook.json").is_file()


def test_a_step_has_exactly_one_kind_in_the_schema():
    """What the reader refuses, an editor marks too: a step without a kind, with two, or with a key nobody knows."""
    step = schema("runbook")["properties"]["steps"]["items"]
    assert step["additionalProperties"] is False
    assert {"required": ["check"]} in step["oneOf"]
    assert all(len(option["required"]) == 1 for option in step["oneOf"])
