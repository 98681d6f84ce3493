"""Model versions: what the inventory, the change feeds and the log know of each, as one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from mlops_tui.inventory.changes import Change, Changes
from mlops_tui.inventory.inventory import Inventory
from mlops_tui.inventory.types import VersionSpec

Role = Literal["live", "previous", "canary", "shadow", "retired"]

DEPLOYS = frozenset({"deploy", "rollback"})
"""Kinds of change that make a version live."""

_LAST_ROLES: tuple[Role, Role] = ("previous", "live")
_BESIDE = frozenset({"canary", "shadow"})
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model. `trained_from` and `trained_to` are days, both included; `first_seen` and `last_seen` are of
    rows in the log; `deployed` is the first time it went live, `deploys` every time. None is: nobody recorded it.
    """

    id: str
    role: Role
    deployed: datetime | None = None
    deployed_by: str | None = None
    trained_from: date | None = None
    trained_to: date | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    deploys: tuple[datetime, ...] = ()

    @property
    def start(self) -> datetime | None:
        """When it went live, as far as anyone knows: its first deploy, else its first row."""
        return self.deployed or self.first_seen

    def last_start(self, before: datetime, *, inclusive: bool = True) -> datetime | None:
        """The last time it went live up to a moment; None when it had not."""
        starts = self.deploys or ((self.first_seen,) if self.first_seen else ())
        return max((s for s in starts if s < before or (inclusive and s == before)), default=None)


def versions(
    inventory: Inventory,
    model: str,
    *,
    seen: Mapping[str, tuple[datetime, datetime]],
    changes: Changes | Sequence[Change],
) -> tuple[Version, ...]:
    """Every version of a model that anyone recorded or saw, by the time it went live (unknown first), then by id.

    `seen` is the log's: version to first and last row. `changes` are those of `read_changes`; deploys whose target is
    the model count. The role is the inventory's where it says more than `live`, else found: the last to go live is
    live, the one before it previous, the others retired. Raises UnknownName for a model that nobody declared.
    """
    specs = {v.id: v for v in inventory.model(model).versions}
    rows = changes.rows if isinstance(changes, Changes) else tuple(changes)
    recorded: dict[str, list[Change]] = {}
    for change in rows:
        if change.version and change.target == model:
            recorded.setdefault(change.version, []).append(change)
    names = dict.fromkeys((*specs, *recorded, *seen))
    found = [_version(n, specs.get(n), recorded.get(n, []), seen.get(n)) for n in names]
    found.sort(key=lambda v: (v.start is not None, v.start.timestamp() if v.start else 0.0, v.id))
    return _with_roles(found, specs)


def live_at(versions: Sequence[Version], at: datetime) -> Version | None:
    """The version that decides at a moment: the last to go live up to it that the log still shows; None before the first.

    Where the log shows versions at all, one that it has not shown for an hour no longer decides, so that a rollback
    that nobody recorded is seen. Canaries and shadows never are the one that is live.
    """
    known = [(start, v) for v in versions if v.role not in _BESIDE and (start := v.last_start(at)) is not None]
    rows = [v.last_seen for v in versions if v.last_seen is not None]
    edge = min(at, max(rows)) - _SLACK if rows else None
    serving = [(s, v) for s, v in known if edge is None or (v.last_seen or s) >= edge]
    best = max(serving or known, key=lambda pair: (pair[0], pair[1].id), default=None)
    return best[1] if best else None


def contaminated(version: Version, onset: datetime, zone: tzinfo = UTC) -> bool:
    """Whether a version was trained on rows of the onset's day or later, and went live after the onset.

    Training days are the project's, so `zone` is the project's too.
    """
    late = version.deployed is None or version.deployed > onset
    return late and not _trained_before(version, onset, zone)


def last_good(versions: Sequence[Version], onset: datetime, zone: tzinfo = UTC) -> Version | None:
    """The newest version that was live before the onset and was trained only on rows of days before the onset's.

    A version of which nobody recorded the training rows passes, since it was live before the onset. None when there
    is no such version.
    """
    good = [
        (start, v)
        for v in versions
        if v.role not in _BESIDE
        and (start := v.last_start(onset, inclusive=False)) is not None
        and _trained_before(v, onset, zone)
    ]
    best = max(good, key=lambda pair: (pair[0], pair[1].id), default=None)
    return best[1] if best else None


def _trained_before(version: Version, onset: datetime, zone: tzinfo) -> bool:
    """Whether no training row is known to be of the onset's day or later."""
    return version.trained_to is None or version.trained_to < onset.astimezone(zone).date()


def _version(name: str, spec: VersionSpec | None, rows: Sequence[Change], seen: tuple[datetime, datetime] | None) -> Version:
    """What the three say of one version; the inventory, written by hand to add to the others, has the last word."""
    deploys = sorted((c.ts, c.who) for c in rows if c.kind in DEPLOYS)
    if spec is not None and spec.deployed is not None and all(at != spec.deployed for at, _ in deploys):
        deploys = sorted([*deploys, (spec.deployed, spec.by or "")])
    start, end = next(((c.trained_from, c.trained_to) for c in reversed(rows) if c.trained_to is not None), (None, None))
    if spec is not None and spec.trained_on is not None:
        start, end = spec.trained_on
    by = (spec.by if spec else None) or (deploys[0][1] if deploys else "") or None
    first, last = seen or (None, None)
    role: Role = spec.role if spec else "retired"
    times = tuple(at for at, _ in deploys)
    return Version(name, role, times[0] if times else None, by, start, end, first, last, times)


def _with_roles(found: Sequence[Version], specs: Mapping[str, VersionSpec]) -> tuple[Version, ...]:
    """`live`, the default of the inventory, is no statement: the last to go live is live, and the one before it previous."""
    fixed = {name for name, spec in specs.items() if spec.role != "live"}
    newest = sorted((v for v in found if v.id not in fixed), key=_last)
    roles: dict[str, Role] = {v.id: "retired" for v in newest}
    for version, role in zip(newest[-2:], _LAST_ROLES[-len(newest) :], strict=False):
        roles[version.id] = role
    return tuple(v if v.id in fixed else replace(v, role=roles[v.id]) for v in found)


def _last(version: Version) -> tuple[float, str]:
    """When a version last went live, for sorting."""
    at = version.deploys[-1] if version.deploys else version.first_seen
    return (at.timestamp() if at else float("-inf"), version.id)
