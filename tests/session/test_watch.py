"""The watch: on a schedule, in one process, whatever the logs and the inventory are like; no test here sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.paged import INVENTORY, Night, log

from mlops_tui.core.errors import Cancelled, UnknownName, UsageError
from mlops_tui.project import Project
from mlops_tui.session import watch as session
from mlops_tui.session.incidents import incidents
from mlops_tui.session.watch import Round, Watch
from tests.channels.slack_server import POST, SlackServer, Workspace, limited

FIVE = timedelta(minutes=5)
DROP = {"ES": 0.2}


class Turns:
    """A wish to stop that comes after so many rounds, and turns the clock instead of waiting."""

    def __init__(self, night: Night, rounds: int, between: dict[int, Callable[[], Any]] | None = None) -> None:
        self.night = night
        self.left = rounds
        self.done = 0
        self.between = between or {}
        self.waited: list[float] = []

    def wait(self, timeout: float) -> bool:
        self.waited.append(timeout)
        self.night.now += timedelta(seconds=timeout)
        self.done += 1
        self.between.get(self.done, lambda: None)()
        return self.is_set()

    def is_set(self) -> bool:
        return self.done >= self.left


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_tui.report.pngs", lambda charts, *, timeout=0: [b"png" for _ in charts])
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def slack() -> Iterator[Workspace]:
    running = SlackServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running.space
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def night(tmp_path: Path, slack: Workspace) -> Night:
    """A quiet night so far."""
    made = Night(tmp_path, slack.url)
    made.settle()
    made.write(log(10, {}))
    made.at(10)
    return made


def watched(night: Night, turns: Turns, every: timedelta = FIVE, models: tuple[str, ...] = ()) -> list[Round]:
    return list(Watch(night.project(), night.project, models).rounds(every, turns))


def acts(found: list[Round]) -> list[list[str]]:
    return [[p.act for p in r.paged] for r in found]


def test_it_looks_at_once_and_then_every_so_often(night: Night) -> None:
    """By the clock that it was given; a quiet project stays without a journal."""
    found = watched(night, turns := Turns(night, 3))
    assert acts(found) == [["quiet"]] * 3
    assert [r.at - found[0].at for r in found] == [timedelta(0), FIVE, 2 * FIVE]
    assert turns.waited == [300.0] * 3
    assert not (night.root / ".runbook").exists()


def test_a_log_that_grows_is_read_anew_and_pages_once(night: Night, slack: Workspace) -> None:
    """What fires between two looks is paged at the next, and held at those after it."""
    turns = Turns(night, 4, {1: lambda: night.write(log(11, DROP)), 2: lambda: night.at(11)})
    found = watched(night, turns)
    assert acts(found) == [["quiet"], ["opened"], ["hold"], ["hold"]]
    assert [p.incident for p in found[1].news] == ["INC-1"]
    assert found[2].news == ()
    assert len([t for t in slack.texts("ml-incidents") if "SEV2" in t]) == 1


def test_a_broken_edit_keeps_the_last_good_inventory(night: Night) -> None:
    """The problem is said with its line, the alerts go on, and once it is mended the new inventory is in force."""
    night.write(log(10, DROP))
    broken = INVENTORY.replace("check: decision_rate", "chekc: decision_rate")
    mended = INVENTORY.replace("severity: SEV2", "severity: SEV2\n        quiet: 1m")
    turns = Turns(night, 4, {1: lambda: night.settle(broken), 3: lambda: night.settle(mended)})
    found = watched(night, turns)
    assert acts(found) == [["opened"], ["hold"], ["hold"], ["page"]]
    assert found[1].problems[0].startswith("inventory.yaml:")
    assert "missing key 'check'" in found[1].problems[0]
    assert "going on with the inventory of 2026-09-21 10:00Z (12:00 CEST)" in found[1].problems[0]
    assert found[3].problems == ("inventory.yaml was edited: 1 model and 1 alert now",)


def test_an_inventory_that_is_gone_is_survived(night: Night) -> None:
    """Editors remove and rename: the last good one stays in force."""
    found = watched(night, Turns(night, 2, {1: lambda: (night.root / "inventory.yaml").unlink()}))
    assert acts(found) == [["quiet"], ["quiet"]]
    assert found[1].problems


def test_a_log_fault_is_said_and_survived(night: Night) -> None:
    """No file, a broken file: the alert cannot be measured, which is said, and the next look finds it mended."""
    folder = night.root / "logs" / "credit"

    def gone() -> None:
        (folder / "a.parquet").unlink()

    def torn() -> None:
        folder.joinpath("b.parquet").write_bytes(b"PAR1 half a file")

    turns = Turns(night, 4, {1: gone, 2: torn, 3: lambda: night.write(log(10, {}))})
    found = watched(night, turns)
    assert acts(found) == [["quiet"], ["blind"], ["blind"], ["quiet"]]
    assert all(r.problems for r in found[1:3])


def test_a_fault_of_ours_is_kept_and_survived(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback is written down, its place is said, and the watch goes on."""
    real = session.notify
    calls: list[str] = []

    def failing(project: Project, *args: Any, **named: Any) -> Any:
        calls.append("x")
        if len(calls) == 1:
            raise ZeroDivisionError("canary")
        return real(project, *args, **named)

    monkeypatch.setattr(session, "notify", failing)
    found = watched(night, Turns(night, 2))
    assert acts(found) == [[], ["quiet"]]
    assert "a fault of ours, ZeroDivisionError" in found[0].problems[0]
    kept = Path(found[0].problems[0].rsplit(" ", 1)[1])
    assert "canary" in kept.read_text()
    kept.unlink()


def test_a_journal_that_cannot_be_written_is_said(night: Night) -> None:
    """A place that takes no journal stops nobody from looking."""
    night.write(log(10, DROP))
    (night.root / ".runbook").write_text("a file where a folder should be")
    found = watched(night, Turns(night, 2))
    assert acts(found) == [[], []]
    assert "credit: " in found[0].problems[0]


def test_it_stops_between_two_looks_and_within_one(night: Night, slack: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish to stop ends the wait, the wait for Slack, and a query; what is journalled stays and goes out later."""
    night.write(log(10, DROP))
    slack.faults_at[POST] = [limited("20")]

    class Impatient(Turns):
        def wait(self, timeout: float) -> bool:
            self.waited.append(timeout)
            return True

    turns = Impatient(night, 9)
    assert watched(night, turns) == []
    assert turns.waited == [20.0]
    assert [m.state for m in incidents(night.project())[0].messages] == ["waiting", "queued"]
    slack.faults_at.clear()
    assert acts(watched(night, Turns(night, 1))) == [["hold"]]
    assert {m.state for m in incidents(night.project())[0].messages} == {"sent"}

    def interrupted(*_: Any, **__: Any) -> Any:
        raise Cancelled

    monkeypatch.setattr(session, "notify", interrupted)
    assert watched(night, Turns(night, 3)) == []


def test_a_slow_look_delays_the_next_and_piles_nothing_up(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than its schedule: the next look comes at once, and only one; a clock that jumps back is met with one wait."""
    real = session.notify
    took = [timedelta(minutes=2), timedelta(minutes=12), timedelta(days=-1)]

    def slow(project: Project, *args: Any, **named: Any) -> Any:
        found = real(project, *args, **named)
        night.now += took.pop(0)
        return found

    monkeypatch.setattr(session, "notify", slow)
    watched(night, turns := Turns(night, 3))
    assert turns.waited == [180.0, 0.0, 300.0]


def test_a_wrong_call_is_refused(night: Night) -> None:
    """A model that nobody has, and a rhythm that would never rest."""
    with pytest.raises(UnknownName, match="credti"):
        Watch(night.project(), night.project, ("credti",))
    with pytest.raises(UsageError, match="too often"):
        watched(night, Turns(night, 1), timedelta(seconds=1))


def test_a_model_that_an_edit_removes_is_said(night: Night) -> None:
    """It was asked for by name: its absence is told, each time."""
    other = INVENTORY.replace("  credit:\n", "  debit:\n")
    found = watched(night, Turns(night, 2, {1: lambda: night.settle(other)}), models=("credit",))
    assert "no model is called 'credit' any more" in found[1].problems
