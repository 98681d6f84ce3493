"""What a log says when it cannot answer. Names and messages that come from files are shown on one line."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mlops_tui.core.errors import LogError, did_you_mean
from mlops_tui.core.leave import one_line
from mlops_tui.logs.manifest import SUFFIXES, LogFile, Manifest


def zone_of(name: str, where: str) -> ZoneInfo:
    """The zone of this name. Raises LogError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LogError(f"unknown time zone {name!r}", where=where, hint="write it like Europe/Madrid") from None


class Unreadable(LogError):
    """None of the files can be read: `files` say why."""

    def __init__(self, message: str, files: Sequence[LogFile], *, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.files = tuple(files)


def nothing_to_read(manifest: Manifest, name: str) -> Unreadable:
    """No file matches, or none of those that do can be read."""
    if not manifest.unreadable:
        return Unreadable(
            f"no file matches {manifest.pattern}", (), where=name, hint=f"looked below {manifest.base.name}/ for {SUFFIXES}"
        )
    first = manifest.unreadable[0]
    count = len(manifest.unreadable)
    others = f", and {count - 1} more" if count > 1 else ""
    told = one_line(f"{first.shown}: {first.problem}")
    message = f"none of the {count} files of {manifest.pattern} can be read: {told}{others}"
    return Unreadable(message, manifest.unreadable, where=name)


def no_columns(missing: Sequence[str], known: Sequence[str], manifest: Manifest, name: str) -> LogError:
    """Declared columns that no file has, each with the nearest names."""
    told = "; ".join(f"{c!r} ({hint})" if (hint := did_you_mean(c, known)) else repr(c) for c in dict.fromkeys(missing))
    word = "column" if len(missing) == 1 else "columns"
    return LogError(f"no {word} {one_line(told, most=1000)} in {manifest.pattern}", where=name)


def first_line(error: Exception) -> str:
    """The first line of an engine's message, or its class where it has none."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return one_line(lines[0]) if lines else type(error).__name__
