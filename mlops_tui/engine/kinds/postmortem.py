"""`postmortem`: the draft, written while the incident runs."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_tui.core.errors import RunbookError, did_you_mean
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params
from mlops_tui.engine.kinds.chart import findings_so_far
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Outcome, Output, Progress

TEMPLATES = ("default",)


class PostmortemParams(Params, kw_only=True, frozen=True):
    """`template` is `default`; more come with publishing."""

    template: str = "default"


class PostmortemKind(Kind):
    """Measures the impact, gathers what changed, and folds the journal into Markdown and a page."""

    name = "postmortem"
    params = PostmortemParams
    effect = "write"

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """The template exists."""
        given: PostmortemParams = step.params
        if given.template not in TEMPLATES:
            yield Note("postmortem.template", f"unknown template {given.template!r}", did_you_mean(given.template, TEMPLATES))

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Write the draft, as Markdown and as a page. The facts it was made from go to the journal, so that it can be made
        again from there alone; a page that cannot be drawn does not take the draft with it."""
        from mlops_tui.report.page import page
        from mlops_tui.report.postmortem import draft, gather

        emit(Progress(call.step.id, 0, 3, "measuring the impact"))
        facts = gather(call.subject, findings_so_far(call), step=call.step.id, run=call.run)
        emit(Progress(call.step.id, 1, 3, "writing the draft"))
        events, project = call.journal.events(call.incident), call.project
        text = draft(events, facts, zone=project.zone, inventory=project.inventory)
        title = f"Postmortem draft of {call.incident}"
        kept = [call.keep(text.encode(), "markdown", "postmortem.md", title)]
        emit(Progress(call.step.id, 2, 3, "drawing the page"))
        missing = ""
        try:
            made = page(events, facts, zone=project.zone, inventory=project.inventory, cache=project.cache, cancelled=cancelled)
            kept.append(call.keep(made.encode(), "html", "postmortem.html", title))
        except RunbookError as error:
            missing = f"; no page: {error}"
            emit(Output(call.step.id, f"no page was made: {error}", "err"))
        extra = {"facts": facts}
        return Outcome("ok", artefacts=tuple(kept), text=kept[0].path + missing, extra=extra, query=str(facts["query"]))


KIND = PostmortemKind()
