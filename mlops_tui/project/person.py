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
    uid = os.getuid()
    try:
        login = pwd.getpwuid(uid).pw_name
    except KeyError:
        login = f"uid-{uid}"
    member = inventory.person(login)
    return Actor(login, uid, socket.gethostname(), os.getpid(), member.name if member else "")
