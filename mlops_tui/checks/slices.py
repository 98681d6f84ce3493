"""Which values of a segment an answer names: a segment may have ten thousand of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_tui.core.finding import Finding
from mlops_tui.core.leave import one_line

MOST_TOLD = 100
"""Values of one segment of which an answer tells one by one."""
MOST_FEW = 10
"""Values with too few rows that are named all the same, the largest first."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Values with enough rows on both sides and those with too few, in order of name, and how many more of each there are."""

    told: tuple[str, ...]
    few: tuple[str, ...]
    left: int = 0
    left_few: int = 0


def choose(now: Mapping[str, int], before: Mapping[str, int], min_n: int) -> Chosen:
    """The values of a segment that are measured, where measuring every one would be too dear: the largest.

    `now` and `before` are rows by value.
    """
    every = sorted({*now, *before}, key=lambda v: (-max(now.get(v, 0), before.get(v, 0)), v))
    told: list[str] = []
    few: list[str] = []
    for value in every:
        (told if min(now.get(value, 0), before.get(value, 0)) >= min_n else few).append(value)
    left = (max(0, len(told) - MOST_TOLD), max(0, len(few) - MOST_FEW))
    return Chosen(tuple(sorted(told[:MOST_TOLD])), tuple(sorted(few[:MOST_FEW])), *left)


def shortened(found: Sequence[Finding], segment: str | None, min_n: int) -> list[Finding]:
    """The Findings of an answer by a segment, where all were measured: the worst of those that could be told, the largest
    of those that could not, and all that are not about a value; what was left out is a Finding of its own."""
    if segment is None or len(found) <= MOST_FEW:
        return list(found)
    valued = [f for f in found if segment in f.slice]
    told = sorted((f for f in valued if f.status != "insufficient"), key=lambda f: f.rank)
    few = sorted((f for f in valued if f.status == "insufficient"), key=lambda f: (-max(f.n, f.n_reference), f.rank))
    cut = [*told[MOST_TOLD:], *few[MOST_FEW:]]
    if not cut:
        return list(found)
    gone = {id(f) for f in cut}
    # those left out rank below all that are told: the first of them is the worst
    rest = left_out(found[0], segment, len(told[MOST_TOLD:]), len(few[MOST_FEW:]), min_n)
    return [*(f for f in found if id(f) not in gone), rest if few[MOST_FEW:] else rest.but(status=cut[0].status)]


def left_out(like: Finding, segment: str, left: int, left_few: int, min_n: int) -> Finding:
    """The Finding that says how many answers by a segment's values are not named; `like` is one of those that are."""
    parts = []
    if left_few:
        parts.append(f"{left_few:,} had too few rows ({min_n} are needed on both sides)")
    if left:
        parts.append(f"{left:,} come after the {MOST_TOLD} that are told")
    return Finding(
        status="insufficient",
        plane=like.plane,
        concern=like.concern,
        kind=like.kind,
        check_name=like.check_name,
        model=like.model,
        target=segment,
        slice={k: v for k, v in like.slice.items() if k != segment},
        window=like.window,
        reference=like.reference,
        threshold=like.threshold,
        summary=f"{left + left_few:,} more answers by {one_line(segment)} are not named: {', '.join(parts)}.",
    )
