"""What a page says: what moved, by how much, since when, and the line to type. Nothing of it counts fewer than ten rows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.core.errors import RunbookError
from mlops_tui.core.finding import Finding
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import both_zones, format_duration, iso
from mlops_tui.incidents.messages import Piece
from mlops_tui.incidents.paging import Ack
from mlops_tui.inventory.types import Alert
from mlops_tui.session.thread import person

if TYPE_CHECKING:
    from mlops_tui.project import Subject

MOST_TOLD = 3
"""Findings that a page tells in whole sentences."""
DRAWING_SECONDS = 20.0
"""A page waits no longer for its chart."""

_CHARTS = {
    "decision_rate": "decision_rate",
    "score_drift": "score_histogram",
    "feature_drift": "top_features",
    "missing_rate": "missing_rate",
    "volume": "upstream_volume",
    "freshness": "upstream_volume",
}
"""The chart that shows what a check found."""


@dataclass(frozen=True, slots=True)
class Words:
    """A page in words: all of them, and in paragraphs."""

    text: str
    layout: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart of a page, as PNG with its title; or why there is none."""

    png: bytes = b""
    title: str = ""
    missing: str = ""


def page_words(
    subject: Subject,
    alert: Alert,
    firing: Sequence[Finding],
    *,
    incident: str,
    severity: str,
    why: str,
    replayed: bool,
    acked: Sequence[Ack] = (),
    number: int = 1,
    missing: str = "",
) -> Words:
    """The page of an alert: `number` counts the pages of the incident, `missing` says why no chart comes along."""
    zone = subject.project.zone
    mark = "REPLAY · " if replayed else ""
    head = f"{mark}{severity} · {alert.id} · {subject.model} · {incident}"
    said = [sentence(f) for f in firing[:MOST_TOLD]]
    if len(firing) > MOST_TOLD:
        said.append(f"{len(firing) - MOST_TOLD} more beyond the threshold.")
    lines = [*([f"Page {number} of this incident: {one_line(why)}."] if number > 1 else []), *said]
    owner = subject.spec.owner
    about = [
        since(subject, firing),
        f"Data until {both_zones(subject.windows.now, zone)}, newest row {format_duration(subject.age)} old.",
        f"{one_line(subject.model)} is {one_line(owner.name)}'s ({one_line(owner.team)}).",
    ]
    seen = [f"Seen by {one_line(person(subject.project, a.who))} at {both_zones(a.at, zone)}." for a in acked]
    command = "\n".join(commands(subject, alert, incident, replayed=replayed, acked=bool(acked)))
    small = [*about, *seen, *([f"No chart: {one_line(missing)}."] if missing else [])]
    layout = (Piece("head", head), Piece("text", "\n".join(lines)), Piece("small", " ".join(small)), Piece("code", command))
    return Words("\n".join(p.text for p in layout), layout)


def sentence(finding: Finding) -> str:
    """A Finding's one sentence, without what fewer than ten rows stand behind."""
    from mlops_tui.report import publish

    return one_line(publish.finding(finding).summary, most=600)


def since(subject: Subject, firing: Sequence[Finding]) -> str:
    """Since when it moved, in UTC and in the project's zone; or in which hours it was seen, where that cannot be told."""
    zone = subject.project.zone
    onset = next((f.onset for f in firing if f.onset is not None), None)
    if onset is not None:
        return f"Since {both_zones(onset, zone)}."
    window = firing[0].window if firing else None
    if window is None:
        return f"Seen at {both_zones(subject.windows.clock, zone)}."
    return f"Seen in the {format_duration(window.length)} to {both_zones(window.end, zone)}; when it began is not known."


def commands(subject: Subject, alert: Alert, incident: str, *, replayed: bool, acked: bool = False) -> list[str]:
    """The lines to type: the runbook for this incident, and the acknowledgement where nobody gave one."""
    moment = f" --at {iso(subject.windows.clock)}" if replayed else ""
    work = f"runbook run {shlex.quote(one_line(alert.runbook))} --incident {incident}{moment}" if alert.runbook else ""
    return [work or f"runbook incident {incident}", *([] if acked else [f"runbook ack {incident}"])]


def draw(subject: Subject, firing: Sequence[Finding]) -> Drawn:
    """The chart of what fires most, as it may leave; never an error: a page goes out without it, and says why."""
    from mlops_tui.report import CHARTS, build, pngs, publish

    worst = firing[0]
    chart = _CHARTS.get(worst.check_name, "")
    if chart not in CHARTS:
        return Drawn(missing=f"none shows {one_line(worst.check_name, most=60)}")
    try:
        made = build(chart, subject, findings=firing, where=worst.slice)
        shown = publish.chart(made[0])
        return Drawn(pngs([shown], timeout=DRAWING_SECONDS)[0], one_line(shown.title))
    except RunbookError as error:
        return Drawn(missing=one_line(str(error)))
