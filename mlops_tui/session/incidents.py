"""`runbook incidents`, `runbook incident ID`, `runbook postmortem ID`: what the journal knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.core.errors import RunbookError, UnknownName
from mlops_tui.incidents.incident import Incident, fold
from mlops_tui.incidents.run import fold_run, runs_of
from mlops_tui.incidents.vocabulary import PREFIX

if TYPE_CHECKING:
    from mlops_tui.engine.types import Artefact
    from mlops_tui.journal import Event
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project


def incidents(project: Project) -> tuple[Incident, ...]:
    """Every incident of the project, newest first; none where nothing ever ran."""
    if not project.has_journal:
        return ()
    with project.journal(create=False) as journal:
        found = [fold(journal.events(stream)) for stream in journal.streams(PREFIX)]
    return tuple(reversed(found))


def incident(project: Project, name: str) -> Incident:
    """One incident. Raises UnknownName with those there are."""
    with opened(project, name) as journal:
        return fold(journal.events(name))


def files(project: Project, name: str) -> tuple[Artefact, ...]:
    """The charts and drafts of an incident's newest run that made any. Raises UnknownName."""
    from mlops_tui.engine.tell import artefact_of

    with opened(project, name) as journal:
        events = journal.events(name)
    for run in reversed(runs_of(events)):
        ended = [e for e in events if e.run == run and e.type == "step_ended"]
        made = dict.fromkeys(artefact_of(a) for e in ended for a in (e.body or {}).get("artefacts") or ())
        if made:
            return tuple(made)
    return ()


def opened(project: Project, name: str) -> Journal:
    """The journal, once it is known to hold the incident."""
    if not project.has_journal:
        raise UnknownName("incident", name, ())
    journal = project.journal(create=False)
    known = journal.streams(PREFIX)
    if name not in known:
        journal.close()
        raise UnknownName("incident", name, known)
    return journal


@dataclass(frozen=True, slots=True)
class Draft:
    """A postmortem draft as text, made from the journal now, the folder that its charts lie in, and the facts it tells."""

    incident: str
    text: str
    folder: str
    facts: Mapping[str, Any]


def postmortem(project: Project, name: str, *, form: Literal["md", "html"] = "md") -> Draft:
    """The draft of an incident, folded anew from the journal; the numbers are those that its run measured.

    `html` is a page that needs nothing else; charts that cannot be drawn raise RunbookError.
    """
    from mlops_tui.session.outlets import run_folder

    with opened(project, name) as journal:
        events = journal.events(name)
        facts, last = None, ""
        for run in reversed(runs_of(events)):
            last, state = run, fold_run(events, run)
            facts = next(
                (r.body["extra"]["facts"] for r in state.steps.values() if r.kind == "postmortem" and r.state == "ok"), None
            )
            if facts is not None:
                break
        if facts is None:
            raise RunbookError(f"no run of {name} has reached its postmortem step yet", hint=_how_on(name, events))
    return Draft(name, _written(project, events, facts, form), project.shown(run_folder(project, name, last)), facts)


def _written(project: Project, events: Sequence[Event], facts: Mapping[str, Any], form: Literal["md", "html"]) -> str:
    if form == "md":
        from mlops_tui.report.postmortem import draft

        return draft(events, facts, zone=project.zone, inventory=project.inventory)
    from mlops_tui.report.page import page

    cache = project.cache if project.cache.parent.is_dir() else None
    return page(events, facts, zone=project.zone, inventory=project.inventory, cache=cache)


def _how_on(name: str, events: Sequence[Event]) -> str:
    """How an incident without a draft gets one: its run goes on, or another begins."""
    states = [fold_run(events, run) for run in runs_of(events)]
    if any(not s.finished for s in states):
        return f"runbook resume {name} goes on"
    last = str(states[-1].frozen.get("runbook", "NAME")) if states else "NAME"
    return f"see runbook incident {name} for what failed, then runbook run {last} --incident {name}"
