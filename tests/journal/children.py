"""Work in forked processes, for tests that kill and that race."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def start(work: Callable[[], Any]) -> int:
    """Runs `work` in a forked process; gives its id. It exits with 0 only when `work` returned."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    """Waits for a child; gives its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
