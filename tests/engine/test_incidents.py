"""Which incident a run belongs to, what closes it, and what a run may see of the log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support import tiny
from support.front import Script, states

from mlops_tui.core.errors import RunbookError, UnknownName, UsageError
from mlops_tui.session.incidents import incidents
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open
from tests.engine.every import events

NOTE = "  - {id: a, note: x}\n"
WAITS = "  - {id: what, ask: {question: x}}\n"


def go(opened: Open, name: str, front: Script | None = None, **more: Any) -> Any:
    return run(opened(), name, sets=more.pop("sets", {}), front=front or Script(), **more)


def test_runs_of_one_alert_share_an_incident_and_others_do_not(root: Path, opened: Open) -> None:
    """Same model and alert: joined. A runbook for another alert, or none: an incident of its own."""
    tiny.runbook(root, NOTE, name="one", head="")
    text = (root / "runbooks" / "one.yaml").read_text()
    (root / "runbooks" / "two.yaml").write_text(text.replace("one", "two").replace("{models:", "{alerts: [drop], models:"))
    assert [go(opened, n).run for n in ("one", "two", "one", "two")] == ["INC-1.1", "INC-2.1", "INC-1.2", "INC-2.2"]


def test_another_runbook_may_join_by_name(root: Path, opened: Open) -> None:
    """`--incident INC-1` takes a run of any runbook of that model in, whatever its alert."""
    test_runs_of_one_alert_share_an_incident_and_others_do_not(root, opened)
    assert go(opened, "two", incident="INC-1").run == "INC-1.3"
    assert [i.alert for i in reversed(incidents(opened()))] == [None, "drop"]


def test_an_incident_of_another_model_is_not_joined(root: Path, opened: Open) -> None:
    """A run about one model in the incident of another is a mistake of typing."""
    path = root / "inventory.yaml"
    path.write_text(path.read_text() + path.read_text().split("models:\n")[1].replace("  loans:", "  cards:", 1))
    name = tiny.runbook(root, NOTE)
    (root / "runbooks" / f"{name}.yaml").write_text(f"runbook: {name}\ntitle: t\nsteps:\n{NOTE}")
    assert go(opened, name, sets={"model": "loans"}).incident == "INC-1"
    with pytest.raises(UsageError, match="INC-1 is about loans"):
        go(opened, name, sets={"model": "cards"}, incident="INC-1")
    assert go(opened, name, sets={"model": "cards"}).incident == "INC-2"


@pytest.mark.parametrize(
    ("word", "status"), [("false_alarm", "closed"), ("resolved", "closed"), ("handed_over", "open"), ("unsure", "open")]
)
def test_an_end_closes_what_its_own_run_opened(root: Path, opened: Open, word: str, status: str) -> None:
    """A false alarm and a resolution close; other words do not; the reason is the end's text."""
    name = tiny.runbook(root, f"  - {{id: over, end: {{as: {word}, text: so it is}}}}\n")
    report = go(opened, name)
    assert (report.state, report.reason) == ("ended", f"{word}: so it is")
    assert [i.status for i in incidents(opened())] == [status]


def test_an_end_closes_after_a_resume_and_not_what_another_run_opened(root: Path, opened: Open) -> None:
    """Whoever drives to the end closes the incident of that run; a run that joined leaves it open."""
    tiny.runbook(root, WAITS, name="first")
    tiny.runbook(root, WAITS + "  - {id: over, end: {as: resolved}}\n", name="closes")
    assert go(opened, "closes").state == "waiting"
    assert resume(opened(), front=Script({"what": "x"})).state == "ended"
    assert [i.status for i in incidents(opened())] == ["closed"]
    go(opened, "first")
    assert go(opened, "closes", Script({"what": "x"})).incident == "INC-2"
    assert [i.status for i in incidents(opened())] == ["open", "closed"]


def test_the_newest_run_that_was_left_goes_on_and_the_others_are_named(root: Path, opened: Open) -> None:
    """By default the newest; an id takes another; of closed incidents none by itself; then there is nothing left."""
    tiny.runbook(root, WAITS)
    go(opened, "probe")
    go(opened, "probe", incident="new")
    front = Script({"what": "x"})
    assert resume(opened(), front=front).incident == "INC-2"
    assert front.errors[0] == "going on with INC-2; also left: INC-1"
    with opened().journal(create=False) as journal:
        journal.append("INC-1", "incident_closed", {"as": "resolved"})
    with pytest.raises(RunbookError, match="no run was interrupted"):
        resume(opened(), front=front)
    assert resume(opened(), "INC-1", front=front).state == "ended"
    with pytest.raises(UnknownName, match="INC-9"):
        resume(opened(), "INC-9", front=front)
    with pytest.raises(UsageError, match="INC-1 is closed"):
        go(opened, "probe", incident="INC-1")


QUIET = (
    "  - {id: scope, check: {name: CHECK, of: sources}}\n"
    "  - {id: quiet, when: \"(select count(*) > 0 and bool_and(status = 'ok') from scope)\", end: {as: false_alarm}}\n"
    "  - {id: after, note: went on}\n"
)


def test_what_could_not_be_measured_is_never_quiet(root: Path, opened: Open) -> None:
    """A source that cannot be read is no false alarm."""
    name = tiny.runbook(root, QUIET.replace("CHECK", "freshness"))
    assert states(go(opened, name, at="2026-10-14T03:00Z"))["quiet"] == "ok"
    for path in (root / "logs" / "feed").iterdir():
        path.write_bytes(b"PAR1 not a file")
    report = go(opened, name, at="2026-10-14T03:00Z")
    assert states(report)["quiet"] == "skipped"
    assert report.steps[0].findings[0].status == "unknown"


def test_a_query_of_a_source_that_cannot_be_read_says_why(root: Path, opened: Open) -> None:
    """Not an unknown relation alone, but the file that is broken, and the line of the query."""
    for path in (root / "logs" / "feed").iterdir():
        path.write_bytes(b"PAR1 not a file")
    name = tiny.runbook(root, "  - id: n\n    query: |\n      select\n        count(*)\n      from feed\n")
    reason = go(opened, name).steps[0].reason
    assert "unknown relation 'feed'" in reason
    assert "feed cannot be read" in reason
    assert "runbooks/probe.yaml:9" in reason


TRICKS = [
    "select * from log",
    "select columns(*) from log",
    "select columns('.*') from log",
    "select columns(lambda c: true) from log",
    "select * exclude (id) from log",
    "select l.* from log as l",
    "select log from log",
    "select to_json(log) as j from log",
    "select unnest(log) from log",
    "with x as (from log) select * from x",
    "from log",
    "select * from (from log union all by name from log)",
    "select * from feed",
]


HIDDEN = ["select name from log", "select log.name from log", "select iban from feed"]
AROUND = [
    "select * from read_parquet('logs/loans/*.parquet')",
    "select * from 'logs/loans/2026-10-03.parquet'",
    "select * from glob('*')",
    "select * from log tablesample 1%",
    "select * from duckdb_views()",
    "select sql from duckdb_views",
    "select * from information_schema.tables",
    "select getenv('HOME')",
    "select query('select 1')",
    "select * from query_table('log')",
    "select current_setting('allowed_directories')",
]


@pytest.fixture
def ask(root: Path, opened: Open) -> Callable[[list[str]], dict[str, Any]]:
    """The steps of a run that asks all these queries, by query."""

    def go_(queries: list[str]) -> dict[str, Any]:
        steps = (f"  - id: v{n}\n    continue_on_error: true\n    query: |\n      {q}\n" for n, q in enumerate(queries))
        report = go(opened, tiny.runbook(root, "".join(steps)))
        return dict(zip(queries, report.steps, strict=True))

    return go_


def test_no_way_of_asking_gives_a_sensitive_column(ask: Callable[[list[str]], dict[str, Any]]) -> None:
    """Neither the names of people nor their accounts come out of a relation."""
    for sql, step in ask(TRICKS).items():
        found = f"{step.reason} {step.table}"
        assert step.state == "ok" or "lambda" in sql, found
        assert "Person" not in found, sql
        assert "'name'" not in found, sql
        assert "iban" not in found, sql


def test_there_is_no_way_around_the_relations(ask: Callable[[list[str]], dict[str, Any]]) -> None:
    """A sensitive column is as if it were not there; no file, no catalogue, no setting can be read."""
    for sql, step in ask([*HIDDEN, *AROUND]).items():
        assert step.state == "failed", sql
        assert "Person" not in step.reason


def test_the_log_of_a_run_is_that_of_its_windows(root: Path, opened: Open) -> None:
    """Nothing before the reference and nothing after the run's moment; `log_now` is what came after it, up to the clock."""
    name = tiny.runbook(
        root,
        "  - {id: span, query: 'select min(ts) >= $reference_start and max(ts) < $at as ok, count(*) > 0 as some from log'}\n"
        "  - {id: after, query: 'select min(ts) >= $at as ok, count(*) as n from log_now'}\n",
    )
    report = go(opened, name, at="2026-10-13T20:10Z")
    assert report.steps[0].table.rows == ((True, True),)
    assert report.steps[1].table.rows == ((True, 2),)
    whole = pq.read_table(root / "logs" / "loans")
    assert whole.num_rows > 3_000


def test_a_run_names_its_files_apart(root: Path, opened: Open, unpainted: None) -> None:
    """Two steps that draw the same chart of different rows keep both files; each path holds the bytes of its hash."""
    name = tiny.runbook(
        root,
        "  - {id: a, run: {argv: [echo, one]}}\n  - {id: b, chart: decision_rate}\n"
        "  - {id: s, check: {alert: drop}}\n  - {id: c, chart: [decision_rate, score_histogram]}\n",
    )
    report = go(opened, name, Script({"a": "yes"}))
    assert report.state == "ended"
    made = [a for s in report.steps for a in s.artefacts]
    names = ["a.log", "decision_rate.png", "decision_rate-2.png", "score_histogram.png"]
    assert [Path(a.path).name for a in made] == names
    for artefact in made:
        assert hashlib.sha256((root / artefact.path).read_bytes()).hexdigest() == artefact.sha256


def test_every_event_of_a_run_is_by_a_driver_that_held_the_lock(root: Path, opened: Open) -> None:
    """Epochs rise by one at each take-over, and every event of the driver bears the one of its time."""
    tiny.runbook(root, WAITS + NOTE)
    go(opened, "probe")
    resume(opened(), front=Script())
    resume(opened(), front=Script({"what": "x"}))
    driven = [e.epoch for e in events(root) if e.type.startswith(("run_", "step_", "effect_"))]
    assert driven == sorted(driven)
    assert set(driven) == {1, 2, 3}
