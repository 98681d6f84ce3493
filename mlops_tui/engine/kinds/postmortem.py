"""`postmortem`: the draft, written while the incident runs."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.core.errors import did_you_mean
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params
from mlops_tui.engine.kinds.chart import findings_so_far
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Progress

TEMPLATES = ("default",)


class PostmortemParams(Params, kw_only=True, frozen=True):
    """`template` is `default`; more come with publishing."""

    template: str = "default"


class PostmortemKind(Kind):
    """Measures the impact, gathers what changed, and folds the journal into Markdown."""

    name = "postmortem"
    params = PostmortemParams
    effect = "write"

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """The template exists."""
        given: PostmortemParams = step.params
        if given.template not in TEMPLATES:
            yield Note("postmortem.template", f"unknown template {given.template!r}", did_you_mean(given.template, TEMPLATES))

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Write the draft. The facts it was made from go to the journal, so that it can be made again from there alone."""
        from mlops_tui.report.postmortem import draft, gather

        emit(Progress(call.step.id, 0, 2, "measuring the impact"))
        facts = gather(call.subject, findings_so_far(call), step=call.step.id, run=call.run)
        emit(Progress(call.step.id, 1, 2, "writing the draft"))
        text = draft(call.journal.events(call.incident), facts, zone=call.project.zone, inventory=call.project.inventory)
        kept = call.keep(text.encode(), "markdown", "postmortem.md", f"Postmortem draft of {call.incident}")
        return Outcome("ok", artefacts=(kept,), text=kept.path, extra={"facts": facts}, query=str(facts.get("query", "")))


KIND = PostmortemKind()
