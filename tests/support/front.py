"""A front end that answers from a script, and the moment and the person of the demo's night."""

from __future__ import annotations

import queue
from datetime import UTC, datetime
from typing import Any

from mlops_tui.core.settings import Actor
from mlops_tui.engine.types import Answer, Cancel, Item, Output, Waiting
from mlops_tui.journal import Event

CLOCK = datetime(2026, 10, 14, 3, 30, tzinfo=UTC)
ANA = Actor("aruiz", 1001, "lab", 77, "Ana Ruiz")


class Script:
    """A front end whose answers are scripted by step; what it was shown is kept."""

    def __init__(self, answers: dict[str, str] | None = None, stop_at: str = "", person: str = "aruiz") -> None:
        self.inbox: queue.Queue[Answer | Cancel] = queue.Queue()
        self.answers = answers or {}
        self.stop_at = stop_at
        self.person = person
        self.items: list[Item] = []

    def show(self, item: Item) -> None:
        """Keep the item; answer what is asked, or stop where the script says so."""
        self.items.append(item)
        if isinstance(item, Event) and item.type == "step_started" and item.step == self.stop_at:
            self.inbox.put(Cancel("run"))
        if isinstance(item, Waiting):
            choice = self.answers.get(item.question.step)
            if choice is None:
                self.inbox.put(Cancel("run"))
            else:
                self.inbox.put(Answer(item.question.id, choice, self.person, CLOCK))

    @property
    def events(self) -> list[str]:
        """The types of the events that were shown."""
        return [i.type for i in self.items if isinstance(i, Event)]

    @property
    def errors(self) -> list[str]:
        """The lines of talk that were shown as errors."""
        return [i.text for i in self.items if isinstance(i, Output) and i.stream == "err"]


def states(report: Any) -> dict[str, str]:
    """Step id -> state."""
    return {s.id: s.state for s in report.steps}
