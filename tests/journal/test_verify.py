"""What `verify` finds."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_tui.journal import Journal
from mlops_tui.journal.chain import START, faults, link

COLUMNS = "stream seq id at actor type header body hash".split()


@pytest.fixture
def three(journal: Journal) -> Journal:
    for i in range(3):
        journal.append("INC-1", "note", {"text": f"n{i}"})
    return journal


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def edit(journal: Journal, sql: str, *values: object) -> None:
    """What somebody with the file and the sqlite3 shell could do."""
    con = sqlite3.connect(journal.folder / "journal.sqlite", isolation_level=None)
    con.execute(sql, values)
    con.close()


def test_an_untouched_journal_is_sound(three: Journal) -> None:
    """No fault is found where there is none; a head that went out is found again, whole or cut."""
    seq, digest = three.head("INC-1")
    assert three.verify("INC-1") == ()
    assert three.verify("INC-1", digest) == ()
    assert three.verify("INC-1", f"{seq}:{digest[:12]}") == ()


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_any_changed_byte_is_found(three: Journal, seq: int) -> None:
    """Flipping one bit of any byte of a header, a body (its salt too) or a hash is a fault."""
    rows = three._rows("INC-1", 0)
    row = rows[seq - 1]
    assert row.body is not None
    changed = [replace(row, body=flip(row.body, i)) for i in range(len(row.body))]
    changed += [replace(row, header=flip(row.header.encode(), i).decode("latin-1")) for i in range(len(row.header))]
    changed += [replace(row, hash=flip(row.hash.encode(), i).decode("latin-1")) for i in range(64)]
    for other in changed:
        assert list(faults([other if r is row else r for r in rows]))


@pytest.mark.parametrize("column", ["header", "body", "hash"])
def test_a_byte_changed_in_the_file_is_found(three: Journal, column: str) -> None:
    """The file is read anew by each verify."""
    kind = "blob" if column == "body" else "text"
    edit(
        three, f"update event set {column} = cast(substr({column}, 1, 5) || '~' || substr({column}, 7) as {kind}) where seq = 2"
    )
    assert three.verify("INC-1")


@pytest.mark.parametrize("column", [c for c in COLUMNS if c not in ("header", "body", "hash")])
def test_a_changed_copy_is_found(three: Journal, column: str) -> None:
    """The columns beside the header must say what the header says."""
    edit(three, f"update event set {column} = ? where seq = 2", 9 if column == "seq" else "2031-01-01T00:00:00Z")
    assert three.verify("INC-1")


def test_a_missing_row_is_found(three: Journal) -> None:
    """A row taken out of the middle or the front is named."""
    edit(three, "delete from event where seq = 2")
    assert three.verify("INC-1") == ("entry 2 is missing: the next one stored is 3",)


def test_a_cut_tail_is_found_by_the_stored_head(three: Journal) -> None:
    """Somebody who deletes the last rows and forgets the head table is found out."""
    edit(three, "delete from event where seq = 3")
    assert "says 3" in three.verify("INC-1")[0]


def test_a_cut_tail_is_found_by_a_head_that_went_out(three: Journal) -> None:
    """Somebody who also moves the head table is found out by a head that left the machine."""
    out = three.head("INC-1")[1]
    second = three.events("INC-1")[1].hash
    edit(three, "delete from event where seq = 3")
    edit(three, "update head set seq = 2, hash = ?", second)
    assert three.verify("INC-1") == ()
    assert "no longer in the chain" in three.verify("INC-1", f"3:{out}")[0]


def test_a_chain_written_anew_is_found_by_a_head_that_went_out(three: Journal) -> None:
    """A consistent forgery of the last entry verifies by itself, and not against a head."""
    out = three.head("INC-1")[1]
    rows = three.events("INC-1")
    header = _header(three, 3)
    header["at"] = "2026-10-14T01:00:00Z"
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    edit(three, "update event set header=?, at=?, hash=? where seq=3", text, header["at"], link(rows[1].hash, text))
    edit(three, "update head set hash = ?", link(rows[1].hash, text))
    assert three.verify("INC-1") == ()
    assert three.verify("INC-1", out)


@pytest.mark.parametrize("head", ["", "zz", "3:abc", "x:" + "a" * 12, "a" * 11])
def test_what_is_no_head_is_said_to_be_none(three: Journal, head: str) -> None:
    """A head of too few digits proves nothing and is refused."""
    assert "is not a head" in three.verify("INC-1", head)[0]


def test_a_body_that_vanished_is_found_unless_a_purge_says_so(three: Journal) -> None:
    """A purge keeps the chain sound; a body that merely vanished does not."""
    edit(three, "update event set body = null where seq = 2")
    assert "entry 2 (note): the body is gone" in three.verify("INC-1")[0]
    three.append("INC-1", "purged", {"entries": [2]})
    assert three.verify("INC-1") == ()
    assert three.events("INC-1")[1].body is None


def test_a_changed_or_lost_artefact_is_found(journal: Journal) -> None:
    """Artefacts are verified with the entries that name them."""
    sha = journal.keep(b"graph", ".png")
    journal.append("INC-1", "note", {}, artefacts=[sha])
    assert journal.verify("INC-1") == ()
    journal.artefact(sha).write_bytes(b"Graph")
    assert "was changed" in journal.verify("INC-1")[0]
    journal.artefact(sha).unlink()
    assert "is gone" in journal.verify("INC-1")[0]


def test_a_shell_can_check_the_chain(three: Journal) -> None:
    """The chain needs no tool of ours: printf and sha256sum are enough."""
    previous = START
    for event in three.events("INC-1"):
        con = sqlite3.connect(three.folder / "journal.sqlite")
        header = con.execute("select header from event where seq = ?", (event.seq,)).fetchall()[0][0]
        con.close()
        told = subprocess.run(["sha256sum"], input=(previous + header).encode(), capture_output=True, check=True)
        assert told.stdout.split()[0].decode() == event.hash
        previous = event.hash


def _header(journal: Journal, seq: int) -> dict[str, object]:
    con = sqlite3.connect(journal.folder / "journal.sqlite")
    header: dict[str, object] = json.loads(con.execute("select header from event where seq=?", (seq,)).fetchall()[0][0])
    con.close()
    return header


def test_another_process_verifies(opened: Callable[..., Journal], folder: Path) -> None:
    """A journal verifies from a second connection that never wrote to it."""
    with opened() as writer:
        writer.append("INC-1", "note", {"text": "a"})
        with opened(create=False) as reader:
            assert reader.verify("INC-1", writer.head("INC-1")[1]) == ()
