"""Which files a log is made of, found by name and judged by a glance: size, first and last bytes."""

from __future__ import annotations

import glob
import os
import re
import urllib.parse
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from mlops_tui.core.canonical import digest
from mlops_tui.core.errors import LogError

Format = Literal["parquet", "csv", "jsonl"]

_SUFFIXES: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TAIL = 1 << 15
"""Bytes at a Parquet file's end that are looked at: most footers whole."""
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
SUFFIXES = ".parquet, .csv, .tsv, .jsonl, .ndjson (text also with .gz)"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a log. `shown` is its path relative to the project, `size` is in bytes, `stamp` (time of the last change in
    nanoseconds, inode) tells it from a later file of the same name, and so does `footer`, a checksum of a Parquet footer.

    `problem` says why the whole file is passed over; `rejected` counts rows that are left out of a file that is read
    otherwise, and `note` says why. `partitions` are the `key=value` folders above it.
    """

    path: Path
    shown: str
    size: int
    format: Format | None = None
    partitions: Mapping[str, str | None] = field(default_factory=dict)
    problem: str = ""
    rows: int | None = None
    rejected: int = 0
    note: str = ""
    stamp: tuple[int, int] = (0, 0)
    footer: int = 0

    @property
    def fingerprint(self) -> tuple[int, int, int, int]:
        """Changes when the file is written: size, time of the last change, inode, checksum of the footer."""
        return (self.size, *self.stamp, self.footer)

    @property
    def same(self) -> bool:
        """Whether the file still is the one that was judged."""
        try:
            about = self.path.stat()
        except OSError:
            return False
        return (about.st_size, about.st_mtime_ns, about.st_ino) == (self.size, *self.stamp)

    def bad(self, problem: str) -> LogFile:
        """The same file, passed over for this reason."""
        return replace(self, problem=problem)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of a log: those that are read, and those that are not. Sorted by path."""

    pattern: str
    base: Path
    files: tuple[LogFile, ...]
    unreadable: tuple[LogFile, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A hash of every file's path, size and number of rows; never of modification times."""
        rows = [[f.shown, f.size, f.rows] for f in sorted((*self.files, *self.unreadable), key=lambda f: f.shown)]
        return digest(rows)[:16]

    @property
    def partial(self) -> tuple[LogFile, ...]:
        """Files that are read without some of their rows."""
        return tuple(f for f in self.files if f.rejected)

    def held_to(self, only: Collection[str] | None) -> Manifest:
        """The manifest with no other files than these (by `shown`; None: all)."""
        if only is None:
            return self
        files, unreadable = (tuple(f for f in some if f.shown in only) for some in (self.files, self.unreadable))
        return replace(self, files=files, unreadable=unreadable)

    def judged(self, files: Mapping[str, LogFile]) -> Manifest:
        """The manifest with some files (by `shown`) replaced; those with a problem move to `unreadable`."""
        every = [files.get(f.shown, f) for f in (*self.files, *self.unreadable)]
        every.sort(key=lambda f: f.shown)
        return replace(self, files=tuple(f for f in every if not f.problem), unreadable=tuple(f for f in every if f.problem))


def find(
    pattern: str, root: Path, environ: Mapping[str, str] = NO_VARIABLES, *, only: Collection[str] | None = None
) -> Manifest:
    """The files that match `pattern` (a glob, a folder or one file; relative to `root`), each judged by a glance.

    `${NAME}` in the pattern is the variable of that name in `environ`; what is shown keeps it as written, so that no
    path of one machine stands in an answer. Raises LogError where it is not set. With `only`, other files than those
    (by what is shown) are as if they were not there.

    Hidden files and folders (a name that starts with `.` or `_`) are no data, as in Hive and Spark: writers keep their
    temporary files and markers there. A manifest without files is a valid answer; the caller says what that means.
    """
    whole = root / filled(pattern, environ)
    base = _base(whole)
    declared = _base(root / pattern) if "${" in pattern else base
    if whole.is_dir():
        whole = whole / "**" / "*"
    found = sorted(glob.glob(str(whole), recursive=True))  # noqa: PTH207 (Path.glob knows no absolute patterns)
    files: dict[str, LogFile] = {}
    for name in found:
        path = Path(name)
        if path.is_dir() or _hidden(path, base):
            continue
        shown = os.path.relpath(declared / path.relative_to(base), root)
        if only is not None and shown not in only:
            continue
        files[shown] = judge(path, shown, base)
    return Manifest(pattern, base, tuple(files.values())).judged({})


def filled(pattern: str, environ: Mapping[str, str]) -> str:
    """The pattern with its `${NAME}` variables filled in. Raises LogError for one that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not environ.get(name):
            raise LogError(f"the variable {name} is not set", where=pattern, hint=f"export {name}=/where/the/log/lies")
        return environ[name]

    return _VARIABLE.sub(value, pattern)


def _base(whole: Path) -> Path:
    """The deepest folder that holds every match."""
    parts: list[str] = []
    for part in whole.parts:
        if any(c in part for c in "*?["):
            return Path(*parts)
        parts.append(part)
    return whole if whole.is_dir() else whole.parent


def _hidden(path: Path, base: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(base).parts)


def _partitions(path: Path, base: Path) -> dict[str, str | None]:
    """`key=value` folders between the base and the file, values URL-decoded, Hive's null as None."""
    found: dict[str, str | None] = {}
    for part in path.relative_to(base).parts[:-1]:
        key, equals, value = part.partition("=")
        if equals and key:
            found[urllib.parse.unquote(key)] = None if value == "__HIVE_DEFAULT_PARTITION__" else urllib.parse.unquote(value)
    return found


def format_of(path: Path) -> Format | None:
    """The format that the name's suffix stands for; None when it stands for none. `.gz` goes with text only."""
    suffixes = [s.lower() for s in path.suffixes]
    zipped = bool(suffixes) and suffixes[-1] == ".gz"
    kind = _SUFFIXES.get(suffixes[-2 if zipped else -1]) if len(suffixes) > zipped else None
    return None if zipped and kind == "parquet" else kind


def judge(path: Path, shown: str, base: Path) -> LogFile:
    """One file, judged by a glance: its size, its first and its last bytes."""
    try:
        about = path.stat()
    except OSError as error:
        return LogFile(path, shown, 0, problem=_reason(error))
    size = about.st_size
    stamp = (about.st_mtime_ns, about.st_ino)
    file = LogFile(path, shown, size, format_of(path), _partitions(path, base), stamp=stamp)
    if file.format is None:
        return file.bad(f"its name does not tell its format; known: {SUFFIXES}")
    if size == 0:
        return file.bad("it is empty (0 bytes)")
    try:
        if file.format != "parquet":
            return _openable(file)
        problem, footer = _parquet_frame(path, size)
    except OSError as error:
        return file.bad(_reason(error))
    return replace(file, problem=problem, footer=footer)


def _openable(file: LogFile) -> LogFile:
    with file.path.open("rb"):
        return file


def _parquet_frame(path: Path, size: int) -> tuple[str, int]:
    """What is wrong with the frame of a Parquet file (magic bytes at both ends and a footer that fits between them), and a
    checksum of its footer's end."""
    if size < 12:
        return f"too small to be a Parquet file ({size} bytes)", 0
    with path.open("rb") as handle:
        head = handle.read(4)
        handle.seek(-min(size, _TAIL), os.SEEK_END)
        tail = handle.read(_TAIL)
    if head != b"PAR1":
        return "not a Parquet file (no magic bytes at its start)", 0
    if tail[-4:] != b"PAR1":
        return "truncated: no Parquet footer at its end", 0
    length = int.from_bytes(tail[-8:-4], "little")
    if length > size - 12:
        return "corrupt: its Parquet footer is longer than the file", 0
    return "", zlib.crc32(tail[-(length + 8) :])


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
