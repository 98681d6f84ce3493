"""The app in a real terminal, by tmux: what a headless driver cannot see. Skipped, with one line, where tmux is missing.

RUNBOOK_INSTALLED names the `runbook` of an installed wheel; without it, it is the one of this environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_tui.session.demo import demo

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
    pytest.mark.slow,
]
RUNBOOK = Path(os.environ.get("RUNBOOK_INSTALLED") or Path(sys.executable).with_name("runbook"))


class Terminal:
    """A shell in tmux."""

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.server = ["tmux", "-L", f"runbook-{uuid.uuid4().hex[:8]}", "-f", os.devnull]
        env = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR", "RUNBOOK_SLACK_TOKEN")}
        command = [*self.server, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", str(folder)]
        subprocess.run([*command, "env PS1='$ ' sh"], env=env, check=True, timeout=20)

    def tmux(self, *words: str) -> str:
        """One tmux command."""
        return subprocess.run([*self.server, *words], capture_output=True, text=True, check=True, timeout=20).stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names of them."""
        self.tmux("send-keys", *keys)

    def line(self, text: str) -> None:
        """Type a line."""
        self.tmux("send-keys", "-l", text)
        self.keys("Enter")

    def screen(self) -> str:
        """What is seen."""
        return self.tmux("capture-pane", "-p")

    def until(self, wanted: Callable[[str], bool], seconds: float = 180) -> str:
        """Wait for what is wanted; give the screen."""
        end = time.monotonic() + seconds
        while not wanted(seen := self.screen()):
            assert time.monotonic() < end, seen
            time.sleep(0.1)
        return seen

    def close(self) -> None:
        """End the server."""
        subprocess.run([*self.server, "kill-server"], check=False, timeout=20)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal of 80x24 in a demo project."""
    demo(tmp_path / "demo", rows=60_000)
    made = Terminal(tmp_path / "demo", (80, 24))
    yield made
    made.close()


def test_a_walk_in_a_terminal_by_keys_alone(terminal):
    """Paint, open, walk, resize, kill -9, resume, finish, leave: the shell is as it was, and says what to do next."""
    terminal.line(str(RUNBOOK))
    terminal.until(lambda s: "CRIT" in s and "approval-drop" in s)
    terminal.keys("r")
    terminal.until(lambda s: "Which runbook" in s)
    terminal.keys("Enter")
    terminal.until(lambda s: "the same without the app" in s)
    terminal.keys("Enter")
    terminal.until(lambda s: "verdict waits for your answer" in s)
    terminal.tmux("resize-window", "-x", "200", "-y", "50")
    terminal.until(lambda s: "What changed just before?" in s and "incident opened" in s)
    terminal.tmux("resize-window", "-x", "59", "-y", "20")
    terminal.until(lambda s: "60x16" in s)
    terminal.tmux("resize-window", "-x", "80", "-y", "24")
    terminal.until(lambda s: "verdict waits for your answer" in s)
    shell = terminal.tmux("display-message", "-p", "#{pane_pid}").strip()
    app = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True, timeout=20).stdout.split()
    os.kill(int(app[0]), 9)
    terminal.tmux("respawn-pane", "-k", "env PS1='$ ' sh")
    terminal.until(lambda s: s.strip() == "$")
    terminal.line(f"{RUNBOOK} resume")
    terminal.until(lambda s: "verdict waits for your answer" in s)
    terminal.keys("1", "Enter")
    terminal.until(lambda s: "say why" in s)
    terminal.keys("Enter")
    terminal.until(lambda s: "has reached its end" in s)
    terminal.keys("q")
    seen = terminal.until(lambda s: s.rstrip().endswith("$"))
    assert "INC-1" in seen
    assert terminal.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").split() == ["0", "1", "0"]
    terminal.line("echo code $?")
    terminal.until(lambda s: "code 0" in s)


def test_an_installed_runbook_is_not_the_checkout(terminal):
    """Where CI names an installed wheel, what these tests drive is that one, and its files are not the checkout's."""
    if "RUNBOOK_INSTALLED" not in os.environ:
        pytest.skip("RUNBOOK_INSTALLED names no installed runbook")
    probe = "import mlops_tui; print(mlops_tui.__file__)"
    python = RUNBOOK.with_name("python")
    found = subprocess.run([python, "-c", probe], cwd="/", capture_output=True, text=True, check=True, timeout=60).stdout
    assert "site-packages" in found
    assert not Path(found.strip()).is_relative_to(Path(__file__).parents[2])


def test_no_app_without_a_terminal_that_can_show_it(terminal):
    """TERM=dumb, a pipe and --plain each get plain text, and the process ends."""
    for command in (f"TERM=dumb {RUNBOOK}", f"{RUNBOOK} | cat", f"{RUNBOOK} --plain"):
        terminal.line(f"clear; {command} | tail -n 3; echo over $?")
        terminal.until(lambda s: "over 0" in s)
    terminal.line(f"clear; {RUNBOOK} run approval-drop --plain </dev/null 2>&1 | tail -n 1")
    terminal.until(lambda s: "runbook resume INC-1" in s)
