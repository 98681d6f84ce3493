"""What checks said, a step, a timeline, an ending as lines to read. Pure: values and a width in, lines out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import Doc, toned

if TYPE_CHECKING:
    from mlops_tui.core.finding import Finding
    from mlops_tui.engine.types import Progress
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.walks import Walk, WalkStep

MOST_FINDINGS = 12
LEAST_FINDINGS = 4
MOST_LINES = 200


def step(
    doc: Doc,
    walked: WalkStep,
    *,
    live: Sequence[tuple[str, str]] = (),
    running: bool = False,
    progress: Progress | None = None,
    query: bool = False,
    boxed: bool = False,
    so_far: Sequence[Finding] = (),
) -> None:
    """A step: its title, why, what came out of it. `boxed` says that its question stands in a box of its own; `so_far` is
    what the steps before found, which an answer is given by."""
    doc.head(walked.plan.title)
    if walked.plan.why:
        doc.prose(walked.plan.why, "muted")
    doc.blank()
    state = "running" if running else walked.state
    if state == "pending":
        doc.line(("pending", "muted"), (": this step has not begun", "muted"))
    elif running or state == "running":
        share = f"{progress.text}, {progress.done:.0f} of {progress.total:.0f}" if progress and progress.total else ""
        doc.state("running", share)
    elif state == "waiting":
        _asked(doc, walked, boxed=boxed)
        bad = [f for f in so_far if f.bad]
        if bad:
            doc.blank().line(("found so far:", "muted")).findings(bad, most=MOST_FINDINGS)
    else:
        doc.state(state, "" if any(walked.said == a.path for a in walked.artefacts) else walked.said)
    for stream, text in live[-MOST_LINES:]:
        doc.prose(text, "warn" if stream == "err" else "plain", indent="  ", first="| ")
    if walked.findings:
        most = max(LEAST_FINDINGS, min(MOST_FINDINGS, sum(f.bad for f in walked.findings)))
        doc.blank().findings(walked.findings, most=most)
    if walked.table is not None:
        doc.blank().table(walked.table)
    for chart in walked.charts:
        doc.blank().chart(chart)
    if walked.artefacts:
        doc.blank()
        for artefact in walked.artefacts:
            doc.path(artefact.path)
    if query and walked.query:
        doc.blank().line(("the query behind it", "muted")).prose(walked.query)


def _asked(doc: Doc, walked: WalkStep, *, boxed: bool) -> None:
    asked = walked.asked
    doc.line(("waiting", "ask"), " for an answer" if asked else "")
    if asked is not None and not boxed:
        doc.prose(str(asked.body.get("text", "")), "plain", indent="  ", first="? ")


def timeline(doc: Doc, incident: Incident, *, most: int = 99) -> None:
    """What happened, newest last; each entry's time, who, and what, folded to at most so many lines."""
    day = ""
    for entry in incident.timeline:
        if (today := f"{entry.at:%Y-%m-%d}") != day:
            day = today
            doc.line((f"{day} UTC", "muted"))
        tone = {"note": "ask", "pinned": "ask", "answered": "ask"}.get(entry.kind, "plain")
        head = f"{entry.at:%H:%M:%S} "
        folded = textwrap.wrap(f"{one_line(entry.who)} · {entry.text}", max(doc.width - len(head), 20)) or [""]
        if len(folded) > most:
            folded = [*folded[: most - 1], folded[most - 1][: doc.width - len(head) - 1] + "…"]
        doc.lines.append(Content("").join([toned(head, "muted"), toned(folded[0], tone)]))
        doc.lines += [toned(" " * len(head) + t, tone) for t in folded[1:]]
    if not incident.timeline:
        doc.line(("nothing happened yet", "muted"))


def ending(doc: Doc, walk: Walk) -> None:
    """How the run ended, and where to go from here."""
    word = {"ended": "The run has reached its end", "failed": "The run failed"}[walk.state]
    doc.blank().line(
        (word + (": " + one_line(walk.reason) if walk.reason else "."), "okay" if walk.state == "ended" else "crit")
    )
    counts: dict[str, int] = {}
    for s in walk.steps:
        counts[s.state] = counts.get(s.state, 0) + 1
    doc.prose("steps: " + ", ".join(f"{n} {state}" for state, n in counts.items()), "muted")
    doc.prose("i shows the incident with its messages and the draft", "muted")


def checked(doc: Doc, check: ModelCheck | None, failed: str) -> None:
    """What a model's checks said: its alerts, then the worst findings."""
    if check is None:
        doc.line((failed or "its checks run now; this fills in when they are done", "muted"))
        return
    for problem in check.problems:
        doc.prose(problem, "unsure", indent="  ", first="? ")
    fired = [a for a in check.alerts if a.fired]
    for alert in fired:
        arrow = f" → r runs {alert.runbook}" if alert.runbook else ""
        doc.line(("FIRED ", "crit"), alert.alert_id, (arrow, "ask"))
        doc.prose(alert.reason, indent="  ")
    quiet = [a.alert_id for a in check.alerts if not a.fired]
    if quiet:
        doc.prose("quiet: " + ", ".join(quiet), "muted", indent="       ", first="")
    bad = [f for f in check.findings if f.bad]
    if bad:
        doc.blank().findings(bad, most=8)
