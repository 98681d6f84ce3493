"""Files kept beside the journal, named by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from mlops_tui.core.errors import JournalError
from mlops_tui.journal.store import MODE, shown, sync_folder

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,12})?\Z")


def keep(folder: Path, data: bytes, suffix: str) -> str:
    """Stores bytes durably as `SHA256.SUFFIX` (`.png` or `png`) and returns the hash; the same bytes are stored once."""
    suffix = f".{suffix.removeprefix('.')}" if suffix else ""
    if not _SUFFIX.match(suffix):
        raise ValueError(f"{suffix!r} is not a suffix such as .png")
    sha256 = hashlib.sha256(data).hexdigest()
    place = folder / f"{sha256}{suffix}"
    with shown(place):
        if place.exists() and hash_file(place) == sha256:
            return sha256
        draft = folder / f".{sha256[:16]}.{secrets.token_hex(4)}"
        fd = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, MODE)
        try:
            with os.fdopen(fd, "wb") as file:
                os.fchmod(fd, MODE)
                file.write(data)
                file.flush()
                os.fsync(fd)
            draft.replace(place)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(folder)
    return sha256


def find(folder: Path, sha256: str) -> Path:
    """Where the bytes with this hash lie. Raises JournalError where they are not kept."""
    if not _SHA256.match(sha256):
        raise JournalError(f"{sha256!r} is not the name of an artefact", hint="it is a SHA-256, 64 hex digits")
    found = sorted(folder.glob(f"{sha256}*"))
    if not found:
        raise JournalError(f"artefact {sha256[:12]} is not kept here", where=str(folder), hint="it may have been purged")
    return found[0]


def fault(folder: Path, sha256: str) -> str | None:
    """What is wrong with an artefact that an entry names, in words."""
    try:
        place = find(folder, sha256)
    except JournalError:
        return f"artefact {sha256[:12]} is gone"
    with shown(place):
        return None if hash_file(place) == sha256 else f"artefact {place.name[:12]}{place.suffix} was changed"


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
