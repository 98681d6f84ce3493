import subprocess
import sys
from datetime import timedelta

import pytest

from mlops_tui import checks
from mlops_tui.checks.registry import built_in
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.threshold import Quantity
from mlops_tui.inventory.types import Alert, Bounds

from .conftest import NOW, rows, table


def test_the_checks_are_registered_with_their_words():
    """Each check has a plane, measures, and a sentence that says what it asks."""
    assert checks.names() == ("decision_rate", "feature_drift", "freshness", "missing_rate", "score_drift", "volume")
    assert all(c.doc.endswith("?") and c.measures for c in built_in().values())


def test_asking_for_names_loads_nothing_heavy():
    """`runbook lint` asks for the names of checks without numpy, duckdb or pyarrow."""
    heavy = ("numpy", "duckdb", "pyarrow", "scipy")
    code = f"import sys, mlops_tui.checks as c; c.names(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_alert_becomes_a_question(quiet):
    """Keys, bounds and defaults of an alert arrive in the question."""
    bounds = Bounds(below=Quantity.parse("-10pp"), warn_below=Quantity.parse("-5pp"))
    alert = Alert(id="a", check="decision_rate", by="region", compare="day_over_day", fire={"change": bounds}, min_n=50)
    ask = checks.ask_from_alert(alert, quiet.subject().spec)
    assert (ask.segment, ask.compare, ask.min_n, ask.unmeasured) == ("region", "day_over_day", 50, "")
    assert ask.thresholds[0].level(-0.07) == "warn" and ask.current in (None, timedelta(hours=24))


def test_a_bound_that_nothing_measures_is_kept_in_view(quiet):
    """`learned: 3sd` and an empty bound are not silently dropped."""
    fire = {"change": Bounds(learned=Quantity.parse("3sd")), "ratio": Bounds()}
    ask = checks.ask_from_alert(Alert(id="a", check="volume", fire=fire), quiet.subject().spec)
    assert "learned 3sd" in ask.unmeasured and "ratio" in ask.unmeasured


def test_a_minimum_count_must_be_positive(quiet):
    """min_n: 0 would make every segment judgeable."""
    with pytest.raises(RunbookError, match="min_n"):
        checks.ask_from_alert(Alert(id="a", check="volume", min_n=0), quiet.subject().spec)


def test_the_suite_covers_the_model_and_its_sources(quiet):
    """Every check is asked, upstream too, and no Finding stands twice."""
    subject = quiet.subject()
    asks = checks.suite(subject.spec, subject.features)
    assert {a.name for a in asks} == set(checks.names())
    assert {a.of for a in asks} == {None, "sources"}
    found = [f for a in asks for f in checks.run(subject, a)]
    assert len({f.id for f in found}) == len(found) and {f.status for f in found} == {"ok"}


def test_every_finding_goes_to_json_and_back(quiet):
    """The one JSON form holds whatever checks give."""
    from mlops_tui.core.finding import from_json

    subject = quiet.subject()
    for ask in checks.suite(subject.spec, subject.features):
        for finding in checks.run(subject, ask):
            assert from_json(finding.as_json()).summary == finding.summary


def test_damaged_files_and_future_rows_are_findings(world):
    """Unreadable files are counted and named; rows after the clock too; a sound log has neither."""
    columns = rows()
    path = world.write(table(columns), name="b")
    world.write(table(columns | {"hour": columns["hour"] + 48}), name="c")
    (path.parent / "torn.parquet").write_bytes(path.read_bytes()[:4000])
    found = checks.log_health(world.subject(clock=NOW))
    assert [f.status for f in found] == ["warn", "warn"] and {f.kind for f in found} == {"data_quality"}
    assert "1 of 3 files unreadable" in found[0].summary and "torn.parquet" in found[0].summary
    assert "later than the clock" in found[1].summary


def test_a_sound_log_has_no_complaints(quiet):
    """Nothing to say about a sound log."""
    assert checks.log_health(quiet.subject()) == []
