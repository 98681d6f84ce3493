"""Which files are read together: each by itself, but for those of a day that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_tui.logs.days import about, spans
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile


@dataclass(frozen=True, slots=True)
class Job:
    """Files that are read together into one section: one file, or those of a day that is over."""

    files: tuple[LogFile, ...]
    log: Log | None = None
    """Where they are open already: Parquet. Text is opened file by file, since opening reads it."""
    facts: Mapping[str, Facts] = field(default_factory=dict)


def jobs_of(log: Log, zone: str, today: int | None) -> list[Job]:
    """The Parquet files of an opened log as jobs, in order of time; `today` is the first local day that is not over."""
    facts = log.facts()
    groups: dict[tuple[bool, int, str], list[LogFile]] = {}
    for file in log.manifest.files:
        day = about(file, *spans(facts[file.shown]), zone)
        over = day is not None and today is not None and day < today
        groups.setdefault((day is None, day or 0, "" if over else file.shown), []).append(file)
    return [Job(tuple(group), log, facts) for _, group in sorted(groups.items(), key=lambda g: g[0])]
