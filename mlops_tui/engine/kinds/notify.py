"""`notify`: a message to people, through the journalled outbox."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.core.errors import RunbookError, did_you_mean
from mlops_tui.core.leave import visible
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params
from mlops_tui.engine.kinds.confirm import SELF
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Output

LEAVES = frozenset({"png", "svg", "markdown", "html"})
"""Kinds of artefacts that go along with a message."""
MOST_TEXT = 12_000
"""Characters of a message; a channel splits it further. What is longer is not read by anybody at 3 a.m."""


class NotifyParams(Params, kw_only=True, frozen=True):
    """`to` is a team, `on_call` or `owner`; `attach` names earlier steps whose charts and drafts go along."""

    to: str
    text: str
    attach: list[str] = []


class NotifyKind(Kind):
    """Queues a message per team; a channel that is down never blocks the run."""

    name = "notify"
    params = NotifyParams
    effect = "write"

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """The team and the attached steps exist."""
        given: NotifyParams = step.params
        if given.to not in names.teams | set(SELF):
            yield Note("notify.to", f"unknown team {given.to!r}", did_you_mean(given.to, names.teams | set(SELF)))
        for other in given.attach:
            if other not in names.results:
                yield Note("notify.attach", f"no earlier step {other!r}", did_you_mean(other, names.results))

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """The text."""
        yield "notify.text", step.params.text

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Queue; the event's id makes a repeat harmless. Sending is tried right after the step."""
        from mlops_tui.channels.outbox import queue

        given: NotifyParams = call.step.params
        text = visible(call.values.text(given.text, where=call.where), most=MOST_TEXT)
        teams = call.project.inventory.teams_for(given.to, call.subject.model)
        if not teams:
            raise RunbookError(f"nobody is {given.to!r} for {call.subject.model}", where=call.where)
        attached = _leaving(call, given.attach)
        channels: list[str] = []
        for team in teams:
            known = call.project.inventory.file.teams.get(team)
            if known is None:
                emit(Output(call.step.id, f"team {team} is not in inventory.yaml", "err"))
                continue
            channel = known.slack
            if channel is None:
                emit(Output(call.step.id, f"team {team} has no slack channel in inventory.yaml", "err"))
                continue
            if channel in channels:
                continue
            channels.append(channel)
            queue(
                call.journal,
                call.incident,
                to=team,
                channel=channel,
                text=text,
                step=call.step.id,
                run=call.run,
                attachments=tuple(attached),
                titles=tuple(attached.values()),
                id=f"{call.run}:{call.step.id}:{channel}",
            )
        if not channels:
            return Outcome("attention", text=f"nobody could be told: {', '.join(teams)} without a channel")
        return Outcome("ok", value=text, text=f"to {', '.join(channels)}: {text}")


def _leaving(call: Call, steps: Iterable[str]) -> dict[str, str]:
    """The charts and drafts of these steps, hash to title; rows and the output of commands stay on this machine."""
    records = (r for other in steps if (r := call.state.steps.get(other)))
    made = (a for r in records for a in r.body.get("artefacts") or () if a.get("kind") in LEAVES)
    return {str(a["sha256"]): str(a.get("title") or "") for a in made}


KIND = NotifyKind()
