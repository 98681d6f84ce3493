"""A run from a name to its end: what it does, what it leaves behind, what stops it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.front import CLOCK, Script, states

from mlops_tui.core.errors import InvalidFiles, UnknownName, UsageError
from mlops_tui.engine.tell import run_json
from mlops_tui.project import Project, open_project
from mlops_tui.session.incidents import incident, incidents, postmortem
from mlops_tui.session.runs import resume, run

Write = Callable[..., str]
pytestmark = pytest.mark.usefixtures("unpainted")


def go(project: Project, name: str, front: Script | None = None, *, auto: bool = False, at: str | None = None, **sets: str):
    return run(project, name, sets=sets, at=at, front=front or Script(), auto=auto)


def test_a_second_run_joins_the_incident_and_finds_the_same(project: Project) -> None:
    """The same log gives the same findings, and one cause stays one incident."""
    first, second = go(project, "approval-drop", auto=True), go(project, "approval-drop", auto=True)
    assert (first.incident, first.run, second.incident, second.run) == ("INC-1", "INC-1.1", "INC-1", "INC-1.2")

    def found(report: object) -> list[list[str]]:
        return [[f["id"] for f in s["findings"]] for s in run_json(report)["steps"]]  # type: ignore[arg-type]

    assert found(first) == found(second)
    assert len(incidents(project)) == 1


def test_a_new_incident_can_be_asked_for(project: Project) -> None:
    """`--incident new` opens another one, and an id joins that one."""
    go(project, "approval-drop", auto=True)
    report = run(project, "approval-drop", sets={}, incident="new", front=Script(), auto=True)
    assert report.incident == "INC-2"
    report = run(project, "approval-drop", sets={}, incident="INC-1", front=Script(), auto=True)
    assert report.run == "INC-1.2"


def test_answers_steer_the_run(project: Project) -> None:
    """The verdict decides whether the run warns against a rollback; the answer stands in the draft with its author."""
    report = go(project, "approval-drop", Script({"verdict": "model"}))
    assert report.state == "ended"
    assert states(report)["hands_off"] == "skipped"
    text = postmortem(project, report.incident).text
    assert "answered 'model'" in text
    assert "Ana Ruiz" in text or "aruiz" in text


def test_a_quiet_day_is_a_false_alarm_and_closes_its_incident(project: Project) -> None:
    """Before the incident nothing moved: the run ends there, and leaves no open incident behind."""
    report = go(project, "approval-drop", auto=True, at="2026-10-10T03:30Z")
    assert report.state == "ended"
    assert "false_alarm" in report.reason
    assert states(report)["graphs"] == "pending"
    assert [i.status for i in incidents(project)] == ["closed"]


def test_a_region_can_be_given_and_must_exist(project: Project) -> None:
    """An input is typed: a region that nobody has is refused with the nearest ones, before anything is written."""
    with pytest.raises(UnknownName) as caught:
        go(project, "approval-drop", auto=True, region="es")
    assert "'ES'" in str(caught.value)
    assert not (project.root / ".runbook").exists()
    report = go(project, "approval-drop", auto=True, region="FR")
    assert next(s.value for s in report.steps if s.id == "place") == "FR"
    assert states(report)["drift"] == "ok"


def test_unknown_names_are_refused_with_the_nearest(project: Project) -> None:
    """A runbook, an input and an incident that nobody has."""
    with pytest.raises(UnknownName, match="approval-drop"):
        go(project, "aproval-drop")
    with pytest.raises(UnknownName, match="region"):
        go(project, "approval-drop", regoin="ES")
    with pytest.raises(UnknownName, match="incident"):
        run(project, "approval-drop", sets={}, incident="INC-9", front=Script(), auto=True)


def test_a_runbook_of_two_models_asks_which_and_refuses_unattended(project: Project) -> None:
    """Under `--auto` nobody can say: usage error with the choices; else the answer is asked for."""
    with pytest.raises(UsageError, match="applies to 2 models"):
        go(project, "feature-drift", auto=True)
    report = go(project, "feature-drift", Script({"": "collections-priority"}))
    assert report.model == "collections-priority"


def test_an_interrupted_run_is_resumed_where_it_stopped(project: Project) -> None:
    """Cancel leaves a run that resume continues: earlier steps are not performed again, their values are there."""
    front = Script({"verdict": "data"}, stop_at="drift")
    report = go(project, "approval-drop", front)
    assert report.state == "interrupted"
    assert report.exit_code == 3
    again = Script({"verdict": "data"})
    report = resume(project, front=again)
    assert report.state == "ended"
    started = [i.step for i in again.items if getattr(i, "type", "") == "step_started"]
    assert started[0] == "drift"
    assert "scope" not in started
    assert next(s.value for s in report.steps if s.id == "place") == "ES"
    assert states(report)["hands_off"] == "ok"


def test_a_question_without_an_answer_leaves_the_run_waiting(project: Project) -> None:
    """At the end of input the run waits; resume asks the same question and goes on."""
    report = go(project, "approval-drop", Script())
    assert (report.state, report.exit_code) == ("waiting", 3)
    assert states(report)["verdict"] == "waiting"
    report = resume(project, "INC-1", front=Script({"verdict": "data"}))
    assert report.state == "ended"
    assert sum(1 for i in incident(project, "INC-1").timeline if "answered 'data'" in i.text) == 1


def test_resume_goes_on_with_the_runbook_of_then(project: Project, root: Path) -> None:
    """A file edited in between is named, and does not change the run."""
    go(project, "approval-drop", Script())
    path = root / "runbooks" / "approval-drop.yaml"
    path.write_text(path.read_text().replace("- id: hands_off", "- id: feet_off"))
    front = Script({"verdict": "data"})
    report = resume(open_project(root, clock=lambda: CLOCK, actor=project.actor, environ={}), front=front)
    assert any("approval-drop.yaml changed" in e for e in front.errors)
    assert "hands_off" in states(report)


def test_the_journal_of_a_run_is_sound(project: Project) -> None:
    """Every entry is chained; a changed byte is found."""
    report = go(project, "approval-drop", auto=True)
    with project.journal(create=False) as journal:
        assert journal.verify(report.incident) == ()
    with sqlite3.connect(project.state / "journal.sqlite") as con:
        con.execute("update event set body = cast(body || x'20' as blob) where type = 'step_ended'")
    con.close()
    with project.journal(create=False) as journal:
        assert journal.verify(report.incident)


def test_sql_errors_fail_the_step_with_line_and_reason(project: Project, write_runbook: Write) -> None:
    """A wrong column: the step fails with DuckDB's reason, the nearest name and the file's line; the run stops as declared."""
    name = write_runbook(
        "  - id: wrong\n    query: |\n      select region\n      from log\n      where regoin = 'ES'\n"
        "  - id: after\n    note: x\n"
    )
    report = go(project, name)
    assert report.state == "failed"
    assert report.exit_code == 1
    reason = next(s.reason for s in report.steps if s.id == "wrong")
    assert "regoin" in reason
    assert "region" in reason
    assert "probe.yaml:" in reason
    assert states(report)["after"] == "pending"


def test_continue_on_error_goes_on(project: Project, write_runbook: Write) -> None:
    """A step that may fail is told as failed, and the next one runs."""
    name = write_runbook(
        "  - id: wrong\n    query: select nothing\n    continue_on_error: true\n  - id: after\n    note: went on\n"
    )
    report = go(project, name)
    assert states(report) == {"wrong": "failed", "after": "ok"}
    assert report.state == "ended"


def test_sensitive_columns_cannot_be_asked_for(project: Project, write_runbook: Write) -> None:
    """`applicant_name` is not in the relation `log`."""
    report = go(project, write_runbook("  - id: who\n    query: select applicant_name from log limit 1\n"))
    assert states(report)["who"] == "failed"


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to 'x.csv'",
        "with x as (copy (select 1) to 'x.csv') select * from x",
        "select * from read_csv('/etc/passwd')",
        "select 1; select 2",
        "select now()",
    ],
)
def test_dangerous_sql_is_refused(project: Project, write_runbook: Write, sql: str) -> None:
    """A query step reads declared relations and nothing else, and writes nothing."""
    before = set(project.root.rglob("*.csv"))
    report = go(project, write_runbook(f"  - id: bad\n    query: |\n      {sql}\n"))
    assert states(report)["bad"] == "failed"
    assert set(project.root.rglob("*.csv")) == before


def test_conditions_are_boolean_or_undecided(project: Project, write_runbook: Write) -> None:
    """False skips with the condition, null on a read is undecided, text is an error and never true."""
    name = write_runbook(
        "  - {id: a, note: x, when: 1 = 2}\n"
        "  - {id: b, note: x, when: cast(null as boolean)}\n"
        "  - {id: c, query: select 1, when: $model = 'credit-risk'}\n"
        "  - {id: d, note: x, when: $model}\n"
    )
    report = go(project, name)
    assert states(report) == {"a": "skipped", "b": "skipped", "c": "ok", "d": "failed"}
    reasons = {s.id: s.reason for s in report.steps}
    assert "1 = 2" in reasons["a"]
    assert "undecided" in reasons["b"]


def test_an_assert_that_does_not_hold_fails_with_its_text(project: Project, write_runbook: Write) -> None:
    """The text has its values filled in."""
    report = go(project, write_runbook("  - id: sure\n    assert: {that: $model = 'x', text: \"${model} is not x\"}\n"))
    assert next(s.reason for s in report.steps) == "credit-risk is not x"


def test_a_command_is_confirmed_by_typing_and_runs_without_a_shell(project: Project, write_runbook: Write, root: Path) -> None:
    """argv only: a value with quotes and semicolons stays one argument; intent and outcome are in the journal."""
    name = write_runbook(
        "  - id: evil\n    query: |\n      select '; touch hacked; $(id) \"x' as v\n"
        "  - id: act\n    run: {argv: [printf, '%s', 'v=${evil}']}\n"
    )
    report = go(project, name, Script({"act": "yes"}))
    assert states(report)["act"] == "ok"
    log = next(a for a in report.artefacts if a.kind == "text")
    assert (root / log.path).read_text() == 'v=; touch hacked; $(id) "x'
    assert not (root / "hacked").exists()
    with project.journal(create=False) as journal:
        types = [e.type for e in journal.events(report.incident)]
    assert types.index("effect_intended") < types.index("effect_ended")


def test_a_refused_command_does_not_run(project: Project, write_runbook: Write, root: Path) -> None:
    """No is an answer: the step is cancelled, says by whom, and the run stops."""
    report = go(project, write_runbook("  - id: act\n    run: {argv: [touch, made]}\n"), Script({"act": "no"}))
    assert states(report)["act"] == "cancelled"
    assert "aruiz" in next(s.reason for s in report.steps)
    assert not (root / "made").exists()


def test_unattended_runs_change_nothing(project: Project, write_runbook: Write, root: Path) -> None:
    """Commands and confirmations are skipped: they need a person; an ask without `auto:` too."""
    name = write_runbook(
        "  - id: act\n    run: {argv: [touch, made]}\n"
        "  - id: sure\n    confirm: {text: Sure?}\n"
        "  - id: what\n    ask: {question: What?}\n"
        "  - id: said\n    note: done\n"
    )
    report = go(project, name, auto=True)
    assert states(report) == {"act": "skipped", "sure": "skipped", "what": "skipped", "said": "ok"}
    assert all("needs a person" in s.reason for s in report.steps[:3])
    assert not (root / "made").exists()


def test_a_value_that_would_be_an_option_is_refused(project: Project, write_runbook: Write) -> None:
    """A value from data cannot become a flag of a command."""
    name = write_runbook("  - id: v\n    query: select '--force' as v\n  - id: act\n    run: {argv: [echo, $v]}\n")
    report = go(project, name, Script({"act": "yes"}))
    assert states(report)["act"] == "failed"
    assert "option" in next(s.reason for s in report.steps if s.id == "act")


def test_a_confirmation_for_another_team_is_not_the_runners(project: Project, write_runbook: Write) -> None:
    """`by: risk` refuses Ana's yes and takes Lea's."""
    name = write_runbook("  - id: sure\n    confirm: {text: Sure?, by: risk, not_by: runner}\n")

    class Insisting(Script):
        def show(self, item: object) -> None:  # type: ignore[override]
            super().show(item)  # type: ignore[arg-type]
            if self.errors:
                self.person = "lvogt"

    front = Insisting({"sure": "yes"})
    report = go(project, name, front)
    assert states(report)["sure"] == "ok"
    assert "second person" in front.errors[0]
    assert "lvogt" in next(s.text for s in report.steps)


def test_a_step_that_takes_too_long_is_stopped(project: Project, write_runbook: Write) -> None:
    """A query past its timeout fails with the limit; the run's other steps are not harmed."""
    slow = "select count(*) from range(100000000) a, range(100000) b"
    name = write_runbook(
        f"  - {{id: slow, query: '{slow}', timeout: 300ms, continue_on_error: true}}\n  - {{id: after, query: select 1}}\n"
    )
    report = go(project, name)
    assert states(report) == {"slow": "failed", "after": "ok"}


def test_lint_errors_stop_a_run_before_it_begins(project: Project, write_runbook: Write) -> None:
    """An unknown reference, a forward one, an unknown check: all named, nothing written."""
    name = write_runbook(
        "  - {id: a, note: 'see ${late} and ${nobody}'}\n  - {id: late, query: select 1}\n"
        "  - {id: c, check: {name: decision_rat}}\n"
    )
    with pytest.raises(InvalidFiles) as caught:
        go(project, name)
    text = str(caught.value)
    assert "comes later" in text
    assert "$nobody" in text
    assert "did you mean 'decision_rate'" in text
    assert not (project.root / ".runbook").exists()


def test_the_report_is_json(project: Project) -> None:
    """`run --json` has one form: schema, as_of, steps with findings, artefacts with hashes; and no NaN."""
    data = json.loads(json.dumps(run_json(go(project, "approval-drop", auto=True)), default=str))
    assert data["schema"] == "runbook/run/1"
    assert data["as_of"] == "2026-10-14T03:00:00Z"
    assert {"id", "state", "findings", "result"} <= set(data["steps"][0])
    assert all(len(a["sha256"]) == 64 for a in data["artefacts"])
