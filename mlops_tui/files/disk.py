"""Files from the disk: regular, UTF-8, not too large; everything else is a problem that names the file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from mlops_tui.core.errors import InvalidFiles, Problem, nearest
from mlops_tui.files.tree import MAX_CHARACTERS


def shown_path(path: Path, root: Path) -> str:
    """A path as people see it: relative to the project where it lies in it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def read_text(path: Path, *, source: str) -> str:
    """The text of a regular UTF-8 file. Raises InvalidFiles when it is missing, a folder, too large or not UTF-8."""
    with open_file(path, source=source) as file:
        try:
            data = file.read(4 * MAX_CHARACTERS + 1)
        except OSError as error:
            raise _refused(source, f"the file cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"not UTF-8: byte 0x{data[error.start]:02x}"
        raise InvalidFiles([Problem(source, line, column, message, "save the file as UTF-8")]) from None


def open_file(path: Path, *, source: str) -> BinaryIO:
    """A regular file, opened for its bytes. Raises InvalidFiles when it is missing, a folder, a pipe or not readable.

    A pipe or a device would block or never end, so it is opened without waiting and looked at before it is read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _refused(source, "there is no such file", _beside(path)) from None
    except OSError as error:
        hint = "look at its permissions" if error.errno == errno.EACCES else ""
        raise _refused(source, f"the file cannot be read: {error.strerror}", hint) from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise _refused(source, "this is a folder", "a file is needed")
        raise _refused(source, "this is not a file that can be read", "a regular file is needed")
    return os.fdopen(descriptor, "rb")


def _refused(source: str, message: str, hint: str = "") -> InvalidFiles:
    return InvalidFiles([Problem(source, 0, 0, message, hint)])


def _beside(path: Path) -> str:
    """The nearest name in the folder where a file is missing."""
    try:
        names: Iterable[str] = [p.name for p in path.parent.iterdir()]
    except OSError:
        return f"nor is there a folder {path.parent.name!r}"
    near = nearest(path.name, names, 1)
    return f"there is {near[0]!r}" if near else ""
