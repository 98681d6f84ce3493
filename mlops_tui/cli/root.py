"""`runbook` itself: its commands by name, each imported only when it is called, and the border where errors end."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import click

from mlops_tui import __version__
from mlops_tui.cli import faults
from mlops_tui.cli.groups import Group

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from mlops_tui.engine.types import FrontEnd, RunReport
    from mlops_tui.project import Project

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "demo": ("demo", "Make a demo project with an incident in its logs."),
        "init": ("init", "Make a project from a folder of logs: every guess says why."),
        "models": ("models", "List the models and who answers for them."),
        "model": ("models", "Show one model: people, logs, versions, alerts."),
        "check": ("check", "What moved, and which alerts fire (exit 1 when one does)."),
        "drift": ("drift", "How far every column lies from its reference, by segment."),
        "watch": ("watch", "Check and page on a schedule, until you stop it."),
        "ack": ("watch", "Say that you have seen an incident."),
        "run": ("run", "Walk through a runbook."),
        "resume": ("run", "Go on with a run that was left."),
        "incidents": ("incidents", "List the incidents."),
        "incident": ("incident", "Show one incident, note something, set its severity, close it."),
        "postmortem": ("incidents", "Show an incident's postmortem draft and where it lies."),
        "summaries": ("summaries", "Rows become summaries once: `summaries build`, `summaries status`."),
        "outbox": ("outbox", "Messages that went out or wait; `outbox flush` sends."),
        "lint": ("files", "Check inventory and runbooks, every problem with its line."),
        "schema": ("files", "Print the JSON Schema of a file that people write."),
        "doctor": ("doctor", "Can everything work here? Each fault with its fix."),
        "completion": ("completion", "Print what your shell sources to complete commands and names."),
    }
)
"""Command name -> (module in `cli.commands`, the line that `--help` shows)."""


class App(Protocol):
    """The app, as `main` hands it in: shows a project until the person leaves, and drives `go` first where it is given.

    Gives the reports of the runs that were driven, oldest first; raises what opening the project or starting `go` raised.
    """

    def __call__(  # noqa: D102 - the protocol's one method
        self, opener: Callable[[Mapping[str, str]], Project], go: Callable[[FrontEnd], RunReport] | None = None, name: str = ""
    ) -> tuple[RunReport, ...]: ...


COMPLETE = "_RUNBOOK_COMPLETE"
"""The variable by which a shell asks for completions; see `cli.complete`."""


@dataclass(frozen=True, slots=True)
class Root:
    """What the global options said. `project` is None where it was not given; `app` where there is no terminal for it, or
    where a person wants the plain view."""

    project: Path | None
    app: App | None = None


class LazyGroup(Group):
    """A group that knows its commands by name and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of a day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The command, imported now; None for a name nobody has."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mlops_tui.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options for a shell, without importing any command."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A project is the nearest folder upwards that holds an inventory.yaml. Start with `runbook demo`.",
)
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder, instead of the nearest one upwards.",
)
@click.option("--plain", is_flag=True, help="Print and ask line by line, also on a terminal that could show the app.")
@click.version_option(__version__, prog_name="runbook")
@click.pass_context
def runbook(ctx: click.Context, project: Path | None, plain: bool) -> int | None:
    """Incident response for production machine learning.

    Without a command, on a terminal and in a project, opens the app.

    Says that something moved, where and since when, walks you through the runbook, and writes the postmortem draft.
    """
    app: App | None = None if plain else ctx.obj
    ctx.obj = Root(project, app)
    if ctx.invoked_subcommand is not None:
        return None
    if app is None or not _in_project(project or Path.cwd()):
        click.echo(ctx.get_help())
        return None
    from mlops_tui.cli.commands.app import browse

    return browse(app, project or Path.cwd(), given=project)


def _in_project(start: Path) -> bool:
    return any((folder / "inventory.yaml").is_file() for folder in (start.resolve(), *start.resolve().parents))


def invoke(argv: Sequence[str], *, app: App | None = None) -> int:
    """Parse and run one command line; every error ends here as one sentence on stderr and an exit code.

    `app` is what `runbook`, `runbook run` and `runbook resume` show on a terminal; None where there is none.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    project: Path | None = None
    try:
        if instruction := os.environ.get(COMPLETE):
            from mlops_tui.cli.complete import answer

            return answer(instruction)
        with runbook.make_context("runbook", list(argv), obj=app) as ctx:
            project = ctx.params.get("project")
            result = runbook.invoke(ctx)
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except BaseException as error:  # noqa: BLE001 - the border of a command
        return faults.told(error, argv=argv, start=project or Path.cwd(), environ=os.environ, project=project)
