"""`runbook demo`: a chain to try everything on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_tui.simulate import DemoResult

ROWS = 2_000_000


def demo(
    target: Path, *, seed: int = 0, rows: int = ROWS, say: Callable[[str, float], None] = lambda _what, _share: None
) -> DemoResult:
    """Writes the demo chain into `target`: logs, inventory, runbooks. The same seed and rows give the same bytes."""
    from mlops_tui.simulate import write

    return write(target, seed=seed, rows=rows, say=say)
