from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal

NOW = datetime(2026, 10, 14, 3, 0, tzinfo=UTC)
ANA = Actor("aruiz", 1001, "lab", 4242, "Ana Ruiz")


def open_journal(folder: Path, actor: Actor = ANA, *, create: bool = True) -> Journal:
    return Journal.open(folder, clock=lambda: NOW, actor=actor, create=create)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    with open_journal(folder) as opened:
        yield opened


@pytest.fixture
def opened(folder: Path) -> Callable[..., Journal]:
    return lambda **how: open_journal(folder, **how)
