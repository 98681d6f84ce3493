"""Who is at the keyboard, and the clock: values that are passed in, never looked up twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Clock = Callable[[], datetime]
"""Gives the current moment, aware. Injected, so that tests and replays choose it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the operating system's user (by uid, not by $USER), host and process; `name` is from the inventory."""

    login: str
    uid: int
    host: str
    pid: int
    name: str = ""

    @property
    def shown(self) -> str:
        """The name for people: from the inventory where the login is known there."""
        return self.name or self.login

    def as_json(self) -> dict[str, object]:
        """What the journal's header keeps: `login uid host pid`."""
        return {
            "login": self.login,
            "uid": self.uid,
            "host": self.host,
            "pid": self.pid,
        }
