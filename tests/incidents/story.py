"""Small journals, written as a list of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mlops_tui.core.finding import Finding
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Event

START = datetime(2026, 10, 14, 3, 0, tzinfo=UTC)


class Story:
    """Events of one incident, one second apart unless told otherwise."""

    def __init__(self, stream: str = "INC-1") -> None:
        self.events: list[Event] = []
        self.stream = stream
        self.now = START

    def __call__(
        self,
        type_: str,
        body: Mapping[str, Any] | None = None,
        *,
        step: str = "",
        who: str = "aruiz",
        wait: timedelta = timedelta(seconds=1),
        run: str = "INC-1.1",
        attempt: int = 1,
        id_: str = "",
    ) -> Event:
        self.now += wait
        seq = len(self.events) + 1
        actor = Actor(who, 1001, "lab", 1)
        name = id_ or f"e{seq}"
        event = Event(self.stream, seq, name, self.now, actor, type_, run, 1, step, attempt, {} if body is None else body)
        self.events.append(event)
        return event

    def opened(self, **body: Any) -> Story:
        about = {"title": "Approval rate dropped: credit-risk", "model": "credit-risk", "alert": "approval-drop"}
        self("incident_opened", about | {"severity": "SEV2", "replayed": False} | body, run="")
        return self


def finding(status: str, summary: str, score: float = 1.0) -> dict[str, Any]:
    made = Finding(
        status=status,  # type: ignore[arg-type]
        plane="feature",
        concern="monitoring",
        kind="feature_drift",
        check_name="feature_drift",
        model="credit-risk",
        target="bank_label",
        score=score,
        summary=summary,
    )
    return made.as_json()
