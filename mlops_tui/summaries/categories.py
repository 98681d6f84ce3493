"""Which categories a summary keeps by name, so that it stays small and never hides a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=65_536)
def fingerprint(category: str) -> int:
    """64 bits that stand for a category: BLAKE2b of its UTF-8, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(category.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def fingerprints(categories: Iterable[str]) -> tuple[int, ...]:
    """The fingerprints of categories that are not new, as a layout keeps them (`Column.seen`)."""
    return tuple(sorted({fingerprint(c) for c in categories}))
