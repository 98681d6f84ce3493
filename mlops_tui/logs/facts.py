"""What files told when they were read: enough to open a log again without reading one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.shape import Part


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one readable file: its columns (name -> DuckDB type, in the file's order) and what its rows are.

    `first` and `last` bound its times, in UTC and inclusive (None: it does not tell, or holds no row); `untimed` counts rows
    without a time (None: it must be read); `rejected` rows were left out, for the reason in `note`.
    """

    columns: Mapping[str, str]
    rows: int
    first: datetime | None = None
    last: datetime | None = None
    untimed: int | None = None
    rejected: int = 0
    note: str = ""


def facts_of(files: Sequence[LogFile], parts: Sequence[Part]) -> dict[str, Facts]:
    """Facts by what is shown of each file that is read."""
    found = {}
    for part in parts:
        inside = set(part.files)
        for file in files:
            if file.path in inside:
                first, last = part.spans.get(file.path, (None, None))
                untimed = part.untimed.get(file.path)
                found[file.shown] = Facts(part.columns, file.rows or 0, first, last, untimed, file.rejected, file.note)
    return found


def parts_of(files: Sequence[LogFile], known: Mapping[str, Facts]) -> tuple[list[Part], list[LogFile]]:
    """Files whose facts are known as parts by schema (without tables: rows of text files are not there yet), and judged."""
    groups: dict[tuple[object, ...], list[LogFile]] = {}
    judged = []
    for file in files:
        facts = known[file.shown]
        judged.append(replace(file, rows=facts.rows, rejected=facts.rejected, note=facts.note))
        groups.setdefault((file.format, *facts.columns.items()), []).append(judged[-1])
    return [_part(group, known) for group in groups.values()], judged


def _part(files: Sequence[LogFile], known: Mapping[str, Facts]) -> Part:
    facts = {f.path: known[f.shown] for f in files}
    return Part(
        tuple(facts),
        next(iter(facts.values())).columns,
        rows=sum(one.rows for one in facts.values()),
        untimed={path: one.untimed for path, one in facts.items() if one.untimed is not None},
        spans={path: (one.first, one.last) for path, one in facts.items() if one.first and one.last},
    )
