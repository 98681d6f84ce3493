"""What a postmortem draft is made from: measured once, kept in the journal, so that the draft can be folded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding, describe_slice
from mlops_tui.core.headline import began, headline
from mlops_tui.core.window import iso
from mlops_tui.inventory.types import Owner
from mlops_tui.inventory.versions import Version, contaminated
from mlops_tui.project import Subject
from mlops_tui.project.history import history
from mlops_tui.report import publish
from mlops_tui.report.impact import impact

VERSION = 1
"""Of the facts' form: a journal outlives the program that wrote it."""
BEFORE, AFTER = timedelta(hours=48), timedelta(hours=1)
"""How long before the onset, and after it, a change is told; without an onset all since the window began are."""


def gather(subject: Subject, findings: Sequence[Finding], *, step: str, run: str = "") -> dict[str, Any]:
    """The facts of an incident, as JSON: place, onset, impact by segment, what moved, changes, versions, data, duties.

    `findings` are those of the run so far, worst first; `step` of `run` is where the impact is measured. Counts below
    10 are left out, since a draft leaves the machine.
    """
    about = headline(findings)
    onset = began(findings)
    changes, versions = history(subject)
    since = onset or subject.windows.current.start
    until = onset + AFTER if onset else subject.windows.now
    moved = _moved(findings)
    told = [
        plain({"ts": c.ts, "kind": c.kind, "target": c.target, "what": c.what, "who": c.who, "ref": c.ref})
        for c in changes.rows
        if since - BEFORE <= c.ts <= until
    ]
    facts: dict[str, Any] = {
        "version": VERSION,
        "step": step,
        "run": run,
        "model": subject.model,
        "headline": _published(about) if about else None,
        "place": {k: {"value": v, "name": shown_value(subject, k, v)} for k, v in (about.slice if about else {}).items()},
        "onset": iso(onset) if onset else None,
        "since": iso(since),
        "as_of": iso(subject.windows.now),
        "clock": iso(subject.windows.clock),
        "measured": sorted({f.kind for f in findings if f.status in ("ok", "warn", "crit")}),
        "impact": impact(subject, about.slice if about else {}, since),
        "moved": moved,
        "feeds": len(subject.spec.changes),
        "changes": told,
        "change_problems": [str(p) for p in changes.problems],
        "versions": _versions(versions, since, subject.windows.now, subject.project.zone),
        "data": _data(subject),
        "duties": _duties(subject, moved, versions, since),
    }
    facts["query"] = facts["impact"]["query"]
    return facts


def _published(found: Finding) -> dict[str, Any]:
    """A Finding's JSON under its own id, without small counts."""
    told = publish.finding(found)
    return found.as_json() | {"summary": told.summary, "n": told.n, "n_reference": told.n_reference}


def shown_value(subject: Subject, dimension: str, value: str) -> str:
    """A segment value as people read it: `Spain` for ES where the inventory says so, else the value."""
    return subject.spec.log.names.get(dimension, {}).get(value, value)


def _moved(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "id": f.id,
            "kind": f.kind,
            "check": f.check_name,
            "target": f.target,
            "slice": describe_slice(f.slice),
            "status": f.status,
            "summary": publish.finding(f).summary,
            "onset": iso(f.onset) if f.onset else None,
        }
        for f in {f.id: f for f in findings}.values()
        if f.status in ("crit", "warn") and not f.recovery
    ]


def _versions(versions: Sequence[Version], since: datetime, now: datetime, zone: tzinfo) -> list[dict[str, Any]]:
    """The version live before the onset, and every one that decided since; which were trained on rows after it."""
    out = []
    for v in versions:
        if v.first_seen is None or v.first_seen > now:
            continue
        if v.last_seen is not None and v.last_seen < since - timedelta(hours=24):
            continue
        out.append(
            plain(
                {
                    "id": v.id,
                    "role": v.role,
                    "deployed": v.deployed,
                    "by": v.deployed_by,
                    "trained_from": v.trained_from,
                    "trained_to": v.trained_to,
                    "first_seen": v.first_seen,
                    "last_seen": v.last_seen,
                    "contaminated": contaminated(v, since, zone),
                }
            )
        )
    return out


def _data(subject: Subject) -> list[dict[str, Any]]:
    """The logs that were read; a source that could not be has its `problem`."""
    logs = [plain({"name": subject.model} | subject.log.inputs.as_json())]
    for name in sorted(subject.project.inventory.sources_of(subject.model)):
        try:
            logs.append(plain({"name": name} | subject.source(name).inputs.as_json()))
        except (RunbookError, OSError) as error:
            logs.append({"name": name, "path": "", "fingerprint": "", "files": 0, "problem": str(error)})
    return logs


def _duties(
    subject: Subject, moved: Sequence[Mapping[str, Any]], versions: Sequence[Version], since: datetime
) -> list[dict[str, str]]:
    """Action items that follow from the facts alone, each with the owner that the inventory names."""
    inventory = subject.project.inventory
    duties: list[dict[str, str]] = []

    def duty(what: str, owner: Owner) -> None:
        entry = {"what": what, "owner": owner.name, "team": owner.team}
        if entry not in duties:
            duties.append(entry)

    features = {m["target"] for m in moved if m["kind"] in ("feature_drift", "data_quality")} & set(subject.features)
    for name in sorted(features):
        feature = subject.features[name]
        duty(f"Say what happened to {name} since the onset, and mend or fence it", feature.owner)
        source = inventory.file.sources.get(feature.source or "")
        if source is not None:
            duty(f"Ask upstream of {feature.source} what changed, and agree on notice before the next time", source.owner)
            for other, spec in inventory.models.items():
                if other != subject.model and name in inventory.features_of(other):
                    duty(f"Check {other}, which reads {name} too", spec.owner)
        if not any(a.check == "feature_drift" and a.feature in (None, name) for a in subject.spec.alerts):
            duty(f"Add an alert on {name}: nothing pages when it moves", subject.spec.owner)
    for version in versions:
        if contaminated(version, since, subject.project.zone):
            duty(
                f"Keep version {version.id} out of rollbacks and references: it was trained on rows after the onset",
                subject.spec.owner,
            )
    duty("Decide what becomes of the decisions since the onset (redress, review, notice)", _second(subject))
    return duties


def _second(subject: Subject) -> Owner:
    """The first person of the on-call team that does not own the model: decisions about people are not the owner's alone."""
    teams = [t for t in subject.spec.on_call if t != subject.spec.owner.team] or [subject.spec.owner.team]
    team = subject.project.inventory.file.teams.get(teams[0])
    name = team.members[0].name if team and team.members else subject.spec.owner.name
    return Owner(team=teams[0], name=name)
