"""`seasonality: true`: a move since the day before counts only where the same hours a week earlier confirm it."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.core.finding import Finding, Status, describe_slice

_MILD: tuple[Status, ...] = ("ok", "warn", "crit")


def tempered(found: Sequence[Finding], week: Sequence[Finding]) -> list[Finding]:
    """Day-over-day Findings, each no worse than the week-over-week one of the same slice says in the same direction.

    A Monday that differs from its Sunday as Mondays do is `ok`. Where the week before cannot tell (too few rows), the
    move stands as it is, and says so.
    """
    other = {(f.target, describe_slice(f.slice)): f for f in week}
    return [_held(f, other.get((f.target, describe_slice(f.slice)))) if f.status in ("warn", "crit") else f for f in found]


def _held(finding: Finding, week: Finding | None) -> Finding:
    text = finding.summary.rstrip(".")
    if week is None or week.status in ("insufficient", "unknown"):
        return finding.but(summary=f"{text}; the same hours a week earlier cannot tell whether that is the usual course.")
    opposed = {finding.direction, week.direction} == {"up", "down"}
    status = "ok" if opposed or week.status not in _MILD else min(finding.status, week.status, key=_MILD.index)
    if status == finding.status:
        return finding.but(summary=f"{text}; the same hours a week earlier confirm it.")
    what = "the usual course of the week" if status == "ok" else "less of a move"
    return finding.but(
        status=status,
        onset=None if status == "ok" else finding.onset,
        summary=f"{text}; against the same hours a week earlier it is {what}.",
    )
