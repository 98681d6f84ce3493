"""Values into bins: reference quantiles, atoms, categories, with a bin for what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def quantile_edges(values: npt.ArrayLike, bins: int = 10) -> Floats:
    """Inner edges of about `bins` bins with open ends, at the quantiles of the reference values; ties merged.

    A value that alone holds 1/bins of the rows or more gets a bin of its own, so that a feature that is 99 % zeros still
    has bins on both sides of zero and a constant that changes is seen; the other values are cut at their own quantiles.
    Bin i holds edges[i-1] <= x < edges[i]; there are len(edges) + 1 bins, some of them empty in the reference (beside
    the atoms). NaN and infinities do not shape the edges.
    """
    known = np.asarray(values, dtype=np.float64)
    return sorted_edges(np.sort(known[np.isfinite(known)]), bins)


def sorted_edges(known: Floats, bins: int = 10) -> Floats:
    """`quantile_edges` of values in ascending order without NaN; infinities at the ends are passed over."""
    known = known[np.searchsorted(known, -np.inf, "right") : np.searchsorted(known, np.inf, "left")]
    if not len(known):
        return np.empty(0)
    first = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1]]))
    distinct, counts = known[first], np.diff(np.append(first, len(known)))
    atoms = distinct if len(distinct) <= bins else distinct[counts * bins >= len(known)]
    rest = known[~np.isin(known, atoms)] if len(atoms) else known
    edges = [atoms, np.nextafter(atoms, np.inf)]
    if len(rest):
        parts = bins if not len(atoms) else max(2, round(len(rest) / len(known) * bins))
        edges.append(np.quantile(rest, np.arange(1, parts) / parts))
    return np.unique(np.concatenate(edges))


def bin_counts(values: npt.ArrayLike, edges: npt.ArrayLike) -> Ints:
    """Rows per bin; the last entry counts what is missing (NaN). Infinities fall into the open ends.

    Length len(edges) + 2.
    """
    cut = np.asarray(edges, dtype=np.float64)
    return np.bincount(bin_codes(values, cut), minlength=len(cut) + 2).astype(np.int64)


def sorted_counts(known: Floats, missing: int, edges: Floats) -> Ints:
    """`bin_counts` of values in ascending order without NaN, and of `missing` more rows."""
    below = np.searchsorted(known, edges, "left")
    return np.concatenate([np.diff(np.concatenate([[0], below, [len(known)]])), [missing]]).astype(np.int64)


def bin_codes(values: npt.ArrayLike, edges: npt.ArrayLike) -> Ints:
    """The bin of each value, 0..len(edges); len(edges) + 1 where it is missing (NaN)."""
    x, cut = np.asarray(values, dtype=np.float64), np.asarray(edges, dtype=np.float64)
    codes = np.searchsorted(cut, x, side="right").astype(np.int64)
    codes[np.isnan(x)] = len(cut) + 1
    return codes


@dataclass(frozen=True, slots=True)
class Categories:
    """Two aligned counts of categories. The last two bins are missing and unseen (categories that the reference lacks)."""

    labels: tuple[str, ...]
    reference: Ints
    current: Ints
    unseen: tuple[str, ...]
    """Categories that the reference lacks, the most frequent first."""


def category_counts(reference: Mapping[str | None, int], current: Mapping[str | None, int]) -> Categories:
    """Counts by category (None is missing) on the same bins: the reference's categories in order, missing, unseen."""
    labels = tuple(sorted(k for k, n in reference.items() if k is not None and n > 0))
    known = set(labels)
    new = {k: n for k, n in current.items() if k is not None and k not in known and n > 0}
    ref = [reference[k] for k in labels] + [reference.get(None, 0), 0]
    cur = [current.get(k, 0) for k in labels] + [current.get(None, 0), sum(new.values())]
    unseen = tuple(sorted(new, key=lambda k: (-new[k], k)))
    return Categories(labels, np.array(ref, dtype=np.int64), np.array(cur, dtype=np.int64), unseen)
