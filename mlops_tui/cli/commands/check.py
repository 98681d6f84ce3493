"""`runbook check`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.project import Project
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.page import NotifyReport

MOST, LEAST = 15, 3
"""Findings of a model that are shown: those that are neither OK nor FEW, within these bounds."""
_NOTIFY = (
    "Open one incident for each alert that fires and page its teams, with the chart and the line to type. What they know"
    " already is said again only when it is worse or after the alert's quiet period."
)
_WORDS = {"fired": "FIRED", "quiet": "quiet", "unknown": "UNKNOWN"}
_STYLES = {"FIRED": "CRIT", "quiet": "dim"}


@click.command(short_help="What moved, and which alerts fire (exit 1 when one does).")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=options.complete("model"))
@options.at
@click.option("--all", "everything", is_flag=True, help="Show every finding, not only the worst of each model.")
@click.option("--notify", is_flag=True, help=_NOTIFY)
@options.as_json
@click.pass_context
def check(ctx: click.Context, models: tuple[str, ...], at: str | None, everything: bool, notify: bool, as_json: bool) -> int:
    """Ask every declared question of the logs of each MODEL (all of them by default), and evaluate the alerts.

    Exits 1 when an alert fires and 0 when none does, whatever the findings' status. Reads only, unless --notify is given.
    """
    from mlops_tui.session import check as session

    project = options.opened(ctx)
    paged = None
    if notify:
        from mlops_tui.session import page as pages

        paged = pages.notify(project, models, at=at)
    report = paged.check if paged is not None else session.check(project, models, at=at)
    fired = paged.fired if paged is not None else report.fired
    if as_json:
        page.json((paged or report).as_json())
        return 1 if fired else 0
    look = page.here()
    parts = [told(part, project.zone, look, None if everything else MOST) for part in report.models]
    if paged is None:
        parts += following(session.follow_ups(project, report), options.again(ctx), at)
    else:
        parts += pages_told(paged)
    if parts:
        page.data("\n\n".join(parts))
    else:
        page.talk("the inventory names no model yet")
    if report.unreadable:
        blind = [m.model for m in report.models if m.windows is None]
        page.talk(f"could not be looked at: {', '.join(blind)}; their alerts say nothing")
    if paged is not None:
        _waiting(ctx, project, paged)
    return 1 if fired else 0


def pages_told(report: NotifyReport) -> list[str]:
    """What became of each alert that fires or fired, as one part of the page; none where all is quiet."""
    from mlops_tui.cli.commands.watch import line

    known = [p for p in report.paged if p.act != "quiet" and (p.incident or p.act == "pending")]
    told = [
        f"{p.incident or 'no page'}  {p.alert} of {p.model}: {p.why}" if p.act in ("hold", "pending", "blind") else line(p)
        for p in known
    ]
    return ["\n".join(told)] if told else []


def _waiting(ctx: click.Context, project: Project, report: NotifyReport) -> None:
    """On stderr: whom nobody could reach, and why messages wait."""
    from mlops_tui.session.page import waits

    for paged in report.paged:
        for problem in paged.problems:
            page.talk(f"{paged.alert} of {paged.model}: {problem}")
    if waiting := waits(project, report.sent):
        page.talk(waiting, options.given(ctx))


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
        # when a move began, and how usual it is, summaries do not hold: it is asked of the rows
        about.append("from summaries and rows" if part.answered_from == "summaries" else "from rows")
    first = page.wrapped(" · ".join([part.model, *about]), look.width, first="").replace(
        part.model, look.paint(part.model, "bold"), 1
    )
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
