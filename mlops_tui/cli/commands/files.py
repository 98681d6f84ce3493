"""`runbook lint` and `runbook schema`: the files that people write."""

from __future__ import annotations

from typing import Literal

import click

from mlops_tui.cli import options, page


@click.command(short_help="Check inventory and runbooks, every problem with its line.")
@click.argument("names", metavar="[RUNBOOK]...", nargs=-1, shell_complete=options.complete("linted"))
@options.as_json
@click.pass_context
def lint(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> int:
    """Check inventory.yaml and the runbooks (all, or those named); say every problem with its file, line and column.

    Exits 0 when there is none, 2 when there is one.
    """
    from mlops_tui.session import lint as session

    report = session.lint(options.root(ctx), names)
    if as_json:
        page.json(report.as_json())
    else:
        for problem in report.problems:
            page.data(str(problem))
        files, found = len(report.files), len(report.problems)
        page.talk(f"{files} file{'s' * (files != 1)} read, {found or 'no'} problem{'s' * (found != 1)}")
    return 2 if report.problems else 0


@click.command(short_help="Print the JSON Schema of a file that people write.")
@click.argument("what", metavar="inventory|runbook", type=click.Choice(["inventory", "runbook"]))
@click.option("--json", "as_json", is_flag=True, help="Changes nothing: a schema is JSON.")
def schema(what: Literal["inventory", "runbook"], as_json: bool) -> None:  # noqa: ARG001 - it is JSON anyway
    """Print the JSON Schema (2020-12) of inventory.yaml or of a runbook, for editors.

    A demo has both in schema/, and its files point there in their first line. In a project of your own:
    runbook schema inventory > schema/inventory.json
    """
    from mlops_tui.session import lint as session

    page.json(session.schema(what))
