"""Every error that a person may see, in one tree.

    RunbookError            what happened, where, what to try next
    ├── UsageError          the call cannot be right (exit 2)
    │   └── UnknownName     a name nobody declared; carries the nearest ones
    ├── InvalidFiles        files that people write, with every problem found (exit 2)
    ├── LogError            a log that cannot answer
    │   └── NoRows          nothing there for the window that was asked
    ├── QueryError          SQL that was refused or that failed
    ├── JournalError        the journal cannot be read or written
    │   └── NotTheDriver    another process drives this run
    └── ChannelError        a message that could not be delivered

`Cancelled` is not in the tree: it derives from BaseException, so that no `except Exception`
takes a person's wish to stop for a fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class RunbookError(Exception):
    """Something a person can act on.

    `where` is `file:line:column`, a step id or a path; `hint` is the next thing to try.
    `str()` gives one line: `where: message (hint)`.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(RunbookError):
    """The call cannot be right as it was typed."""

    exit_code = 2


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names nearest to `name`, best first; empty when none is near."""
    import difflib

    pool = sorted({str(k) for k in known})
    lowered = {k.lower(): k for k in reversed(pool)}
    found = difflib.get_close_matches(name, pool, most, 0.6)
    for hit in difflib.get_close_matches(name.lower(), list(lowered), most, 0.6):
        if lowered[hit] not in found:
            found.append(lowered[hit])
    return found[:most]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what there is, or an empty text."""
    pool = sorted({str(k) for k in known})
    near = nearest(name, pool)
    if near:
        return "did you mean " + " or ".join(repr(n) for n in near) + "?"
    if pool and len(pool) <= 12:
        return "known: " + ", ".join(pool)
    return ""


class UnknownName(UsageError):
    """A name that nobody declared: `kind` says of what ("model", "region", "step")."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        pool = list(known)
        super().__init__(f"unknown {kind} {name!r}", where=where, hint=did_you_mean(name, pool))
        self.kind = kind
        self.name = name
        self.known = pool


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file that a person wrote. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class InvalidFiles(RunbookError):
    """Files that cannot be used as they are, with every problem that was found."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'}\n" + "\n".join(f"  {p}" for p in self.problems))


class LogError(RunbookError):
    """A log that cannot answer: missing, empty, unreadable, or without a declared column."""


class NoRows(LogError):
    """The log can be read and holds nothing for the window that was asked."""


class QueryError(RunbookError):
    """SQL that was refused or that failed. `line` is the line within the text, from 1; 0 when unknown."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", line: int = 0) -> None:
        super().__init__(message, where=where, hint=hint)
        self.line = line


class JournalError(RunbookError):
    """The journal cannot be read or written, or does not agree with itself."""


class NotTheDriver(JournalError):
    """Another process drives this run; the message says who and where."""


class ChannelError(RunbookError):
    """A message that could not be delivered. `retry_after` is in seconds; `ambiguous` means it may have arrived."""

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        retry_after: float | None = None,
        ambiguous: bool = False,
        permanent: bool = False,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.permanent = permanent


class Cancelled(BaseException):
    """A person, or a deadline that a person set, stopped this work."""
