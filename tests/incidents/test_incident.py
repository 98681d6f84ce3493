"""The incident as a fold."""

from __future__ import annotations

import pytest

from mlops_tui.core.errors import JournalError
from mlops_tui.incidents.incident import fold
from tests.incidents.story import Story, finding


def test_an_incident_tells_who_what_and_when() -> None:
    """Title, model, alert, severity, opener and state come from the events alone."""
    found = fold(Story().opened(replayed=True).events)
    assert (found.id, found.model, found.alert, found.severity) == ("INC-1", "credit-risk", "approval-drop", "SEV2")
    assert (found.status, found.opened_by, found.replayed, found.closed_at) == ("open", "aruiz", True, None)
    assert found.opened_at == Story().opened().events[0].at


def test_an_incident_without_an_alert_has_none() -> None:
    """No alert is None, so that a run without one joins it."""
    assert fold(Story().opened(alert=None).events).alert is None


def test_later_events_win() -> None:
    """Severity, roles and status are those that were set last; a closed incident can be opened again."""
    tell = Story().opened()
    tell("severity_set", {"severity": "SEV1"})
    tell("role_taken", {"role": "commander", "person": "tbeck"}, who="tbeck")
    tell("role_taken", {"role": "commander", "person": "lvogt"}, who="lvogt")
    tell("incident_closed", {"as": "resolved", "reason": "the feed is mended"})
    found = fold(tell.events)
    assert (found.severity, found.roles, found.status) == ("SEV1", {"commander": "lvogt"}, "closed")
    assert (found.closed_as, found.closed_at) == ("resolved", tell.events[-1].at)
    assert found.timeline[-1].text == "incident closed as resolved: the feed is mended"
    tell("status_set", {"status": "open"})
    assert fold(tell.events).status == "open"


def test_people_are_all_who_did_something() -> None:
    """Everybody who acted or answered, once, in the order of their first act; an unattended answer is nobody's."""
    tell = Story().opened()
    tell("answered", {"question": "q", "choice": "x", "person": "auto"})
    tell("answered", {"question": "q", "choice": "yes", "person": "lvogt"})
    tell("note", {"text": "here"}, who="tbeck")
    assert fold(tell.events).people == ("aruiz", "lvogt", "tbeck")


def test_findings_are_the_worst_of_each_step_worst_first() -> None:
    """One Finding a step; a later run of the same step replaces the earlier."""
    tell = Story().opened()
    for run, status in (("INC-1.1", "crit"), ("INC-1.2", "warn")):
        tell("run_started", {"runbook": "x"}, run=run)
        found = [finding("ok", "fine"), finding(status, f"scope {status}", 5)]
        tell("step_ended", {"state": "attention", "findings": found}, step="scope", run=run)
    tell("step_ended", {"state": "attention", "findings": [finding("crit", "drift crit")]}, step="drift")
    found_ = fold(tell.events)
    assert [f.summary for f in found_.findings] == ["drift crit", "scope warn"]
    assert found_.runs == ("INC-1.1", "INC-1.2")


def test_notes_and_messages_are_kept_whole() -> None:
    """Notes keep their text and author, messages their state."""
    tell = Story().opened()
    tell("note", {"text": "called the bank"}, who="tbeck", step="scope")
    tell("message_queued", {"to": "risk", "channel": "#risk", "text": "hi"}, id_="m1")
    found = fold(tell.events)
    assert [(n.who, n.text, n.step) for n in found.notes] == [("tbeck", "called the bank", "scope")]
    assert [(m.id, m.to, m.state, m.thread) for m in found.messages] == [("m1", "risk", "queued", "INC-1")]


def test_a_stream_that_opens_nothing_is_no_incident() -> None:
    """The project's own stream cannot be read as an incident."""
    with pytest.raises(JournalError, match="no incident"):
        fold(())


def test_the_fold_of_a_prefix_is_the_incident_as_it_was_then() -> None:
    """Every prefix of a journal folds, so that any moment can be looked at again."""
    tell = Story().opened()
    tell("run_started", {"runbook": "x"})
    tell("step_started", {"kind": "check"}, step="a")
    tell("step_ended", {"kind": "check", "state": "ok", "text": "nothing moved"}, step="a")
    tell("run_ended", {"state": "interrupted", "reason": "interrupted"})
    told = [fold(tell.events[:n]).timeline[-1].text for n in range(1, 6)]
    assert told[2:] == ["step a started", "step a: ok: nothing moved", "run INC-1.1 was interrupted"]
