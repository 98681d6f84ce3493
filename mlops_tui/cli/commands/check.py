"""`runbook check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.session.check import ModelCheck

MOST, LEAST = 15, 3
"""Findings of a model that are shown: those that are not OK, within these bounds."""


@click.command(short_help="What moved, and which alerts fire (exit 1 when one does).")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@options.at
@click.option("--all", "everything", is_flag=True, help="Show every finding, not only the worst of each model.")
@options.as_json
@click.pass_context
def check(ctx: click.Context, models: tuple[str, ...], at: str | None, everything: bool, as_json: bool) -> int:
    """Ask every declared question of the logs of each MODEL (all of them by default), and evaluate the alerts.

    Exits 1 when an alert fires and 0 when none does, whatever the findings' status. Reads only.
    """
    from mlops_tui.session import check as session

    project = options.opened(ctx)
    report = session.check(project, models, at=at)
    if as_json:
        page.json(report.as_json())
    else:
        for part in report.models:
            page.data(told(part, project.zone, page.here(), None if everything else MOST))
    return 1 if report.fired else 0


def told(part: ModelCheck, zone: ZoneInfo, look: page.Look, most: int | None) -> str:
    """One model: until when its data goes and how old it is, its alerts, its findings worst first."""
    from mlops_tui.core.window import both_zones, format_duration
    from mlops_tui.report.tables import findings_table

    head = look.paint(part.model, "bold")
    if part.windows is not None:
        head += f" · data until {both_zones(part.windows.now, zone)}"
    if part.age is not None:
        head += f" · newest row {format_duration(part.age)} old"
    lines = [head, *(f"  {look.paint('UNKNOWN', 'UNKNOWN')} {one_line(p)}" for p in part.problems)]
    for alert in part.alerts:
        word = look.paint("FIRED", "CRIT") if alert.fired else "quiet"
        lines.append(
            f"  {word}  {alert.alert_id}" + (f" → runbook run {alert.runbook}" if alert.fired and alert.runbook else "")
        )
        if alert.reason:
            lines.append(page.wrapped(alert.reason, look.width, indent="         "))
    if part.findings:
        bad = sum(f.bad for f in part.findings)
        shown = None if most is None else max(LEAST, min(most, bad))
        lines += ["", look.statuses(findings_table(part.findings, look.wide, most=shown))]
    return "\n".join([*lines, ""])
