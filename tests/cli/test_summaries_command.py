"""`runbook summaries` as a command: lines, JSON, the bar, the exit code."""

from __future__ import annotations

import json

import pytest
from support import tiny

from mlops_tui.cli import bar
from mlops_tui.logs import worth
from mlops_tui.logs.progress import Progress


@pytest.fixture
def chain(tmp_path, monkeypatch):
    monkeypatch.setattr(worth, "LEAST", 0)
    monkeypatch.setattr(worth, "SHARE", 1e9)
    return tiny.write(tmp_path / "tiny")


def test_a_build_says_what_it_read(runbook, chain):
    said = runbook("--project", chain, "summaries", "build")
    assert (said.code, said.err) == (0, "")
    assert (
        said.out == "loans: 3,444 rows of 12 files read, 0 unchanged\nfeed (source): 3,444 rows of 12 files read, 0 unchanged\n"
    )
    said = runbook("--project", chain, "summaries", "build", "loans")
    assert said.out.startswith("loans: 0 rows of 0 files read, 12 unchanged\n")


def test_the_json_of_a_build_holds_counters_and_no_times(runbook, chain):
    """The second build of the same log gives the same bytes as the third."""
    first = json.loads(runbook("--project", chain, "summaries", "build", "--json").out)
    assert first["schema"] == "runbook/summaries-build/1"
    counted = {k: v for k, v in first["logs"][0].items() if isinstance(v, int)}
    assert counted == {
        "files_read": 12,
        "rows_read": 3444,
        "units_written": counted["units_written"],
        "unchanged": 0,
        "dropped": 0,
        "expired": 0,
        "compacted": 0,
        "outcome_files": 0,
        "outcome_rows": 0,
    }
    second = runbook("--project", chain, "summaries", "build", "--json")
    assert json.loads(second.out)["logs"][0]["rows_read"] == 0
    assert second.out == runbook("--project", chain, "summaries", "build", "--json").out


def test_status_shows_each_log(runbook, chain):
    said = runbook("--project", chain, "summaries", "status", "loans")
    assert "summaries, which are not built yet" in said.out
    runbook("--project", chain, "summaries", "build")
    said = runbook("--project", chain, "summaries", "status", "loans")
    assert said.code == 0
    first = said.out.split("\n\n")[0].splitlines()
    assert first[0] == "loans"
    assert "  told apart by  version, region" in first
    assert "  waiting        nothing" in first
    assert json.loads(runbook("--project", chain, "summaries", "status", "--json").out)["logs"][0]["pending_files"] == 0


def test_a_small_log_says_that_its_rows_are_read(runbook, tmp_path):
    chain = tiny.write(tmp_path / "tiny")
    said = runbook("--project", chain, "summaries", "build", "loans")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("loans: the log is small (")


def test_a_log_that_cannot_be_read_is_an_exit_code(runbook, chain):
    for path in (chain / "logs" / "loans").glob("*.parquet"):
        path.write_bytes(b"PAR1 no more")
    said = runbook("--project", chain, "summaries", "build")
    assert said.code == 1
    assert "none of the 12 files" in said.out


def test_a_file_that_is_passed_over_is_named(runbook, chain):
    (chain / "logs" / "loans" / "half.parquet").write_bytes(b"PAR1 and then nothing")
    said = runbook("--project", chain, "summaries", "build", "loans")
    assert "  passed over: logs/loans/half.parquet: truncated: no Parquet footer at its end" in said.out
    assert said.code == 0


def test_the_bar_says_how_far_how_fast_and_how_long():
    line = bar.line("credit", Progress(files=12, of=37, rows=4_000_000, share=0.4), 4.0)
    assert line == ("credit  [##########--------------]   40%  12 of 37 files  4,000,000 rows  1,000,000 rows/s  6 s left")
    assert "left" not in bar.line("credit", Progress(37, 37, 10, 1.0), 9.0)
