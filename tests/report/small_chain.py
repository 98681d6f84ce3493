"""A chain of one model with few rows, and an incident's events by hand: what the tests of the draft are made from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_tui import checks
from mlops_tui.checks import ask_from_alert
from mlops_tui.checks.ask import Ask
from mlops_tui.core.finding import Finding, ranked
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Event
from mlops_tui.project import Project, Subject, open_project

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
CLOCK = NOW + timedelta(minutes=30)
ONSET = datetime(2026, 10, 13, 9, tzinfo=UTC)
ANA = Actor("aruiz", 1001, "lab", 77, "Ana Ruiz")
LEA = Actor("lvogt", 1002, "lab", 78, "Lea Vogt")

INVENTORY = """\
version: 1
timezone: Europe/Madrid
teams:
  ml: {members: [{name: Ana Ruiz, login: aruiz}], slack: "#ml"}
  risk: {members: [{name: Lea Vogt, login: lvogt}], slack: "#risk"}
  data: {members: [{name: Ivo Lang, login: ilang}]}
sources:
  feed: {owner: {team: data, name: Ivo Lang}, log: {path: feed.jsonl, time: at}}
features:
  label: {type: categorical, version: 1, owner: {team: data, name: Ivo Lang}, description: The label., source: feed}
models:
  credit:
    description: Approves or rejects.
    owner: {team: ml, name: Ana Ruiz}
    on_call: [ml, risk]
    inputs: [feed]
    features: [label]
    decision: {column: decision, positive: approved}
    log:
      path: log.jsonl
      time: ts
      version: version
      score: {column: score, approve_from: 0.5}
      segments: [region]
      names: {region: {ES: Spain, FR: France, MT: Malta}}
    windows: {current: 1d, reference: 7d}
    alerts:
      - {id: drop, check: decision_rate, by: region, compare: day_over_day, fire: {change: {below: -10pp}}, runbook: drop}
    changes: [{jsonl: changes.jsonl}]
"""


def rows(*, moved: bool = True, label: str = "new", days: int = 9) -> list[dict[str, Any]]:
    """Six decisions an hour in ES, four in FR, one a day in MT; half are approved, in ES a sixth after the onset."""
    out = []
    for h in range(days * 24):
        at = NOW - timedelta(hours=h + 1)
        version = "v1" if at < NOW - timedelta(hours=3) else "v2"
        for region, n in (("ES", 6), ("FR", 4), ("MT", 1 if h % 24 == 5 else 0)):
            broken = moved and region == "ES" and at >= ONSET
            for i in range(n):
                yes = i < max(n // 2, 1) if not broken else i == 0
                out.append(
                    {
                        "ts": f"{at + timedelta(minutes=7 * i):%Y-%m-%dT%H:%M:%SZ}",
                        "region": region,
                        "decision": "approved" if yes else "rejected",
                        "score": round((0.7 if yes else 0.3) + (h * 7 + i * 13) % 20 / 100, 3),
                        "label": label if broken else ("old", "other", "third", "fourth")[(h + i) % 4],
                        "version": version,
                    }
                )
    return out


CHANGES = [
    {"ts": "2026-10-13T09:00:00Z", "kind": "regulation", "target": "feed", "what": "New labels", "who": "EU", "ref": "eu-1"},
    {"ts": "2026-10-13T06:30:00Z", "kind": "config", "target": "credit", "what": "Timeout raised", "who": "Tom", "ref": "c-2"},
    {
        "ts": "2026-10-14T00:00:00Z", "kind": "deploy", "target": "credit", "what": "v2 is live", "who": "bot", "ref": "d-3",
        "version": "v2", "trained_on": ["2026-10-01", "2026-10-13"],
    },
    {"ts": "2026-10-02T00:00:00Z", "kind": "deploy", "target": "credit", "what": "v1 is live", "who": "bot", "version": "v1"},
]  # fmt: skip


def chain(root: Path, *, log=None, changes=CHANGES, inventory: str = INVENTORY, feed: bool = True) -> Project:
    """The project on disk, opened as Ana at half past three."""
    root.mkdir(exist_ok=True)
    (root / "inventory.yaml").write_text(inventory)
    (root / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (rows() if log is None else log)))
    if feed:
        lines = [{"at": f"{NOW - timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}", "v": 1} for h in range(1, 200)]
        (root / "feed.jsonl").write_text("".join(json.dumps(r) + "\n" for r in lines))
    if changes is not None:
        (root / "changes.jsonl").write_text("".join(json.dumps(c) + "\n" for c in changes))
    return open_project(root, clock=lambda: CLOCK, actor=ANA, environ={"PATH": "/usr/bin:/bin"})


def measured(subject: Subject) -> dict[str, tuple[Finding, ...]]:
    """What a run's check steps find, by step."""
    (alert,) = subject.spec.alerts or (None,)
    found = {"scope": checks.run(subject, ask_from_alert(alert, subject.spec))} if alert else {}
    bad = [f for f in found.get("scope", ()) if f.status in ("crit", "warn")]
    where = dict(bad[0].slice) if bad else {}
    for step, name in (("drift", "feature_drift"), ("scores", "score_drift")):
        found[step] = checks.run(subject, Ask(name=name, where=where))
    return found


EVIL = (
    "a|b\n\n# T <img src=x onerror=alert(1)> [x](http://evil.example) `c` *d* www.evil.example ![p](q) &amp; \x1b[31m"
    " </script><script>alert(2)</script> \"'><!-- ```\n| e |"
)
"""Text that would be markup in Markdown, in HTML, in a script or in a terminal."""


def hostile(root: Path) -> tuple[Project, dict[str, tuple[Finding, ...]], Tale]:
    """A chain whose every text is `EVIL`, and the incident of it up to the chart step."""
    log = rows(label=EVIL)
    for r in log:
        r["version"] = EVIL if r["version"] == "v2" else r["version"]
        r["region"] = EVIL if r["region"] == "FR" else r["region"]
    changes = [{**c, "what": EVIL, "who": EVIL, "ref": EVIL, "target": "credit", "kind": EVIL} for c in CHANGES[:2]]
    changes.append({**CHANGES[2], "version": EVIL})
    project = chain(root, log=log, changes=changes)
    found = measured(project.subject("credit"))
    tale = Tale().opened().started().ran(found)
    tale.add("note", {"text": EVIL})
    tale.add("message_queued", {"to": "ml", "channel": EVIL, "text": EVIL}, run="INC-1.1", step="tell")
    tale.add("question_asked", {"id": "q", "kind": "ask", "text": EVIL}, run="INC-1.1", step="verdict")
    tale.add("answered", {"question": "q", "choice": EVIL, "person": EVIL, "why": EVIL}, run="INC-1.1", step="verdict")
    ran = {"kind": "query", "title": EVIL, "state": "ok", "text": EVIL, "query": f"select '{EVIL}'"}
    tale.add("step_ended", ran, run="INC-1.1", step="seen")
    tale.add("severity_set", {"severity": EVIL})
    return project, found, tale


def all_of(found: dict[str, tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """All findings, worst first."""
    return ranked(f for fs in found.values() for f in fs)


@dataclass
class Tale:
    """Events of one incident, a minute apart, with hashes that never change."""

    at: datetime = CLOCK
    events: list[Event] = field(default_factory=list)

    def add(self, kind: str, body=None, *, run: str = "", step: str = "", who: Actor = ANA, minutes: float = 1) -> Event:
        """One more event."""
        seq = len(self.events) + 1
        event = Event("INC-1", seq, f"e{seq}", self.at, who, kind, run=run, step=step, body=body or {}, hash=f"{seq:064x}")
        self.events.append(event)
        self.at += timedelta(minutes=minutes)
        return event

    def opened(self, *, replayed: bool = False, at: datetime = CLOCK) -> Tale:
        """The incident begins."""
        self.add(
            "incident_opened",
            {"title": "Approval rate dropped: credit", "model": "credit", "alert": "drop", "severity": "SEV2",
             "replayed": replayed, "at": at.isoformat()},
        )  # fmt: skip
        return self

    def started(self, run: str = "INC-1.1", *, auto: bool = False, replayed: bool = False, who: Actor = ANA) -> Tale:
        """A run begins."""
        body = {"runbook": "drop", "title": "Approval rate dropped", "auto": auto, "replayed": replayed}
        self.add("run_started", body, run=run, who=who)
        return self

    def ran(self, found: dict[str, tuple[Finding, ...]], run: str = "INC-1.1") -> Tale:
        """The check steps with what they found."""
        titles = {"scope": "Where did it move?", "drift": "Which inputs moved?", "scores": "Did the scores move?"}
        for step, findings in found.items():
            bad = any(f.bad for f in findings)
            body = {
                "kind": "check", "title": titles[step], "state": "attention" if bad else "ok",
                "text": "" if bad else "nothing moved beyond its threshold", "findings": [f.as_json() for f in findings],
            }  # fmt: skip
            self.add("step_ended", body, run=run, step=step)
        return self

    def drew(self, charts, run: str = "INC-1.1") -> Tale:
        """The chart step with its charts."""
        body = {
            "kind": "chart", "title": "The graphs", "state": "ok", "text": f"{len(charts)} charts",
            "artefacts": [{"kind": "png", "path": f"x/{c.id}.png", "sha256": "", "title": c.title} for c in charts],
            "extra": {"charts": [c.as_json() for c in charts]},
        }  # fmt: skip
        self.add("step_ended", body, run=run, step="graphs")
        return self

    def writing(self, run: str = "INC-1.1") -> Tale:
        """The draft's own step begins."""
        self.add("step_started", {"kind": "postmortem", "title": "The draft"}, run=run, step="writeup")
        return self
