"""`runbook incidents`, `runbook incident ID` and `runbook postmortem ID`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.incidents.incident import Incident


@click.command(short_help="List the incidents.")
@options.as_json
@click.pass_context
def incidents(ctx: click.Context, as_json: bool) -> None:
    """List the incidents, newest first."""
    from mlops_tui.session import incidents as session

    found = session.incidents(options.opened(ctx))
    if as_json:
        page.json({"schema": "runbook/incidents/1", "incidents": [head(i) for i in found]})
        return
    if not found:
        page.talk("no incidents")
        return
    names = ("INCIDENT", "STATUS", "SEVERITY", "MODEL", "ALERT", "OPENED", "TITLE")
    rows = [(i.id, i.status, i.severity, i.model, i.alert, _moment(i), i.title) for i in found]
    page.data(page.columns(rows, names, page.here().limit))


@click.command(short_help="Show one incident: timeline, findings, messages.")
@click.argument("name", metavar="ID")
@options.as_json
@click.pass_context
def incident(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the incident ID: who is on it, its timeline, the worst finding of each step."""
    from mlops_tui.session import incidents as session

    found = session.incident(options.opened(ctx), name)
    if as_json:
        page.json(whole(found))
        return
    page.data(told(found, page.here()))


@click.command(short_help="Show an incident's postmortem draft and where it lies.")
@click.argument("name", metavar="ID")
@options.as_json
@click.pass_context
def postmortem(ctx: click.Context, name: str, as_json: bool) -> None:
    """Print the postmortem draft of the incident ID on stdout, as Markdown; where its charts lie on stderr."""
    from mlops_tui.session import incidents as session

    draft = session.postmortem(options.opened(ctx), name)
    if as_json:
        page.json({"schema": "runbook/postmortem/1", "incident": draft.incident, "folder": draft.folder, "text": draft.text})
        return
    page.talk(f"the draft of {draft.incident}, its charts beside it: {draft.folder}")
    page.data(draft.text)


def head(found: Incident) -> dict[str, Any]:
    """An incident in a list, as JSON."""
    return {
        "id": found.id,
        "title": found.title,
        "model": found.model,
        "alert": found.alert,
        "severity": found.severity,
        "status": found.status,
        "opened_at": found.opened_at,
        "opened_by": found.opened_by,
        "replayed": found.replayed,
        "closed_at": found.closed_at,
        "closed_as": found.closed_as,
        "runs": list(found.runs),
    }


def whole(found: Incident) -> dict[str, Any]:
    """An incident as JSON, with its timeline and findings."""
    timeline = [{"at": e.at, "who": e.who, "kind": e.kind, "step": e.step, "text": e.text} for e in found.timeline]
    return (
        {"schema": "runbook/incident/1"}
        | head(found)
        | {
            "people": list(found.people),
            "roles": dict(found.roles),
            "timeline": timeline,
            "findings": [f.as_json() for f in found.findings],
            "messages": [m.as_json() for m in found.messages],
        }
    )


def told(found: Incident, look: page.Look) -> str:
    """An incident on one screen."""
    from mlops_tui.report.tables import findings_table

    opened = f"opened {_moment(found)}" + (" (replayed)" if found.replayed else "")
    lines = [
        look.paint(found.id, "bold") + f" · {one_line(found.title)}",
        f"  {found.status} · {found.severity} · {found.model} · {opened} by {one_line(found.opened_by)}",
    ]
    if found.findings:
        lines += ["", look.statuses(findings_table(found.findings, look.wide))]
    if found.timeline:
        rows = [(f"{e.at:%m-%d %H:%M:%S}Z", e.who, e.step, e.text) for e in found.timeline]
        lines += ["", page.columns(rows, ("WHEN", "WHO", "STEP", "WHAT"), look.limit)]
    return "\n".join(lines)


def _moment(found: Incident) -> str:
    return f"{found.opened_at:%Y-%m-%d %H:%M}Z"
