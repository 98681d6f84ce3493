"""The plain console: a front end that prints what happens and asks by numbered prompts.

It needs no colour and no terminal: answers may be piped in. What happens goes to `out`, prompts go to `err`. At the end of
the input, or on `quit`, the run is left waiting and can be resumed.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO
from zoneinfo import ZoneInfo

from mlops_tui.cli import replies
from mlops_tui.cli.lines import Lines
from mlops_tui.cli.page import Look, pointed, wrapped
from mlops_tui.cli.shown import shown
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.leave import one_line, visible
from mlops_tui.core.settings import Clock
from mlops_tui.engine.types import Answer, Cancel, Item, Output, Progress, Question, Waiting
from mlops_tui.journal import Event

Note = Callable[[str, str], None]
"""note(incident, text): puts a note into the incident's timeline. Raises RunbookError."""


class Console:
    """A FrontEnd for a person at a plain terminal, or for answers on a pipe.

    `person` is the login that answers are given by; `left` says why the conversation stopped, empty while it goes on.
    `root` is the project's folder, `project` what `--project` said, for the commands that are told.
    """

    def __init__(
        self,
        *,
        out: IO[str],
        err: IO[str],
        lines: Lines,
        look: Look,
        root: Path,
        zone: ZoneInfo,
        person: str,
        clock: Clock,
        note: Note,
        project: Path | None = None,
    ) -> None:
        self.inbox: queue.Queue[Answer | Cancel] = queue.Queue()
        self.incident = ""
        self.left = ""
        self._out, self._err, self._lines, self._look, self._root = out, err, lines, look, root
        self._zone, self._project = zone, project
        self._person, self._clock, self._note = person, clock, note
        self._writing = threading.Lock()
        self._gone = False
        self._open: Question | None = None
        self._talker: threading.Thread | None = None

    def show(self, item: Item) -> None:
        """Print one item; a question is asked on a thread of its own, so that this returns at once."""
        match item:
            case Event():
                self._event(item)
            case Waiting():
                self._ask(item.question)
            case Output(stream="chart"):
                self._print("\n" + visible(item.text, most=200_000))
            case Output():
                self._print(self._said(item))
            case Progress():
                if item.text and self._out.isatty():
                    self._print(f"  {one_line(item.text)}")

    def _said(self, item: Output) -> str:
        """What a step wrote, line by line; what we say ourselves is folded, and its commands can be typed as they stand."""
        if item.stream == "out":
            return "\n".join(f"  | {line}" for line in visible(item.text).rstrip("\n").split("\n"))
        return wrapped(pointed(item.text, self._project), self._look.width, "    ", "  ! ")

    def close(self) -> None:
        """Stop asking. The thread that reads ends; nothing is printed any more."""
        self._open = None
        if self._talker is not None and self._talker is not threading.current_thread():
            self._lines.wake()
            self._talker.join(timeout=2)
        self._talker = None

    def _event(self, event: Event) -> None:
        if event.type in ("run_started", "run_joined"):
            self.incident = event.stream
        answered = (event.body or {}).get("question") if event.type in ("answered", "question_expired") else None
        asked = self._open
        if asked is not None and answered == asked.id:
            self._open = None
            self._lines.wake()
        text = shown(event, self._look, self._root, self._zone)
        if text:
            self._print(text)

    def _ask(self, question: Question) -> None:
        if self._open is not None and self._open.id == question.id:
            return
        self.close()
        self._print("\n" + replies.described(question), to=self._err)
        if self.left:
            self.inbox.put(Cancel("run"))
            return
        self._open = question
        self._talker = threading.Thread(target=self._converse, args=(question,), name="console", daemon=True)
        self._talker.start()

    def _converse(self, question: Question) -> None:
        """Read lines until one of them answers, or until somebody else has answered."""

        def wanted() -> bool:
            return self._open is question

        self._lines.forget_typed()
        while wanted():
            self._print(f"> {replies.prompt(question)}: ", to=self._err, end="")
            line = self._lines.line(wanted)
            if not self._lines.interactive:
                self._print("" if line is None else one_line(line), to=self._err)
            if not wanted():
                return
            reply = replies.Leave() if line is None else replies.understand(line, question)
            match reply:
                case replies.Choose():
                    self._open = None
                    self.inbox.put(Answer(question.id, reply.choice, self._person, self._clock(), reply.why))
                case replies.TakeNote():
                    self._take_note(reply.text)
                case replies.Leave():
                    self.left = "end of input" if line is None else "as you said"
                    self._open = None
                    self.inbox.put(Cancel("run"))
                case replies.Again():
                    self._print(f"  {reply.message}", to=self._err)

    def _take_note(self, text: str) -> None:
        if not self.incident:
            self._print("  there is no incident yet that could take a note", to=self._err)
            return
        try:
            self._note(self.incident, text)
        except RunbookError as error:
            self._print(f"  the note was not kept: {one_line(str(error))}", to=self._err)
        else:
            self._print("  noted", to=self._err)

    def _print(self, text: str, *, to: IO[str] | None = None, end: str = "\n") -> None:
        """Write and flush; once the reader has gone away, the run goes on without a word."""
        if self._gone:
            return
        stream = to or self._out
        try:
            with self._writing:
                stream.write(text + end)
                stream.flush()
        except (OSError, ValueError):
            self._gone = True


class Quiet:
    """A FrontEnd that shows nothing and answers nothing: for `--auto --json`, where the report is all."""

    def __init__(self) -> None:
        self.inbox: queue.Queue[Answer | Cancel] = queue.Queue()

    def show(self, item: Item) -> None:
        """Keep quiet."""


@contextmanager
def interruptible(inbox: queue.Queue[Answer | Cancel], said: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C asks the run to stop where it can be resumed, and calls `said`; the second one stops at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """
    import signal

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

        def tell() -> None:
            # Not in the handler itself: the thread it interrupts may hold the queue's lock.
            inbox.put(Cancel("run"))
            said()

        threading.Thread(target=tell, name="ctrl-c", daemon=True).start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
