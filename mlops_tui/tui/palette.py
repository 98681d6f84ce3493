"""The palette: every action of the screen, every model and every incident by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from mlops_tui.core.leave import one_line
from mlops_tui.tui.actions import actions, shown
from mlops_tui.tui.page import Page

if TYPE_CHECKING:
    from mlops_tui.tui.app import RunbookApp

MOST_INCIDENTS = 50


@dataclass(frozen=True, slots=True)
class Command:
    """Something to choose. One that is not `listed` is found by its name only."""

    name: str
    help: str
    run: Callable[[], Any]
    listed: bool = True


def commands(app: RunbookApp, page: Page) -> Iterator[Command]:
    """What can be done on the screen now, in the table's order; then the models and the newest incidents."""
    hidden = page.hidden()
    for action in actions(page.NAME):
        if action.id != "palette":
            name = f"{action.label}  ({shown(action.keys[0])})"
            run = partial(app.call_later, page.run_action, action.id)
            yield Command(name, action.help, run, listed=bool(action.rank) and action.id not in hidden)
    for line in app.state.models.models if app.state.models else ():
        yield Command(one_line(line.id), f"Open the model: {one_line(line.description)}", partial(app.open_model, line.id))
    for incident in (app.state.incidents or ())[:MOST_INCIDENTS]:
        yield Command(incident.id, f"Open the incident: {one_line(incident.title)}", partial(app.open_incident, incident.id))


class Palette(Provider):
    """Gives Textual's palette our commands."""

    def _commands(self) -> Iterator[Command]:
        page = self.screen
        return commands(cast("RunbookApp", self.app), page) if isinstance(page, Page) else iter(())

    async def discover(self) -> Hits:
        """What is listed before anything was typed."""
        for command in self._commands():
            if command.listed:
                yield DiscoveryHit(command.name, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """What fits the words that were typed."""
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.name)) > 0:
                yield Hit(score, matcher.highlight(command.name), command.run, help=command.help)
