"""`runbook demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlops_tui.cli import options, page


@click.command(short_help="Make a demo project with an incident in its logs.")
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default="demo")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Draws region, day, feature and fault; 0 is the story of the docs."
)
@click.option("--rows", type=int, default=2_000_000, show_default=True, help="How many decisions to write.")
@options.as_json
def demo(folder: Path, seed: int, rows: int, as_json: bool) -> None:
    """Make a demo project in DIR (./demo): a chain of models with an incident in its logs.

    The same seed and rows give the same bytes. An earlier demo in DIR is written again, files that you edited in it are
    kept, and any other folder with something in it is left alone.
    """
    from mlops_tui.core.window import iso
    from mlops_tui.session import demo as session

    last = -1

    def say(text: str, share: float) -> None:
        nonlocal last
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{share:4.0%} {text}", err=True, nl=share >= 1)
        elif int(share * 4) > last:
            last = int(share * 4)
            click.echo(f"{share:4.0%} {text}", err=True)

    made = session.demo(folder, seed=seed, rows=rows, say=say)
    if made.kept:
        page.talk("kept as you edited them: " + ", ".join(made.kept))
    if as_json:
        page.json(
            {
                "schema": "runbook/demo/1",
                "as_of": iso(made.until),
                "at": iso(made.at),
                "root": str(made.root),
                "decisions": made.decisions,
                "days": made.days,
                "kept": list(made.kept),
            }
        )
        return
    called, at = page.called(made.root), f"{made.at:%Y-%m-%dT%H:%M}Z"
    page.data(f"{made.root}: {made.decisions:,} decisions over {made.days} days, until {made.until:%Y-%m-%d %H:%M}Z")
    page.data(f"next: {called} check --at {at}")
    page.data(f"      {called} run approval-drop --at {at}")
