"""The file, when the machine is unkind."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_tui.core.errors import JournalError
from mlops_tui.journal import Journal
from mlops_tui.journal.artefacts import hash_file
from mlops_tui.journal.store import refuse_network
from tests.journal.children import ended, start
from tests.journal.conftest import open_journal

Open = Callable[..., Journal]

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /home/ana/net\040share rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
41 22 0:41 / /srv/smb rw - cifs //server/x rw
42 40 254:1 / /home/ana/net\040share/local rw - ext4 /dev/vdb rw
43 22 0:43 / /mnt/ssh rw - fuse.sshfs ana@host: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/home/ana/net share/p/.runbook/state", "nfs4"), ("/srv/smb", "cifs"), ("/mnt/ssh/p", "fuse.sshfs")],
)
def test_a_network_file_system_is_refused_with_the_reason(folder: str, kind: str) -> None:
    """Locks over a network do not keep two drivers apart: the reason names the mount and its kind."""
    with pytest.raises(JournalError, match=f"network file system \\({kind}\\)"):
        refuse_network(Path(folder), MOUNTS)


@pytest.mark.parametrize("folder", ["/", "/home/ana/p", "/home/ana/net share/local/p", "/srv/smbx", "/home/ana/net share2"])
def test_a_local_file_system_is_not_refused(folder: str) -> None:
    """The longest mount point decides, by whole names."""
    refuse_network(Path(folder), MOUNTS)


def test_a_full_disk_is_said_and_nothing_is_half_written(journal: Journal) -> None:
    """When SQLite reports a full disk the error says so, and the chain goes on once there is room."""
    journal.append("INC-1", "note", {})
    pages = journal._con.execute("pragma page_count").fetchall()[0][0]
    journal._con.execute(f"pragma max_page_count={pages}").fetchall()
    with pytest.raises(JournalError, match="full") as caught:
        journal.append("INC-1", "note", {"text": "x" * 100_000})
    assert "make room" in caught.value.hint
    journal._con.execute("pragma max_page_count=100000").fetchall()
    journal.append("INC-1", "note", {"text": "x" * 100_000})
    assert journal.head("INC-1")[0] == 2
    assert journal.verify("INC-1") == ()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    """No journal can be made under /proc, even by root: the error names the path and what to look at."""
    with pytest.raises(JournalError) as caught:
        Journal.open(Path("/proc/nowhere/state"), clock=lambda: None, actor=None)  # type: ignore[arg-type, return-value]
    assert "/proc/nowhere/state" in caught.value.where
    assert "owner and the mode" in caught.value.hint


def test_a_file_in_the_way_is_named(folder: Path, opened: Open) -> None:
    """A plain file where the folder should be is an error that a person can act on."""
    folder.write_text("")
    with pytest.raises(JournalError, match="state"):
        opened()


def test_a_read_only_folder_can_still_be_read() -> None:
    """An auditor who may only read verifies the journal; an append says why it cannot."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "state"
        with open_journal(folder) as journal:
            journal.append("INC-1", "note", {})
        (folder / "journal.sqlite").chmod(0o444)
        folder.chmod(0o555)
        assert ended(start(lambda: read_as_a_stranger(folder))) == 0
        folder.chmod(0o755)


def read_as_a_stranger(folder: Path) -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    with open_journal(folder, create=False) as journal:
        assert journal.verify("INC-1") == ()
        with pytest.raises(JournalError, match="readonly") as caught:
            journal.append("INC-1", "note", {})
        assert "owner and the mode" in caught.value.hint


def test_another_programs_file_is_left_alone(folder: Path, opened: Open) -> None:
    """A SQLite file that is not a journal, and a file that is not SQLite, are refused and not touched."""
    folder.mkdir()
    path = folder / "journal.sqlite"
    con = sqlite3.connect(path)
    con.execute("create table t(x)")
    con.close()
    before = hash_file(path)
    with pytest.raises(JournalError, match="not a journal"):
        opened()
    assert hash_file(path) == before
    path.write_bytes(b"hello, this is certainly not a database file" * 50)
    with pytest.raises(JournalError, match="not a database"):
        opened()


def test_a_newer_format_is_refused(folder: Path, opened: Open) -> None:
    """A journal of a later version is not guessed at."""
    with opened():
        pass
    con = sqlite3.connect(folder / "journal.sqlite")
    con.execute("pragma user_version=2")
    con.close()
    with pytest.raises(JournalError, match="newer version"):
        opened()


def test_artefacts_are_named_by_their_bytes(journal: Journal) -> None:
    """The same bytes are kept once under their SHA-256; a spoilt copy is mended by keeping them again."""
    sha = journal.keep(b"graph", ".png")
    assert journal.keep(b"graph", "png") == sha
    place = journal.artefact(sha)
    assert place.name == f"{sha}.png"
    assert place.read_bytes() == b"graph"
    place.write_bytes(b"")
    journal.keep(b"graph", ".png")
    assert place.read_bytes() == b"graph"
    assert [p.name for p in place.parent.iterdir()] == [place.name]


def test_an_artefact_is_kept_before_it_is_named(journal: Journal) -> None:
    """An event cannot name bytes that are not on the disk, nor a path."""
    for name in ("a" * 64, "../journal.sqlite"):
        with pytest.raises(JournalError):
            journal.append("INC-1", "note", {}, artefacts=[name])
    with pytest.raises(ValueError, match="suffix"):
        journal.keep(b"x", "/../../x.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_folder_of_somebody_else_is_told_as_such(tmp_path: Path) -> None:
    """Where the system does not let us look, the error says so and whose folder it is; it is no fault of ours."""
    closed = tmp_path / ".runbook"
    (closed / "state").mkdir(parents=True)
    closed.chmod(0)
    try:
        with pytest.raises(JournalError, match=r"cannot be looked at: permission denied.*\.runbook belongs to"):
            Journal.exists(closed / "state")
    finally:
        closed.chmod(0o700)


def test_a_folder_that_cannot_be_looked_at_is_a_journal_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system answers but "there is none", it becomes a sentence with the place."""

    def refused(_self: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(JournalError, match="cannot be looked at: permission denied"):
        Journal.exists(tmp_path)


def test_no_journal_is_no_error(tmp_path: Path) -> None:
    """Where nothing ever ran, there is none, and that is all."""
    assert not Journal.exists(tmp_path / "nowhere" / "state")
