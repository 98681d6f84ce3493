"""Each screen at 80x24 and 200x50, as text that a reviewer can compare.

`RUNBOOK_GOLDEN=write pytest tests/tui/test_screens.py` writes them again, and docs/screens.md with them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from screens import DANGER, App, do, play, text
from textual.pilot import Pilot

GOLDEN = Path(__file__).parent / "golden"
DOCS = Path(__file__).parents[2] / "docs" / "screens.md"
WRITE = os.environ.get("RUNBOOK_GOLDEN") == "write"
SIZES = ((80, 24), (200, 50))

Way = Callable[[App, Pilot[None]], Awaitable[None]]


async def fleet(_app: App, _pilot: Pilot[None]) -> None:
    """As it starts."""


async def model(_app: App, pilot: Pilot[None]) -> None:
    """Into the first model."""
    await do(pilot, "open")


async def alerts(_app: App, pilot: Pilot[None]) -> None:
    """Its alerts."""
    await do(pilot, "open", "tab_2")


async def features(_app: App, pilot: Pilot[None]) -> None:
    """Its features."""
    await do(pilot, "open", "tab_3")


async def start(_app: App, pilot: Pilot[None]) -> None:
    """About to start a runbook."""
    await do(pilot, "open", "tab_4", "open")


async def walk(app: App, pilot: Pilot[None]) -> None:
    """A question waits."""
    app.drives()
    await do(pilot, "walk")


async def look_back(app: App, pilot: Pilot[None]) -> None:
    """Back to the chart, while the question waits."""
    app.drives()
    await do(pilot, "walk", "back", "up")


async def timeline(app: App, pilot: Pilot[None]) -> None:
    """The timeline, where there is no room for it beside the rest."""
    app.drives()
    await do(pilot, "walk", "back", "timeline")


async def danger(app: App, pilot: Pilot[None]) -> None:
    """A command that wants the model's name typed."""
    app.drives(DANGER)
    await do(pilot, "walk")


async def incidents(_app: App, pilot: Pilot[None]) -> None:
    """The list."""
    await do(pilot, "incidents")


async def incident(_app: App, pilot: Pilot[None]) -> None:
    """One of them."""
    await do(pilot, "incidents", "open")


async def messages(_app: App, pilot: Pilot[None]) -> None:
    """Its messages."""
    await do(pilot, "incidents", "open", "tab_3")


async def help_of_walk(app: App, pilot: Pilot[None]) -> None:
    """The help."""
    app.drives()
    await do(pilot, "walk", "back", "help")


WAYS: dict[str, Way] = {
    "fleet": fleet,
    "model": model,
    "alerts": alerts,
    "features": features,
    "start": start,
    "walk": walk,
    "look-back": look_back,
    "timeline": timeline,
    "danger": danger,
    "incidents": incidents,
    "incident": incident,
    "messages": messages,
    "help": help_of_walk,
}


def shot(way: Way, size: tuple[int, int]) -> str:
    """The screen at the end of a way."""
    taken: list[str] = []

    async def story() -> None:
        app = App()
        async with app.run_test(size=size) as pilot:
            app.fill()
            await pilot.pause()
            await way(app, pilot)
            await pilot.pause()
            taken.append(text(app))

    play(story())
    return taken[0]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", WAYS)
def test_a_screen_looks_as_it_did(name, size):
    """The screen's text is the golden one; every line fits."""
    seen = shot(WAYS[name], size)
    path = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, "utf-8")
    assert seen == path.read_text("utf-8")
    assert len(seen.splitlines()) <= size[1]
    assert max(map(len, seen.splitlines())) <= size[0]


def test_the_documentation_shows_the_screens():
    """docs/screens.md holds the golden screens, the narrow ones first."""
    parts = [
        "# The screens\n\nMade from the goldens of the app's tests (`tests/tui/golden`), which a test compares with the app.\n"
    ]
    for size in ("80x24", "200x50"):
        parts.append(f"## {size}\n")
        for name, way in WAYS.items():
            if size == "80x24" or name in ("fleet", "model", "walk", "look-back"):
                screen = (GOLDEN / f"{name}-{size}.txt").read_text("utf-8")
                parts.append(f"### {name.replace('-', ' ').capitalize()}\n\n{way.__doc__}\n\n```text\n{screen}```\n")
    page = "\n".join(parts)
    if WRITE:
        DOCS.write_text(page, "utf-8")
    assert DOCS.read_text("utf-8") == page


def test_too_small_a_terminal_is_told_so():
    """Below 60x16 there is one sentence that says what is needed."""
    for size in ((59, 24), (80, 15)):
        assert "60x16" in shot(fleet, size)
        assert "STATUS" not in shot(fleet, size)


def test_the_least_terminal_shows_the_way_out():
    """At 60x16 every screen still shows help and quit."""
    for way in (fleet, model, walk, incident):
        last = shot(way, (60, 16)).splitlines()[-1]
        assert "? help" in last
        assert "q quit" in last
