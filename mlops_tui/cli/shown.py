"""Journal events as lines for a person. Pure: event in, text out; everything that came from data is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.cli.page import Look, place, shortened, wrapped
from mlops_tui.core.finding import Finding, from_json, ranked
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import both_zones, format_duration, iso, parse_instant
from mlops_tui.journal import Event

MOST_FINDINGS = 12
MOST_ROWS = 20
LEAST_FINDINGS = 4
"""So many are shown even where all are well."""
TOLD_SHORT = frozenset({"notify"})
"""Kinds whose text repeats what earlier steps said: two lines of it are enough, `runbook outbox` has it whole."""
NOT_WHEN = "not when "
"""How the engine's reason begins where a step's `when:` is not met; its condition follows."""
SLOW = 0.5
"""Seconds from which it is said how long a step took."""


def shown(event: Event, look: Look, root: Path, zone: ZoneInfo) -> str:
    """The lines of an event; an empty text for what a person need not see. `root` is the project's folder, `zone` its
    time zone, shown beside UTC."""
    body = event.body or {}
    match event.type:
        case "run_started":
            return begun(event, look, zone)
        case "run_joined":
            return begun(event, look, zone) + f"\n  going on with run {event.run}"
        case "step_started":
            return started(event.step, body, look)
        case "step_ended":
            return ended(body, look, root)
        case "step_skipped":
            return skipped(event.step, body, look)
        case "answered":
            # the step's own end says who chose what; only the reason stands nowhere else
            told = bool(body.get("why")) and body.get("person") != "auto"
            return f"  {one_line(str(body.get('person', '')))}: {one_line(str(body.get('why', '')))}" if told else ""
        case "question_expired":
            return "  nobody answered in time"
        case "effect_intended":
            return f"  about to do: {one_line(str(body.get('plan') or body.get('kind', '')))}"
        case "effect_ended":
            return f"  done: {one_line(str(body.get('state', '')))}"
        case "message_queued":
            to = one_line(str(body.get("to") or body.get("channel") or ""))
            return f"  message to {to}: {one_line(str(body.get('text', '')), most=200)}"
        case "note":
            return f"  note by {one_line(event.actor.shown)}: {one_line(str(body.get('text', '')))}"
    return ""


def begun(event: Event, look: Look, zone: ZoneInfo) -> str:
    """Which incident and runbook, for which model; until when its data goes, how old that is, and what is compared."""
    body = event.body or {}
    about = " · ".join(one_line(str(body[k])) for k in ("title", "model") if body.get(k))
    lines = [look.paint(f"{event.stream} · {about}" if about else event.stream, "bold")]
    if body.get("at"):
        age = body.get("age")
        until = f"data until {both_zones(parse_instant(str(body['at'])), zone)}"
        old = f" · newest row {format_duration(timedelta(seconds=age))} old" if isinstance(age, int | float) else ""
        lines.append(wrapped(until + old, look.width))
    if body.get("replayed") and body.get("clock"):
        lines.append(wrapped(f"replayed: as it stood at {both_zones(parse_instant(str(body['clock'])), zone)}", look.width))
    if body.get("windows"):
        lines.append(wrapped(compared(body["windows"]), look.width))
    return "\n".join(lines)


def compared(windows: Mapping[str, Any]) -> str:
    """The windows in words, as lengths: what is looked at, and the reference before it."""
    current, reference = ({k: parse_instant(v) for k, v in windows[name].items()} for name in ("current", "reference"))
    length, back = (format_duration(w["end"] - w["start"]) for w in (current, reference))
    before = f"the {back} before" if reference["end"] == current["start"] else f"the {back} to {iso(reference['end'])}"
    return f"window: the last {length}; reference: {before}"


def skipped(step: str, body: Mapping[str, Any], look: Look) -> str:
    """A step that was not taken, and why not."""
    title = one_line(str(body.get("title") or ""))
    head = f"{step} · {title}" if title else step
    reason = str(body.get("reason") or "")
    if reason.startswith(NOT_WHEN):
        reason = f"this does not hold: {reason.removeprefix(NOT_WHEN)}"
    return "\n" + look.paint(head, "bold") + "\n" + wrapped(f"skipped: {reason}", look.width, "    ", "  ")


def started(step: str, body: Mapping[str, Any], look: Look) -> str:
    """The step's id and title, and what to understand."""
    title = one_line(str(body.get("title") or ""))
    head = look.paint(f"{step} · {title}" if title else step, "bold")
    why = wrapped(str(body.get("why") or ""), look.width)
    return "\n" + head + (f"\n{look.paint(why, 'dim')}" if why else "")


def ended(body: Mapping[str, Any], look: Look, root: Path) -> str:
    """How the step ended: its findings as a table, its rows, its files, and the state as a word."""
    parts: list[str] = []
    found = ranked(from_json(f) for f in body.get("findings") or ())
    if found:
        parts.append(findings(found, look))
    if body.get("table") and not _single(body):
        parts.append(table(body["table"], look))
    files = [place(root, str(a["path"])) for a in body.get("artefacts") or ()]
    parts += [f"→ {path}" for path in files]
    state = str(body.get("state", "unknown"))
    said = str(body.get("error") or body.get("text") or "")
    seconds = body.get("seconds")
    took = f" ({seconds:.1f} s)" if isinstance(seconds, int | float) and seconds >= SLOW else ""
    words = f"{state}: {said}{took}" if said and not files else f"{state}{took}"
    if body.get("kind") in TOLD_SHORT:
        line = shortened(words, look.width - 2, 2, "")
    else:
        line = wrapped(words, look.width - 2, indent="  ", first="")
    parts.append(look.paint(state, state) + line[len(state) :])
    return "\n".join("  " + line for part in parts for line in part.split("\n"))


def _single(body: Mapping[str, Any]) -> bool:
    """Whether the rows are one cell that the step's own words say already."""
    rows: Sequence[Sequence[Any]] = body["table"].get("rows") or ()
    return bool(body.get("text")) and len(rows) == 1 and len(rows[0]) == 1


def findings(found: Sequence[Finding], look: Look) -> str:
    """The worst findings as a table, and how many more there are."""
    from mlops_tui.report.tables import findings_table

    most = max(LEAST_FINDINGS, min(MOST_FINDINGS, sum(f.bad for f in found)))
    return look.statuses(findings_table(found, look.wide - 2, most=most))


def table(body: Mapping[str, Any], look: Look) -> str:
    """A step's rows as a table, the first ones only, and how many more there are."""
    from mlops_tui.report.tables import table as drawn

    times = [str(t).lower().startswith("timestamp") for t in body.get("types") or ()]
    rows = [tuple(_moment(v) if i < len(times) and times[i] else v for i, v in enumerate(r)) for r in body.get("rows") or ()]
    if not rows:
        return "no rows"
    more = int(body.get("more") or 0) + max(0, len(rows) - MOST_ROWS)
    return drawn(tuple(body["columns"]), rows[:MOST_ROWS], look.wide - 2, more=more)


def _moment(value: Any) -> Any:
    """A time of the journal as a moment, so that tables show it as everywhere; what is none stays."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
