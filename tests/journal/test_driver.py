"""One driver for each run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlops_tui.core.errors import JournalError, NotTheDriver
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal
from mlops_tui.journal.lock import holder_text

TOM = Actor("tbeck", 1002, "desk", 77, "Tom Beck")
Open = Callable[..., Journal]


def test_a_second_driver_is_told_who_drives(journal: Journal, opened: Open) -> None:
    """While a run is driven, another person is told who, host, process and since when, and may still write notes."""
    with journal.drive("INC-1", "r1") as driver, opened(actor=TOM) as other:
        driver.append("run_started", {})
        with pytest.raises(NotTheDriver) as caught, other.drive("INC-1", "r1"):
            pass
        assert "Ana Ruiz on host lab, process 4242" in str(caught.value)
        assert "since 2026-10-14T03:00:00Z" in str(caught.value)
        assert "may watch" in caught.value.hint
        other.append("INC-1", "note", {"text": "watching"}, run="r1")
        with other.drive("INC-1", "r2") as second:
            assert second.epoch == 1


def test_each_driver_raises_the_epoch(journal: Journal) -> None:
    """`run_started` begins at epoch 1; whoever joins raises it, and every event of the driver carries it."""
    with journal.drive("INC-1", "r1") as driver:
        driver.append("run_started", {})
        driver.append("step_started", {}, step="scope", attempt=1)
    with journal.drive("INC-1", "r1") as driver:
        driver.append("run_joined", {})
        driver.append("step_ended", {}, step="scope", attempt=1)
    assert [(e.type, e.epoch) for e in journal.events("INC-1")] == [
        ("run_started", 1),
        ("step_started", 1),
        ("run_joined", 2),
        ("step_ended", 2),
    ]


def test_a_driver_must_first_start_or_join(journal: Journal) -> None:
    """A driver whose epoch was not raised yet cannot append steps."""
    with journal.drive("INC-1", "r1") as driver, pytest.raises(NotTheDriver):
        driver.append("step_started", {})


def test_an_old_driver_is_refused_after_it_was_replaced(journal: Journal, opened: Open) -> None:
    """A process that lost its lock (its file was removed) and wakes up can neither append nor start an effect."""
    with journal.drive("INC-1", "r1") as old:
        old.append("run_started", {})
        old.check()
        (journal.folder / "runs" / "r1.lock").unlink()
        with pytest.raises(NotTheDriver, match="no longer driven"):
            old.check()
        with opened(actor=TOM) as other, other.drive("INC-1", "r1") as new:
            new.append("run_joined", {})
            new.check()
            with pytest.raises(NotTheDriver, match="driven by another process now"):
                old.append("effect_intended", {})
            with pytest.raises(NotTheDriver):
                old.check()
    assert [e.type for e in journal.events("INC-1")] == ["run_started", "run_joined"]


def test_a_retried_driver_event_is_given_back(journal: Journal) -> None:
    """A driver that lost the acknowledgement of `run_started` may append it again with its id."""
    with journal.drive("INC-1", "r1") as driver:
        first = driver.append("run_started", {}, id="start-r1")
        assert driver.append("run_started", {}, id="start-r1") == first


def test_a_run_belongs_to_one_stream(journal: Journal) -> None:
    """A run cannot be continued in another incident."""
    with journal.drive("INC-1", "r1") as driver:
        driver.append("run_started", {})
    with journal.drive("INC-2", "r1") as driver, pytest.raises(JournalError, match="belongs to INC-1"):
        driver.append("run_joined", {})


def test_a_run_name_cannot_leave_the_folder(journal: Journal) -> None:
    """The name of a run is the name of a lock file."""
    with pytest.raises(JournalError, match="cannot name a run"), journal.drive("INC-1", "../../x"):
        pass


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"login": "x"}', b"\xff"])
def test_a_lock_file_without_a_story_still_refuses(raw: bytes) -> None:
    """A lock whose holder was stopped before it wrote its name is another process's all the same."""
    assert holder_text(raw) == "another process"
