"""One table of actions feeds keys, footer, help, palette and documentation."""

from __future__ import annotations

import pytest
from screens import App, play

from mlops_tui.tui.actions import ACTIONS, SCREENS, actions, footer, shown
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.palette import commands
from mlops_tui.tui.screens.fleet import Fleet
from mlops_tui.tui.screens.incident import IncidentPage
from mlops_tui.tui.screens.incidents import Incidents
from mlops_tui.tui.screens.model import ModelPage
from mlops_tui.tui.screens.walk import WalkPage

PAGES: dict[str, type[Page]] = {p.NAME: p for p in (Fleet, ModelPage, Incidents, IncidentPage, WalkPage)}


@pytest.mark.parametrize("name", SCREENS)
def test_no_key_means_two_things_on_a_screen(name):
    """On each screen every key has one action, and every action one name."""
    known = actions(name)
    keys = [k for a in known for k in a.keys]
    assert len(keys) == len(set(keys))
    assert len({a.id for a in known}) == len(known)


@pytest.mark.parametrize("name", SCREENS)
def test_every_action_can_be_done(name):
    """Each action of a screen has a handler there, and a binding with its id and help."""
    for action in actions(name):
        assert hasattr(PAGES[name], f"action_{action.id}"), action.id
    assert {(b.action, b.tooltip) for b in bindings(name)} == {(a.id, a.help) for a in actions(name)}


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_line_of_keys_fits_and_keeps_the_way_out(name, width):
    """At 60 columns and more the keys fit in one line, and help and quit are among them."""
    kept = footer(name, width)
    assert {"help", "quit"} <= {a.id for a in kept}
    assert sum(len(shown(a.keys[0])) + len(a.label) + 3 for a in kept) <= width


def test_no_key_is_one_that_terminals_keep():
    """tmux and screen keep ctrl+b and ctrl+a for themselves."""
    assert not {"ctrl+b", "ctrl+a"} & {k for a in ACTIONS for k in a.keys}


def test_the_palette_has_every_action():
    """Whatever has a key can be found by name; listed before one types is what means something now, as in the line of keys."""

    async def story() -> None:
        app = App()
        async with app.run_test(size=(80, 24)):
            page = app.screen
            assert isinstance(page, Fleet)
            found = [c.name for c in commands(app, page)]
            for action in actions("fleet"):
                assert action.id == "palette" or any(t.startswith(action.label) for t in found), action.id
            listed = [c.name for c in commands(app, page) if c.listed]
            assert listed[0] == "open  (enter)"
            assert not any(name.startswith(("cancel", "down")) for name in listed)

    play(story())
