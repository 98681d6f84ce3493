"""Files that cannot be read: each names the file and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest

from mlops_tui.core.errors import InvalidFiles
from mlops_tui.files import read


class Thing(msgspec.Struct, frozen=True):
    n: int


def problem(path: Path, root: Path) -> str:
    with pytest.raises(InvalidFiles) as caught:
        read(path, Thing, root=root)
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


def test_a_good_file_gives_its_value_and_its_reader(tmp_path: Path) -> None:
    """The value comes with the reader, so that later problems can be placed; a byte order mark is no part of the text."""
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfn: 3\r\n")
    value, reader = read(tmp_path / "f.yaml", Thing, root=tmp_path)
    assert (value.n, reader.source, reader.position("n")) == (3, "f.yaml", (1, 4))


def test_a_missing_file_names_the_one_beside_it(tmp_path: Path) -> None:
    """A file that is not there is named, with the nearest name in its folder."""
    (tmp_path / "inventory.yml").touch()
    assert problem(tmp_path / "inventory.yaml", tmp_path) == "inventory.yaml: there is no such file (there is 'inventory.yml')"
    assert problem(tmp_path / "no" / "f.yaml", tmp_path) == "no/f.yaml: there is no such file (nor is there a folder 'no')"


def test_a_folder_a_pipe_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    """What is no regular file is refused without blocking; a file of 0 bytes is called empty."""
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "empty.yaml").touch()
    assert problem(tmp_path / "folder.yaml", tmp_path) == "folder.yaml: this is a folder (a file is needed)"
    assert problem(tmp_path / "pipe.yaml", tmp_path).startswith("pipe.yaml: this is not a file that can be read")
    assert problem(tmp_path / "empty.yaml", tmp_path) == "empty.yaml: the file is empty"


def test_bytes_that_are_not_utf8_are_placed(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is named with its line and column in characters."""
    (tmp_path / "f.yaml").write_bytes("n: 1\ná: ".encode() + b"\xe9\n")
    assert problem(tmp_path / "f.yaml", tmp_path) == "f.yaml:2:4: not UTF-8: byte 0xe9 (save the file as UTF-8)"


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is named with the reason."""

    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", refuse)  # root, who runs the pipeline, may open everything
    assert (
        problem(tmp_path / "f.yaml", tmp_path) == "f.yaml: the file cannot be read: Permission denied (look at its permissions)"
    )


def test_a_loop_of_links_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    """A link that leads to itself is named."""
    (tmp_path / "f.yaml").symlink_to("f.yaml")
    assert problem(tmp_path / "f.yaml", tmp_path).startswith("f.yaml: the file cannot be read: ")


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """More text than any hand writes is refused before it is parsed."""
    (tmp_path / "f.yaml").write_text("# " + "x" * 8_000_000)
    assert problem(tmp_path / "f.yaml", tmp_path).startswith("f.yaml: the file is too large")
