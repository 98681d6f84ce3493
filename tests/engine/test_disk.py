"""Where nothing can be written, nothing is begun, and what can be read is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tiny
from support.front import Script, states

from mlops_tui.core.errors import JournalError
from mlops_tui.engine.types import Item, Waiting
from mlops_tui.journal import Event
from mlops_tui.session.check import check
from mlops_tui.session.incidents import incident, incidents, postmortem
from mlops_tui.session.messages import outbox
from mlops_tui.session.models import models
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open
from tests.engine.every import Person, events, whole, write


def mounted(*argv: str) -> bool:
    return subprocess.run(["mount", *argv], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount") or not mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)):
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def read_only(root: Path, opened: Open, unpainted: None) -> Iterator[Path]:
    """The chain with a finished and a waiting run, on a file system that cannot be written."""
    write(root)
    assert run(opened(), "every", sets={}, front=Person(root)).state == "ended"
    assert run(opened(), "every", sets={}, front=Script()).state == "waiting"
    if os.geteuid() != 0 or not mounted("--bind", str(root), str(root)):
        pytest.skip("only root can mount a folder")
    assert mounted("-o", "remount,ro,bind", str(root))
    yield root
    subprocess.run(["umount", "-l", str(root)], check=True)


def test_a_read_only_project_is_read_and_not_run(read_only: Path, opened: Open) -> None:
    """Checks, incidents and drafts are there; run and resume are refused before they start, with the reason."""
    project = opened()
    assert check(project).fired
    assert models(project)
    assert [i.status for i in incidents(project)] == ["open", "closed"]
    assert "INC-1" in postmortem(project, "INC-1").text
    assert incident(project, "INC-2").runs == ("INC-2.1",)
    assert outbox(project)
    before = (read_only / "calls").read_text()
    for attempt in (lambda: run(opened(), "every", sets={}, front=Script()), lambda: resume(opened(), front=Person(read_only))):
        with pytest.raises(JournalError) as caught:
            attempt()
        assert "read" in str(caught.value)
        assert caught.value.hint
    assert (read_only / "calls").read_text() == before


def test_a_project_without_a_history_that_cannot_have_one(root: Path, opened: Open) -> None:
    """The same where `.runbook` cannot be made."""
    tiny.runbook(root, "  - {id: a, note: x}\n")
    (root / ".runbook").write_text("in the way")
    with pytest.raises(JournalError, match=r"\.runbook"):
        run(opened(), "probe", sets={}, front=Script())


class Fills(Script):
    """Fills the disk when it is shown this event of this step, or this question."""

    def __init__(self, place: Path, kind: str, step: str, answers: dict[str, str]) -> None:
        super().__init__(answers)
        self.place, self.kind, self.step = place, kind, step

    def show(self, item: Item) -> None:
        if isinstance(item, Event) and (item.type, item.step) == (self.kind, self.step):
            fill(self.place)
        if isinstance(item, Waiting) and (self.kind, item.question.step) == ("waiting", self.step):
            fill(self.place)
        super().show(item)


def fill(place: Path) -> None:
    """Leaves not a byte free."""
    fd = os.open(place / "ballast", os.O_CREAT | os.O_WRONLY)
    for size in (1 << 16, 1 << 12, 1):
        try:
            while True:
                os.write(fd, b"x" * size)
        except OSError:
            continue
    os.close(fd)


ACT = "  - {id: a, note: x}\n  - {id: act, run: {argv: [sh, -c, 'echo x >> calls']}}\n  - {id: b, note: y}\n"


@pytest.fixture
def tight(root: Path, small: Path) -> Path:
    """The chain with its `.runbook` on the small disk; the command writes elsewhere."""
    (root / ".runbook").symlink_to(small)
    tiny.runbook(root, ACT)
    return root


@pytest.mark.parametrize(
    ("kind", "step", "ran"),
    [("step_started", "a", 0), ("waiting", "act", 0), ("answered", "act", 0), ("effect_intended", "act", 1)],
)
def test_a_full_disk_starts_no_command(tight: Path, small: Path, opened: Open, kind: str, step: str, ran: int) -> None:
    """The intent cannot be recorded, so the command is not begun; with room again, the run goes on and it ran once."""
    with pytest.raises(JournalError) as caught:
        run(opened(), "probe", sets={}, front=Fills(small, kind, step, {"act": "yes"}))
    assert "full" in str(caught.value)
    assert "runbook resume INC-1" in str(caught.value)
    calls = tight / "calls"
    assert (calls.read_text().count("x") if calls.exists() else 0) == ran
    assert incidents(opened()), "reading goes on"
    (small / "ballast").unlink()
    front = Person(tight)
    report = resume(opened(), front=front)
    assert states(report) == {"a": "ok", "act": "ok", "b": "ok"}
    assert calls.read_text() == "x\n"
    assert ("settle" in front.asked) == bool(ran)
    assert events(tight)


def test_a_full_disk_anywhere_loses_nothing(root: Path, small: Path, opened: Open, unpainted: None) -> None:
    """At any size that the disk may have: a clear error or an end, and with room the run ends whole."""
    write(root)
    failed = 0
    for free in range(60_000, 600_000, 90_000):
        place = small / str(free)
        place.mkdir()
        here = root.with_name(f"r{free}")
        shutil.copytree(root, here)
        (here / ".runbook").symlink_to(place)
        fill(small)
        os.truncate(small / "ballast", (small / "ballast").stat().st_size - free)
        try:
            report = run(opened(here), "every", sets={}, front=Person(here))
        except JournalError as error:
            failed += 1
            assert "full" in str(error) or "space" in str(error)
            report = None
        (small / "ballast").unlink()
        if report is None or report.state != "ended":
            again = incidents(opened(here)) if (place / "state" / "journal.sqlite").exists() else ()
            if again and again[0].runs:
                assert resume(opened(here), front=Person(here)).state == "ended"
            else:
                assert run(opened(here), "every", sets={}, front=Person(here)).state == "ended"
        whole(here, events(here))
        shutil.rmtree(place)
    assert failed > 2


def test_the_limit_of_file_sizes_is_told_like_a_full_disk(root: Path, opened: Open) -> None:
    """Without root too: a process that may not write large files says what failed, and leaves a journal that opens."""
    tiny.runbook(root, ACT)
    code = (
        "import resource, sys; sys.path[:0] = sys.argv[2:]; from pathlib import Path; from support.front import ANA, Script;"
        "from mlops_tui.project import open_project; from mlops_tui.session.runs import run;"
        "from mlops_tui.core.errors import JournalError; p = open_project(Path(sys.argv[1]), actor=ANA);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))\n"
        "try:\n run(p, 'probe', sets={}, front=Script({'act': 'yes'}))\nexcept JournalError as e:\n print('told:', e)\n"
    )
    here = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), str(here), str(here.parent)], capture_output=True, text=True, check=False
    )
    assert "told:" in done.stdout, done.stderr
    assert not (root / "calls").exists()
    assert run(opened(), "probe", sets={}, front=Script({"act": "yes"})).state == "ended"
