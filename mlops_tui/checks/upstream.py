"""Which logs a question is about: the model's own, or those of its sources; each with its own complete hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlops_tui.checks.ask import Ask
from mlops_tui.checks.words import reason
from mlops_tui.core.errors import LogError, UnknownName
from mlops_tui.core.window import Pair, Window, floor_hour
from mlops_tui.logs.log import Log
from mlops_tui.project.subject import Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """A log that is asked about, or the reason why it cannot be. `target` is how Findings name it."""

    target: str
    log: Log | None
    problem: str = ""


def asked_logs(subject: Subject, ask: Ask) -> Iterator[Asked]:
    """The logs of `of`: None or `log` is the model's own, `sources` all of its sources, else one source by name.

    Raises UnknownName for a source that the model does not have.
    """
    if ask.of in (None, "log", "decisions"):
        yield Asked(subject.model, subject.log)
        return
    sources = subject.project.inventory.sources_of(subject.model)
    if ask.of != "sources" and ask.of not in sources:
        raise UnknownName("source", ask.of or "", [*sources, "sources", "log"])
    for name in sources if ask.of == "sources" else [ask.of or ""]:
        try:
            yield Asked(name, subject.source(name))
        except LogError as error:
            yield Asked(name, None, reason(error))


def settled(subject: Subject, log: Log, pair: Pair) -> Pair:
    """The pair moved back to where this log is complete by the clock, if it settles later than the model's own."""
    end = floor_hour(subject.windows.clock - log.spec.complete_after)
    late = pair.current.end - end
    if log is subject.log or end >= pair.current.end:
        return pair
    baseline = pair.baseline if pair.compare == "reference" else pair.baseline.shift(-late)
    return Pair(pair.compare, Window(pair.current.start - late, end), baseline)
