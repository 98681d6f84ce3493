"""The SQLite file under the journal: made whole or not at all, durable, and with errors that a person can act on."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlops_tui.core.errors import JournalError

FILE = "journal.sqlite"
FORMAT = 1
APPLICATION = 0x52424A4C
"""`RBJL`: what SQLite's header says this file is for."""
BUSY_SECONDS = 30.0
MODE = 0o660
"""Owner and group: a project's people share one journal."""

_DDL = """
create table event(
  stream text not null, seq integer not null, id text not null unique, at text not null, actor text not null,
  type text not null, header text not null, body blob, hash text not null, primary key (stream, seq)) strict;
create table head(stream text primary key, seq integer not null, hash text not null) strict;
create table driver(run text primary key, stream text not null, epoch integer not null) strict;
"""

_NETWORK = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|ceph|lustre|gfs2?|ocfs2|9p|beegfs|fuse\.(sshfs|gluster\w*|ceph\w*|s3fs|rclone))\Z"
)

_HINTS = {
    sqlite3.SQLITE_FULL: "the disk is full: make room, then try again",
    sqlite3.SQLITE_READONLY: "it cannot be written: look at the owner and the mode of the folder",
    sqlite3.SQLITE_CANTOPEN: "look at the owner and the mode of the folder",
    sqlite3.SQLITE_PERM: "look at the owner and the mode of the folder",
    sqlite3.SQLITE_BUSY: "another process holds it for long: see who runs `runbook` here",
    sqlite3.SQLITE_IOERR: "the disk may be full or failing",
    sqlite3.SQLITE_NOTADB: "keep the file for an inspection, and move it away to begin a new journal",
    sqlite3.SQLITE_CORRUPT: "keep the file for an inspection, and restore it from a backup",
}


def open_file(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the journal's file. Raises JournalError where there is none or it cannot be used."""
    if not there(path):
        if not create:
            raise JournalError("there is no journal yet", where=str(path), hint="`runbook run NAME` makes one")
        _make(path)
    writable = create or os.access(path, os.W_OK)
    with shown(path):
        con = _connect(path) if writable else _connect_read_only(path)
        try:
            _check(con, path)
        except BaseException:
            con.close()
            raise
    return con


def there(path: Path) -> bool:
    """Whether the file exists. Raises JournalError, with the owner of the folder, where it may not be looked at."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise JournalError(f"the journal cannot be looked at: {reason}", where=str(path), hint=_whose(path)) from error
    return True


def _whose(path: Path) -> str:
    """Whose folder keeps us out, and how a group shares it."""
    for folder in reversed(path.parents):
        try:
            if not os.access(folder, os.X_OK):
                owner = pwd.getpwuid(folder.stat().st_uid).pw_name
                return f"{folder.name} belongs to {owner}, who may share it with a group: chgrp -R GROUP and chmod 2770"
        except (OSError, KeyError):
            break
    return "look at the owner and the mode of the folder"


@contextmanager
def shown(path: Path) -> Iterator[None]:
    """Turns SQLite's and the system's errors into JournalErrors that name the file and the next thing to try."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise JournalError(f"the journal cannot be used: {error}", where=str(path), hint=_HINTS.get(code, "")) from error
    except OSError as error:
        hint = "look at the owner and the mode of the folder, and whether the disk is full"
        raise JournalError(f"the journal cannot be used: {error.strerror or error}", where=str(path), hint=hint) from error


def refuse_network(folder: Path, mounts: str | None = None) -> None:
    """Raises JournalError where `folder` lies on a network file system.

    `mounts` is the text of `/proc/self/mountinfo` (proc(5)); where there is none, nothing is known and nothing is refused.
    """
    if mounts is None:
        listing = Path("/proc/self/mountinfo")
        mounts = listing.read_text(encoding="utf-8", errors="replace") if listing.exists() else ""
    place = str(folder.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    if _NETWORK.match(kind):
        raise JournalError(
            f"{best} is a network file system ({kind}), whose locks cannot keep two people from driving one run",
            where=str(folder),
            hint="keep the project on a local disk",
        )


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make(path: Path) -> None:
    """Makes the file beside its place and links it there, so that no other process sees a half-made journal."""
    draft = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    with shown(path):
        # made by us and not by SQLite: SQLite would give it the umask's mode, and its -wal and -shm files copy this one
        fd = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, MODE)
        try:
            os.fchmod(fd, MODE)
        finally:
            os.close(fd)
        try:
            con = _connect(draft)
            con.execute("pragma journal_mode=wal").fetchall()
            con.executescript(f"begin; {_DDL} pragma application_id={APPLICATION}; pragma user_version={FORMAT}; commit")
            con.close()
            os.link(draft, path)
            sync_folder(path.parent)
        except FileExistsError:
            pass  # another process was first; its file is as good
        finally:
            draft.unlink()


def _connect(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    con.execute("pragma synchronous=full")
    con.execute("pragma fullfsync=on")  # macOS: its fsync alone does not reach the platter
    con.execute("pragma checkpoint_fullfsync=on")
    return con


def _connect_read_only(path: Path) -> sqlite3.Connection:
    # in a folder that we may not write SQLite cannot make the -shm file that a plain read needs
    alone = not path.with_name(path.name + "-wal").exists()
    how = "mode=ro&immutable=1" if alone else "mode=ro"
    name = f"file:{quote(str(path))}?{how}"
    return sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _check(con: sqlite3.Connection, path: Path) -> None:
    ours = con.execute("pragma application_id").fetchall()[0][0] == APPLICATION
    version = con.execute("pragma user_version").fetchall()[0][0]
    if not ours:
        raise JournalError("this file is not a journal", where=str(path), hint="move it away")
    if version > FORMAT:
        raise JournalError(
            f"this journal was written by a newer version (format {version}; this one knows {FORMAT})",
            where=str(path),
            hint="upgrade mlops-tui",
        )
