"""`runbook incidents` and `runbook postmortem ID`; how an incident is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import both_zones

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.incidents.incident import Incident
    from mlops_tui.incidents.timeline import Entry

DRAFT = "markdown"


@click.command(short_help="List the incidents.")
@options.as_json
@click.pass_context
def incidents(ctx: click.Context, as_json: bool) -> None:
    """List the incidents, newest first."""
    from mlops_tui.session import incidents as session

    project = options.opened(ctx)
    found = session.incidents(project)
    if as_json:
        page.json({"schema": "runbook/incidents/1", "incidents": [head(i) for i in found]})
        return
    if not found:
        page.talk("no incidents")
        return
    names = ("INCIDENT", "STATUS", "SEVERITY", "MODEL", "ALERT", "OPENED", "ACKED", "TITLE")
    rows = [
        (i.id, i.status, i.severity, i.model, alerted(i), f"{i.opened_at:%Y-%m-%d %H:%M}Z", acked(i), i.title) for i in found
    ]
    page.data(page.columns(rows, names, page.here().limit))


@click.command(short_help="Show an incident's postmortem draft and where it lies.")
@click.argument("name", metavar="ID", shell_complete=options.complete("incident"))
@click.option(
    "--format",
    "form",
    type=click.Choice(("md", "html", "json")),
    default="md",
    show_default=True,
    help="Markdown, a page that opens from disk without a network, or JSON with the facts.",
)
@options.as_json
@click.pass_context
def postmortem(ctx: click.Context, name: str, form: Literal["md", "html", "json"], as_json: bool) -> None:
    """Print the postmortem draft of the incident ID on stdout; where it and its charts lie on stderr."""
    from mlops_tui.session import incidents as session

    project = options.opened(ctx)
    draft = session.postmortem(project, name, form="html" if form == "html" and not as_json else "md")
    if as_json or form == "json":
        said = {"incident": draft.incident, "folder": draft.folder, "facts": draft.facts, "text": draft.text}
        page.json({"schema": "runbook/postmortem/1"} | said)
        return
    page.talk(f"the draft of {draft.incident} and its charts lie in {page.place(project.root, draft.folder)}")
    page.data(draft.text)


def alerted(found: Incident) -> str:
    """The incident's alert, and whether it still fires where that is known."""
    state = {True: " (fires)", False: " (quiet)", None: ""}[found.firing if found.status == "open" else None]
    return f"{found.alert or '-'}{state}"


def acked(found: Incident) -> str:
    """Who acknowledged it last, and when; `no` where nobody did that should."""
    if not found.acks:
        return "no" if found.status == "open" and found.firing else "-"
    last = found.acks[-1]
    return f"{last.who} {last.at:%m-%d %H:%M}Z"


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
        "firing": found.firing,
        "acked": [{"at": a.at, "who": a.who, "note": a.note} for a in found.acks],
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


def told(
    found: Incident, zone: ZoneInfo, look: page.Look, again: str, files: Sequence[str] = (), *, drafted: bool = False
) -> str:
    """An incident on one screen. `again` is how this project is called, `files` are the lines of its charts and drafts."""
    from mlops_tui.report.tables import findings_table

    replayed = " (replayed)" if found.replayed else ""
    closed = f" as {one_line(found.closed_as).replace('_', ' ')}" if found.closed_as else ""
    about = f"{found.status}{closed} · {found.severity} · {found.model} · alert {alerted(found)}"
    opened = f"opened {both_zones(found.opened_at, zone)} by {found.opened_by}{replayed}"
    lines = [
        look.paint(found.id, "bold") + f" · {one_line(found.title)}",
        page.wrapped(f"{about} · {opened}", look.width),
        page.wrapped("people: " + ", ".join(found.people), look.width),
    ]
    for seen in found.acks:
        said = f"acknowledged by {seen.who} at {both_zones(seen.at, zone)}" + (f": {seen.note}" if seen.note else "")
        lines.append(page.wrapped(said, look.width))
    if found.findings:
        lines += ["", look.statuses(findings_table(found.findings, look.wide))]
    if found.timeline:
        rows = [(f"{e.at:%m-%d %H:%M:%S}Z", e.who, e.step, _bare(e)) for e in found.timeline]
        lines += ["", page.columns(rows, ("WHEN", "WHO", "STEP", "WHAT"), look.limit, most=2)]
    if files:
        lines += ["", *files]
    return "\n".join([*lines, *following(found, drafted, again)])


def following(found: Incident, drafted: bool, again: str) -> list[str]:
    """What to type next: to read the draft, to send what waits."""
    waiting = sum(m.open for m in found.messages)
    commands = [f"postmortem {found.id}"] if drafted else []
    commands += ["outbox"] if waiting else []
    notes = {"outbox": f"    ({page.plural(waiting, 'message')} waiting)"}
    lines = [f"{'next:' if i == 0 else '':6}{again} {c}{notes.get(c, '')}" for i, c in enumerate(commands)]
    return ["", *lines] if lines else []


def _bare(entry: Entry) -> str:
    """An entry's text without the step's name, which has a column of its own."""
    return entry.text.removeprefix(f"step {entry.step}: ") if entry.step else entry.text
