"""Who is at the keyboard, as the operating system knows it."""

from __future__ import annotations

import os
import pwd
import socket
from typing import TYPE_CHECKING

from mlops_tui.core.settings import Actor

if TYPE_CHECKING:
    from mlops_tui.inventory import Inventory


def whoami(inventory: Inventory) -> Actor:
    """The user by uid (never by $USER, which anyone can set), named as in the inventory where the login is known there."""
    name = login()
    member = inventory.person(name)
    return Actor(name, os.getuid(), socket.gethostname(), os.getpid(), member.name if member else "")


def login() -> str:
    """The user's login by uid; `uid-NUMBER` for one that the system has no name for."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
