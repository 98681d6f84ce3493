"""Tables for a terminal: findings by rank, and the result of a query. Every text in them is made harmless first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mlops_tui.core.finding import STATUS_WORDS, Finding
from mlops_tui.core.leave import one_line
from mlops_tui.report import cells, words

GAP = "  "
_INDENT = " " * 9
_HELD = {"day before": "1d", "week before": "7d", "reference": "ref"}
_LEAST = 8
_LEAST_WHERE = 12
_MOST_CELL = 60


def findings_table(findings: Iterable[Finding], width: int = 80, *, most: int | None = None) -> str:
    """Findings as a table, the worst first: status, where, what, (against, before, now,) change, 95 % interval, since.

    What it was held against, before and now are shown from 100 columns on; below that only what tells two rows apart. A
    finding that could not be measured, of too few rows or about the log itself has its reason below. `most` cuts the table
    and says what was left out.
    """
    ranked = sorted(findings, key=lambda f: f.rank)
    shown = ranked if most is None else ranked[:most]
    if not shown:
        return "no findings"
    roomy = width >= 100
    names = ["STATUS", "WHERE", "WHAT", *(["AGAINST", "BEFORE", "NOW"] if roomy else []), "CHANGE", "95%", "SINCE"]
    rows = [_finding_row(f, roomy) for f in shown]
    if not roomy:
        _tell_apart(rows, shown)
    aligned = "lll" + ("lrr" if roomy else "") + "rrl"
    widths = _fitted(_natural(names, rows), width, shrink=(1,), least=_LEAST_WHERE)
    widths = _fitted(widths, width, shrink=(1, 2))
    out = [_line(names, widths, aligned)]
    for finding, row in zip(shown, rows, strict=True):
        row[1] = words.fitted_where(finding.slice, widths[1])
        out.append(_line(row, widths, aligned))
        out += _reason(finding, width)
    if len(ranked) > len(shown):
        out.append(_left_out(ranked[len(shown) :]))
    return "\n".join(out)


def _finding_row(finding: Finding, roomy: bool) -> list[str]:
    status = STATUS_WORDS[finding.status]
    sides = [words.against(finding) or "-", *(words.value(v, finding.unit) for v in (finding.baseline, finding.value))]
    since = "recovery" if finding.recovery else words.moment(finding.onset)
    return [
        status,
        words.where(finding.slice),
        words.what(finding),
        *(sides if roomy else []),
        words.change(finding),
        words.interval(finding),
        since,
    ]


def _tell_apart(rows: Sequence[list[str]], findings: Sequence[Finding]) -> None:
    """Rows of the same place and measure say what they were held against."""
    alike = Counter((row[1], row[2]) for row in rows)
    for row, finding in zip(rows, findings, strict=True):
        held = _HELD.get(words.against(finding))
        if held and alike[row[1], row[2]] > 1:
            row[2] += f" ({held})"


def _reason(finding: Finding, width: int) -> list[str]:
    """The sentence below a row whose numbers do not speak for themselves: cut to a line for too few rows, else on two."""
    if not finding.summary or not (finding.status in ("unknown", "insufficient") or finding.kind == "data_quality"):
        return []
    most = 1 if finding.status == "insufficient" else 2
    return [_INDENT + part for part in cells.wrapped(one_line(finding.summary), width - len(_INDENT), most)]


def _left_out(findings: Sequence[Finding]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[STATUS_WORDS[finding.status]] = counts.get(STATUS_WORDS[finding.status], 0) + 1
    return "… and " + ", ".join(f"{n} {word}" for word, n in counts.items()) + " more"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int = 80, *, more: int = 0) -> str:
    """A query's result: numbers at the right, long texts cut with `…`, the rightmost columns left out where even that
    does not fit, and said so. `more` is the number of rows that the caller left out."""
    if not columns:
        return "no columns"
    names = [one_line(c, most=_MOST_CELL) for c in columns]
    shown = [[cell(v) for v in row] for row in rows]
    aligned = "".join("r" if _numeric([row[i] for row in rows]) else "l" for i in range(len(names)))
    natural = _natural(names, shown)
    kept = len(names)
    while kept > 1 and sum(min(w, _LEAST) for w in natural[:kept]) + len(GAP) * (kept - 1) > width:
        kept -= 1
    widths = _fitted(natural[:kept], width, shrink=range(kept))
    out = [_line(names[:kept], widths, aligned), _line(["─" * w for w in widths], widths, aligned)]
    out += [_line(row[:kept], widths, aligned) for row in shown]
    if not rows:
        out.append("(no rows)")
    if more:
        out.append(f"… and {more:,} more row{'' if more == 1 else 's'}")
    if kept < len(names):
        out.append(cells.cut(f"columns left out at this width: {', '.join(names[kept:])}", width))
    return "\n".join(out)


def cell(value: Any) -> str:
    """One value of a query on one line: times in UTC to the minute (or second), floats to six digits, NULL as `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        at = value.astimezone(UTC) if value.tzinfo else value
        return f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00") + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    return one_line(str(value), most=_MOST_CELL)


def _decimal(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.4g}"
    text = f"{value:.{6 if abs(value) < 1 else 4 if abs(value) < 100 else 2}f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def _numeric(values: Sequence[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in known)


def _natural(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max([cells.wide(name), *(cells.wide(row[i]) for row in rows)]) for i, name in enumerate(names)]


def _fitted(natural: Sequence[int], width: int, *, shrink: Iterable[int], least: int = _LEAST) -> list[int]:
    """Widths that fit: the widest of the columns that may shrink gives way, one by one, down to `least`."""
    widths = list(natural)
    may = list(shrink)
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        widest = max(may, key=lambda i: widths[i])
        if widths[widest] <= least:
            break
        widths[widest] -= 1
    return widths


def _line(row: Sequence[str], widths: Sequence[int], aligned: str) -> str:
    place = {"l": cells.left, "r": cells.right}
    return GAP.join(place[aligned[i]](text, widths[i]) for i, text in enumerate(row)).rstrip()
