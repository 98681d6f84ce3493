"""`runbook drift MODEL`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page
from mlops_tui.core.finding import describe_slice

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mlops_tui.checks.comparison import Compared, Rates
    from mlops_tui.session.drift import DriftReport

MOST = 20
"""Columns in slices that are shown, the farthest from the reference first."""


@click.command(short_help="How far every column lies from its reference, by segment.")
@click.argument("model", shell_complete=options.complete("model"))
@click.option("--by", multiple=True, metavar="SEGMENT", help="A segment to cut by; may be repeated. All of them by default.")
@click.option("--whole", is_flag=True, help="Cut by no segment.")
@options.at
@click.option("--all", "everything", is_flag=True, help=f"Show every column in every slice, not only the first {MOST}.")
@options.as_json
@click.pass_context
def drift(
    ctx: click.Context, model: str, by: tuple[str, ...], whole: bool, at: str | None, everything: bool, as_json: bool
) -> None:
    """Measure how far each feature and the score of MODEL lie from the reference, as a whole and in each segment value.

    PSI (and how much of it chance alone would give), Jensen-Shannon, Kolmogorov-Smirnov, missing values and rates; the
    farthest first. It measures and does not judge: `runbook check` says what is a warning.
    """
    from mlops_tui.core.errors import UsageError
    from mlops_tui.session import drift as session

    if whole and by:
        raise UsageError("--whole and --by contradict each other", hint="say one of them")
    project = options.opened(ctx)
    report = session.drift(project, model, by=() if whole else by or None, at=at)
    if as_json:
        page.json(report.as_json())
        return
    page.data(told(report, project.zone, page.here(), None if everything else MOST))


def told(report: DriftReport, zone: ZoneInfo, look: page.Look, most: int | None) -> str:
    """The header, the table of columns, the table of rates."""
    from mlops_tui.core.window import both_zones, format_duration

    pair, columns, rates = report.comparison.pair, report.comparison.columns, report.comparison.rates
    about = f"data until {both_zones(report.windows.now, zone)} · newest row {format_duration(report.age)} old"
    about += f" · from {report.answered_from}"
    current, reference = (format_duration(w.length) for w in (pair.current, pair.baseline))
    head = [
        page.wrapped(f"{look.paint(report.model, 'bold')} · {about}", look.width, first=""),
        page.wrapped(f"the last {current} against the {reference} before {pair.baseline.end:%Y-%m-%d %H:%M}Z", look.width),
    ]
    shown = columns if most is None else columns[:most]
    names = ("COLUMN", "WHERE", "ROWS", "MISSING", "PSI", "BY CHANCE", "JS", "KS")
    lines = [*head, "", page.columns([_row(c) for c in shown], names, look.limit)]
    if len(columns) > len(shown):
        lines.append(f"  and {len(columns) - len(shown):,} more, nearer to the reference (--all)")
    if rates:
        titles = ("RATE OF", "ROWS", "BEFORE", "NOW", "CHANGE")
        listed = sorted(rates, key=lambda r: (bool(r.slice), -abs(_change(r) or 0.0)))
        lines += ["", page.columns([_rate(r) for r in (listed if most is None else listed[:most])], titles, look.limit)]
    return "\n".join(lines)


def _row(c: Compared) -> tuple[str, ...]:
    where = describe_slice(c.slice) if c.slice else "all"
    if c.psi is None:
        return (c.column, where, f"{c.n:,}", "-", "-", "-", "-", c.why)
    missing = f"{(c.missing or 0):.1%}" if (c.missing or c.missing_reference) else "-"
    if c.missing_reference and c.missing is not None:
        missing = f"{c.missing_reference:.1%} to {c.missing:.1%}"
    ks = "-" if c.ks is None else f"{c.ks:.3f}"
    return (c.column, where, f"{c.n:,}", missing, f"{c.psi:.3f}", f"{c.psi_floor or 0:.3f}", f"{c.js or 0:.3f}", ks)


def _rate(r: Rates) -> tuple[str, ...]:
    change = _change(r)
    before, now = ("-" if x is None else f"{x:.1%}" for x in (r.rate_reference, r.rate))
    moved = "-" if change is None else f"{100 * change:+.1f} points"
    return (describe_slice(r.slice) if r.slice else "all", f"{r.n:,}", before, now, moved)


def _change(r: Rates) -> float | None:
    return None if r.rate is None or r.rate_reference is None else r.rate - r.rate_reference
