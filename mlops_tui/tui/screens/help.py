"""The help: what a screen shows and every key of it, from the table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from mlops_tui.tui.actions import SCREENS, ScreenName, actions, shown
from mlops_tui.tui.doc import Doc
from mlops_tui.tui.parts import Pane


class Help(ModalScreen[None]):
    """Any of its keys closes it."""

    BINDINGS = [
        Binding("escape,question_mark,q,f1,enter", "close", show=False),
        Binding("j,down,space,pagedown", "turn(1)", show=False),
        Binding("k,up,b,pageup", "turn(-1)", show=False),
    ]

    def __init__(self, name: ScreenName) -> None:
        super().__init__(classes="box")
        self._about = name

    def compose(self) -> ComposeResult:
        """One pane."""
        title, about = SCREENS[self._about]

        def draw(doc: Doc) -> None:
            doc.head(title).prose(about).blank()
            known = [(" ".join(shown(k) for k in a.keys), a) for a in actions(self._about)]
            for keys, action in known:
                own = bool(action.screens)
                doc.prose(
                    f"{action.label}: {action.help}", "plain" if own else "muted", indent=" " * 16, first=f"{keys[:15]:15} "
                )
            doc.blank().line(
                ("STATUS words: OK, WARN, CRIT, UNKNOWN (could not be measured), FEW (too few rows to tell)", "muted")
            )
            doc.line(("esc closes this, space scrolls", "ask"))

        yield Vertical(Pane(draw))

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    def action_turn(self, by: int) -> None:
        """Scroll."""
        self.query_one(Pane).turn(by)
