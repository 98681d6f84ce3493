"""`runbook summaries build` and `status`: rows become summaries once, and what there is of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.errors import JournalError, LogError, QueryError, UnknownName
from mlops_tui.core.window import iso

if TYPE_CHECKING:
    from mlops_tui.logs.index import Index
    from mlops_tui.logs.manifest import LogFile, Manifest
    from mlops_tui.logs.progress import Progress
    from mlops_tui.logs.wanted import Counters, Wanted
    from mlops_tui.logs.worth import Worth
    from mlops_tui.project import Project

Kind = Literal["model", "source"]
Tell = Callable[[str, "Progress"], None]
"""Takes a log's name and how far its build has come."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did for one log. `rows` says why its rows are read instead of summaries, where so; `unwritten` why nothing
    could be kept; `problem` why nothing could be built. `bad` are files that were passed over, each with its problem."""

    kind: Kind
    id: str
    counters: Counters | None
    rows: str = ""
    unwritten: str = ""
    problem: str = ""
    bad: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One of `logs`. No time stands in it: the same log gives the same text."""
        counted = {} if self.counters is None else {n: getattr(self.counters, n) for n in self.counters.__slots__}
        return {
            "kind": self.kind,
            "id": self.id,
            "answered_from": "rows" if self.rows else "summaries",
            "why": self.rows or None,
            "unwritten": self.unwritten or None,
            "problem": self.problem or None,
            "bad_files": [{"path": path, "problem": problem} for path, problem in self.bad],
            **counted,
        }


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did, log by log: models, then sources."""

    logs: tuple[Built, ...]

    @property
    def failed(self) -> bool:
        """Whether some log could not be summarised that should have been."""
        return any(one.problem or one.unwritten for one in self.logs)

    def as_json(self) -> dict[str, Any]:
        """`runbook/summaries-build/1`."""
        return {"schema": "runbook/summaries-build/1", "logs": [one.as_json() for one in self.logs]}


@dataclass(frozen=True, slots=True)
class Status:
    """What there is of one log's summaries. `days` is the first and the last local day (ISO), `pending` counts files that are
    still to be read, `stale` those that were read and have changed since, `expired` those whose partition is gone; `outcomes`
    counts files of outcomes that were joined, `outcomes_pending` those that wait."""

    kind: Kind
    id: str
    worth: Worth | None
    problem: str = ""
    grain: str = ""
    dimensions: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    days: tuple[str, str, int] | None = None
    files: int = 0
    units: int = 0
    size: int = 0
    log_size: int = 0
    pending: int = 0
    stale: int = 0
    expired: int = 0
    expired_days: int = 0
    outcomes: int = 0
    outcomes_pending: int = 0
    bad: tuple[tuple[str, str], ...] = ()
    odd: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One of `logs`."""
        worth = self.worth
        days = None if self.days is None else {"first": self.days[0], "last": self.days[1], "count": self.days[2]}
        return {
            "kind": self.kind,
            "id": self.id,
            "answered_from": "summaries" if worth is not None and worth.summarised else "rows",
            "why": (worth.why or None) if worth is not None else None,
            "problem": self.problem or None,
            "grain": self.grain or None,
            "dimensions": list(self.dimensions),
            "left_out": [{"name": name, "why": why} for name, why in self.left_out],
            "days": days,
            "files": self.files,
            "units": self.units,
            "bytes": self.size,
            "log_bytes": self.log_size,
            "pending_files": self.pending,
            "stale_files": self.stale,
            "expired_files": self.expired,
            "expired_days": self.expired_days,
            "outcome_files": self.outcomes,
            "pending_outcome_files": self.outcomes_pending,
            "bad_files": [{"path": path, "problem": problem} for path, problem in self.bad],
            **dict(self.odd),
        }


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What there is, log by log: models, then sources."""

    logs: tuple[Status, ...]

    def as_json(self) -> dict[str, Any]:
        """`runbook/summaries-status/1`."""
        return {"schema": "runbook/summaries-status/1", "logs": [one.as_json() for one in self.logs]}


def build(
    project: Project,
    models: Sequence[str] = (),
    *,
    tell: Tell = lambda _name, _progress: None,
    stopped: Callable[[], bool] = lambda: False,
) -> BuildReport:
    """Brings the summaries of these models (all by default) and of their sources up to date.

    A log that cannot be read does not keep the others from it. Raises UnknownName, Cancelled.
    """
    names = _names(project, models)
    with contextlib.suppress(JournalError):  # the build itself says that nothing can be written
        project.make_home()
    return BuildReport(tuple(_build(kind, name, _wanted(project, kind, name), tell, stopped) for kind, name in names))


def status(project: Project, models: Sequence[str] = ()) -> StatusReport:
    """What there is of these models' summaries (all by default) and of their sources'. Builds nothing. Raises UnknownName."""
    return StatusReport(tuple(_status(kind, name, _wanted(project, kind, name)) for kind, name in _names(project, models)))


def _names(project: Project, models: Sequence[str]) -> list[tuple[Kind, str]]:
    known = project.inventory.models
    for name in models:
        if name not in known:
            raise UnknownName("model", name, known)
    sources: list[str] = [*project.inventory.file.sources]
    if models:
        used = {s for name in models for s in project.inventory.sources_of(name)}
        sources = [s for s in sources if s in used]
    return [*(("model", name) for name in (models or known)), *(("source", name) for name in sources)]


def _wanted(project: Project, kind: Kind, name: str) -> Wanted:
    from mlops_tui.project.summaries import of_model, of_source

    return of_model(project, name) if kind == "model" else of_source(project, name)


def _build(kind: Kind, name: str, wanted: Wanted, tell: Tell, stopped: Callable[[], bool]) -> Built:
    from mlops_tui.logs.refresh import judge, refresh

    try:
        worth = judge(wanted, wanted.origin.manifest())
        if not worth.summarised:
            return Built(kind, name, None, rows=worth.why)
        made = refresh(wanted, tell=lambda progress: tell(name, progress), stopped=stopped)
    except (LogError, QueryError) as error:
        return Built(kind, name, None, problem=str(error))
    return Built(kind, name, made.counters, unwritten=made.unwritten, bad=_bad(made.bad))


def _status(kind: Kind, name: str, wanted: Wanted) -> Status:
    from mlops_tui.logs.index import difference
    from mlops_tui.logs.refresh import judge

    try:
        manifest = wanted.origin.manifest()
        worth = judge(wanted, manifest)
    except LogError as error:
        return Status(kind, name, None, problem=str(error))
    store = wanted.store
    index = store.load() if store is not None and worth.summarised else None
    if index is None:
        pending = len(manifest.files) if worth.summarised else 0
        return Status(kind, name, worth, log_size=worth.size, pending=pending, bad=_bad(manifest.unreadable))
    told = _stored(kind, name, worth, manifest, index)
    if wanted.outcomes is None:
        return told
    try:
        came = wanted.outcomes.manifest()
    except LogError as error:
        return replace(told, problem=str(error))
    found = difference(index.outcomes, index.damaged, came)
    joined = sum(len(s.members) for u in index.outcomes for s in u.sections)
    bad = tuple(sorted({*told.bad, *_bad((*came.unreadable, *found.bad))}))
    return replace(told, outcomes=joined, outcomes_pending=len(found.new), bad=bad)


def _stored(kind: Kind, name: str, worth: Worth, manifest: Manifest, index: Index) -> Status:
    from mlops_tui.logs.index import difference

    found = difference(index.units, index.damaged, manifest)
    here = {f.shown for f in manifest.files}
    stale = sum(m.path in here for s in found.stale for m in s.members)
    gone = {m.path for m in found.vanished}
    days = sorted({m.day for m in index.members if m.day is not None})
    left = {m.day for m in index.members if m.path not in gone}
    layout, units = index.read_layout(), (*index.units, *index.outcomes)
    sums = {n: sum(getattr(m, n) for m in index.members) for n in ("untimed", "outside", "doubled", "rejected")}
    sums["strange"] = sum(s.strange for s in index.sections)
    return Status(
        kind,
        name,
        worth,
        grain=layout.grain,
        dimensions=layout.names,
        left_out=index.left_out,
        days=(_date(days[0]), _date(days[-1]), len(days)) if days else None,
        files=sum(1 for _ in index.members),
        units=len(units),
        size=sum(u.size for u in units),
        log_size=worth.size,
        pending=len(found.new),
        stale=stale,
        expired=len(gone),
        expired_days=len([d for d in days if d not in left]),
        bad=_bad((*manifest.unreadable, *found.bad)),
        odd=tuple((f"{n}_rows", count) for n, count in sums.items()),
    )


def _date(day: int) -> str:
    from datetime import UTC, datetime, timedelta

    return iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day))[:10]


def _bad(files: Sequence[LogFile]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((f.shown, f.problem) for f in files))
