"""One entry of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlops_tui.core.settings import Actor


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as the journal keeps it. `seq` orders a stream; `at` may go backwards.

    `body` is None once it was purged. `hash` is the chain's hash up to and with this event, as hex.
    """

    stream: str
    seq: int
    id: str
    at: datetime
    actor: Actor
    type: str
    run: str = ""
    epoch: int = 0
    step: str = ""
    attempt: int = 0
    body: Mapping[str, Any] | None = field(default_factory=dict)
    artefacts: tuple[str, ...] = ()
    hash: str = ""
