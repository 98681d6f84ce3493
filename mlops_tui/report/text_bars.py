"""Categories against their reference, in characters: one row each, bar, reference mark and the three numbers."""

from __future__ import annotations

from mlops_tui.report import axis, cells
from mlops_tui.report.chart import Chart
from mlops_tui.report.text_parts import as_number

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bars(chart: Chart, width: int, height: int, *, ascii: bool = False) -> list[str]:  # noqa: A002
    """The rows of a `bars` chart: a legend with the columns' names, then at most `height - 1` categories.

    Where categories are left out, the last row says how many; the two last ones (missing, unseen) always stay.
    """
    before = {str(p.x): p.y for s in chart.of("reference") for p in s.points}
    after = {str(p.x): p.y for s in (*chart.of("current"), *chart.of("worst")) for p in s.points}
    bounds = {
        str(p.x): p.hi for s in chart.series for p in s.points if p.y is None and p.hi is not None and s.role != "reference"
    }
    names = list(dict.fromkeys([*before, *after]))
    names, gone = _shortened(names, max(height - 2, 3))
    side = min(max(cells.wide(n) for n in names) + 2, max(width // 3, 12))
    # Where both sides' numbers would leave no room for bars, the change (or the value) alone stays.
    changes = chart.unit == "%"
    full = width - side - 28 >= 8
    tail = 28 if full and changes else 18 if full else 10
    room = width - side - tail
    top = axis.y_domain(chart)[1]
    block, mark = ("#", "|") if ascii else ("█", "┃")
    shown, held, loud = ("now", "reference", "moved most") if changes else (*_names(chart), "moved")
    bars_ = [(int(as_number(m.x) / top * room), m) for m in chart.marks]
    bars_ = [(column, m) for column, m in bars_ if 0 <= column < room]
    cut = "!" if ascii else "┊"
    legend = f"{block} {shown}   {mark} {held}" + (f"   {_sign(ascii)} {loud}" if chart.highlight else "")
    legend += f"   {cut} {', '.join(m.label for _, m in bars_)}" if bars_ else ""
    heads = (f"{'before':>9}{'now':>9}{'change':>10}" if full else f"{'change':>10}") if changes else f"{shown:>{tail}}"
    out = [cells.left(legend, width - len(heads)) + heads]
    for name in names:
        old, new = before.get(name), after.get(name)
        bar = list(cells.left(_bar((new or 0.0) / top * room, ascii), room))
        for column, _ in bars_:
            bar[column] = cut if bar[column] == " " else bar[column]
        if old is not None:
            bar[min(int(old / top * room), room - 1)] = mark
        lead = _sign(ascii) if name in chart.highlight else " "
        change = axis.points(new - old) if old is not None and new is not None else ""
        told = _bound(new, bounds.get(name), chart.unit)
        numbers = (f"{_value(old, chart.unit):>9}{told:>9}" if full else "") + f"{change:>10}" if changes else f"{told:>{tail}}"
        out.append(f"{lead}{cells.left(name, side - 2)} " + "".join(bar) + numbers)
    return [*out, f"  … {gone} more categories left out"] if gone else out


def _sign(ascii: bool) -> str:  # noqa: A002
    return ">" if ascii else "▶"


def _names(chart: Chart) -> tuple[str, str]:
    """What the bars and what the marks on them are, where they are no shares."""
    bars_, marks = [*chart.of("current"), *chart.of("worst")], chart.of("reference")
    return (bars_[0].shown if bars_ else "now"), (marks[0].shown if marks else "reference")


def _bound(value: float | None, bound: float | None, unit: str) -> str:
    return f"<{_value(bound, unit)}" if value is None and bound is not None else _value(value, unit)


def _value(value: float | None, unit: str) -> str:
    return "-" if value is None else axis.measured(value, unit)


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
