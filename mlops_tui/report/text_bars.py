"""Categories against their reference, in characters: one row each, bar, reference mark and the three numbers."""

from __future__ import annotations

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(chart: Chart, width: int, height: int, *, ascii: bool = False) -> list[str]:  # noqa: A002
    """The rows of a `bars` chart: a legend with the columns' names, then at most `height - 1` categories.

    Where categories are left out, the last row says how many; the two last ones (missing, unseen) always stay.
    """
    before = {str(p.x): p.y for s in chart.of("reference") for p in s.points}
    after = {str(p.x): p.y for s in (*chart.of("current"), *chart.of("worst")) for p in s.points}
    names = list(dict.fromkeys([*before, *after]))
    names, gone = _shortened(names, max(height - 2, 3))
    side = min(max(cells.wide(n) for n in names) + 2, max(width // 3, 12))
    # Where both sides' numbers would leave no room for bars, the change alone stays.
    full = width - side - 28 >= 8
    room = width - side - (28 if full else 10)
    top = axis.y_domain(chart)[1]
    block, mark = ("#", "|") if ascii else ("█", "┃")
    legend = f"{block} now   {mark} reference" + (f"   {_sign(ascii)} moved most" if chart.highlight else "")
    heads = (f"{'before':>9}{'now':>9}" if full else "") + f"{'change':>10}"
    out = [cells.left(legend, width - len(heads)) + heads]
    for name in names:
        old, new = before.get(name), after.get(name)
        bar = list(cells.left(_bar((new or 0.0) / top * room, ascii), room))
        if old is not None:
            bar[min(int(old / top * room), room - 1)] = mark
        lead = _sign(ascii) if name in chart.highlight else " "
        change = axis.points(new - old) if old is not None and new is not None and chart.unit == "%" else ""
        sides = f"{_value(old, chart.unit):>9}{_value(new, chart.unit):>9}" if full else ""
        out.append(f"{lead}{cells.left(name, side - 2)} " + "".join(bar) + sides + f"{change:>10}")
    return [*out, f"  … {gone} more categories left out"] if gone else out


def _sign(ascii: bool) -> str:  # noqa: A002
    return ">" if ascii else "▶"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return axis.percent(value) if unit == "%" else axis.number(value, unit)


def _bar(length: float, ascii: bool) -> str:  # noqa: A002
    whole, part = divmod(round(length * 8), 8)
    if ascii:
        return "#" * round(length)
    return "█" * whole + (_EIGHTHS[part] if part else "")


def _shortened(names: list[str], most: int) -> tuple[list[str], int]:
    if len(names) <= most:
        return names, 0
    keep = [n for n in names[-2:] if n.startswith("(")]
    return names[: most - len(keep) - 1] + keep, len(names) - most + 1
