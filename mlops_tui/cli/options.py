"""Options that several commands share, and the opened project."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_tui.cli.page import called

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from mlops_tui.cli.root import App
    from mlops_tui.project import Project

PATIENCE = 0.5
"""Seconds that a read may take before its progress is shown."""
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
plain = click.option("--plain", is_flag=True, help="Ask line by line, also on a terminal that could show the app.")
at = click.option(
    "--at",
    metavar="TIME",
    help="Answer as if it were this moment: ISO 8601 such as 2026-10-14T03:00, read in the project's time zone unless it"
    " ends in Z or an offset; a date alone is its midnight. Windows end with the last hour that was complete then.",
)


def complete(what: str) -> Completer:
    """A completer of `cli.complete`, imported when a shell asks."""

    def found(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mlops_tui.cli import complete as completers

        completer: Completer = getattr(completers, what)
        return completer(ctx, parameter, incomplete)

    return found


def given(ctx: click.Context) -> Path | None:
    """What `--project` said; None where it was not given."""
    project: Path | None = ctx.find_root().obj.project
    return project


def again(ctx: click.Context) -> str:
    """How to call this project once more: `runbook`, with `--project` where it was given."""
    return called(given(ctx))


def app(ctx: click.Context) -> App | None:
    """The app, where there is a terminal for it and nobody asked for the plain view."""
    found: App | None = ctx.find_root().obj.app
    return found


def start(ctx: click.Context) -> Path:
    """Where the search for the project begins: `--project`, else the working folder."""
    return given(ctx) or Path.cwd()


def opened(ctx: click.Context) -> Project:
    """The project that was meant; what is long to read shows how far it has come, on a terminal.

    Raises UsageError where there is none, InvalidFiles where its inventory is broken.
    """
    from mlops_tui.cli.bar import Bar
    from mlops_tui.project import open_project

    return replace(open_project(start(ctx)), tell=Bar(sys.stderr.isatty(), patience=PATIENCE).show)


def root(ctx: click.Context) -> Path:
    """The project's folder, whether or not its inventory can be read: the nearest upwards with an inventory.yaml, else
    the one where the search began, if it holds runbooks. Raises UsageError where there is none."""
    from mlops_tui.core.errors import UsageError
    from mlops_tui.project import root_of

    here = start(ctx).resolve()
    try:
        return root_of(here)
    except UsageError:
        if (here / "runbooks").is_dir():
            return here
        raise
