"""`runbook doctor`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page

if TYPE_CHECKING:
    from mlops_tui.session.doctor import Line, Terminal

_STYLES = {"FAIL": "CRIT"}


@click.command(short_help="Can everything work here? Each fault with its fix.")
@click.option(
    "--deep", is_flag=True, help="Read every page of the logs' Parquet files and verify its checksum; takes its time."
)
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, deep: bool, as_json: bool) -> int:
    """Look at what a run needs: project, logs, clock, journal, Slack, terminal. Each line is OK, WARN or FAIL, with the fix.

    Changes nothing. Exits 1 when something fails, 0 else. Slack is asked whether it knows the token, where one is set.
    """
    from mlops_tui.session import doctor as session

    report = session.doctor(options.start(ctx), terminal(), environ=os.environ, deep=deep)
    if as_json:
        page.json(report.as_json())
    else:
        look = page.here()
        wide = max(len(line.id) for line in report.lines)
        page.data("\n".join(told(line, look, wide, options.again(ctx)) for line in report.lines))
    return 1 if report.failed else 0


def told(line: Line, look: page.Look, wide: int, again: str) -> str:
    """One line: verdict, question, answer; and the fix below it."""
    indent = " " * (6 + wide + 2)
    word = look.paint(line.verdict, _STYLES.get(line.verdict, line.verdict))
    text = page.wrapped(line.text, look.width, indent, f"{line.verdict:6}{line.id:{wide}}  ").replace(line.verdict, word, 1)
    fix = line.fix.replace("runbook lint", f"{again} lint")
    return text + (f"\n{page.wrapped(fix, look.width, indent + '  ', indent + '→ ')}" if fix else "")


def terminal() -> Terminal:
    """What this process's stdout is connected to."""
    from mlops_tui.session.doctor import Terminal

    tty = sys.stdout.isatty()
    size = shutil.get_terminal_size((80, 24))
    return Terminal(
        tty=tty,
        colour=page.here().colour,
        encoding=sys.stdout.encoding or "",
        columns=size.columns,
        rows=size.lines,
        term=os.environ.get("TERM", ""),
        clipboard=clipboard() if tty and os.environ.get("TMUX") else None,
    )


def clipboard() -> str:
    """What tmux does with text that a program copies: `on`, `external`, `off`; empty where it does not say."""
    program = shutil.which("tmux")
    if program is None:
        return ""
    try:
        said = subprocess.run(
            [program, "show-options", "-sv", "set-clipboard"], capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
