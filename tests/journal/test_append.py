"""Appending and reading back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import JournalError, NotTheDriver
from mlops_tui.journal import Journal
from mlops_tui.journal.chain import START

Open = Callable[..., Journal]


def test_an_event_is_read_back_as_it_was_given(journal: Journal) -> None:
    """Every field of an event survives the file, times and actor included."""
    sha = journal.keep(b"png", ".png")
    given_ = journal.append("INC-1", "note", {"text": "señal", "n": 3}, step="scope", attempt=2, artefacts=[sha])
    (read,) = journal.events("INC-1")
    assert read == given_
    assert (read.seq, read.step, read.attempt, read.artefacts) == (1, "scope", 2, (sha,))
    assert (read.actor.login, read.actor.uid, read.actor.host, read.actor.pid) == ("aruiz", 1001, "lab", 4242)
    assert read.body == {"text": "señal", "n": 3}


def test_events_after_a_seq_are_the_newer_ones(journal: Journal) -> None:
    """`after` gives only what a watcher has not seen."""
    for i in range(5):
        journal.append("INC-1", "note", {"i": i})
    assert [e.seq for e in journal.events("INC-1", after=3)] == [4, 5]
    assert journal.events("nowhere") == ()


def test_the_same_id_is_appended_once(journal: Journal) -> None:
    """A retry after a lost acknowledgement gives the first event and adds none."""
    first = journal.append("INC-1", "note", {"text": "a"}, id="k1")
    assert journal.append("INC-1", "note", {"text": "a"}, id="k1") == first
    assert journal.head("INC-1") == (1, first.hash)


def test_an_id_of_another_event_is_refused(journal: Journal) -> None:
    """An id cannot be taken for an event of another stream or type."""
    journal.append("INC-1", "note", {}, id="k1")
    with pytest.raises(JournalError, match="names a note of INC-1 already"):
        journal.append("INC-2", "note", {}, id="k1")


def test_streams_are_numbered_without_gaps(journal: Journal) -> None:
    """`start_stream` gives the next free number of its prefix, and streams are listed by number."""
    for _ in range(11):
        journal.start_stream("INC-", "incident_opened", {})
    journal.append("project", "alert_fired", {})
    assert journal.streams("INC-") == tuple(f"INC-{n}" for n in range(1, 12))
    assert journal.start_stream("INC-", "incident_opened", {}).stream == "INC-12"
    assert "project" in journal.streams()


def test_starting_a_stream_twice_with_one_id_starts_one(journal: Journal) -> None:
    """Opening an incident can be retried safely too."""
    first = journal.start_stream("INC-", "incident_opened", {}, id="open-1")
    assert journal.start_stream("INC-", "incident_opened", {}, id="open-1") == first
    assert journal.streams("INC-") == ("INC-1",)


def test_a_stream_that_does_not_exist_has_the_start_as_its_head(journal: Journal) -> None:
    """The head of nothing is seq 0 and the chain's start."""
    assert journal.head("INC-9") == (0, START)


@pytest.mark.parametrize("name", ["", "../x", "a b", "x/y", "a" * 101])
def test_names_that_are_no_names_are_refused(journal: Journal, name: str) -> None:
    """A stream's name can be a file's name anywhere."""
    with pytest.raises(JournalError, match="cannot name a stream"):
        journal.append(name, "note", {})


def test_text_that_utf8_cannot_hold_is_kept_readable(journal: Journal) -> None:
    """Undecodable bytes of a command's output do not stop the journal."""
    journal.append("INC-1", "note", {"text": b"caf\xe9".decode("utf-8", "surrogateescape"), "deep": [{"\udce9": "\udce9"}]})
    assert journal.events("INC-1")[0].body == {"text": "caf?", "deep": [{"?": "?"}]}
    assert journal.verify("INC-1") == ()


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e300, 1e300)
    | st.sampled_from([float("nan"), float("inf")])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=8), _json, max_size=4))
def test_any_body_survives_and_verifies(journal: Journal, body: dict[str, object]) -> None:
    """Whatever a step says is read back as its plain JSON and keeps the chain sound."""
    event = journal.append("INC-1", "note", body)
    assert journal.events("INC-1", after=event.seq - 1)[0].body == plain(body)
    assert journal.verify("INC-1") == ()


def test_reading_makes_nothing(opened: Open, folder: Path) -> None:
    """Opened without `create`, a project that has no journal gets none."""
    assert not Journal.exists(folder)
    with pytest.raises(JournalError, match="no journal yet"):
        opened(create=False)
    assert not folder.exists()


def test_the_file_is_shared_with_the_group_whatever_the_umask(opened: Open, folder: Path) -> None:
    """journal.sqlite and what SQLite makes beside it are 0660."""
    before = os.umask(0o077)
    try:
        with opened() as journal:
            journal.append("INC-1", "note", {})
            journal.keep(b"x", ".txt")
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}
    finally:
        os.umask(before)
    assert {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"} <= modes.keys()
    assert set(modes.values()) == {0o660}


def test_it_is_durable_on_every_commit(journal: Journal) -> None:
    """WAL with synchronous FULL: what was appended survives a power cut."""
    assert journal._con.execute("pragma journal_mode").fetchall() == [("wal",)]
    assert journal._con.execute("pragma synchronous").fetchall() == [(2,)]


def test_a_journal_is_not_carried_across_a_fork(journal: Journal) -> None:
    """A forked child that uses its parent's journal is told to open its own."""
    child = os.fork()
    if child == 0:
        try:
            journal.append("INC-1", "note", {})
        except JournalError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_only_a_driver_appends_what_a_run_does(journal: Journal) -> None:
    """Without an epoch, `run_*`, `step_*` and `effect_*` are refused and nothing is written."""
    for type_ in ("run_started", "step_ended", "effect_intended", "effect_settled"):
        with pytest.raises(NotTheDriver, match="only the driver"):
            journal.append("INC-1", type_, {}, run="r1")
    assert journal.head("INC-1")[0] == 0
