"""`runbook ack` and `runbook watch`: the page, answered and kept up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import options, page

if TYPE_CHECKING:
    from mlops_tui.session.pager import Paged
    from mlops_tui.session.watch import Round

_ACTS = {
    "opened": "opened, paged",
    "page": "paged again,",
    "note": "fires again, nobody is paged",
    "resolve": "is quiet again",
}


@click.command(short_help="Say that you have seen an incident.")
@click.argument("name", metavar="ID", shell_complete=options.complete("incident"))
@click.option("--note", metavar="TEXT", default="", help="A word to those who read the thread.")
@click.pass_context
def ack(ctx: click.Context, name: str, note: str) -> None:
    """Acknowledge the incident ID: who and when goes into its timeline, the list of incidents, and its thread.

    You are who the operating system says. An acknowledged alert still pages when it is worse or after its quiet period.
    """
    from mlops_tui.cli.commands.incident import told
    from mlops_tui.session import acts

    told(ctx, acts.ack(options.opened(ctx), name, note))


@click.command(short_help="Check and page on a schedule, until you stop it.")
@click.argument("models", metavar="[MODEL]...", nargs=-1, shell_complete=options.complete("model"))
@click.option("--every", metavar="TIME", default="5m", show_default=True, help="How long from one look to the next.")
@click.pass_context
def watch(ctx: click.Context, models: tuple[str, ...], every: str) -> int:
    """Evaluate the alerts of each MODEL (all of them by default) again and again, and page as `check --notify` does.

    A log that cannot be read and an inventory that is broken by an edit are said and survived: the last good inventory
    stays in force. Ctrl-C or SIGTERM stops it, with exit code 0.
    """
    from mlops_tui.core.window import format_duration
    from mlops_tui.session.watch import Watch

    rhythm = _every(every)
    project = options.opened(ctx)
    watching = Watch(project, lambda: options.opened(ctx), models)
    stop = threading.Event()
    said: set[str] = set()
    names = models or tuple(project.inventory.models)
    page.talk(f"watching {', '.join(names)}, every {format_duration(rhythm)}; Ctrl-C stops it")
    with _stoppable(stop, watching.interrupt):
        for found in watching.rounds(rhythm, stop):
            page.data(told(found))
            now = {*found.problems, *([found.waiting] if found.waiting else [])}
            for problem in sorted(now - said):
                page.talk(f"  {problem}", options.given(ctx))
            said = now
    page.talk("stopped")
    return 0


def told(found: Round) -> str:
    """A round as lines: when, how many alerts fire, and what is new."""
    firing = sum(p.fires for p in found.paged)
    blind = sum(p.act == "blind" for p in found.paged)
    unknown = f", {blind} cannot be measured" if blind else ""
    fire = "fires" if firing == 1 else "fire"
    head = f"{found.at:%Y-%m-%d %H:%M:%S}Z  {firing} of {page.plural(len(found.paged), 'alert')} {fire}{unknown}"
    return "\n".join([head, *(f"  {line(p)}" for p in found.news)])


def line(paged: Paged) -> str:
    """What became of an alert, on one line: incident, alert and model, and whom the page goes to."""
    words = _ACTS.get(paged.act, paged.act)
    to = f" {', '.join(paged.to)}" if paged.to else " nobody" if paged.act in ("opened", "page") else ""
    why = f": {paged.why}" if paged.act in ("page", "note") else ""
    return f"{paged.incident}  {paged.alert} of {paged.model} {words}{to}{why}"


def _every(text: str) -> timedelta:
    from mlops_tui.core.errors import UsageError
    from mlops_tui.core.window import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error), where="--every") from None


@contextmanager
def _stoppable(stop: threading.Event, interrupt: Callable[[], None]) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks to stop and ends a running query; the second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        # not in the handler itself: the thread that it interrupts may hold the event's lock
        threading.Thread(target=_ask, args=(stop, interrupt), name="stop", daemon=True).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask(stop: threading.Event, interrupt: Callable[[], None]) -> None:
    stop.set()
    interrupt()
