"""`runbook run` and `runbook resume`: a runbook, walked through."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.core.errors import UsageError

if TYPE_CHECKING:
    from mlops_tui.cli.root import App
    from mlops_tui.engine.types import FrontEnd, RunReport
    from mlops_tui.project import Project

_AUTO = (
    "Ask nobody: questions take their `auto:` answer, steps that need a person are skipped, nothing in production changes."
    " Ends with a draft, unless a step fails before it."
)


@click.command(short_help="Walk through a runbook.")
@click.argument("name", shell_complete=options.complete("runbook_name"))
@click.option(
    "--set",
    "sets",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=options.complete("pair"),
    help="An input of the runbook, or model=NAME; may be repeated.",
)
@options.at
@click.option(
    "--incident",
    metavar="ID|new",
    shell_complete=options.complete("joined"),
    help="The incident to join, or `new`; by default the open one of the same alert.",
)
@click.option("--auto", is_flag=True, help=_AUTO)
@options.as_json
@options.plain
@click.pass_context
def run(
    ctx: click.Context,
    name: str,
    sets: tuple[str, ...],
    at: str | None,
    incident: str | None,
    auto: bool,
    as_json: bool,
    plain: bool,
) -> int:
    """Walk through the runbook NAME: each step says what it found, and asks where a person must decide.

    Exits 0 when the end was reached, whatever was found; 1 when a step failed; 3 when the run was left. Ctrl-C leaves a run
    that `runbook resume` goes on with. Answers may be piped in, one a line; `note TEXT` puts a note into the timeline.
    """
    from mlops_tui.session import runs as session

    values = pairs(sets)
    project = options.opened(ctx)
    return walked(
        project,
        app=None if plain else options.app(ctx),
        name=name,
        auto=auto,
        as_json=as_json,
        given=options.given(ctx),
        go=lambda front: session.run(project, name, sets=values, at=at, incident=incident, front=front, auto=auto),
    )


@click.command(short_help="Go on with a run that was left.")
@click.argument("incident", required=False, shell_complete=options.complete("incident"))
@click.option("--auto", is_flag=True, help=_AUTO)
@options.as_json
@options.plain
@click.pass_context
def resume(ctx: click.Context, incident: str | None, auto: bool, as_json: bool, plain: bool) -> int:
    """Go on with the run of INCIDENT (by default the newest that was left) where it stopped.

    Steps that are done are not done again. Exit codes as for `run`.
    """
    from mlops_tui.session import runs as session

    project = options.opened(ctx)
    return walked(
        project,
        app=None if plain else options.app(ctx),
        name=incident or "the run that was left",
        auto=auto,
        as_json=as_json,
        given=options.given(ctx),
        go=lambda front: session.resume(project, incident, front=front, auto=auto),
    )


def pair(text: str) -> tuple[str, str]:
    """`region=ES` as a pair. Raises UsageError for anything without a name and `=`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set {text!r} is no NAME=VALUE", hint="write it like --set region=ES")
    return name.strip(), value


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Every `--set`. Raises UsageError for a name that is set twice: nobody can tell which one was meant."""
    values: dict[str, str] = {}
    for name, value in map(pair, texts):
        if name in values:
            raise UsageError(f"{name} is set twice: to {values[name]!r} and to {value!r}", where=f"--set {name}")
        values[name] = value
    return values


def walked(
    project: Project,
    *,
    auto: bool,
    as_json: bool,
    go: Callable[[FrontEnd], RunReport],
    app: App | None = None,
    name: str = "",
    given: Path | None = None,
) -> int:
    """Drive a run with the front end that fits, print its report, and give the exit code.

    `given` is what `--project` said: the commands that are told carry it.
    """
    if app is not None and not auto and not as_json:
        from mlops_tui.cli.commands.app import left

        return left(app(lambda _environ: project, go, name), project.root, given=given)
    from mlops_tui.cli import lines
    from mlops_tui.cli.console import Console, Quiet, interruptible

    if auto and as_json:
        quiet = Quiet()
        with interruptible(quiet.inbox, lambda: None):
            report = go(quiet)
        told(report, project.root, as_json=True, left="", given=given)
        return report.exit_code

    def note(incident: str, text: str) -> None:
        from mlops_tui.session.notes import note as keep

        keep(project, incident, text)

    source = lines.stdin()
    out = sys.stderr if as_json else sys.stdout
    front = Console(
        out=out,
        err=sys.stderr,
        lines=source,
        look=page.Look.of(out, os.environ),
        root=project.root,
        zone=project.zone,
        project=given,
        person=project.actor.login,
        clock=project.clock,
        note=note,
    )
    try:
        with interruptible(front.inbox, lambda: page.talk("\nstopping where it can be resumed; Ctrl-C again stops at once")):
            report = go(front)
    finally:
        front.close()
        source.close()
    told(report, project.root, as_json=as_json, left=front.left, given=given)
    return report.exit_code


def told(report: RunReport, root: Path, *, as_json: bool, left: str, given: Path | None) -> None:
    """How the run ended: on stdout its incident and files, or all of it as JSON; on stderr how to go on."""
    if as_json:
        from mlops_tui.engine.tell import run_json

        page.json(run_json(report))
    else:
        from mlops_tui.cli.ending import ending

        page.data(ending(report, page.here(), root, page.called(given)))
    if report.state in ("waiting", "interrupted"):
        why = f" ({left})" if left else ""
        how = "" if sys.stdout.isatty() and not as_json else f"; go on with: runbook resume {report.incident}"
        page.talk(f"the run is left {report.state}{why}{how}", given)
