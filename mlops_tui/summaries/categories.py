"""Which categories a summary keeps by name, so that it stays small and never hides a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mlops_tui.summaries.layout import MOST_CATEGORIES


def fingerprint(category: str) -> int:
    """64 bits that stand for a category: BLAKE2b of its UTF-8, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(category.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def fingerprints(categories: Iterable[str]) -> tuple[int, ...]:
    """The fingerprints of categories that are not new, as a layout keeps them (`Column.seen`)."""
    return tuple(sorted({fingerprint(c) for c in categories}))


def least(categories: Iterable[str], most: int = MOST_CATEGORIES) -> set[str]:
    """At most `most` of the categories, those of the least fingerprint: which newcomers of a day are kept by name.

    The least of a union are the least of its parts' least, so that parts add up in any order, and what is kept is counted in
    full.
    """
    return {c for _, c in sorted((fingerprint(c), c) for c in set(categories))[:most]}
