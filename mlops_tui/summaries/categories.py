"""Which categories a summary keeps by name, so that it stays small and never hides a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

MOST_KNOWN = 1000
"""Categories of the sample that are kept by name, the most frequent."""
MOST_NEW = 1000
"""Newcomers that are kept by name, of a column in one stretch of time: those of the least fingerprint.

The least of a union are the least of the parts' least, so that parts add up in any order; what is kept is counted in full.
"""


def fingerprint(category: str) -> int:
    """64 bits that stand for a category: BLAKE2b of its UTF-8, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(category.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def fingerprints(categories: Iterable[str]) -> bytes:
    """The fingerprints of categories that are not new, as a layout keeps them (`Column.seen`)."""
    return np.array(sorted({fingerprint(c) for c in categories}), dtype="<u8").tobytes()


def least(categories: Iterable[str], most: int = MOST_NEW) -> set[str]:
    """At most `most` of the categories: those of the least fingerprint."""
    return {c for _, c in sorted((fingerprint(c), c) for c in set(categories))[:most]}
