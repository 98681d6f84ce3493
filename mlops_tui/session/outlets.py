"""Where a run's things go: files that can be read, and messages that are sent beside it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from mlops_tui.core.errors import RunbookError
from mlops_tui.engine.types import Artefact, FrontEnd, Output
from mlops_tui.journal.store import shown

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project

REWRITTEN = ("markdown", "html")
"""Kinds of files of which the newest has the name: there is one draft."""
LAST_WORDS = 10.0
"""Seconds that the end of a run waits in all for messages that are being sent; later ones wait for the next flush."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps what a step made: by its hash beside the journal, and readable in the incident's folder."""

    project: Project
    journal: Journal
    stream: str
    run: str

    def __call__(self, data: bytes, kind: str, name: str, title: str) -> Artefact:
        """The file as the journal names it. Raises JournalError where it cannot be kept."""
        folder = run_folder(self.project, self.stream, self.run)
        sha256 = self.journal.keep(data, "." + name.rsplit(".", 1)[-1])
        with shown(folder):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name if kind in REWRITTEN else _free(folder / name, data)
            part = folder / f".{path.name}.part"
            part.write_bytes(data)
            part.replace(path)
        return Artefact(kind, self.project.shown(path), sha256, title)


def _free(path: Path, data: bytes) -> Path:
    """The path, or with a number where another step's file has that name: what one step made stays what it was."""
    number, place = 1, path
    while place.exists() and place.read_bytes() != data:
        number += 1
        place = path.with_stem(f"{path.stem}-{number}")
    return place


def run_folder(project: Project, stream: str, run_id: str) -> Path:
    """Where the readable copies of a run's charts and draft lie."""
    return project.incident_folder(stream) / f"run-{run_id.rsplit('.', 1)[-1]}"


@contextmanager
def sending(project: Project, journal: Journal, front: FrontEnd) -> Iterator[Callable[[str], None]]:
    """Gives a function that sends what waits, beside the run and never in its way. Without a token, says so once."""
    from mlops_tui.session.messages import TOKEN

    workers: list[threading.Thread] = []

    def send(step: str) -> None:
        if not project.environ.get(TOKEN):
            if not workers:
                _send(project, journal, front, step)
                workers.append(threading.current_thread())
            return
        worker = threading.Thread(target=_send, args=(project, journal, front, step), daemon=True, name="outbox")
        workers.append(worker)
        worker.start()

    try:
        yield send
    finally:
        end = monotonic() + LAST_WORDS
        for worker in workers:
            if worker is not threading.current_thread():
                worker.join(max(0.0, end - monotonic()))


def _send(project: Project, journal: Journal, front: FrontEnd, step: str) -> None:
    from mlops_tui.session.messages import flush_journal

    try:
        report = flush_journal(project, journal)
        late = [m for m in report.messages if m.state not in ("sent", "unsure")]
        waits = f"{len(late)} message{'s' * (len(late) != 1)} wait in the outbox: {late[-1].reason}" if late else ""
        text = report.reason or waits
    except RunbookError as error:
        text = f"messages wait: {error}"
    except Exception:  # noqa: BLE001 - the border of a worker: a message must not take the run with it
        text = f"messages wait: a fault of ours (details: {project.crash_log(traceback.format_exc())})"
    if text:
        with suppress(Exception):  # a front end that fails here fails at the run's next event, too, and is told there
            front.show(Output(step, text, "err"))
