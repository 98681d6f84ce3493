"""What the summaries of a log say of themselves: which files they count, in which file of ours, and where in it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from mlops_tui.logs.declared import FeatureType
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.summaries.layout import Layout, layout_from

FORMAT = 1
"""Raised when an index of an older version can no longer be read: everything is then built again."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Print = tuple[int, int, int, int]
Schema = tuple[tuple[str, str], ...]
NEVER: Print = (-1, -1, -1, -1)
"""The fingerprint of a file that changed while it was read: it is none that a file can have, so it is read again."""


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A file of the log, as it was when its rows were counted. `schema` is a place in the index's schemas.

    `first_us` and `last_us` bound its times (None: it does not tell); `untimed` rows have none, `outside` rows lie in another
    day than their folder's, `doubled` repeat an id of the same file, `rejected` were left out, for the reason in `note`. `day`
    is the local day that it is about.
    """

    path: str
    fingerprint: Print
    rows: int
    schema: int = 0
    first_us: int | None = None
    last_us: int | None = None
    untimed: int = 0
    outside: int = 0
    doubled: int = 0
    rejected: int = 0
    note: str = ""
    partitions: tuple[tuple[str, str | None], ...] = ()
    day: int | None = None


class Section(msgspec.Struct, frozen=True, array_like=True):
    """Rows of a file of summaries that come from the same files of the log, and go with them.

    `day` is the local day (days since 1970) that all of them are about; `first_us` and `last_us` are its least and greatest
    time, exactly, and `days` are all the local days that it holds decisions of. `ranges` say where its rows stand in each of
    the four tables (start, stop); `pieces` is the least start and the greatest end of what it holds, in minutes since 1970.
    `strange` rows have a time that no calendar has (before 1900, after 2900): they are not counted.
    """

    day: int | None
    members: tuple[Member, ...]
    first_us: int | None = None
    last_us: int | None = None
    days: tuple[int, ...] = ()
    pieces: tuple[int, int] | None = None
    ranges: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0), (0, 0))
    strange: int = 0


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """A file of summaries. What no section names in it is no longer counted."""

    name: str
    size: int
    sections: tuple[Section, ...]


class Damaged(msgspec.Struct, frozen=True, array_like=True):
    """A file of the log that looked sound and could not be read to its end."""

    path: str
    fingerprint: Print
    problem: str


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of a log's summaries. `planned` are the columns that the layout was made of, `words` the values
    that texts had so far (`Words`).

    `units` count decisions, `outcomes` the labels that came for them; `redo` are local days whose decisions have changed since
    their outcomes were looked for.
    `serial` names the next file of summaries.
    """

    layout: str
    left_out: tuple[tuple[str, str], ...] = ()
    planned: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = {}
    schemas: tuple[Schema, ...] = ()
    units: tuple[Unit, ...] = ()
    outcomes: tuple[Unit, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    redo: tuple[int, ...] = ()
    serial: int = 0
    format: int = FORMAT

    @property
    def sections(self) -> Iterator[Section]:
        """The sections of decisions."""
        return (s for u in self.units for s in u.sections)

    @property
    def members(self) -> Iterator[Member]:
        """The files whose decisions are counted."""
        return (m for s in self.sections for m in s.members)

    @property
    def span_us(self) -> tuple[int, int] | None:
        """The least and the greatest time of a row."""
        told = [(s.first_us, s.last_us) for s in self.sections if s.first_us is not None and s.last_us is not None]
        return (min(a for a, _ in told), max(b for _, b in told)) if told else None

    @property
    def columns(self) -> dict[str, str]:
        """Every column of any file, with the type that all of them have in common."""
        from mlops_tui.logs.shape import common_type

        counts: dict[str, dict[str, int]] = {}
        for member in self.members:
            for name, type_ in self.schemas[member.schema]:
                seen = counts.setdefault(name, {})
                seen[type_] = seen.get(type_, 0) + max(member.rows, 1)
        return {name: common_type(types) for name, types in counts.items()}

    @property
    def types(self) -> dict[str, FeatureType]:
        """What the columns hold, so that a text file by itself is read as all of them together would be."""
        kinds: dict[str, FeatureType] = {"BIGINT": "numeric", "DOUBLE": "numeric", "BOOLEAN": "boolean", "VARCHAR": "text"}
        return {c: kinds[t] for c, t in self.columns.items() if t in kinds}

    def read_layout(self) -> Layout:
        """The layout. Raises ValueError for one of another format."""
        return layout_from(self.layout)

    def with_schemas(self, columns: Iterable[Schema]) -> Index:
        """The index with these schemas among its own."""
        return msgspec.structs.replace(self, schemas=tuple(dict.fromkeys((*self.schemas, *columns))))

    def facts(self, files: Sequence[LogFile]) -> dict[str, Facts]:
        """What is known of those files that have not changed since they were read."""
        known = {m.path: m for m in self.members}
        told = {}
        for file in files:
            member = known.get(file.shown)
            if member is not None and member.fingerprint == file.fingerprint:
                told[file.shown] = _facts(member, self.schemas[member.schema])
        return told


def _facts(member: Member, schema: Schema) -> Facts:
    first, last = (None if us is None else _EPOCH + timedelta(microseconds=us) for us in (member.first_us, member.last_us))
    return Facts(dict(schema), member.rows, first, last, member.untimed, member.rejected, member.note)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in a log since its files were counted.

    `new` files are to be read (never read, written since, or counted together with one that is gone), `stale` sections count
    files that are no longer as they were and must go; `vanished` are members that lie nowhere any more: whether they expired
    or were replaced is known when the new files have been read. `bad` files could not be read, and have not changed since.
    """

    new: tuple[LogFile, ...]
    stale: tuple[Section, ...]
    vanished: tuple[Member, ...]
    bad: tuple[LogFile, ...]


def difference(units: Sequence[Unit], damaged: Sequence[Damaged], manifest: Manifest, read: Container[str] = ()) -> Difference:
    """How the files of the manifest differ from what was counted. Those in `read` (by what is shown) were read just now, and
    are taken as they are."""
    files = manifest.files
    now, every = {f.shown: f for f in files}, {f.shown for f in (*files, *manifest.unreadable)}
    broken = {(d.path, d.fingerprint): d.problem for d in damaged}
    bad = tuple(f.bad(broken[f.shown, f.fingerprint]) for f in files if (f.shown, f.fingerprint) in broken)
    stale, kept, vanished = [], set(), []
    for unit in units:
        for section in unit.sections:
            here = [m for m in section.members if m.path in every]
            if any(m.path not in read and (m.path not in now or now[m.path].fingerprint != m.fingerprint) for m in here):
                stale.append(section)
            else:
                kept |= {m.path for m in here}
                vanished += [m for m in section.members if m.path not in every]
    gone = {f.shown for f in bad}
    new = tuple(f for f in files if f.shown not in kept and f.shown not in gone and f.shown not in read)
    return Difference(new, tuple(stale), tuple(vanished), bad)


def without(units: Sequence[Unit], sections: Iterable[Section]) -> tuple[Unit, ...]:
    """The units without some of their sections; a unit of which nothing is left goes."""
    drop = {id(s) for s in sections}
    left = (msgspec.structs.replace(u, sections=tuple(s for s in u.sections if id(s) not in drop)) for u in units)
    return tuple(u for u in left if u.sections)


def replaced(vanished: Iterable[Member], units: Sequence[Unit]) -> set[str]:
    """Of files that lie nowhere any more, those whose partition still has files: others took their place. A whole partition
    that is gone has expired, and what was counted of it stays.

    A partition is a file's `key=value` folders; without such folders, the day that it is about.
    """
    vanished = list(vanished)
    gone = {m.path for m in vanished}
    left = {m.partitions or m.day for u in units for s in u.sections for m in s.members if m.path not in gone}
    return {m.path for m in vanished if (m.partitions or m.day) in left}
