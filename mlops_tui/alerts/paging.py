"""Does an alert that fires page anybody? Once when it begins, again when it is worse or after its quiet period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mlops_tui.alerts.evaluate import AlertResult
from mlops_tui.core.finding import Finding, describe_slice
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import format_duration
from mlops_tui.incidents.paging import Paging, Sighting, sighted
from mlops_tui.inventory.types import Alert

QUIET = timedelta(hours=4)
"""How long an alert that declares no `quiet` says nothing new while it is no worse (Alertmanager's repeat_interval)."""
WORSE = 1.5
"""How many times as large a move must be to be worse; and beyond what the paged interval allowed already."""

Act = Literal["quiet", "pending", "page", "hold", "note", "resolve", "blind"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about an alert, and why in words.

    quiet: nothing fires and nothing did; pending: it does not yet fire for as long as `for` says; page: tell the teams;
    hold: it still fires, and they know; note: it fires again within its quiet period: written down, nobody is paged;
    resolve: it is quiet again; blind: it fired, and cannot be measured now.
    """

    act: Act
    why: str
    firing: tuple[Finding, ...] = ()


def decide(
    alert: Alert,
    result: AlertResult,
    paging: Paging,
    *,
    now: datetime,
    held: AlertResult | None = None,
    closed: datetime | None = None,
) -> Decision:
    """What to do about the alert at the moment `now`.

    `paging` is what its incident knows (an empty one where there is none), `held` its verdict against the incident's frozen
    baseline where the plain one is quiet, `closed` when the incident was closed (nobody is paged anew for what went on
    through that, unless it is worse, or quiet for long enough).
    """
    firing = result.firing or (held.firing if held is not None else ())
    if not firing:
        return _silent(result, held, paging)
    waits = _pending(alert, firing, now)
    if not paging.pages:
        return Decision("pending", waits, firing) if waits else Decision("page", "it fires", firing)
    if worse := worst_news(paging, firing):
        return Decision("page", worse, firing)
    quiet = alert.quiet if alert.quiet is not None else QUIET
    told = max(m for m in (paging.last, closed) if m is not None) if paging.last else now
    if closed is not None and not paging.firing:
        return Decision("page", "it fires again", firing)
    if now - told >= quiet:
        again = "it still fires" if paging.firing else "it fires again"
        return Decision("page", f"{again}, {format_duration(now - told)} after the last word", firing)
    left = f"paged {format_duration(max(now - told, timedelta(0)))} ago, and no worse"
    return Decision("hold" if paging.firing else "note", left, firing)


def worst_news(paging: Paging, firing: Iterable[Finding]) -> str:
    """What is worse than anybody was told: a thing nobody was paged for, or one half as large again. Empty for nothing."""
    for finding in firing:
        where = one_line(describe_slice(finding.slice), most=80)
        known = paging.seen.get(sighted(finding))
        if known is None:
            return f"it spread: {one_line(finding.target, most=60)}, {where}"
        now = Sighting.of(finding)
        if now.size >= WORSE * known.size and now.size > known.far:
            return f"it is worse: {one_line(finding.target, most=60)}, {where}"
    return ""


def _silent(result: AlertResult, held: AlertResult | None, paging: Paging) -> Decision:
    if not paging.firing:
        return Decision("blind" if result.blind else "quiet", result.reason)
    if result.blind or (held is not None and held.blind):
        return Decision("blind", (held or result).reason if not result.blind else result.reason)
    return Decision("resolve", (held or result).reason)


def _pending(alert: Alert, firing: Iterable[Finding], now: datetime) -> str:
    """Why the alert waits for its `for`; empty where it has lasted, or where nobody can tell since when."""
    onsets = [f.onset for f in firing if f.onset is not None]
    if alert.for_ is None or not onsets or now - min(onsets) >= alert.for_:
        return ""
    return f"it fires since {format_duration(now - min(onsets))}, and pages after {format_duration(alert.for_)}"
