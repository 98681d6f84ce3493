"""`runbook incident ID`, and what people do to one: `note`, `severity`, `close`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.cli.groups import Group

if TYPE_CHECKING:
    from mlops_tui.session.acts import Done

_ENDINGS = ("resolved", "false_alarm")


class OfOne(Group):
    """A group whose own options may stand behind its argument: `incident INC-7 --json`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it, with the flags that follow the ID put before it."""
        flags = 1
        while flags < len(args) and args[flags].startswith("-"):
            flags += 1
        return super().parse_args(ctx, [*args[1:flags], *args[:1], *args[flags:]])


@click.group(
    cls=OfOne,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    short_help="Show one incident, note something, set its severity, close it.",
)
@click.argument("name", metavar="ID", shell_complete=options.complete("incident"))
@options.as_json
@click.pass_context
def incident(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the incident ID: who is on it, its timeline, the worst finding of each step; or do something to it."""
    if ctx.invoked_subcommand is not None:
        return
    from mlops_tui.cli.commands import incidents as shown
    from mlops_tui.session import incidents as session

    project = options.opened(ctx)
    found = session.incident(project, name)
    if as_json:
        page.json(shown.whole(found))
        return
    made = session.files(project, name)
    lines = [page.filed(a.kind, project.root, a.path) for a in made]
    drafted = any(a.kind == shown.DRAFT for a in made)
    page.data(shown.told(found, project.zone, page.here(), options.again(ctx), lines, drafted=drafted))


@incident.command(short_help="Put a note into the timeline.")
@click.argument("text", nargs=-1, required=True)
@click.pass_context
def note(ctx: click.Context, text: tuple[str, ...]) -> None:
    """Put TEXT into the incident's timeline; also while somebody else drives its run, and after it was closed."""
    from mlops_tui.session import acts

    told(ctx, acts.note(options.opened(ctx), _id(ctx), " ".join(text)))


@incident.command(short_help="Set the severity.")
@click.argument("level", metavar="SEV1|SEV2|SEV3|SEV4")
@click.option("--why", metavar="TEXT", default="", help="The reason, for the timeline and the thread.")
@click.pass_context
def severity(ctx: click.Context, level: str, why: str) -> None:
    """Set the incident's severity; its thread is told."""
    from mlops_tui.session import acts

    told(ctx, acts.severity(options.opened(ctx), _id(ctx), level, why))


@incident.command(short_help="Close it.")
@click.option("--as", "ending", type=click.Choice(_ENDINGS), default="resolved", show_default=True, help="How it ended.")
@click.option("--why", metavar="TEXT", default="", help="The reason, for the timeline and the thread.")
@click.pass_context
def close(ctx: click.Context, ending: str, why: str) -> None:
    """Close the incident; its thread is told. Refused while a run of it is under way or a write of it is unsettled."""
    from mlops_tui.session import acts

    told(ctx, acts.close(options.opened(ctx), _id(ctx), ending, why))


def told(ctx: click.Context, done: Done) -> None:
    """One sentence on stdout; on stderr what to mind, and why the thread does not know yet."""
    from mlops_tui.session.page import waits

    page.data(done.said)
    if done.warning:
        page.talk(done.warning)
    project = options.opened(ctx)
    if waiting := waits(project, done.sent):
        page.talk(waiting, options.given(ctx))


def _id(ctx: click.Context) -> str:
    assert ctx.parent is not None
    return str(ctx.parent.params["name"])
