"""`runbook check`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.session.check import ModelCheck

MOST, LEAST = 15, 3
"""Findings of a model that are shown: those that are neither OK nor FEW, within these bounds."""
_WORDS = {"fired": "FIRED", "quiet": "quiet", "unknown": "UNKNOWN"}
_STYLES = {"FIRED": "CRIT", "quiet": "dim"}


@click.command(short_help="What moved, and which alerts fire (exit 1 when one does).")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=options.complete("model"))
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
        return 1 if report.fired else 0
    look = page.here()
    parts = [told(part, project.zone, look, None if everything else MOST) for part in report.models]
    parts += following(session.follow_ups(project, report), options.again(ctx), at)
    if parts:
        page.data("\n\n".join(parts))
    else:
        page.talk("the inventory names no model yet")
    if report.unreadable:
        blind = [m.model for m in report.models if m.windows is None]
        page.talk(f"could not be looked at: {', '.join(blind)}; their alerts say nothing")
    return 1 if report.fired else 0


def following(commands: Sequence[str], again: str, at: str | None) -> list[str]:
    """What to type next, as one part of the page; none where no alert fires."""
    moment = f" --at {shlex.quote(at)}" if at else ""
    lines = [f"{'next:' if i == 0 else '':6}{again} {command}{moment}" for i, command in enumerate(commands)]
    return ["\n".join(lines)] if lines else []


def told(part: ModelCheck, zone: ZoneInfo, look: page.Look, most: int | None) -> str:
    """One model: until when its data goes and how old it is, its alerts, its findings worst first."""
    from mlops_tui.report.tables import findings_table

    lines = [*head(part, zone, look), *alerts(part, look)]
    if part.findings:
        bad = sum(f.bad and f.status != "insufficient" for f in part.findings)
        shown = None if most is None else max(LEAST, min(most, bad))
        lines += ["", look.statuses(findings_table(part.findings, look.wide, most=shown))]
    return "\n".join(lines)


def head(part: ModelCheck, zone: ZoneInfo, look: page.Look) -> list[str]:
    """The model's name, until when its data goes and how old that is; or why it could not be looked at."""
    from mlops_tui.core.window import both_zones, format_duration

    about = []
    if part.windows is not None:
        about.append(f"data until {both_zones(part.windows.now, zone)}")
    if part.age is not None:
        about.append(f"newest row {format_duration(part.age)} old")
    first = " · ".join([look.paint(part.model, "bold"), *about])
    word = look.paint("UNKNOWN", "UNKNOWN")
    problems = [page.wrapped(p, look.width, " " * 11, "  UNKNOWN  ").replace("UNKNOWN", word, 1) for p in part.problems]
    return [first, *problems]


def alerts(part: ModelCheck, look: page.Look) -> list[str]:
    """Each alert: whether it fires, and why."""
    lines = []
    for alert in part.alerts:
        word = _WORDS[alert.state]
        lines.append(f"  {look.paint(word, _STYLES.get(word, word))}{' ' * (9 - len(word))}{alert.alert_id}")
        if part.windows is not None:
            lines.append(page.wrapped(alert.reason, look.width, indent=" " * 11))
    return lines
