"""The timeline: what happened, one line each, for a person who was asleep when it did."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlops_tui.core.finding import from_json, ranked
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import format_duration
from mlops_tui.incidents.messages import Message, fold_messages
from mlops_tui.journal import Event

LONG = 240
"""Characters of foreign text in one entry."""
WORTH_TELLING = timedelta(minutes=1)
"""A wait below this is not told."""
TOLD_ELSEWHERE = frozenset({"ask", "confirm", "note", "notify"})
"""Step kinds whose result is an entry of its own (the answer, the note, the message) when all went well."""

_ENDS = frozenset({"step_ended", "step_skipped"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `who` is a login; `kind` and `seq` are the event's; `text` is safe on a terminal."""

    at: datetime
    who: str
    text: str
    kind: str
    step: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class _Story:
    """What an event's line needs to know of the others."""

    questions: Mapping[str, Event]
    answered: frozenset[str]
    over: Mapping[tuple[str, str], int]
    """By (run, step): the `seq` of its last end."""
    told: Mapping[tuple[str, str], int]
    """By (run, step): the `seq` of the last event that tells more than that the step has begun."""
    messages: Mapping[str, Message]


def timeline(events: Sequence[Event]) -> tuple[Entry, ...]:
    """The entries of a stream, in the order of `seq`.

    What a later event tells better is left out: the start of a step that ended, a question that was answered, a post
    that was settled.
    """
    story = _Story(
        questions={str((e.body or {}).get("id")): e for e in events if e.type == "question_asked"},
        answered=frozenset(str((e.body or {}).get("question")) for e in events if e.type in ("answered", "question_expired")),
        over={(e.run, e.step): e.seq for e in events if e.type in _ENDS},
        told={(e.run, e.step): e.seq for e in events if e.type in _ENDS or e.type in ("question_asked", "effect_intended")},
        messages={m.id: m for m in fold_messages(events)},
    )
    entries = []
    for event in events:
        tell = _TELL.get(event.type, _plainly)
        text = tell(event, event.body or {}, story)
        if text:
            entries.append(Entry(event.at, _who(event), text, event.type, event.step, event.seq))
    return tuple(entries)


Teller = Callable[[Event, Mapping[str, Any], _Story], str]


def _who(event: Event) -> str:
    person = (event.body or {}).get("person")
    return str(person) if event.type == "answered" and person else event.actor.login


def _say(text: object) -> str:
    return one_line(str(text or ""), most=LONG)


def _join(*parts: object) -> str:
    return ": ".join(p for part in parts if (p := _say(part)))


def _opened(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    severity = f" ({_say(body['severity'])})" if body.get("severity") else ""
    return _join("incident opened", body.get("title")) + severity


def _closed(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    word = _say(body.get("as")).replace("_", " ")
    return _join(f"incident closed as {word}" if word else "incident closed", body.get("reason"))


def _run_started(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    alone = ", unattended" if body.get("auto") else ""
    return f"runbook {_say(body.get('runbook'))} started (run {event.run}{alone})"


def _run_joined(event: Event, _: Mapping[str, Any], __: _Story) -> str:
    return f"run {event.run} taken up again"


def _run_ended(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    state = str(body.get("state", ""))
    says = {"ended": "ended", "failed": "failed", "interrupted": "was interrupted", "waiting": "waits"}.get(state, state)
    reason = "" if state == "interrupted" else body.get("reason")
    if state == "waiting":
        reason = ""
        says = "waits for an answer"
    return _join(f"run {event.run} {says}", reason)


def _step_started(event: Event, body: Mapping[str, Any], story: _Story) -> str:
    if story.told.get((event.run, event.step), 0) > event.seq:
        return ""
    return _join(f"step {event.step} started", body.get("title"))


def _step_ended(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    state = str(body.get("state", "unknown"))
    if state == "ok" and body.get("kind") in TOLD_ELSEWHERE:
        return ""
    found = ranked(from_json(f) for f in body.get("findings") or ())
    bad = [f for f in found if f.bad]
    if state in ("failed", "unknown", "cancelled"):
        says = body.get("error") or body.get("text")
    elif bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        says = bad[0].summary + more
    else:
        says = body.get("text") or body.get("error") or (found[0].summary if found else "")
    return _join(f"step {event.step}", state, says)


def _step_skipped(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    return _join(f"step {event.step}", "skipped", body.get("reason"))


def _asked(_: Event, body: Mapping[str, Any], story: _Story) -> str:
    return "" if str(body.get("id")) in story.answered else _join("asked", body.get("text"))


def _answered(event: Event, body: Mapping[str, Any], story: _Story) -> str:
    asked = story.questions.get(str(body.get("question")))
    text = (asked.body or {}).get("text") if asked else body.get("question")
    waited = event.at - asked.at if asked else timedelta()
    after = f" (after {format_duration(waited)})" if waited >= WORTH_TELLING else ""
    choice = _say(body.get("choice"))
    says = f"answered '{choice}' to" if choice else "gave no answer to"
    why = f"; because: {_say(body['why'])}" if body.get("why") and body["why"] != "unattended" else ""
    return _join(says, _lines(text)) + why + after


def _expired(_: Event, body: Mapping[str, Any], story: _Story) -> str:
    asked = story.questions.get(str(body.get("question")))
    return _join("nobody answered in time", _lines((asked.body or {}).get("text")) if asked else body.get("question"))


def _lines(text: object) -> str:
    """A question's first line where it has several (the plan stands below it), else all of it."""
    parts = [p for p in str(text or "").splitlines() if p.strip()]
    return " ".join(parts[:2]) if len(parts) > 1 else (parts[0] if parts else "")


def _effect_intended(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    return _join("begins", _plan(body.get("plan")))


def _effect_ended(event: Event, body: Mapping[str, Any], story: _Story) -> str:
    over = story.over.get((event.run, event.step), 0) > event.seq
    return "" if over else _join(f"write of step {event.step}", body.get("state"))


def _effect_settled(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    done = "it was done" if body.get("state") == "ok" else "it was not done"
    return f"settled what step {event.step} did: {done}"


def _plan(plan: object) -> str:
    if isinstance(plan, Mapping):
        argv = plan.get("argv")
        if isinstance(argv, list):
            return shlex.join(str(a) for a in argv)
        return ", ".join(f"{k} {v}" for k, v in plan.items())
    return str(plan or "")


def _message_queued(event: Event, body: Mapping[str, Any], story: _Story) -> str:
    message = story.messages[event.id]
    waits = ""
    if message.state in ("queued", "waiting"):
        waits = f" (waits: {_say(message.reason)})" if message.reason else " (waits)"
    # of words in paragraphs the heading is enough: the event that they are about tells the rest
    said = body["layout"][0].get("text") if body.get("layout") else body.get("text")
    return _join(f"message to {_say(body.get('channel'))} queued{waits}", said)


def _message_settled(event: Event, body: Mapping[str, Any], story: _Story) -> str:
    message = story.messages.get(str(body.get("message")))
    to = f"message to {_say(message.channel)}" if message else "message"
    state, reason = body.get("state"), body.get("reason")
    if state == "waiting":
        return ""
    if state == "sent":
        waited = event.at - message.queued if message else timedelta()
        after = f" {format_duration(waited)} late" if waited >= WORTH_TELLING else ""
        return f"{to} sent{after}" + (" (may be doubled)" if body.get("doubled") else "")
    if state == "unsure":
        return _join(f"{to} may have arrived", reason)
    return _join(f"{to} failed", reason)


def _severity_set(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    return _join(f"severity set to {_say(body.get('severity'))}".rstrip(), body.get("why"))


def _alert_fired(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    teams = ", ".join(dict.fromkeys(_say(p.get("to")) for p in body.get("page") or ()))
    paged = f" (paged {teams})" if teams else " (nobody was paged)" if "paged" in body else ""
    what = " ".join(p for p in ("alert", _say(body.get("alert")), "fired for", _say(body.get("model"))) if p)
    return _join(what, body.get("text")) + paged


def _acked(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    what = f"acknowledged alert {_say(body['alert'])}" if body.get("alert") else "acknowledged"
    return _join(what, body.get("note"))


def _purged(_: Event, body: Mapping[str, Any], __: _Story) -> str:
    count = len(body.get("entries") or ())
    return f"purged what {count} entr{'y' if count == 1 else 'ies'} said"


def _word(*parts: str) -> Teller:
    """A line of fixed words and body values: `{key}` stands for the value."""

    def tell(_: Event, body: Mapping[str, Any], __: _Story) -> str:
        filled = [_say(body.get(p[1:-1])) if p.startswith("{") else p for p in parts]
        return " ".join(p for p in filled if p)

    return tell


def _plainly(event: Event, body: Mapping[str, Any], _: _Story) -> str:
    """A type that this version does not know: its name and what text it has."""
    return _join(event.type.replace("_", " "), body.get("text"))


_TELL: Mapping[str, Teller] = {
    "incident_opened": _opened,
    "severity_set": _severity_set,
    "role_taken": _word("{person}", "took the role", "{role}"),
    "status_set": _word("status set to", "{status}"),
    "incident_merged": _word("merged into", "{into}"),
    "incident_closed": _closed,
    "note": _word("note:", "{text}"),
    "pinned": _word("pinned:", "{text}"),
    "run_started": _run_started,
    "run_joined": _run_joined,
    "run_ended": _run_ended,
    "step_started": _step_started,
    "step_ended": _step_ended,
    "step_skipped": _step_skipped,
    "question_asked": _asked,
    "answered": _answered,
    "question_expired": _expired,
    "effect_intended": _effect_intended,
    "effect_ended": _effect_ended,
    "effect_settled": _effect_settled,
    "message_queued": _message_queued,
    "message_tried": lambda _event, _body, _story: "",
    "message_settled": _message_settled,
    "alert_fired": _alert_fired,
    "alert_resolved": _word("alert", "{alert}", "of", "{model}", "is quiet again"),
    "acked": _acked,
    "silenced": _word("silenced alert", "{alert}", "until", "{until}"),
    "purged": _purged,
    "exported": _word("exported to", "{path}"),
}
