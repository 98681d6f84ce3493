"""Which summaries are to lie together: the files of a day that is over become one section, old days share files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from mlops_tui.logs.index import Index, Section, Unit, without
from mlops_tui.logs.store import Part, Store, read_sections
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import merge

Home = tuple[int, int]
_OPEN: Home = (-1, 0)
_FEW, _MANY = 8, 64
"""Days that share a file once all of them are over, and those that do later."""
_LOOSE = 8
"""Files that may hold sections of days that are not over."""
_LATE = 4
"""Files that may hold sections of the same 64 old days, so that a late file does not have all of them written again."""


@dataclass(frozen=True, slots=True)
class Move:
    """Sections that are to lie in one file; `merged` says that those of the same day become one."""

    sections: tuple[Section, ...]
    merged: bool


def home(day: int | None, today: int) -> Home:
    """Where a section of that day belongs when `today` is the first day that is not over."""
    if day is None or day >= today:
        return _OPEN
    for level, days in ((2, _MANY), (1, _FEW)):
        if day // days < today // days:
            return level, day // days
    return 0, day


def moves(units: Sequence[Unit], today: int) -> list[Move]:
    """What should be written anew so that few files hold everything."""
    homes: dict[Home, list[tuple[Unit, Section]]] = {}
    for unit in units:
        for section in unit.sections:
            homes.setdefault(home(section.day, today), []).append((unit, section))
    found = []
    for place, held in sorted(homes.items()):
        files = len({u.name for u, _ in held})
        sections = tuple(s for _, s in held)
        doubled = len({s.day for s in sections}) < len(sections)
        if place == _OPEN:
            if files > _LOOSE:
                found.append(Move(sections, merged=False))
        elif files > (_LATE if place[0] == 2 else 1) or (doubled and place[0] < 2):
            found.append(Move(sections, merged=True))
    return found


def compact(
    store: Store, index: Index, layout: Layout, units: Sequence[Unit], today: int
) -> tuple[Index, tuple[Unit, ...], int]:
    """The units after every move, and how many sections were merged into others. Raises Broken, Unwritable."""
    merged = 0
    for move in moves(units, today):
        wanted = {id(s) for s in move.sections}
        parts = [
            part
            for unit in units
            if (some := [s for s in unit.sections if id(s) in wanted])
            for part in read_sections(store, unit, some)
        ]
        if move.merged:
            before = len(parts)
            parts = by_day(parts)
            merged += before - len(parts)
        parts.sort(key=lambda p: (p[0].day is None, p[0].day or 0, p[0].members[0].path))
        index, unit = store.write(index, layout, parts)
        units = (*without(units, move.sections), unit)
    return index, tuple(units), merged


def by_day(parts: Sequence[Part]) -> list[Part]:
    """The parts with those of one day added up."""
    days: dict[int | None, list[Part]] = {}
    for part in parts:
        days.setdefault(part[0].day, []).append(part)
    return [_joined(group) for group in days.values()]


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    sections = [s for s, _ in parts]
    first = min((s.first_us for s in sections if s.first_us is not None), default=None)
    last = max((s.last_us for s in sections if s.last_us is not None), default=None)
    members = tuple(sorted((m for s in sections for m in s.members), key=lambda m: m.path))
    days = tuple(sorted({d for s in sections for d in s.days}))
    strange = sum(s.strange for s in sections)
    section = msgspec.structs.replace(sections[0], members=members, first_us=first, last_us=last, days=days, strange=strange)
    return section, merge(*(summary for _, summary in parts))
