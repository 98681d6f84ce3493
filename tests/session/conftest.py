"""A real chain on disk, written once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.drawing import unpainted
from support.front import ANA, CLOCK

from mlops_tui.project import Project, open_project
from mlops_tui.session.demo import demo

__all__ = ["chain", "project", "root", "unpainted", "write_runbook"]


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default demo with few rows. Read only: `project` gives each test its own copy of all but the logs."""
    target = tmp_path_factory.mktemp("chain") / "demo"
    demo(target, rows=300_000)
    return target


@pytest.fixture
def root(chain: Path, tmp_path: Path) -> Path:
    """The demo with the test's own inventory and runbooks; the logs are shared by a link."""
    target = tmp_path / "demo"
    target.mkdir()
    for name in ("inventory.yaml", "changes.jsonl"):
        shutil.copy(chain / name, target)
    for name in ("runbooks", "contracts", "sql"):
        shutil.copytree(chain / name, target / name)
    (target / "logs").symlink_to(chain / "logs")
    return target


@pytest.fixture
def project(root: Path) -> Project:
    """The demo as Ana opens it at half past three in the morning."""
    return open_project(root, clock=lambda: CLOCK, actor=ANA, environ={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def write_runbook(root: Path) -> Callable[..., str]:
    """Writes a runbook of these steps into the project and gives its name."""

    def write(steps: str, name: str = "probe", head: str = "") -> str:
        text = f"runbook: {name}\ntitle: A probe\napplies_to: {{models: [credit-risk]}}\n{head}steps:\n{steps}"
        (root / "runbooks" / f"{name}.yaml").write_text(text)
        return name

    return write
