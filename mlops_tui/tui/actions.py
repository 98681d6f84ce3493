"""Every action of the app, once: its keys, its words, and the screens that have it.

Bindings, the line of keys at the bottom, the help, the command palette and `docs/keys.md` are made from this table. It loads
nothing of the app, so that the documentation can be made without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ScreenName = Literal["fleet", "model", "incidents", "incident", "walk"]

SCREENS: Mapping[ScreenName, tuple[str, str]] = {
    "fleet": (
        "Fleet",
        """Every model of the inventory: the worst that its checks found, how old its data is, and the open incident. The \
checks run when the app starts; each model's row fills in when its own are done.""",
    ),
    "model": (
        "Model",
        """One model. 1 lists what its checks found, worst first; 2 its alerts and the runbook that each one calls for; 3 its \
features with their owners; 4 the runbooks that apply. enter on an alert or a runbook starts the runbook.""",
    ),
    "incidents": ("Incidents", "Every incident of the project, newest first."),
    "incident": (
        "Incident",
        """One incident as its journal tells it: 1 the timeline, 2 the worst finding of each step, 3 the messages that went \
out or wait, 4 the postmortem draft and where it lies.""",
    ),
    "walk": (
        "Walk",
        """A runbook, walked through. Moving over the steps only looks: nothing is ever done again. A step that asks shows its \
question below the result, and the run waits. Leave with q at any time: `runbook resume` goes on from the same step.""",
    ),
}
"""Each screen's title, and what one should know about it."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do. `keys` are Textual's names of keys, the first one is shown; `screens` is empty for all.

    `rank` orders the line of keys at the bottom (lower is kept longer on a narrow terminal; 0 is not shown there).
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    screens: tuple[ScreenName, ...] = ()
    rank: int = 0

    def on(self, screen: ScreenName) -> bool:
        """Whether the screen has it."""
        return not self.screens or screen in self.screens


ACTIONS: tuple[Action, ...] = (
    Action("open", ("enter",), "open", "Open what is under the cursor.", ("fleet", "model", "incidents"), 1),
    Action("answer", ("a",), "answer", "Go to the question that waits for an answer.", ("walk",), 1),
    Action("note", ("n",), "note", "Write a note into the incident's timeline, at any moment.", ("walk", "incident"), 2),
    Action("run", ("r",), "run", "Choose a runbook for this model and start it.", ("fleet", "model"), 2),
    Action("go_on", ("g",), "go on", "Take up a run that was left, where it stopped.", ("walk", "incident"), 4),
    Action("walk", ("w",), "walk", "Go to the runbook that is being walked.", ("fleet", "model", "incidents", "incident"), 6),
    Action("incidents", ("i",), "incidents", "List the incidents.", ("fleet", "model"), 4),
    Action("incident", ("i",), "incident", "Show the incident of this run.", ("walk",), 6),
    Action("follow", ("f",), "follow", "Jump to the step the run is at, and stay with it.", ("walk",), 5),
    Action("timeline", ("t",), "timeline", "Show or hide the incident's timeline.", ("walk",), 3),
    Action("zoom", ("z",), "zoom", "Give the result the whole width, or take it back.", ("walk", "model"), 7),
    Action("query", ("s",), "sql", "Show or hide the query behind the numbers.", ("walk", "model"), 8),
    Action(
        "filter",
        ("slash",),
        "filter",
        "Keep the rows that hold these words; !word leaves rows out.",
        ("fleet", "model", "incidents"),
        5,
    ),
    Action("tab_1", ("1",), "first tab", "Show the first tab.", ("model", "incident")),
    Action("tab_2", ("2",), "second tab", "Show the second tab.", ("model", "incident")),
    Action("tab_3", ("3",), "third tab", "Show the third tab.", ("model", "incident")),
    Action("tab_4", ("4",), "fourth tab", "Show the fourth tab.", ("model", "incident")),
    Action("next_tab", ("right_square_bracket", "l", "right"), "next tab", "Show the next tab.", ("model", "incident"), 8),
    Action("last_tab", ("left_square_bracket", "h", "left"), "tab before", "Show the tab before.", ("model", "incident")),
    Action("refresh", ("ctrl+r", "f5"), "refresh", "Ask again: checks, incidents, timeline."),
    Action("down", ("j", "down"), "down", "Move down."),
    Action("up", ("k", "up"), "up", "Move up."),
    Action("top", ("home",), "top", "Move to the first row."),
    Action("bottom", ("G", "end"), "bottom", "Move to the last row."),
    Action("page_down", ("pagedown", "ctrl+d"), "page down", "Move a page down."),
    Action("page_up", ("pageup", "ctrl+u"), "page up", "Move a page up."),
    Action("read_on", ("space",), "read on", "Scroll the text beside or below the list down."),
    Action("read_back", ("b",), "read back", "Scroll it back up."),
    Action("cancel", ("x", "ctrl+c"), "cancel", "Stop the query or the step that runs now.", (), 9),
    Action("palette", ("ctrl+p", "colon"), "commands", "Every action by name.", (), 10),
    Action("theme", ("T",), "light or dark", "Change between the dark and the light theme."),
    Action("back", ("escape",), "back", "Go back one screen; never leaves the app.", (), 3),
    Action("help", ("question_mark", "f1"), "help", "What this screen shows and every key of it.", (), 1),
    Action("quit", ("q", "ctrl+q"), "quit", "Leave. A run that is under way is left where it can be resumed.", (), 2),
)

_SHOWN: Mapping[str, str] = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "escape": "esc",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def shown(key: str) -> str:
    """A key as people write it: `?`, `esc`, `^p`."""
    return _SHOWN.get(key) or (f"^{key[5:]}" if key.startswith("ctrl+") else key)


def actions(screen: ScreenName) -> tuple[Action, ...]:
    """What can be done on a screen, its own actions first."""
    own = [a for a in ACTIONS if screen in a.screens]
    return (*own, *(a for a in ACTIONS if not a.screens))


def footer(screen: ScreenName, width: int, hidden: frozenset[str] = frozenset()) -> tuple[Action, ...]:
    """The actions that fit in one line of `width` columns, in the table's order; the least needed are left out first."""
    wanted = sorted((a for a in actions(screen) if a.rank and a.id not in hidden), key=lambda a: a.rank)
    kept: list[Action] = []
    room = width
    for action in wanted:
        size = len(shown(action.keys[0])) + len(action.label) + 3
        if size <= room:
            kept.append(action)
            room -= size
    order = actions(screen)
    return tuple(sorted(kept, key=order.index))
