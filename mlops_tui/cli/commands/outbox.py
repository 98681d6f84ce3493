"""`runbook outbox`: messages that went out, and those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.incidents.messages import Message


@click.group(invoke_without_command=True, short_help="Messages that went out or wait; `outbox flush` sends.")
@options.as_json
@click.pass_context
def outbox(ctx: click.Context, as_json: bool) -> None:
    """List the messages that went out or wait."""
    if ctx.invoked_subcommand is not None:
        return
    from mlops_tui.session import messages as session

    told(session.outbox(options.opened(ctx)), as_json)


@outbox.command()
@options.as_json
@click.pass_context
def flush(ctx: click.Context, as_json: bool) -> int:
    """Send what waits, in order per incident; exits 1 when something could not be sent.

    The token is read from RUNBOOK_SLACK_TOKEN; without one every message keeps waiting.
    """
    from mlops_tui.session import messages as session

    report = session.flush(options.opened(ctx))
    told(report.messages, as_json)
    if not as_json and report.reason:
        page.talk(report.reason)
    return 0 if all(m.state == "sent" for m in report.messages) else 1


def told(messages: tuple[Message, ...], as_json: bool) -> None:
    """The messages as JSON, or as a table with the text's beginning."""
    if as_json:
        page.json({"schema": "runbook/outbox/1", "messages": [m.as_json() for m in messages]})
        return
    if not messages:
        page.talk("no messages")
        return
    rows = [(m.state, m.incident, m.to, m.channel, m.reason, one_line(m.text)) for m in messages]
    page.data(page.columns(rows, ("STATE", "INCIDENT", "TO", "CHANNEL", "WHY", "TEXT"), page.here().limit))
