"""The run that this app drives: the engine in a thread of its own, and the front end that it shows things to."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mlops_tui.core.errors import Cancelled, RunbookError
from mlops_tui.engine.types import Answer, Cancel, FrontEnd, Item, Output, Progress, Question, RunReport, Waiting
from mlops_tui.journal import Event
from mlops_tui.tui.jobs import Post
from mlops_tui.tui.messages import DriveEnded, Happened

Go = Callable[[FrontEnd], RunReport]
"""Drives a run with a front end to its end or a wait: `session.runs.run` or `resume` with all but the front end given."""

MOST_LINES = 500


class Front:
    """A FrontEnd whose `show` posts to the app."""

    def __init__(self, post: Post) -> None:
        self.inbox: queue.Queue[Answer | Cancel] = queue.Queue()
        self._post = post

    def show(self, item: Item) -> None:
        """Hand the item on."""
        if not (isinstance(item, Output) and item.stream == "chart"):  # the app draws charts at its own width
            self._post(Happened(item))


@dataclass
class Drive:
    """What the app knows of the run it drives. Touched by the app's thread only."""

    name: str
    front: Front
    incident: str = ""
    run: str = ""
    step: str = ""
    """The step that runs now, empty while none does."""
    since: float = field(default_factory=time.monotonic)
    """When it began, or the run did, on the monotonic clock."""
    reader: str = ""
    """The same step where it only reads: its thread, which has its name, may stand back."""
    question: Question | None = None
    progress: Progress | None = None
    lines: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """What steps wrote, by step: (stream, text)."""
    over: bool = False
    leaving: bool = False
    report: RunReport | None = None
    kept: str = ""
    """Where the details of a fault of ours lie."""
    asked: bool = False
    """Whether the command line asked for it: then it also says why it could not begin."""

    def take(self, item: Item) -> bool:
        """Take an item in; whether it was an event, after which the journal is worth reading again."""
        match item:
            case Event():
                self._event(item)
                return True
            case Waiting():
                self.question = item.question
            case Output():
                lines = self.lines.setdefault(item.step, [])
                lines.append((item.stream, item.text))
                del lines[:-MOST_LINES]
            case Progress():
                self.progress = item
        return False

    def _event(self, event: Event) -> None:
        body = event.body or {}
        if event.type in ("run_started", "run_joined"):
            self.incident, self.run = event.stream, event.run
        elif event.type == "step_started":
            self.step, self.progress, self.since = event.step, None, time.monotonic()
            self.reader = event.step if _only_reads(str(body.get("kind"))) else ""
        elif event.type in ("step_ended", "step_skipped", "question_asked", "run_ended"):
            self.step, self.progress = "", None
        if event.type in ("answered", "question_expired"):
            if self.question is not None and body.get("question") == self.question.id:
                self.question = None
            self.step = event.step

    def answer(self, choice: str, why: str, person: str, at: datetime) -> None:
        """Hand an answer to the engine."""
        if self.question is not None:
            self.front.inbox.put(Answer(self.question.id, choice, person, at, why))
            self.question = None

    def leave(self) -> None:
        """Ask the run to stop where it can be resumed."""
        self.leaving = True
        self.front.inbox.put(Cancel("run"))


def _only_reads(kind: str) -> bool:
    from mlops_tui.engine.kinds import kinds

    return kind in kinds() and kinds()[kind].effect == "read"


def start(name: str, go: Go, post: Post, crash: Callable[[str], str]) -> Drive:
    """Drive a run in a thread."""
    front = Front(post)

    def work() -> None:
        try:
            report = go(front)
        except Cancelled as stopped:
            post(DriveEnded(None, stopped))
        except RunbookError as error:
            post(DriveEnded(None, error))
        except Exception as fault:  # noqa: BLE001 - the border of a thread: the screen says it, the log file keeps it
            post(DriveEnded(None, fault, crash(traceback.format_exc())))
        else:
            post(DriveEnded(report, None))

    threading.Thread(target=work, name="engine", daemon=True).start()
    return Drive(name, front)
