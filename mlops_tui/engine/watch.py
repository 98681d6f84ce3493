"""Work in a thread of its own: watched, interrupted, and left behind where it does not end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Wish = Literal["", "step", "run", "timeout"]
"""Why work should stop: a person's wish for the step or the run, or its time is over."""

TICK = 0.05
"""Seconds between two looks at the clock and the inbox while something works."""
PATIENCE = timedelta(seconds=10)
"""How long work that was asked to stop may take to do so, before it is left behind."""


@dataclass(frozen=True, slots=True)
class Worked(Generic[T]):
    """How work came out: its value or its error. `why` says that it was asked to stop, and for what.

    `left` means that its thread goes on and nobody waits for it any more: there is neither value nor error.
    """

    value: T | None = None
    error: BaseException | None = None
    why: Wish = ""
    left: bool = False


def watched(
    work: Callable[[Callable[[], bool]], T],
    *,
    name: str,
    limit: timedelta,
    look: Callable[[], Wish],
    interrupt: Callable[[], None],
    patience: timedelta = PATIENCE,
) -> Worked[T]:
    """Does `work(stopped)` in a daemon thread, and waits for it no longer than `limit` and `patience` together.

    `look` is called at every tick, and says whether somebody wants it to stop; from then on `stopped()` is true and
    `interrupt` is called at every tick, since an interrupt that comes before a query has begun is lost. Ctrl-C counts
    as a wish for the run, and a second one leaves the work behind at once. Python cannot end a thread: what is left
    behind may still end by itself, and nothing looks at it.
    """
    stop = threading.Event()
    results: queue.SimpleQueue[Worked[T]] = queue.SimpleQueue()

    def target() -> None:
        try:
            results.put(Worked(work(stop.is_set)))
        except BaseException as error:  # noqa: BLE001 - the border of a thread; the caller judges the error
            results.put(Worked(error=error))

    why: Wish = ""
    found: Worked[T] | None = None
    end = monotonic() + limit.total_seconds()
    threading.Thread(target=target, daemon=True, name=name).start()
    while True:
        try:
            try:
                found = found or results.get(timeout=TICK)
            except queue.Empty:
                found = None
            wish = look()
            if found is not None:
                return Worked(found.value, found.error, why or wish)
            if why and monotonic() >= end:
                return Worked(why=why, left=True)
            if not why and (wish or monotonic() >= end):
                why, end = wish or "timeout", monotonic() + patience.total_seconds()
            if why:
                stop.set()
                interrupt()
        except KeyboardInterrupt:
            if why == "run":
                return found or Worked(why=why, left=True)
            why, end = "run", monotonic() + patience.total_seconds()
