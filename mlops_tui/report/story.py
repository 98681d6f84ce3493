"""What a postmortem draft tells, as values: a fold of the journal and of the facts that a run measured.

Nothing in it is escaped: each rendering (Markdown, HTML) does that in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import STATUS_WORDS, Finding, ranked
from mlops_tui.core.leave import SMALL_CELL
from mlops_tui.core.window import format_duration, parse_instant
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import RunState, StepRecord, fold_run, runs_of
from mlops_tui.inventory import Inventory
from mlops_tui.journal import Event
from mlops_tui.report import publish, words
from mlops_tui.report.chart import Chart, from_json
from mlops_tui.report.facts import VERSION
from mlops_tui.report.times import times

FEW = 3
"""Up to so many Findings of a step are all told; of more, only those that are not OK."""
MOST = 12
"""The most Findings that are told of a step, and the most that are told to have moved."""
MOST_ROWS = 20
"""The most segments of the table of the impact."""
MESSAGE = 72
"""The most characters of a message in the timeline; the whole text is in the outbox."""
MEASURES = ("check", "query", "assert")
"""Step kinds that stand under Evidence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart of the run: its step, the file of its PNG, and the chart itself, as it may leave, where the journal holds it."""

    title: str
    file: str
    step: str
    chart: Chart | None


def story(events: Sequence[Event], facts: Mapping[str, Any], *, zone: ZoneInfo, inventory: Inventory) -> dict[str, Any]:
    """The values that a template is filled with. `facts` are those of `gather`; the events are the incident's.

    Raises RunbookError for facts of another version's form.
    """
    if facts.get("version") != VERSION:
        raise RunbookError("the facts of this draft were measured by another version", hint="run the runbook again")
    incident = fold(events)
    runs = [fold_run(events, name) for name in runs_of(events)]
    run = _run(runs, facts)
    citing = {f["id"]: r.id for r in run.steps.values() for f in r.body.get("findings") or ()}
    headline = facts["headline"]
    rest = [m | {"cite": citing.get(m["id"], "")} for m in facts["moved"] if not headline or m["id"] != headline["id"]]
    place = [_place(k, p["value"], p["name"]) for k, p in facts["place"].items()]
    onset = parse_instant(facts["onset"]) if facts.get("onset") else None
    told = {m["id"] for m in rest[:MOST]} | ({headline["id"]} if headline else set())
    evidence = _evidence(run, told)
    queries = _queries(run, facts)
    return {
        "incident": incident,
        "title": (run.frozen.get("title") or incident.title) + "".join(f", {p}" for p in place),
        "facts": facts,
        "replayed": incident.replayed,
        "replayed_look": bool(run.frozen.get("replayed")),
        "runs": [{"id": r.run, "how": _how(r), "this": r.run == run.run} for r in runs],
        "owner": _owner(inventory, facts["model"]),
        "on_call": _on_call(inventory, facts["model"]),
        "people": ", ".join(incident.people) or "nobody yet",
        "headline": headline | {"cite": citing.get(headline["id"], "")} if headline else None,
        "place": ", ".join(place),
        "onset": onset,
        "onset_day": f"{onset.astimezone(zone):%A %-d %B %Y, %H:%M %Z}" if onset else "",
        "harm": _harm(facts),
        "moved_inputs": [m for m in rest if m["kind"] != "decision_rate"][:MOST],
        "elsewhere": [m for m in rest if m["kind"] == "decision_rate"][:MOST],
        "more_moved": max(len(rest) - MOST, 0),
        "looked": bool({"feature_drift", "score_drift", "data_quality"} & set(facts["measured"])),
        "impact": facts["impact"],
        "rows": facts["impact"]["rows"][:MOST_ROWS],
        "more_rows": max(len(facts["impact"]["rows"]) - MOST_ROWS, 0),
        "times": times(events, incident, onset),
        "days": _days(events, incident),
        "changes": _changes(facts, onset),
        "pictures": _pictures(run),
        "evidence": evidence,
        "queries": queries,
        "cited": _cited(run, facts, {e["id"] for e in evidence}, {q["id"] for q in queries}),
        "head": events[-1],
    }


def _run(runs: Sequence[RunState], facts: Mapping[str, Any]) -> RunState:
    """The run that measured the facts; facts that name none are those of the newest run with their step."""
    named = next((r for r in runs if r.run == facts.get("run")), None)
    return named or next((r for r in reversed(runs) if facts["step"] in r.steps), runs[-1])


def _how(run: RunState) -> str:
    ended = (run.ended.body or {}) if run.ended else {}
    alone = ", unattended" if run.frozen.get("auto") else ""
    replayed = ", replayed" if run.frozen.get("replayed") else ""
    return f"{ended.get('state', 'running')}{alone}{replayed}"


def _place(dimension: str, value: str, name: str) -> str:
    return f"{name} ({dimension} {value})" if name != value else f"{dimension} {value}"


def _owner(inventory: Inventory, model: str) -> str:
    owner = inventory.model(model).owner
    return f"{owner.name} ({owner.team})"


def _on_call(inventory: Inventory, model: str) -> str:
    found = []
    for team in inventory.model(model).on_call:
        known = inventory.file.teams.get(team)
        found.append(team + (f" ({known.slack})" if known and known.slack else ""))
    return ", ".join(found)


def _harm(facts: Mapping[str, Any]) -> str:
    """How many decisions went otherwise than usual where it moved: `123 fewer approved than usual (95%: 103 to 142)`."""
    impact, place = facts["impact"], facts["place"]
    value = place.get(impact["dimension"], {}).get("value")
    row = next((r for r in impact["rows"] if r["value"] == value), None) if value is not None else impact["total"]
    if row is None and len(impact["rows"]) == 1:
        row = impact["rows"][0]
    if row is not None and row.get("state") == "few_positives" and row["counterfactual"]:
        usual = f"where {row['counterfactual']:,} would be usual, of {row['n']:,} decisions"
        return f"fewer than {SMALL_CELL} {impact['positive']}, {usual}"
    if row is None or row["difference"] is None:
        return ""
    low, high = row["interval"]
    word, ends = ("fewer", (-high, -low)) if row["difference"] < 0 else ("more", (low, high))
    told = f"{abs(row['difference']):,} {word} {impact['positive']} than usual, of {row['n']:,} decisions"
    return f"{told}, which may be chance" if low <= 0 <= high else f"{told} (95%: {ends[0]:,} to {ends[1]:,} {word})"


def _days(events: Sequence[Event], incident: Incident) -> list[dict[str, Any]]:
    """The timeline by day: what steps found in short, one entry for a message however many channels it went to."""
    by_seq = {e.seq: e for e in events}
    messages: dict[tuple[str, str, str], list[Any]] = {}
    for m in incident.messages:
        messages.setdefault((m.run, m.step, m.text), []).append(m)
    told: set[tuple[str, str, str]] = set()
    days: list[dict[str, Any]] = []
    for entry in incident.timeline:
        event = by_seq[entry.seq]
        body = event.body or {}
        text = entry.text
        if entry.kind in ("step_started", "effect_intended"):
            continue
        if entry.kind == "message_queued":
            key = (event.run, event.step, str(body.get("text", "")))
            if key in told or key not in messages:
                continue
            told.add(key)
            text = _message(messages[key])
        elif entry.kind == "message_settled" and body.get("state") == "sent" and " late" not in text:
            continue
        elif entry.kind == "step_ended":
            text = _step(entry.step, body, text)
        day = f"{entry.at:%Y-%m-%d}"
        if not days or days[-1]["day"] != day:
            days.append({"day": day, "entries": []})
        days[-1]["entries"].append({"at": entry.at, "who": entry.who, "text": text})
    return days


def _message(queued: Sequence[Any]) -> str:
    channels = ", ".join(dict.fromkeys(m.channel for m in queued))
    states = ", ".join(dict.fromkeys("waits" if m.state in ("queued", "waiting") else m.state for m in queued))
    text = " ".join(queued[0].text.split())
    short = text if len(text) <= MESSAGE else text[:MESSAGE].rsplit(" ", 1)[0] + " …"
    return f"message to {channels} ({states}): {short}"


def _step(step: str, body: Mapping[str, Any], text: str) -> str:
    """A step's end with the worst of its Findings in short: the sentence stands under Summary or Evidence."""
    record = StepRecord(step, str(body.get("kind", "")), "", str(body.get("state", "")), body=body)
    bad = [f for f in ranked(record.findings) if f.bad]
    if record.kind == "postmortem" and record.state == "ok":
        return f"step {step}: the draft was written"
    if not bad or record.state in ("failed", "unknown", "cancelled"):
        return f"step {step}: {record.state}: {_text(record)}" if record.kind == "query" and record.state == "ok" else text
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"step {step}: {record.state}: {in_short(bad[0])}{more}"


def in_short(found: Finding) -> str:
    """A Finding without its sentence: `CRIT decision rate, region=ES, -27.6pp`."""
    moved = f", {words.change(found)}" if found.value is not None and not publish.small(found.n) else ""
    return f"{STATUS_WORDS[found.status]} {words.what(found)}, {words.where(found.slice)}{moved}"


def _changes(facts: Mapping[str, Any], onset: datetime | None) -> list[dict[str, Any]]:
    """The changes, newest first, each with how long before the onset it was."""

    def apart(at: datetime) -> str:
        if onset is None:
            return ""
        if at == onset:
            return "at the onset"
        return f"{format_duration(abs(onset - at))} {'before' if at < onset else 'after'}"

    found = sorted(facts["changes"], key=lambda c: str(c["ts"]), reverse=True)
    return [dict(c) | {"apart": apart(parse_instant(str(c["ts"])))} for c in found]


def _pictures(run: RunState) -> list[Picture]:
    out: list[Picture] = []
    for record in run.steps.values():
        charts = [from_json(c) for c in (record.body.get("extra") or {}).get("charts") or ()]
        files = [a for a in record.body.get("artefacts") or () if a["kind"] == "png"]
        for i, a in enumerate(files):
            chart = publish.chart(charts[i]) if len(charts) == len(files) else None
            out.append(Picture(str(a.get("title") or a["path"]), str(a["path"]).rsplit("/", 1)[-1], record.id, chart))
    return out


def _measured(run: RunState) -> Iterable[StepRecord]:
    return (r for r in run.steps.values() if r.done and r.state != "skipped" and r.kind in MEASURES)


def _evidence(run: RunState, told: set[str]) -> list[dict[str, Any]]:
    """The steps that measured something, and what they found; what the Summary says is not said again."""
    out = []
    for record in _measured(run):
        found = _told(record)[:MOST]
        findings = [
            {"word": STATUS_WORDS[f.status], "summary": publish.finding(f).summary or f.target}
            for f in found
            if f.id not in told
        ]
        text = record.reason or ("" if found else _text(record))
        more = len(_told(record)) - len(found)
        out.append(
            {
                "id": record.id,
                "title": record.title or record.id,
                "state": record.state,
                "text": text,
                "findings": findings,
                "summarised": len(findings) < len(found),
                "more": more,
            }
        )
    return out


def _told(record: StepRecord) -> list[Finding]:
    found = record.findings
    return [f for f in found if f.bad or len(found) <= FEW]


def _text(record: StepRecord) -> str:
    """What a step says of itself; a query's single whole number of 1 to 9 may be a count, and is not told."""
    value = record.body.get("value")
    if record.kind == "query" and isinstance(value, int) and not isinstance(value, bool) and publish.small(value):
        return f"fewer than {SMALL_CELL}"
    return str(record.body.get("text") or "")


def _queries(run: RunState, facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The stored queries behind what is told, by step; the draft's own last."""
    out = []
    for record in _measured(run):
        own = dict.fromkeys(f.provenance.query for f in _told(record) if f.provenance)
        query = ";\n".join(own) or str(record.body.get("query") or "")
        if query:
            out.append({"id": record.id, "query": query})
    return [*out, {"id": facts["step"], "query": str(facts["query"])}]


def _cited(run: RunState, facts: Mapping[str, Any], shown: set[str], stored: set[str]) -> list[dict[str, Any]]:
    """The steps that the text cites: those that stand under Evidence, and the draft's own."""
    wanted = shown | {facts["step"]}
    return [
        {"id": r.id, "title": r.title or r.id, "run": run.run, "stored": r.id in stored}
        for r in run.steps.values()
        if r.id in wanted
    ]


Filter = Callable[[Any], str]


def numbers() -> dict[str, Filter]:
    """Filters for numbers, the same in every rendering: `1,234`, `67.2%`, `−123`."""
    return {
        "count": lambda v: f"{v:,}",
        "pct": lambda v: f"{100 * v:.1f}%",
        "signed": lambda v: f"{v:+,}".replace("-", "−") if v else "0",
    }
