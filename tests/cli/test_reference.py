"""The documentation says what the command line says."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mlops_tui.cli.reference import reference
from mlops_tui.cli.root import COMMANDS, runbook

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_commands_say():
    """docs/cli.md is the commands' help; when this fails, run `make docs`."""
    assert (DOCS / "cli.md").read_text() == reference()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_is_the_commands_own(name):
    """The line that `--help` shows without importing the command is the command's."""
    command = runbook.get_command(click.Context(runbook), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(200) == COMMANDS[name][1]


@pytest.mark.parametrize("name", ["models", "model", "check", "incidents", "incident", "postmortem", "outbox", "lint"])
def test_every_read_command_speaks_json(name):
    """Each command that reads has --json."""
    command = runbook.get_command(click.Context(runbook), name)
    assert command is not None
    assert any("--json" in p.opts for p in command.params)
