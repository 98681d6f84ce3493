"""What may happen in an incident: the types of the journal's events, and who may write them."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "INC-"
"""What the streams of incidents begin with."""

EVENT_TYPES: Mapping[str, str] = {
    "incident_opened": "an incident begins: title, model, alert, severity, replayed",
    "severity_set": "the severity is now: severity, was, why",
    "role_taken": "a person takes a role: role, person",
    "status_set": "the status is now: status (open or closed)",
    "incident_merged": "it goes on in another incident: into",
    "incident_closed": "it is over: as, reason",
    "note": "a person or a step notes: text",
    "pinned": "something worth the postmortem: text",
    "run_started": "a run of a runbook begins, and freezes what it stands on: text, inventory, sets, at, windows, files",
    "run_joined": "a process takes the run up again: by",
    "run_ended": "the run stops: state (ended, failed, interrupted, waiting), reason",
    "step_started": "a step begins: kind, title, why",
    "step_ended": "a step is over: kind, title, state, text, error, findings, value, artefacts, query",
    "step_skipped": "a step is left out: kind, title, reason",
    "question_asked": "only a person can say: id, kind, text, choices, by, expires, effect",
    "answered": "a person said: question, choice, person, why",
    "question_expired": "nobody said it in time: question",
    "effect_intended": "a write is about to happen: id, kind, plan, sha256, key, undo",
    "effect_ended": "how the write ended: id, state (`not_started`: it was stopped before), outcome",
    "effect_settled": "a person said how an unknown write ended: id, state (ok or failed), person",
    "message_queued": "a message is to go out (its id is the event's): to, channel, text, layout, thread, attachments",
    "message_tried": "a part or a file of a message is about to be posted: message, part or file",
    "message_settled": "what came of it: message, state, reason, parts_sent, ts, channel_id; file, step, file_id, url",
    "alert_fired": "an alert fired: alert, model, text, why, clock, findings, baseline; paged, and then page, message, layout",
    "alert_resolved": "an alert is quiet again: alert, model, text, clock",
    "acked": "a person has seen an alert: alert, person, note",
    "silenced": "an alert is silent for a while: alert, until, why",
    "purged": "bodies were deleted for good: entries",
    "exported": "the incident was handed out: path, head",
}
"""Every type, with what its body says."""

DRIVER_TYPES = frozenset(t for t in EVENT_TYPES if t.startswith(("run_", "step_", "effect_")))
"""What only the driver of a run may write; the journal refuses them from anybody else."""
