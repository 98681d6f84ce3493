"""Real processes on a terminal: Ctrl-C at any place leaves a run, and one run has one driver."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import tiny

AT = "2026-10-14T03:20Z"
PATIENCE = 60.0
RUNBOOK = [sys.executable, "-c", "import sys; from mlops_tui.main import main; sys.exit(main())"]
SLOW_SQL = "(select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3)"


class Terminal:
    """`runbook` in a process of its own on a pseudo-terminal, as a person types at it."""

    def __init__(self, root: Path, *argv: str) -> None:
        self.master, slave = os.openpty()
        environ = {**os.environ, "TERM": "dumb", "COLUMNS": "100", "TMPDIR": str(root.parent)}
        environ.pop("RUNBOOK_SLACK_TOKEN", None)
        self.process = subprocess.Popen(
            [*RUNBOOK, "--project", str(root), *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.text = ""

    def read(self, seconds: float = 0.2) -> None:
        if select.select([self.master], [], [], seconds)[0]:
            try:
                self.text += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                return

    def until(self, words: str, times: int = 1) -> None:
        """Waits until the words stand on the screen."""
        end = time.monotonic() + PATIENCE
        while self.text.count(words) < times:
            if time.monotonic() > end or (self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]):
                raise AssertionError(f"{words!r} never came:\n{self.text}")
            self.read()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def ended(self) -> int:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
                raise AssertionError(f"it does not end:\n{self.text}")
            self.read()
        self.read(0)
        os.close(self.master)
        return int(self.process.returncode)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The tiny chain."""
    return tiny.write(tmp_path / "tiny")


@pytest.fixture
def started(root: Path) -> Iterator[list[Terminal]]:
    """Terminals that end with the test."""
    made: list[Terminal] = []
    yield made
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def said(root: Path, *argv: str) -> tuple[int, dict]:
    done = subprocess.run(
        [*RUNBOOK, "--project", str(root), *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def test_ctrl_c_while_it_reads(root: Path, started: list[Terminal]) -> None:
    """During a query that would take hours: the run is left interrupted, exit 3, and the screen says how to go on."""
    tiny.runbook(root, f"  - {{id: slow, timeout: 1h, query: 'select {SLOW_SQL} as n'}}\n")
    started.append(Terminal(root, "run", "probe", "--at", AT))
    started[0].until("slow · Slow")
    time.sleep(0.5)
    started[0].type("\x03")
    assert started[0].ended() == 3
    assert "resume INC-1" in started[0].text
    assert "Traceback" not in started[0].text


def test_ctrl_c_at_a_prompt(root: Path, started: list[Terminal]) -> None:
    """The question stands, and `resume` asks it again."""
    tiny.runbook(root, "  - {id: what, ask: {question: What is it?, answers: [data, model]}}\n")
    started.append(Terminal(root, "run", "probe", "--at", AT))
    started[0].until("note TEXT, or quit:")
    started[0].type("\x03")
    assert started[0].ended() == 3
    assert "waiting" in started[0].text
    started.append(Terminal(root, "resume"))
    started[1].until("note TEXT, or quit:")
    started[1].type("1\n")
    assert started[1].ended() == 0
    assert "ended" in started[1].text


def test_ctrl_c_during_a_command(root: Path, started: list[Terminal]) -> None:
    """The command is ended with its children; `resume` asks what it did before anything else, and never just runs it."""
    argv = "[sh, -c, 'echo $$ > pid; echo begun; sleep 600']"
    tiny.runbook(root, f"  - {{id: act, run: {{argv: {argv}}}}}\n  - {{id: after, note: over}}\n")
    started.append(Terminal(root, "run", "probe", "--at", AT))
    started[0].until("type loans to go ahead")
    started[0].type("loans\n")
    started[0].until("| begun")
    started[0].type("\x03")
    assert started[0].ended() == 3
    pid = int((root / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    started.append(Terminal(root, "resume"))
    started[1].until("was it done?")
    started[1].until("note TEXT, or quit:")
    started[1].type("done\n")
    assert started[1].ended() == 0
    assert "settled by" in started[1].text


def test_a_second_person_is_told_who_drives_and_where(root: Path, started: list[Terminal]) -> None:
    """Run and resume of the run that somebody drives are refused with name, host, process and terminal."""
    tiny.runbook(root, "  - {id: what, ask: {question: What is it?, answers: [data, model]}}\n")
    started.append(Terminal(root, "run", "probe", "--at", AT))
    started[0].until("note TEXT, or quit:")
    started.append(Terminal(root, "resume", "INC-1"))
    assert started[1].ended() == 1
    assert "drives this run" in started[1].text.replace("\r\n", " ")
    assert f"process {started[0].process.pid}" in " ".join(started[1].text.split())
    assert "/dev/pts/" in started[1].text
    started[0].type("2\n")
    assert started[0].ended() == 0


@pytest.mark.proof
def test_two_that_begin_at_once(root: Path, started: list[Terminal]) -> None:
    """Pairs of processes start or resume at the same moment: exactly one drives each run, and no incident is opened twice."""
    tiny.runbook(root, "  - {id: a, query: select 1 as x}\n  - {id: what, ask: {question: q, answers: [data]}}\n")
    for turn in range(12):
        verb = ("run", "probe", "--at", AT) if turn % 2 == 0 else ("resume",)
        both = [
            subprocess.Popen(
                [*RUNBOOK, "--project", str(root), *verb],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        outs = [p.communicate(timeout=PATIENCE) for p in both]
        assert all(p.returncode in (1, 3) for p in both), outs
        assert any(p.returncode == 3 for p in both), outs
        for process, (_, err) in zip(both, outs, strict=True):
            assert process.returncode == 3 or "drives this run" in err
    code, listed = said(root, "incidents", "--json")
    assert (code, len(listed["incidents"])) == (0, 1)
