"""`docs/keys.md`, made from the table of actions."""

from __future__ import annotations

from mlops_tui.tui.actions import ACTIONS, SCREENS, Action, shown

_HEAD = """\
# Keys of the app

Made from the app's own table of actions by `make docs`; a test compares the two. `?` shows the same in the app, and `ctrl+p`
or `:` finds every action by name.
"""


def page() -> str:
    """The whole page: keys of every screen first, then each screen's own."""
    parts = [_HEAD, "## Everywhere\n", _table(tuple(a for a in ACTIONS if not a.screens))]
    for name, (title, about) in SCREENS.items():
        own = tuple(a for a in ACTIONS if name in a.screens)
        parts += [f"\n## {title}\n\n{about}\n", _table(own)]
    return "\n".join(parts) + "\n"


def _table(actions: tuple[Action, ...]) -> str:
    rows = [f"| {' '.join(f'`{shown(k)}`' for k in a.keys)} | {a.label} | {a.help} |" for a in actions]
    return "\n".join(["| keys | action | what it does |", "|---|---|---|", *rows])
