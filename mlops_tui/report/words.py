"""A Finding's numbers in words, in the Finding's own unit. Pure functions; one place, so that screens and drafts agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from mlops_tui.core.finding import Finding
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import Window, format_duration
from mlops_tui.report import cells

_SHORT: Mapping[str, str] = {
    "decision_rate": "decision rate",
    "score_drift": "score drift",
    "feature_drift": "drift",
    "missing_rate": "missing",
}
_NONE = "-"


def value(number: float | None, unit: str) -> str:
    """A value: `61.2%` for `pp` and `%`, `20m` for `s`, `1,234` for `rows`, three digits for the rest, `-` for None."""
    if number is None:
        return _NONE
    if unit in ("pp", "%"):
        return f"{number * 100:.1f}%"
    if unit == "s":
        return format_duration(timedelta(seconds=number))
    if unit == "rows":
        return f"{number:,.0f}"
    if unit == "psi":
        return f"{number:.2f}" if number >= 0.095 else f"{number:.1g}"
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def signed(number: float | None, unit: str) -> str:
    """A change with its sign: `-20.9pp`, `+12.0%` (for rows too, whose change is relative), `+2h`; `-` for None."""
    if number is None:
        return _NONE
    if unit in ("pp", "%", "rows"):
        return f"{round(number * 100, 1) + 0.0:+.1f}{'%' if unit == 'rows' else unit}"
    if unit == "s":
        text = format_duration(timedelta(seconds=number))
        return text if text.startswith("-") else f"+{text}"
    return f"{number:+.3g}"


def change(finding: Finding) -> str:
    """What moved by how much; the bare value with its unit where nothing is held against it."""
    if finding.change is not None and finding.unit != "psi":
        return signed(finding.change, finding.unit)
    shown = value(finding.value, finding.unit)
    return f"{finding.unit} {shown}" if finding.unit == "psi" and finding.value is not None else shown


def interval(finding: Finding) -> str:
    """The 95 % interval in the unit of `change`, without repeating it: `-22.4..-19.4`."""
    if finding.interval is None:
        return _NONE
    of_change = finding.change is not None
    return "..".join(signed(v, finding.unit).rstrip("%p") if of_change else value(v, finding.unit) for v in finding.interval)


def where(slice_: Mapping[str, str], letters: int = 60) -> str:
    """`region=ES, channel=web`, or `all`; the dimensions' names in at most so many `letters`, their values whole."""
    return ", ".join(f"{cells.cut(one_line(k), letters)}={one_line(v)}" for k, v in sorted(slice_.items())) or "all"


def what(finding: Finding) -> str:
    """What was measured, short, what it is of last, since that end is cut: `decision rate`, `drift bank_label`."""
    name = _SHORT.get(finding.check_name, finding.check_name)
    target = one_line(finding.target)
    if finding.check_name in ("decision_rate", "score_drift") or target in ("", finding.model, finding.check_name):
        return name
    return f"{name} {target}"


def fitted_where(slice_: Mapping[str, str], width: int) -> str:
    """The slice in at most `width` columns where that can be: the dimensions' names give way before their values do."""
    for most in (60, *range(20, 1, -1)):
        text = where(slice_, most)
        if cells.wide(text) <= width:
            break
    return cells.cut(text, width)


def against(finding: Finding) -> str:
    """What the current window was held against: `day before`, `week before`, `reference`; empty where nothing was."""
    if finding.window is None or finding.reference is None:
        return ""
    back = finding.window.start - finding.reference.start
    if finding.window.length == finding.reference.length:
        days = {timedelta(days=1): "day before", timedelta(days=7): "week before"}
        return days.get(back, "reference")
    return "reference"


def moment(at: datetime | None, *, year: bool = False) -> str:
    """A moment in UTC: `10-13 09:00Z`, or with its year."""
    if at is None:
        return _NONE
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z" if year else f"{at.astimezone(UTC):%m-%d %H:%M}Z"


def span(window: Window) -> str:
    """A window: `2026-10-13 03:00Z to 10-14 03:00Z`, or only days where it runs from midnight to midnight."""
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    days = all((t.hour, t.minute, t.second) == (0, 0, 0) for t in (start, end))
    first = f"{start:%Y-%m-%d}" if days else f"{start:%Y-%m-%d %H:%M}Z"
    day = "%m-%d" if start.year == end.year else "%Y-%m-%d"
    return f"{first} to {end:{day}}" if days else f"{first} to {end:{day} %H:%M}Z"


def measures(finding: Finding) -> str:
    """The distances that a drift finding carries: `PSI 0.41 (0.01 by chance alone), JS 0.29, KS 0.18.`"""
    known = finding.measures
    psi = known.get("psi") if known.get("psi") is not None else finding.value if finding.unit == "psi" else None
    parts = []
    if psi is not None:
        floor = known.get("psi_floor")
        parts.append(f"PSI {value(psi, 'psi')}" + (f" ({value(floor, 'psi')} by chance alone)" if floor is not None else ""))
    parts += [f"{k.upper()} {v:.2g}" for k in ("js", "ks") if (v := known.get(k)) is not None]
    return ", ".join(parts) + "." if parts else ""
