"""Work in threads: each job says when it ends, and can be stopped. Daemons, so that none of them keeps the process alive."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from mlops_tui.core.errors import Cancelled, RunbookError
from mlops_tui.tui.messages import JobEnded

Post = Callable[[Message], object]
"""Hands a message to the app; may be called from any thread."""

NICE = 10
"""How much lower the priority of jobs is than that of the screen."""
AGAIN = 0.05
"""Seconds between two interrupts of a query that a person stopped: one that had not begun missed the first."""


@dataclass
class Job:
    """One piece of work. `label` says what it is doing; `interrupt` stops the query that it waits for."""

    key: str
    label: str
    interrupt: Callable[[], None] | None
    started: float = field(default_factory=time.monotonic)
    stopped: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started


class Jobs:
    """The jobs that run now, by key. Touched by the app's thread only."""

    def __init__(self, post: Post, crash: Callable[[str], str]) -> None:
        self._post = post
        self._crash = crash
        self.running: dict[str, Job] = {}

    def start(
        self,
        key: str,
        label: str,
        work: Callable[[Job], Iterable[Message] | Message | None],
        interrupt: Callable[[], None] | None = None,
    ) -> bool:
        """Run `work` in a thread and post what it gives; False where a job of this key runs already."""
        if key in self.running:
            return False
        job = Job(key, label, interrupt)
        self.running[key] = job
        threading.Thread(target=self._run, args=(job, work), name=f"job-{key}", daemon=True).start()
        return True

    def ended(self, key: str) -> None:
        """Forget a job that said that it ended."""
        self.running.pop(key, None)

    def stoppable(self) -> Job | None:
        """The job that a person would stop: the newest that can be."""
        found = [j for j in self.running.values() if j.interrupt and not j.stopped.is_set()]
        return found[-1] if found else None

    def stop(self, job: Job) -> None:
        """Stop a job: its query is interrupted until it has ended."""
        job.stopped.set()
        if job.interrupt is not None:
            threading.Thread(target=_interrupt, args=(job,), name=f"stop-{job.key}", daemon=True).start()

    def _run(self, job: Job, work: Callable[[Job], Iterable[Message] | Message | None]) -> None:
        error: BaseException | None = None
        kept = ""
        _stand_back()
        try:
            found = work(job)
            for message in (found,) if isinstance(found, Message) else found or ():
                self._post(message)
        except Cancelled:
            job.stopped.set()
        except RunbookError as known:
            error = known
        except Exception as fault:  # noqa: BLE001 - the border of a thread: the screen says it, the log file keeps it
            kept = self._crash(traceback.format_exc())
            error = fault
        job.over.set()
        self._post(JobEnded(job.key, error, job.stopped.is_set(), kept))


def libraries_stand_back(reader: str = "") -> None:
    """Let the screen go first: on Linux the threads that are not Python's, those of DuckDB and its like, run at a lower
    priority, and so does the thread of this name, where one is given.

    The engine's other threads keep theirs, since the commands that they start would inherit it.
    """
    if sys.platform != "linux":
        return
    ours = {t.native_id for t in threading.enumerate() if t.name != reader}
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) not in ours:
            _lower(int(task.name))


def _stand_back() -> None:
    """Let the screen go first: on Linux this thread, and those that are started from it, run at a lower priority."""
    if sys.platform == "linux":
        _lower(threading.get_native_id())


def _lower(thread: int) -> None:
    try:
        if os.getpriority(os.PRIO_PROCESS, thread) < NICE:
            os.setpriority(os.PRIO_PROCESS, thread, NICE)
    except OSError:  # it has ended, or this is not allowed here
        return


def _interrupt(job: Job) -> None:
    while job.interrupt is not None and not job.over.wait(AGAIN):
        job.interrupt()
