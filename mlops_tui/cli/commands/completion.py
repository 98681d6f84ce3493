"""`runbook completion`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlops_tui.cli import complete, page


@click.command(short_help="Print what your shell sources to complete commands and names.")
@click.argument("shell", type=click.Choice(complete.SHELLS))
def completion(shell: str) -> None:
    """Print what SHELL sources to complete commands, models, runbooks, incidents and values.

    \b
    bash  echo 'eval "$(runbook completion bash)"' >> ~/.bashrc
    zsh   echo 'eval "$(runbook completion zsh)"' >> ~/.zshrc
    fish  runbook completion fish > ~/.config/fish/completions/runbook.fish
    """
    called = Path(sys.argv[0]).name
    page.data(complete.script(shell, called if called in complete.CALLED else complete.CALLED[0]))
