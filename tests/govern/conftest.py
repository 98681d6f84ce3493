"""A log on disk, and what is guessed from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import habits

from mlops_tui.govern.guesses import Guesses, guess
from mlops_tui.govern.profile import take
from mlops_tui.logs.undeclared import UndeclaredLog

NOW = datetime(2026, 11, 23, tzinfo=UTC)
Guessed = Callable[..., Guesses]


@pytest.fixture
def guessed(tmp_path: Path) -> Guessed:
    """Write the columns and guess: `guessed({name: values}, "log.csv")`; without columns, what lies there is read."""

    def guessed(
        columns: Mapping[str, Any] | None = None,
        name: str = "log.parquet",
        *,
        delimiter: str = ",",
        here: str | None = None,
        zone: str | None = None,
    ) -> Guesses:
        if columns is not None:
            habits.write(tmp_path / name, columns, delimiter)
        log = UndeclaredLog.look(str(tmp_path / name), root=tmp_path)
        try:
            return guess(log, take(log), now=NOW, here=here, zone=zone)
        finally:
            log.close()

    return guessed
