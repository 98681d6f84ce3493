"""`runbook models` and `runbook model NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.session.models import ModelReport

LAST_VERSIONS = 5
"""So many versions are shown, the newest first."""


@click.command(short_help="List the models and who answers for them.")
@options.as_json
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the models of the inventory and who answers for them."""
    from mlops_tui.session import models as session

    report = session.models(options.opened(ctx))
    if as_json:
        page.json(report.as_json())
        return
    if not report.models:
        page.talk("the inventory names no model yet")
        return
    head = ("MODEL", "OWNER", "ON CALL", "ALERTS", "WHAT IT DOES")
    rows = [(m.id, m.owner, ", ".join(m.on_call), m.alerts, m.description) for m in report.models]
    page.data(page.columns(rows, head, page.here().limit))


@click.command(short_help="Show one model: people, logs, versions, alerts.")
@click.argument("name", shell_complete=options.complete("model"))
@options.as_json
@click.pass_context
def model(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the model NAME: its people, where its data comes from, its versions, what watches it."""
    from mlops_tui.session import models as session

    project = options.opened(ctx)
    report = session.model(project, name)
    if as_json:
        page.json(report.as_json())
        return
    page.data(told(report, project.zone, page.here()))


def told(report: ModelReport, zone: ZoneInfo, look: page.Look) -> str:
    """The model on one screen: first whom to call, then the chain, then what watches it."""
    spec = report.spec
    facts = [
        ("owner", f"{spec.owner.name} ({spec.owner.team})"),
        *(("on call", person) for person in contacts(report)),
        ("downstream", ", ".join(spec.downstream)),
        ("log", spec.log.path or f"{spec.log.engine}: {spec.log.table}"),
        ("data until", until(report, zone)),
        ("decision", f"{spec.decision.column}, positive is {spec.decision.positive}"),
        ("segments", ", ".join(spec.log.segments)),
        ("runbooks", ", ".join(report.runbooks)),
        *(("problem", problem) for problem in report.problems),
    ]
    lines = [look.paint(report.id, "bold") + f" · {one_line(spec.description)}"]
    before = ""
    for name, value in facts:
        if value:
            label = "" if name == before else name
            lines.append(page.wrapped(value, look.width, " " * 14, f"  {label:10}  "))
            before = name
    for head, rows in tables(report).items():
        if rows:
            lines += ["", page.columns(rows, head, look.limit)]
    return "\n".join(lines)


def contacts(report: ModelReport) -> list[str]:
    """A line for each team on call: its people, its channel, where it says who has duty now."""
    lines = []
    for name, team in report.on_call.items():
        parts = [", ".join(m.name for m in team.members), team.slack or "no channel", team.on_call_now or ""]
        lines.append(f"{name}: " + " · ".join(p for p in parts if p))
    return lines


def until(report: ModelReport, zone: ZoneInfo) -> str:
    """Until when the data goes, in both zones, and how old its newest row is."""
    from mlops_tui.core.window import both_zones, format_duration

    if report.now is None:
        return "unknown"
    old = f", newest row {format_duration(report.age)} old" if report.age is not None else ""
    return both_zones(report.now, zone) + old


def tables(report: ModelReport) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """Features, sources, alerts and the last versions, by the heads of their columns."""
    spec = report.spec
    return {
        ("FEATURE", "TYPE", "VERSION", "STATUS", "SOURCE", "OWNER"): [
            (n, f.type, f.version, f.status, f.source or "-", f.owner.name) for n, f in report.features.items()
        ],
        ("SOURCE", "OWNER", "TEAM", "LOG"): [(n, s.owner.name, s.owner.team, s.log.path) for n, s in report.sources.items()],
        ("ALERT", "CHECK", "BY", "AGAINST", "RUNBOOK"): [
            (a.id, a.check, a.by or "-", (a.compare or "reference").replace("_", " "), a.runbook or "-")
            for a in spec.watched_by
        ],
        ("MODEL VERSION", "ROLE", "DEPLOYED", "BY"): [
            (v.id, v.role, f"{v.deployed:%Y-%m-%d %H:%M}Z" if v.deployed else "-", v.deployed_by or "-")
            for v in reversed(report.versions[-LAST_VERSIONS:])
        ],
    }
