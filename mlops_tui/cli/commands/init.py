"""`runbook init`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import page
from mlops_tui.cli.options import as_json as json_option
from mlops_tui.core.errors import UsageError
from mlops_tui.core.leave import one_line, visible

if TYPE_CHECKING:
    from mlops_tui.session.init import InitReport


@click.command(short_help="Make a project from a folder of logs: every guess says why.")
@click.option(
    "--from", "logs", metavar="GLOB", help="The decision log: a quoted glob, a folder or one file. Parquet, CSV, JSONL."
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), default=".", help="The project's folder (the working folder)."
)
@click.option("--model", metavar="NAME", help="What to call the model; by default the log's own name.")
@click.option("--timezone", "zone", metavar="ZONE", help="The zone of times that carry none, like Europe/Madrid; else guessed.")
@click.option("--force", is_flag=True, help="Write over an inventory that is there; a copy of it is kept.")
@json_option
@click.argument("more", nargs=-1, metavar="")
def init(
    logs: str | None, out: Path, model: str | None, zone: str | None, force: bool, as_json: bool, more: tuple[str, ...]
) -> int:
    """Make a project from a decision log: an inventory.yaml whose every guess says why, and a first runbook.

    Reads the log where it lies and says which column is the time, the score, the decision, the label, and what the others
    are; you correct it in your editor. Never writes over an inventory.yaml unless told to.
    """
    from datetime import UTC, datetime

    from mlops_tui.project.person import login
    from mlops_tui.session import init as session

    if logs is None:
        raise UsageError("init needs a log to read", hint="runbook init --from 'logs/**/*.parquet' --out DIR")
    if more:
        common = os.path.commonpath([Path(p).parent for p in (logs, *more)])
        quoted = shlex.quote(str(Path(common) / f"*{''.join(Path(logs).suffixes)}"))
        raise UsageError(f"--from takes one pattern, and {1 + len(more):,} files were given", hint=f"quote it: --from {quoted}")
    report = session.init(
        logs, out, clock=lambda: datetime.now(UTC), environ=os.environ, login=login(), model=model, zone=zone, force=force
    )
    if as_json:
        page.json(report.as_json())
    else:
        page.data(told(report, page.here()))
    return 1 if report.problems else 0


def told(report: InitReport, look: page.Look) -> str:
    """What was guessed on one screen, what to look at first, and the next two commands."""
    g = report.guesses
    count = g.profile.total_files
    rows = f"{report.rows:,} rows" if report.rows is not None else "a log"
    dates = f", {report.first:%Y-%m-%d} to {report.newest:%Y-%m-%d}" if report.first and report.newest else ""
    lines = [look.paint(report.model, "bold") + f" · {rows} in {count:,} file{'' if count == 1 else 's'}{dates}"]
    for name, guess in report.roles.items():
        if guess is not None:
            mark = "?" if not guess.sure else " "
            lines.append(_cut(f"  {name.ljust(14)} {mark} {visible(str(guess.value)).ljust(16)}  {guess.why}", look))
    lacking = [
        name for name, guess in report.roles.items() if guess is None and name not in ("positive", "means", "label positive")
    ]
    groups = {
        "segments": g.rest.segments,
        "features": g.rest.features,
        "protected": g.rest.protected,
        "sensitive": g.sensitive,
        "not declared": g.rest.ignored,
        "none found": lacking,
    }
    lines += [_cut(f"  {name.ljust(14)}   {', '.join(found)}", look) for name, found in groups.items() if found]
    lines.append("")
    if g.stand_in is not None:
        lines.append(f"No column looks like the decision: {one_line(g.stand_in.column)} stands in until you write yours.")
    if report.first and report.newest and (report.newest - report.first).total_seconds() < 3600:
        lines.append("The log holds less than an hour: there is little to check yet.")
    if report.unsure:
        lines.append(f"Look first at {' and '.join(report.unsure)}: marked `guess?` in the file.")
    lines += [f"not read: {one_line(u)}" for u in g.profile.unreadable[:5]]
    lines += [f"problem: {one_line(str(p))}" for p in report.problems]
    check, run = report.commands(shlex.quote(str(report.root)))
    lines.append(f"wrote {', '.join(page.place(report.root, f) for f in report.files)}")
    lines += [f"next: runbook {check}", f"      runbook {run}"]
    return "\n".join(lines)


def _cut(line: str, look: page.Look) -> str:
    line = visible(line).replace("\n", " ").rstrip()
    return line if len(line) <= look.wide else line[: look.wide - 1] + "…"
