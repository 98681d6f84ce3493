"""`docs/cli.md`, made from the commands' own help: `python -m mlops_tui.cli.reference > docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from mlops_tui.cli.root import runbook

_HEAD = """\
# The command line

Made from the commands' own help by `make docs`; a test compares the two.

`runbook` and `mlops-tui` are the same command. stdout is data, stderr is everything else; with `--json` stdout holds one
JSON value whose `schema` is `runbook/COMMAND/1`, and the same log gives the same bytes (commands that read the journal
aside). Everything works without a terminal; colour is used only on one, never where `NO_COLOR` is set or `TERM` is `dumb`,
and never as the only sign.

## Exit codes

| code | meaning |
|---|---|
| 0 | done; `check`: no alert fires; `run` and `resume`: the end was reached, whatever was found; `lint`: no problem |
| 0 | `watch`: it was stopped, by Ctrl-C or SIGTERM |
| 1 | `check`: an alert fires; `run` and `resume`: a step failed; `outbox flush`: a message was not sent |
| 1 | elsewhere: what was asked could not be done; stderr says why |
| 2 | the call or a file is wrong |
| 3 | `run` and `resume`: the run was left (Ctrl-C, `quit`, end of input) or waits; `runbook resume` goes on |
| 70 | a fault of ours; the message names the log that holds the details |
| 130 | Ctrl-C outside a run |
| 141 | the reader of stdout went away |

## Environment

| variable | meaning |
|---|---|
| `RUNBOOK_SLACK_TOKEN` | the bot token that messages are sent with; without it they wait in the outbox |
| `RUNBOOK_SLACK_URL` | another base URL for Slack's API |
| `NO_COLOR` | no colour |
"""


def pages(command: click.Command, name: str, above: click.Context | None) -> Iterator[tuple[str, str]]:
    """(full name, help text at 80 columns) of a command and of those below it."""
    with click.Context(command, info_name=name, parent=above, terminal_width=80, max_content_width=80) as ctx:
        ctx.obj = None
        ctx.help_option_names = ["-h", "--help"]
        yield ctx.command_path, command.get_help(ctx)
        if isinstance(command, click.Group):
            for below in command.list_commands(ctx):
                found = command.get_command(ctx, below)
                assert found is not None
                yield from pages(found, below, ctx)


def reference() -> str:
    """The whole page."""
    parts = [_HEAD]
    for path, text in pages(runbook, "runbook", None):
        level = "##" if " " not in path else "###"
        parts.append(f"{level} {path}\n\n```text\n{text.rstrip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
