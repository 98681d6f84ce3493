"""`runbook models` and `runbook model NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from mlops_tui.session.models import ModelReport


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
@click.argument("name")
@options.as_json
@click.pass_context
def model(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the model NAME: its people, where its data comes from, its versions, what watches it."""
    from mlops_tui.session import models as session

    report = session.model(options.opened(ctx), name)
    if as_json:
        page.json(report.as_json())
        return
    page.data(told(report, page.here()))


def told(report: ModelReport, look: page.Look) -> str:
    """The model on one screen: first whom to call, then the chain, then what watches it."""
    spec = report.spec
    facts = [
        ("owner", f"{spec.owner.name} ({spec.owner.team})"),
        ("on call", ", ".join(spec.on_call)),
        ("downstream", ", ".join(spec.downstream)),
        ("log", spec.log.path or f"{spec.log.engine}: {spec.log.table}"),
        ("data until", report.as_of or "unknown"),
        ("decision", f"{spec.decision.column}, positive is {spec.decision.positive}"),
        ("segments", ", ".join(spec.log.segments)),
        ("runbooks", ", ".join(report.runbooks)),
    ]
    lines = [look.paint(report.id, "bold") + f" · {one_line(spec.description)}"]
    lines += [f"  {name.ljust(10)}  {one_line(value)}" for name, value in facts if value]
    lines += [f"  problem     {one_line(p)}" for p in report.problems]
    parts: dict[str, list[tuple[Any, ...]]] = {
        "FEATURES": [(n, f.type, f"v{f.version}", f.status, f.source, f.owner.name) for n, f in report.features.items()],
        "SOURCES": [(n, s.owner.name, s.owner.team, s.log.path) for n, s in report.sources.items()],
        "ALERTS": [(a.id, a.check, a.by and f"by {a.by}", a.compare, a.runbook) for a in (*spec.alerts, *spec.guardrails)],
        "VERSIONS": [
            (v.id, v.role, v.deployed and f"{v.deployed:%Y-%m-%d %H:%M}Z", v.deployed_by) for v in report.versions[-5:]
        ],
    }
    for title, rows in parts.items():
        if rows:
            lines += ["", look.paint(title, "bold"), page.columns(rows, [""] * len(rows[0]), look.limit).split("\n", 1)[1]]
    return "\n".join(lines)
