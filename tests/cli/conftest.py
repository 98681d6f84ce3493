"""What the command line's tests share: calling `runbook` in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_tui.main import main


@dataclass(frozen=True)
class Said:
    """What a call of `runbook` gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def runbook(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Calls `runbook` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    def call(*argv: str | os.PathLike[str]) -> Said:
        code = main([os.fspath(a) for a in argv])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call
