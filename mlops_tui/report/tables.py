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
_COLUMNS = {
    "STATUS": "l",
    "WHERE": "l",
    "WHAT": "l",
    "AGAINST": "l",
    "VS": "l",
    "BEFORE": "r",
    "NOW": "r",
    "CHANGE": "r",
    "95%": "r",
    "SINCE": "l",
}
_LAYOUTS: tuple[tuple[str, ...], ...] = (
    ("VS",),
    ("AGAINST",),
    ("AGAINST", "VS"),
    ("AGAINST", "VS", "BEFORE", "NOW"),
    ("AGAINST", "VS", "BEFORE", "NOW", "95%"),
)
"""What is left out, in this order, until the table fits: the sides of a comparison give way before the place's value does."""
_WHOLE = 60
_LETTERS = (_WHOLE, 8, 4, 2)
"""To how many letters the names of dimensions are cut, in this order; their values are cut last of all."""


def findings_table(findings: Iterable[Finding], width: int = 80, *, most: int | None = None) -> str:
    """Findings as a table, the worst first: status, where, what, against, before, now, change, 95 % interval, since.

    Where the width does not hold all of that, what it was held against is shortened, then left out (but where it tells two
    rows apart), then dimensions' names are shortened, then before and now go, then the interval. A finding that could not
    be measured, of too few rows or about the log itself has its reason below. `most` cuts the table and says what was left out.
    """
    ranked = sorted(findings, key=lambda f: f.rank)
    shown = ranked if most is None else ranked[:most]
    if not shown:
        return "no findings"
    names, rows, widths = _laid_out(shown, width)
    aligned = "".join(_COLUMNS[n] for n in names)
    out = [_line(names, widths, aligned)]
    for finding, row in zip(shown, rows, strict=True):
        row[1] = words.fitted_where(finding.slice, widths[1])
        out.append(_line(row, widths, aligned))
        out += _reason(finding, width)
    if len(ranked) > len(shown):
        out.append(_left_out(ranked[len(shown) :]))
    return "\n".join(out)


def _laid_out(findings: Sequence[Finding], width: int) -> tuple[list[str], list[list[str]], list[int]]:
    """The first layout that fits, whole names of dimensions first: column names, rows, widths."""
    # whole first, then names of eight letters with both sides, then ever less
    tries = [(out, _WHOLE) for out in _LAYOUTS[:3]] + [(_LAYOUTS[2], 8)]
    tries += [(_LAYOUTS[3], letters) for letters in _LETTERS[:-1]] + [(_LAYOUTS[4], letters) for letters in _LETTERS]
    for out, letters in tries:
        names, rows = _chosen(findings, out)
        widths = _natural(names, rows)
        widths[1] = max(cells.wide(names[1]), *(cells.wide(words.where(f.slice, letters)) for f in findings))
        if sum(widths) + len(GAP) * (len(widths) - 1) <= width:
            return names, rows, widths
    names, rows = _chosen(findings, _LAYOUTS[4])
    widths = _fitted(_natural(names, rows), width, shrink=(1,), least=_LEAST_WHERE)
    return names, rows, _fitted(widths, width, shrink=(1, 2))


def _chosen(findings: Sequence[Finding], out: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    names = [n for n in _COLUMNS if n not in out]
    given = [_finding_row(f) for f in findings]
    rows = [[row[n] for n in names] for row in given]
    if "AGAINST" in out and "VS" in out:
        _tell_apart(rows, findings)
    return names, rows


def _finding_row(finding: Finding) -> dict[str, str]:
    held = words.against(finding)
    # a distance has no side before it; what its baseline holds is the part that chance alone would give
    sides = ("-", "-") if finding.unit == "psi" else [words.value(v, finding.unit) for v in (finding.baseline, finding.value)]
    lone = finding.change is None and finding.baseline is not None and finding.unit != "psi"
    return {
        "STATUS": STATUS_WORDS[finding.status],
        "WHERE": words.where(finding.slice),
        "WHAT": words.what(finding),
        "AGAINST": held or "-",
        "VS": _HELD.get(held, "-"),
        "BEFORE": sides[0],
        "NOW": sides[1],
        "CHANGE": "-" if lone else words.change(finding),
        "95%": words.interval(finding),
        "SINCE": "recovery" if finding.recovery else words.moment(finding.onset),
    }


def _tell_apart(rows: Sequence[list[str]], findings: Sequence[Finding]) -> None:
    """Rows of the same place and measure say what they were held against."""
    alike = Counter((row[1], row[2]) for row in rows)
    for row, finding in zip(rows, findings, strict=True):
        held = _HELD.get(words.against(finding))
        if held and alike[row[1], row[2]] > 1:
            row[2] += f" ({held})"


def _reason(finding: Finding, width: int) -> list[str]:
    """The sentence below a row whose numbers do not speak for themselves: cut to a line for too few rows, else on two."""
    about_log = finding.kind == "data_quality" and finding.check_name != "missing_rate"
    if not finding.summary or not (finding.status in ("unknown", "insufficient") or about_log):
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
