"""The postmortem draft: a fold of the journal and of the facts that a run measured, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.core import leave
from mlops_tui.core.finding import STATUS_WORDS, Finding
from mlops_tui.core.window import both_zones, format_duration, parse_instant
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import RunState, StepRecord, fold_run, runs_of
from mlops_tui.inventory import Inventory
from mlops_tui.journal import Event
from mlops_tui.report.facts import gather

__all__ = ["draft", "gather"]

FEW = 3
"""Up to so many Findings of a step are all told; of more, only those that are not OK."""
LINE = 240
"""The most characters of an entry of the timeline; the whole text stands under Evidence or in the outbox."""
MOST = 12
"""The most Findings that are told of a step."""
QUIET = frozenset({"step_started", "effect_intended", "run_joined"})
"""Events that a reader of the timeline does not miss."""


def draft(events: Sequence[Event], facts: Mapping[str, Any], *, zone: ZoneInfo, inventory: Inventory) -> str:
    """The draft as Markdown. `facts` are those of `gather`; the events are the incident's.

    Every number cites the step that measured it; causes and lessons are left as named blanks (`[TO FILL: name]`).
    """
    incident = fold(events)
    runs = [fold_run(events, run) for run in runs_of(events)]
    run = next((r for r in reversed(runs) if facts.get("step") in r.steps), runs[-1])
    citing = {f["id"]: r.id for r in run.steps.values() for f in r.body.get("findings") or ()}
    moved = [m for m in facts["moved"] if m["kind"] != "decision_rate"]
    place = [_place(k, p["value"], p["name"]) for k, p in facts["place"].items()]
    onset = parse_instant(facts["onset"]) if facts.get("onset") else None
    context = {
        "incident": incident,
        "title": (run.frozen.get("title") or incident.title) + "".join(f", {p}" for p in place),
        "facts": facts,
        "replayed": incident.replayed,
        "owner": _owner(inventory, facts["model"]),
        "on_call": _on_call(inventory, facts["model"]),
        "people": ", ".join(incident.people) or "nobody yet",
        "began": both_zones(onset, zone) if onset else "not determined",
        "headline": facts["headline"],
        "place": ", ".join(place),
        "onset_day": f"{onset.astimezone(zone):%A %-d %B %Y, %H:%M %Z}" if onset else "",
        "moved_inputs": moved,
        "impact": facts["impact"],
        "times": _times(events, incident, facts, onset, zone),
        "timeline": [e for e in incident.timeline if e.kind not in QUIET],
        "changes": sorted(facts["changes"], key=lambda c: str(c["ts"]), reverse=True),
        "charts": _charts(run),
        "evidence": _evidence(run),
        "queries": _queries(run, facts),
        "cited": [{"id": r.id, "title": r.title, "run": run.run} for r in _cited(run, facts)],
        "head": events[-1],
        "cite": lambda finding: f"[^{citing[finding]}]" if finding in citing else "",
        "label": lambda row: row["name"] if row["name"] == row["value"] else f"{row['name']} ({row['value']})",
    }
    text = _environment(zone).from_string(_template("default")).render(context)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _template(name: str) -> str:
    return files("mlops_tui.report").joinpath("templates", f"{name}.md.j2").read_text("utf-8")


def _environment(zone: ZoneInfo) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Markdown, not HTML: every value from data goes through the `md` filter, and autoescape would write &#39; into prose.
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    env.filters |= {
        "md": lambda v: leave.markdown(str(v)) if v not in (None, "") else "–",
        "when": partial(_when, zone),
        "count": lambda v: f"{v:,}",
        "few": leave.count,
        "short": lambda v: leave.one_line(str(v), most=LINE),
        "pct": lambda v: f"{100 * v:.1f} %",
        "signed": lambda v: f"{v:+,}".replace("-", "−"),
    }
    return env


def _when(zone: ZoneInfo, value: Any) -> str:
    if value in (None, ""):
        return "–"
    return both_zones(value if isinstance(value, datetime) else parse_instant(str(value)), zone)


def _owner(inventory: Inventory, model: str) -> str:
    owner = inventory.model(model).owner
    return f"{owner.name} ({owner.team})"


def _on_call(inventory: Inventory, model: str) -> str:
    found = []
    for team in inventory.model(model).on_call:
        known = inventory.file.teams.get(team)
        found.append(team + (f" ({known.slack})" if known and known.slack else ""))
    return ", ".join(found)


def _times(
    events: Sequence[Event], incident: Incident, facts: Mapping[str, Any], onset: datetime | None, zone: ZoneInfo
) -> list[dict[str, str]]:
    opened = next((e.at for e in events if e.type == "incident_opened"), events[0].at)
    replayed = incident.replayed
    detected = parse_instant(facts["clock"]) if replayed else opened
    mark = " (replayed)" if replayed else ""
    rows: list[dict[str, str]] = []

    def row(what: str, at: datetime | None, after: str) -> None:
        rows.append({"what": what, "at": both_zones(at, zone) if at else "not yet", "after": after})

    row("Began", onset, "–")
    row(f"Detected{mark}", detected, format_duration(detected - onset) + mark if onset else "–")
    for what, kind in (("First message to a team", "message_queued"), ("First answer of a person", "answered")):
        first = next((e for e in events if e.type == kind and (e.body or {}).get("person") != "auto"), None)
        after = "–"
        if first is not None:
            took = first.at - opened
            after = f"{format_duration(took)} after it was opened{mark}"
            if onset and not replayed:
                after = f"{format_duration(first.at - onset)} ({after})"
        row(what + mark, first.at if first else None, after)
    return rows


def _charts(run: RunState) -> list[dict[str, str]]:
    found = [a for r in run.steps.values() for a in r.body.get("artefacts") or () if a["kind"] == "png"]
    return [{"title": str(a.get("title") or a["path"]), "file": str(a["path"]).rsplit("/", 1)[-1]} for a in found]


def _evidence(run: RunState) -> list[dict[str, Any]]:
    """The steps that measured something, and what they found."""
    out = []
    for record in run.steps.values():
        if not record.done or record.kind not in ("check", "query", "assert"):
            continue
        findings = [{"word": STATUS_WORDS[f.status], "summary": f.summary or f.target} for f in _told(record)[:MOST]]
        text = record.reason or ("" if findings else str(record.body.get("text") or ""))
        out.append({"id": record.id, "title": record.title, "state": record.state, "text": text, "findings": findings})
    return out


def _told(record: StepRecord) -> list[Finding]:
    found = record.findings
    return [f for f in found if f.bad or len(found) <= FEW]


def _queries(run: RunState, facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The stored queries behind what is told, by step; the draft's own last."""
    out = []
    for record in run.steps.values():
        if not record.done or record.kind not in ("check", "query", "assert"):
            continue
        own = dict.fromkeys(f.provenance.query for f in _told(record) if f.provenance)
        query = ";\n".join(own) or str(record.body.get("query") or "")
        if query:
            out.append({"id": record.id, "query": _fenced(query)})
    return [*out, {"id": facts["step"], "query": _fenced(str(facts["query"]))}]


def _place(dimension: str, value: str, name: str) -> str:
    return f"{name} ({dimension} {value})" if name != value else f"{dimension} {value}"


def _fenced(query: str) -> str:
    return leave.visible(query, most=20_000).replace("```", "'''")


def _cited(run: RunState, facts: Mapping[str, Any]) -> Iterable[StepRecord]:
    """The steps that the text cites: those that stand under Evidence, and the draft's own."""
    shown = {e["id"] for e in _evidence(run)} | {facts["step"]}
    return [r for r in run.steps.values() if r.id in shown]
