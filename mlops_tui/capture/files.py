"""Files that appear whole or not at all, under names that no other process uses; and what a killed one left."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WRITING = ".writing"
"""The folder of files that are being written: readers pass over hidden folders, and no name in it ends in `.parquet`."""
OLD = 86_400.0
"""Seconds after which a file of another host that nobody holds is taken for left."""


class Names:
    """Names of one process's files: host, process, a random token (hosts and process ids come again) and a counter."""

    def __init__(self) -> None:
        self.host = re.sub(r"[^A-Za-z0-9]+", "-", os.uname().nodename).strip("-")[:40] or "host"
        self.pid = os.getpid()
        self._stem = f"{self.host}.{self.pid}.{secrets.token_hex(4)}"
        self._counter = itertools.count()

    def next(self) -> str:
        """Another name, without a suffix."""
        return f"{self._stem}.{next(self._counter):06}"


def publish(data: memoryview, root: Path, target: Path, *, once: bool = False) -> None:
    """Write the bytes to `target`, below `root`, so that a reader sees all of them or no file; on disk when it returns.

    Replaces a file of that name at once; with `once` such a file stays, whoever wrote it. Raises OSError; then nothing of it
    is left, and a file that was there before is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _held(root / WRITING, target.name) as (fd, path):
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)
        if once:
            with suppress(FileExistsError):
                target.hardlink_to(path)
            path.unlink()
        else:
            path.replace(target)
    _settle(target.parent, root)


def sweep(root: Path, host: str) -> int:
    """Remove what killed processes left half-written below `root`, and say how many files that were.

    A file that is being written is locked by its writer, so one that can be locked has lost him. Locks may not reach
    other hosts: their files must also be a day old.
    """
    removed = 0
    for path in _strays(root / WRITING):
        try:
            mine = path.name.startswith(f"{host}.")
            if (mine or time.time() - path.stat().st_mtime > OLD) and _abandoned(path):
                removed += 1
        except OSError:
            continue  # gone meanwhile, or another user's
    return removed


def _strays(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _abandoned(path: Path) -> bool:
    """Take the file's lock, if nobody has it, and remove the file while it is held."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


@contextmanager
def _held(folder: Path, name: str) -> Iterator[tuple[int, Path]]:
    """A new file of our own, open for writing and locked; removed again where the block does not move it away."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{name}.{secrets.token_hex(2)}.part"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            _lock(fd)
            if os.fstat(fd).st_nlink:  # a sweep that came between open and lock has removed it: again
                yield fd, path
                return
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)


def _lock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError:
        return  # a file system without locks: a sweep there cannot take one either


def _settle(folder: Path, root: Path) -> None:
    """Make the new name outlast a power cut: the folder's entry, and those of the folders above it that may be new.

    The file is there already, and would be there twice if a fault here had it written again.
    """
    for each in (folder, *itertools.takewhile(lambda p: p != root.parent, folder.parents)):
        with suppress(OSError):
            fd = os.open(each, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
