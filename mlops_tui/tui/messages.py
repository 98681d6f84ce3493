"""What threads tell the app: messages with frozen values. The app's handlers alone touch its state and its widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from mlops_tui.engine.types import Item, RunReport
    from mlops_tui.incidents.incident import Incident
    from mlops_tui.project import Project
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.incidents import Draft
    from mlops_tui.session.models import ModelReport, ModelsReport
    from mlops_tui.session.runbooks import RunbookLine
    from mlops_tui.session.walks import Walk


@dataclass
class Opened(Message):
    """The project is open: what it holds by its files alone."""

    project: Project
    models: ModelsReport
    runbooks: tuple[RunbookLine, ...]


@dataclass
class Checked(Message):
    """A model's checks are done."""

    model: str
    check: ModelCheck


@dataclass
class Described(Message):
    """A model's chain was read."""

    report: ModelReport


@dataclass
class Listed(Message):
    """The incidents as they stand."""

    incidents: tuple[Incident, ...]


@dataclass
class Walked(Message):
    """A run as it stands."""

    walk: Walk


@dataclass
class Drafted(Message):
    """An incident's draft, or why there is none."""

    incident: str
    draft: Draft | None
    reason: str


@dataclass
class Happened(Message):
    """The run that this app drives showed something."""

    item: Item


@dataclass
class DriveEnded(Message):
    """The run that this app drives came to an end, was left, or never began."""

    report: RunReport | None
    error: BaseException | None
    kept: str = ""


@dataclass
class JobEnded(Message):
    """Work in a thread is over. `error` is what went wrong, `stopped` that a person stopped it, `kept` where a fault's
    details lie."""

    key: str
    error: BaseException | None
    stopped: bool
    kept: str = ""


@dataclass
class Noted(Message):
    """A note was kept."""

    incident: str
