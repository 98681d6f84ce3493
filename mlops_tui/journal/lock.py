"""One driver for each run: a kernel lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path

from mlops_tui.core.errors import NotTheDriver
from mlops_tui.core.settings import Actor
from mlops_tui.core.window import iso
from mlops_tui.journal.store import MODE, shown


class RunLock:
    """The lock of a run: `flock` on `RUN.lock`, whose text says who holds it. The file is never removed.

    No time-out: a laptop that wakes up would fire what another person has taken over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def take(self, actor: Actor, now: datetime) -> None:
        """Takes the lock, or raises NotTheDriver with who holds it: login, host, process and terminal."""
        with shown(self.path):
            fd = open_lock(self.path)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(fd, 4096, 0)
                os.close(fd)
                raise NotTheDriver(
                    f"{holder_text(holder)} drives this run",
                    where=self.path.stem,
                    hint="you may watch it, write notes and approve; to take over, ask for it to be stopped there",
                ) from None
            except BaseException:
                os.close(fd)
                raise
            self._fd = fd
            text = json.dumps(actor.as_json() | {"name": actor.name, "terminal": terminal(), "since": iso(now)}).encode()
            os.ftruncate(fd, 0)
            os.pwrite(fd, text, 0)

    def held(self) -> bool:
        """Whether this process still holds it, on the file that bears the name."""
        if self._fd is None:
            return False
        try:
            here, named = os.fstat(self._fd), self.path.stat()
        except OSError:
            return False
        return (here.st_dev, here.st_ino) == (named.st_dev, named.st_ino)

    def release(self) -> None:
        """Gives the lock back; done twice, it does nothing."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def open_lock(path: Path) -> int:
    """A descriptor of a lock file, made where there is none, for owner and group whatever the umask says."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, MODE)
    if os.fstat(fd).st_uid == os.getuid():
        os.fchmod(fd, MODE)
    return fd


def terminal() -> str:
    """The terminal that this process is typed at, such as `/dev/pts/3`; empty without one."""
    for fd in (0, 1, 2):
        try:
            return os.ttyname(fd)
        except OSError:
            continue
    return ""


def holder_text(raw: bytes) -> str:
    """The holder of a lock for people, from the lock file's text: `Ana Ruiz on host lab, process 12, terminal /dev/pts/3`."""
    try:
        who = json.loads(raw)
        text = f"{who['name'] or who['login']} on host {who['host']}, process {who['pid']}"
        return (
            text + (f", terminal {who['terminal']}" if who["terminal"] else ", without a terminal") + f", since {who['since']}"
        )
    except (ValueError, KeyError, TypeError):
        return "another process"
