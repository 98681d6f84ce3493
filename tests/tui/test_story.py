"""The app on a real chain: from the fleet to a finished walk by the names of actions; left, and taken up again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from screens import do, play, text
from support.front import ANA, CLOCK
from textual.pilot import Pilot

from mlops_tui.journal.journal import Journal
from mlops_tui.project import Project, open_project
from mlops_tui.session.demo import demo
from mlops_tui.session.incidents import incident
from mlops_tui.tui.app import RunbookApp
from mlops_tui.tui.screens.fleet import Fleet
from mlops_tui.tui.screens.walk import WalkPage

STEPS = """\
runbook: probe
title: A probe
applies_to: {models: [credit-risk]}
steps:
  - id: scope
    title: Where did it move?
    why: One region means an upstream change.
    check: {alert: approval-drop}
  - id: verdict
    title: Say what broke
    ask: {question: What broke?, answers: [data, model]}
  - id: told
    note: "It was ${verdict}."
  - id: contain
    title: Contain it
    run: {argv: [sh, -c, echo one; echo two]}
  - id: slow
    timeout: 5m
    query: select count(*) as n from range(100000) a(x), range(2000000) b(y) where (x * y) % 7 = 3
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo, written once."""
    target = tmp_path_factory.mktemp("chain") / "demo"
    demo(target, rows=60_000)
    return target


@pytest.fixture
def opener(chain: Path, tmp_path: Path) -> Callable[[], Project]:
    """Opens a copy of the demo without a history, as Ana at half past three."""
    root = tmp_path / "demo"
    shutil.copytree(chain, root, ignore=shutil.ignore_patterns("logs"))
    (root / "logs").symlink_to(chain / "logs")
    (root / "runbooks" / "probe.yaml").write_text(STEPS)
    return lambda: open_project(root, clock=lambda: CLOCK, actor=ANA, environ={"PATH": "/usr/bin:/bin"})


async def until(pilot: Pilot[Any], wanted: Callable[[], Any]) -> None:
    """Wait for what a thread brings."""
    async with asyncio.timeout(30):
        while not wanted():
            await pilot.pause(0.02)
    await pilot.pause()


def walk(app: RunbookApp) -> Any:
    """The walk as the app knows it."""
    return next(iter(app.state.walks.values()), None)


def state(app: RunbookApp, step: str) -> str:
    """The state of a step of the walk."""
    known = walk(app)
    return next((s.state for s in known.steps if s.id == step), "") if known else ""


async def begin(app: RunbookApp, pilot: Pilot[Any]) -> None:
    """From the fleet to the first question of the probe."""
    await until(pilot, lambda: app.state.models)
    await do(pilot, "run")
    await pilot.press("j", "j", "enter", "enter")
    await until(pilot, lambda: app.drive is not None and app.drive.question is not None and state(app, "verdict") == "waiting")


def test_from_the_fleet_to_the_end_and_back_to_look(opener):
    """A person walks by keys alone: answer with a reason, a note, a command typed out, live output, a query cancelled."""

    async def story() -> None:
        app = RunbookApp(opener)
        async with app.run_test(size=(80, 24)) as pilot:
            await begin(app, pilot)
            await do(pilot, "back", "up")
            assert "alert approval-drop" in " ".join(text(app).split())
            await do(pilot, "note")
            await pilot.press(*"saw it", "enter")
            await until(pilot, lambda: walk(app).incident.notes)
            await do(pilot, "answer")
            await pilot.press("1", "enter", *"labels", "enter")
            await until(pilot, lambda: app.drive.question is not None and app.drive.question.step == "contain")
            await until(pilot, lambda: state(app, "contain") == "waiting")
            await pilot.press(*"yes", "enter")
            assert app.drive.question is not None
            await pilot.press(*"credit-risk", "enter")
            await until(pilot, lambda: app.drive.step == "slow")
            assert [t for _, t in app.drive.lines["contain"]] == ["one", "two"]
            await do(pilot, "cancel")
            assert app.drive.step == "slow"
            await do(pilot, "cancel")
            await until(pilot, lambda: app.drive.over and state(app, "slow") == "cancelled")
            await do(pilot, "back")
            assert isinstance(app.screen, Fleet)
        assert [r.state for r in app.reports] == ["failed"]
        texts = [e.text for e in incident(opener(), "INC-1").timeline]
        assert any("saw it" in t for t in texts)
        assert any("because: labels" in t for t in texts)
        assert sum("step scope" in t for t in texts) == 1

    play(story())


def test_a_run_that_is_left_is_taken_up_where_it_stopped(opener):
    """q while a question waits leaves the run; taken up again it asks the same question, and does nothing twice."""

    async def story() -> None:
        app = RunbookApp(opener)
        async with app.run_test(size=(80, 24)) as pilot:
            await begin(app, pilot)
            await do(pilot, "quit")
            await until(pilot, lambda: app.reports)
        assert [r.state for r in app.reports] == ["waiting"]
        again = RunbookApp(opener)
        async with again.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: again.state.incidents)
            await do(pilot, "incidents", "open", "go_on")
            await until(pilot, lambda: isinstance(again.screen, WalkPage) and again.drive and again.drive.question)
            assert again.drive.question.step == "verdict"
            await do(pilot, "quit")
            await until(pilot, lambda: again.reports)
        with Journal.open(opener().state, clock=lambda: CLOCK, actor=ANA, create=False) as journal:
            types = [(e.type, e.step) for e in journal.events("INC-1")]
        assert types.count(("step_started", "scope")) == 1

    play(story())


def test_a_log_that_cannot_be_read_leaves_the_fleet_standing(opener):
    """One model without a log is UNKNOWN with the reason; the others are checked."""
    project = opener()
    (project.root / "logs").unlink()

    async def story() -> None:
        app = RunbookApp(opener)
        async with app.run_test(size=(200, 50)) as pilot:
            await until(pilot, lambda: len(app.state.checks) == 2)
            assert "UNKNOWN" in text(app)
            assert app.fault is None

    play(story())


def test_a_run_that_cannot_begin_ends_the_app_with_its_reason(opener):
    """`runbook run NAME` with a wrong name leaves the app; the command line says why."""
    from mlops_tui.session.runs import run

    async def story() -> None:
        app = RunbookApp(opener, go=lambda front: run(opener(), "aproval-drop", sets={}, front=front), name="aproval-drop")
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.fault)
        assert "approval-drop" in str(app.fault)

    play(story())


def test_a_broken_inventory_ends_the_app_with_every_problem(opener):
    """The problems belong on the command line, where they can be copied."""
    project = opener()
    (project.root / "inventory.yaml").write_text("version: 2\nmodles: {}\n")

    async def story() -> None:
        app = RunbookApp(opener)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.fault)
        assert "modles" in str(app.fault)

    play(story())
