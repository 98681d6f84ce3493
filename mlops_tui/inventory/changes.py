"""Who changed what: the feeds that a model declares, as one list of changes in the order of time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from mlops_tui.core.errors import InvalidFiles, Problem
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import parse_instant
from mlops_tui.files.disk import open_file
from mlops_tui.inventory.inventory import Inventory

MOST_PROBLEMS = 20
"""Bad lines of one feed that are named one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change. `ts` is aware, in UTC; the texts are as recorded, to be escaped where they are shown.

    A `deploy` may carry the `version` and the days of its training rows, both ends included.
    """

    ts: datetime
    kind: str
    target: str
    what: str
    who: str = ""
    ref: str = ""
    version: str = ""
    trained_from: date | None = None
    trained_to: date | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a model's feeds, oldest first, and what of the feeds could not be read."""

    rows: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Line(msgspec.Struct, frozen=True):
    """A line of a JSONL feed; further keys are the feed's own."""

    ts: str
    kind: str
    target: str
    what: str
    who: str | None = None
    ref: str | int | None = None
    version: str | None = None
    trained_on: tuple[str, str] | None = None


def read_changes(inventory: Inventory, model: str, *, until: datetime, environ: Mapping[str, str] | None = None) -> Changes:
    """The changes up to and with `until` of every feed of the model, each once, oldest first.

    A feed or line that cannot be read is a problem beside the others' rows, never an error. `environ` is what git runs
    in (this process's own where None). Raises UnknownName for a model that nobody declared.
    """
    from mlops_tui.inventory.git_log import git_changes  # it makes our Changes, and subprocess is not on the warm path

    around = os.environ if environ is None else environ
    rows: dict[Change, None] = {}
    problems: list[Problem] = []
    for i, feed in enumerate(inventory.model(model).changes):
        line, column = inventory.reader.position("models", model, "changes", i)
        place = (inventory.reader.source, line, column)
        if feed.jsonl is not None:
            found = _jsonl(inventory, feed.jsonl, place)
        elif feed.git is not None:
            found = git_changes(inventory.root / feed.git, place, until=until, environ=around)
        else:
            continue
        rows |= dict.fromkeys(c for c in found.rows if c.ts <= until)
        problems += found.problems
    ordered = sorted(rows, key=lambda c: (c.ts, c.kind, c.target, c.what, c.ref))
    return Changes(tuple(ordered), tuple(problems))


def _jsonl(inventory: Inventory, name: str, place: tuple[str, int, int]) -> Changes:
    rows: list[Change] = []
    bad: list[Problem] = []
    decoder = msgspec.json.Decoder(_Line)
    try:
        with open_file(inventory.root / name, source=name) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    rows.append(_change(decoder.decode(line), inventory.zone))
                except (msgspec.DecodeError, ValueError) as error:
                    bad.append(Problem(name, number, 1, f"passed over: {one_line(str(error))}"))
    except InvalidFiles as error:
        return Changes((), tuple(Problem(*place, f"the feed {p.file}: {p.message}", p.hint) for p in error.problems))
    except OSError as error:
        bad.append(Problem(*place, f"the feed {name} ends early: {error.strerror}"))
    if len(bad) > MOST_PROBLEMS:
        rest = len(bad) - MOST_PROBLEMS
        bad = [*bad[:MOST_PROBLEMS], Problem(name, 0, 0, f"{rest:,} more lines are passed over")]
    return Changes(tuple(rows), tuple(bad))


def _change(line: _Line, zone: ZoneInfo) -> Change:
    """Raises ValueError for a time that is none."""
    trained = line.trained_on
    return Change(
        parse_instant(line.ts, zone),
        line.kind,
        line.target,
        line.what,
        line.who or "",
        "" if line.ref is None else str(line.ref),
        line.version or "",
        _day(trained[0], zone, end=False) if trained else None,
        _day(trained[1], zone, end=True) if trained else None,
    )


def _day(text: str, zone: ZoneInfo, *, end: bool) -> date:
    """The day of a date, or of a moment; the end of a span is not part of it, so that midnight ends the day before."""
    if len(text) == len("2026-10-13"):
        return date.fromisoformat(text)
    moment = parse_instant(text, zone)
    return (moment - timedelta(microseconds=1) if end else moment).astimezone(zone).date()
