"""`runbook outbox`: messages that went out, and those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.cli.groups import Group

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.incidents.messages import Message


@click.group(cls=Group, invoke_without_command=True, short_help="Messages that went out or wait; `outbox flush` sends.")
@options.as_json
@click.pass_context
def outbox(ctx: click.Context, as_json: bool) -> None:
    """List the messages that went out or wait."""
    if ctx.invoked_subcommand is not None:
        return
    from mlops_tui.session import messages as session

    project = options.opened(ctx)
    found = session.outbox(project)
    told(found, as_json, project.zone)
    if not as_json and any(m.open for m in found):
        page.talk(session.waiting_for(project) or "runbook outbox flush sends what waits", options.given(ctx))


@outbox.command(short_help="Send what waits (exit 1 when something could not be sent).")
@options.as_json
@click.pass_context
def flush(ctx: click.Context, as_json: bool) -> int:
    """Send what waits, in order per incident; exits 1 when something could not be sent.

    The token is read from RUNBOOK_SLACK_TOKEN; without one every message keeps waiting.
    """
    from mlops_tui.session import messages as session

    project = options.opened(ctx)
    report = session.flush(project)
    told(report.messages, as_json, project.zone)
    if not as_json and report.reason and report.messages:
        page.talk(report.reason, options.given(ctx))
    return 0 if all(m.state == "sent" for m in report.messages) else 1


def told(messages: tuple[Message, ...], as_json: bool, zone: ZoneInfo) -> None:
    """The messages as JSON, or as a paragraph each; the same words to several channels are told once."""
    if as_json:
        page.json({"schema": "runbook/outbox/1", "messages": [m.as_json() for m in messages]})
        return
    if not messages:
        page.talk("no messages")
        return
    look = page.here()
    same: dict[tuple[str, ...], list[Message]] = {}
    for m in messages:
        same.setdefault((m.incident, m.run, m.step, m.text, m.state, m.reason), []).append(m)
    page.data("\n\n".join(paragraph(group, look, zone) for group in same.values()))


def paragraph(group: list[Message], look: page.Look, zone: ZoneInfo) -> str:
    """State, incident and moment; whom it goes to; why it waits; its words: all of them while it waits, else one line."""
    from mlops_tui.core.window import both_zones

    first = group[0]
    when = both_zones(first.queued, zone)
    to = ", ".join(f"{m.to} ({m.channel})" if m.to else m.channel for m in group)
    doubled = " (may stand there twice)" if any(m.doubled for m in group) else ""
    attached = f", {page.plural(len(first.attachments), 'file')} attached" if first.attachments else ""
    lines = [
        look.paint(f"{first.incident} · {first.state}", "bold") + f" · {when}",
        page.wrapped(f"to {to}{attached}{doubled}", look.width),
        page.wrapped(f"why: {first.reason}" if first.reason else "", look.width),
        page.shortened(first.text, look.width, 0 if first.open else 1, "  | "),
    ]
    return "\n".join(line for line in lines if line)
