"""`runbook init`: from a folder of logs to a project that lints, checks and runs."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.front import Script
from support.habits import START, rows, write

from mlops_tui.cli.root import invoke
from mlops_tui.core.errors import LogError, UsageError
from mlops_tui.files import Reader
from mlops_tui.inventory.types import InventoryFile
from mlops_tui.project import open_project
from mlops_tui.session.check import check
from mlops_tui.session.init import InitReport, init
from mlops_tui.session.lint import lint
from mlops_tui.session.runs import run

CAR_LOAN, FLIGHTS = os.environ.get("CAR_LOAN_DATA", ""), os.environ.get("FLIGHTS_DATA", "")


def needs(folder: str, variable: str) -> pytest.MarkDecorator:
    """Skips in one line where the variable names no folder with decisions."""
    return pytest.mark.skipif(
        not (Path(folder) / "decisions.parquet").is_file(), reason=f"{variable} names no folder with a log"
    )


def begun(pattern: str | Path, target: Path, clock: datetime = START + timedelta(days=114), **more: object) -> InitReport:
    """A project from a log, made by Ana, long after the log's end unless told otherwise."""
    return init(str(pattern), target, clock=lambda: clock, environ={}, login="ana", **more)  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A lender's log below the project's folder, with a column name that YAML and SQL must quote."""
    r = rows(9_000)
    columns = {
        "application_id": [f"a{i}" for i in range(r.n)],
        "ts": pa.array([m.replace(tzinfo=None) for m in r.moments]),
        "region": r.region,
        "income": r.income,
        'odd: #"name"': r.tenure,
        "score": r.p,
        "decision": np.where(r.p > 0.5, "approved", "rejected"),
    }
    return write(tmp_path / "project" / "logs" / "part.parquet", columns)


def test_the_two_commands_that_it_prints_work(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """init, lint, check and run, by the very lines on the screen: a chart is there at the end, and no problem on the way."""
    root = log.parents[1]
    assert invoke(["init", "--from", str(log.parent / "*.parquet"), "--out", str(root)]) == 0
    shown = capsys.readouterr().out
    check_line, run_line = (line.split("runbook ", 1)[1] for line in shown.strip().split("\n")[-2:])
    assert "--at 2026-09-30T00:00" in check_line
    assert lint(root).problems == ()
    assert invoke([*check_line.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "runbook/check/1"
    assert invoke([*run_line.split(), "--auto"]) == 0
    assert any((root / ".runbook" / "state").rglob("decision_rate.png"))


def test_every_guess_stands_with_its_reason(log: Path) -> None:
    """Each guessed line says that it is one, and why; what only people know says `write`."""
    report = begun(log, log.parents[1])
    text = (report.root / "inventory.yaml").read_text("utf-8")
    lines = {line.split("#")[0].strip(): line for line in text.split("\n")}
    for start in (
        *("time: ts", "id: application_id", "column: decision", 'positive: "approved"', "column: score", "approve_from: 0.5"),
        *("- region", "current: 7d", "timezone: UTC"),
    ):
        assert "# guess" in lines[start], start
    assert "# guess?" in lines["timezone: UTC"]
    assert "# write" in lines["complete_after: 20m"]
    assert "# version: COLUMN" in text
    assert max(map(len, text.split("\n"))) < 180


def test_the_log_below_the_project_is_named_relative_to_it(log: Path, tmp_path: Path) -> None:
    """A project that holds its log can be moved; a log elsewhere is named as it is."""
    for target, path in ((log.parents[1], "logs/part.parquet"), (tmp_path / "elsewhere", str(log))):
        report = begun(log, target)
        reader = Reader((target / "inventory.yaml").read_text("utf-8"), source="inventory.yaml")
        found = reader.convert(reader.root, InventoryFile)
        assert found is not None
        assert found.models[report.model].log.path == path


def test_an_inventory_is_never_lost(log: Path) -> None:
    """Without force nothing is written; with it the old file is kept beside, and an edited runbook stays as it is."""
    root = log.parents[1]
    begun(log, root)
    (root / "inventory.yaml").write_text("mine\n")
    (root / "runbooks" / "decisions-moved.yaml").write_text("mine too\n")
    with pytest.raises(UsageError, match="already") as caught:
        begun(log, root)
    assert "--force" in caught.value.hint
    assert (root / "inventory.yaml").read_text() == "mine\n"
    begun(log, root, force=True)
    assert (root / "inventory.yaml.before").read_text() == "mine\n"
    assert (root / "runbooks" / "decisions-moved.yaml").read_text() == "mine too\n"
    assert (root / "inventory.yaml").read_text().startswith("# yaml-language-server")


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path, log: Path) -> None:
    """No file, no such zone, a pattern that the shell took apart: said, with what to type, and no folder appears."""
    with pytest.raises(LogError, match="no file matches"):
        begun(tmp_path / "nothing*.csv", tmp_path / "new")
    with pytest.raises(UsageError, match="unknown timezone") as caught:
        begun(log, tmp_path / "new", zone="Europe/Madird")
    assert "Europe/Madrid" in caught.value.hint
    for unset in ("", "  "):
        with pytest.raises(UsageError, match="name is empty"):
            begun(unset, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_one_row_is_a_log(tmp_path: Path) -> None:
    """The first decision ever made has a time, and its project passes lint."""
    write(tmp_path / "log.parquet", {"ts": [START], "score": [0.9], "decision": ["approved"]})
    report = begun(tmp_path / "log.parquet", tmp_path / "new")
    assert (report.guesses.time.value, report.problems) == ("ts", ())


def test_times_that_are_none_of_decisions_are_named(tmp_path: Path) -> None:
    """Where a column can be read as times and is not taken for the decision's, the message says which and why."""
    days = [START.date()] * 400
    write(tmp_path / "same.parquet", {"date": days, "score": np.linspace(0, 1, 400)})
    with pytest.raises(LogError, match=r"when decisions were made: every row has the same date \(name more days in --from\)"):
        begun(tmp_path / "same.parquet", tmp_path / "new")
    write(tmp_path / "steps.parquet", {"q": np.arange(1_700_000_000, 1_700_040_000, 100), "score": np.linspace(0, 1, 400)})
    with pytest.raises(LogError, match="q can be read as times, but do not look like it"):
        begun(tmp_path / "steps.parquet", tmp_path / "new")


def test_an_unquoted_glob_is_explained(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell that expands the glob leaves files as arguments: the message shows the quoted pattern."""
    assert invoke(["init", "--from", str(log), str(log.with_name("other.parquet"))]) == 2
    told = capsys.readouterr().err
    assert "quote it: --from" in told
    assert f"{log.parent}/*.parquet" in told


def test_a_log_that_is_still_written_needs_no_moment(tmp_path: Path) -> None:
    """`--at` is for logs that ended: a fresh one is looked at as it is."""
    r = rows(3_000, days=20)
    write(tmp_path / "log.csv", {"ts": r.text("%Y-%m-%dT%H:%M:%SZ"), "score": r.p, "approved": r.p > 0.5})
    report = begun(tmp_path / "log.csv", tmp_path / "new", clock=START + timedelta(days=20, hours=1))
    assert report.at is None
    assert report.commands("new") == ("--project new check", "--project new run decisions-moved")


def test_without_a_decision_the_rest_can_still_be_checked(tmp_path: Path) -> None:
    """A log of scores: the file says what is missing and what to write, passes lint, and its runbook runs."""
    r = rows(6_000)
    write(tmp_path / "churn.parquet", {"scored_at": r.moments, "churn_probability": r.p, "plan": r.region})
    report = begun(tmp_path / "churn.parquet", tmp_path / "new")
    assert report.problems == ()
    assert "NOT GUESSED" in (report.root / "inventory.yaml").read_text()
    project = open_project(report.root, environ={})
    assert run(project, report.runbook, sets={}, at=report.at, front=Script(), auto=True).exit_code == 0


def test_files_that_cannot_be_read_are_named_in_the_file(tmp_path: Path) -> None:
    """Bad files are passed over, counted, and written where a newcomer sees them."""
    r = rows(3_000)
    write(tmp_path / "logs" / "a.jsonl", {"at": r.text("%Y-%m-%dT%H:%M:%SZ"), "score": r.p, "decision": r.p > 0.5})
    (tmp_path / "logs" / "b.jsonl").touch()
    report = begun(tmp_path / "logs", tmp_path / "new")
    told = " ".join((report.root / "inventory.yaml").read_text().replace("#", " ").split())  # a long path folds the line
    assert "b.jsonl: it is empty" in told


def test_the_same_log_gives_the_same_bytes(log: Path, tmp_path: Path) -> None:
    """Two drafts of one log are the same file."""
    texts = {(begun(log, tmp_path / name).root / "inventory.yaml").read_bytes() for name in ("one", "two")}
    assert len(texts) == 1


@needs(CAR_LOAN, "CAR_LOAN_DATA")
def test_car_loan(tmp_path: Path) -> None:
    """Every column of the car-loan log in its role; high scores are good, and the cut at 0.65 is found."""
    report = begun(Path(CAR_LOAN) / "*.parquet", tmp_path / "new")
    told = {name: g.value if g else None for name, g in report.roles.items()}
    assert told == {
        "time": "ts", "timezone": "UTC", "id": "decision_id", "version": "model_version", "decision": "decision",
        "positive": "1",
        "score": "score", "means": "probability of the good outcome (label 1)", "label": "label", "label positive": "1",
        "latency": None, "cost": None,
    }  # fmt: skip
    rest = report.guesses.rest
    assert list(rest.segments) == ["salary_range", "size_of_downpayment"]
    assert {n: g.value for n, g in rest.features.items()} == {
        "salary_range": "categorical", "repaid_loan_on_prev_car": "boolean", "size_of_downpayment": "categorical",
        "car_value": "numeric", "debt_to_income_ratio": "numeric", "loan_length": "numeric", "driver_tenure": "numeric",
    }  # fmt: skip
    assert report.guesses.meaning.cut is not None
    assert report.guesses.meaning.cut.simple == "0.65"
    _holds(report)


@needs(FLIGHTS, "FLIGHTS_DATA")
def test_flights(tmp_path: Path) -> None:
    """Every column of the flights in its role; the score is of the bad outcome; the storm stands in a comment."""
    report = begun(Path(FLIGHTS) / "*.parquet", tmp_path / "new")
    told = {name: g.value if g else None for name, g in report.roles.items()}
    assert told == {
        "time": "ts", "timezone": "UTC", "id": "decision_id", "version": "model_version", "decision": "decision",
        "positive": "1",
        "score": "score", "means": "probability of the bad outcome (label 0)", "label": "label", "label positive": "1",
        "latency": None, "cost": None,
    }  # fmt: skip
    rest = report.guesses.rest
    assert list(rest.segments) == ["origin", "dest", "carrier"]
    numeric = {
        "distance",
        "sched_hour",
        "temp",
        "dewp",
        "humid",
        "wind_speed",
        "precip",
        "pressure",
        "visib",
        "plane_age",
        "seats",
    }
    assert {n for n, g in rest.features.items() if g.value == "numeric"} == numeric
    assert {n for n, g in rest.features.items() if g.value == "categorical"} == {"origin", "dest", "carrier", "manufacturer"}
    assert rest.ignored == {}
    assert "2013-02-08" in (report.root / "inventory.yaml").read_text("utf-8")
    _holds(report)


def _holds(report: InitReport) -> None:
    """Lint is silent, and every check of the draft could be made at the log's end."""
    assert report.problems == ()
    found = check(open_project(report.root, environ={}), at=report.at)
    assert not found.unreadable
    assert [f.summary for f in found.findings if f.status == "unknown"] == []
