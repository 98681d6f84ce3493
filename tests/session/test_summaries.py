"""`runbook summaries`: what a build says it did, and what there is afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import tiny
from support.front import ANA

from mlops_tui.core.errors import UnknownName
from mlops_tui.logs import worth
from mlops_tui.project import Project, open_project
from mlops_tui.session.summaries import build, status


@pytest.fixture
def project(tmp_path: Path) -> Project:
    tiny.write(tmp_path / "tiny")
    return open_project(tmp_path / "tiny", clock=lambda: datetime(2026, 10, 14, 3, 20, tzinfo=UTC), actor=ANA, environ={})


@pytest.fixture
def summarised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the smallest log is large enough."""
    monkeypatch.setattr(worth, "LEAST", 0)
    monkeypatch.setattr(worth, "SHARE", 1e9)


def test_a_small_log_is_read_and_says_so(project: Project) -> None:
    """Nothing is built of it, and nothing is written but .runbook itself."""
    (model, source) = build(project).logs
    assert (model.id, model.counters) == ("loans", None)
    assert model.rows.startswith("the log is small (")
    assert (source.kind, source.id, source.counters) == ("source", "feed", None)
    told = status(project).logs[0]
    assert (told.worth and told.worth.why, told.units) == (model.rows, 0)
    assert not (project.cache / "summaries").exists()


@pytest.mark.usefixtures("summarised")
def test_a_build_counts_what_it_read_and_the_next_reads_nothing(project: Project) -> None:
    first, second = build(project), build(project)
    assert [one.counters and one.counters.rows_read for one in first.logs] == [(12 * 24 - 1) * 12] * 2
    assert [one.counters and one.counters.files_read for one in second.logs] == [0, 0]
    assert second.as_json() == build(project).as_json()


@pytest.mark.usefixtures("summarised")
def test_status_tells_what_there_is_and_what_waits(project: Project) -> None:
    """Before a build all files wait; after it none does, until a new one comes."""
    before = status(project).logs[0]
    assert (before.units, before.pending) == (0, tiny.DAYS)
    build(project)
    told = status(project).logs[0]
    assert (told.pending, told.stale, told.expired, told.files) == (0, 0, 0, tiny.DAYS)
    assert told.grain == "day"
    assert told.dimensions == ("version", "region")
    assert told.size > 0
    assert told.days is not None
    path = next((project.root / "logs" / "loans").glob("*.parquet"))
    path.with_name("new.parquet").write_bytes(path.read_bytes())
    assert status(project).logs[0].pending == 1


@pytest.mark.usefixtures("summarised")
def test_one_model_takes_its_sources_along(project: Project) -> None:
    assert [(one.kind, one.id) for one in build(project, ["loans"]).logs] == [("model", "loans"), ("source", "feed")]
    with pytest.raises(UnknownName, match="loan"):
        build(project, ["loan"])


@pytest.mark.usefixtures("summarised")
def test_a_log_that_cannot_be_read_keeps_no_other_from_it(project: Project) -> None:
    for path in (project.root / "logs" / "loans").glob("*.parquet"):
        path.write_bytes(b"PAR1 no more")
    report = build(project)
    assert report.failed
    assert "can be read" in report.logs[0].problem
    assert report.logs[1].counters is not None
    assert status(project).logs[0].problem == report.logs[0].problem
