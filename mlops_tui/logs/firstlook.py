"""Which files a plan is made of: the first ones, by what they tell of their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.origin import Origin
from mlops_tui.logs.refusals import Unreadable
from mlops_tui.summaries.summary import Summary

MOST_ROWS = 200_000
"""Rows of Parquet files: so many at least, where there are."""
MOST_BYTES = 32 << 20
"""Bytes of text files, likewise."""


def first_files(
    origin: Origin, manifest: Manifest, log: Log | None, texts: Sequence[LogFile], also: Mapping[str, str]
) -> Log | None:
    """The first files in order of time, or of name where they do not tell it, opened; None where no file can be read.

    `log` holds the Parquet files, `texts` are the others: they are looked at only where there is no Parquet. `also` are columns
    of other files.
    """
    if log is not None:
        facts = log.facts()
        told = [(f, facts[f.shown]) for f in log.manifest.files]
        told.sort(key=lambda x: (x[1].first is None, x[1].first and x[1].first.timestamp(), x[0].shown))
        chosen = _until(MOST_ROWS, [(f.shown, one.rows) for f, one in told])
        return origin.open(only=chosen, also=log.columns, known=lambda _files: facts, manifest=manifest)
    chosen = _until(MOST_BYTES, [(f.shown, f.size) for f in sorted(texts, key=lambda f: f.shown)])
    try:
        return origin.open(only=chosen, also=also, manifest=manifest) if chosen else None
    except Unreadable:
        return first_files(origin, manifest, None, [f for f in texts if f.shown not in set(chosen)], also)


def values_of(summary: Summary, dimension: str) -> int:
    """How many values the dimension has, as far as shapes tell it."""
    import pyarrow.compute as pc

    table = summary.numbers if summary.numbers.num_rows else summary.categories
    return len(pc.unique(table.filter(pc.equal(table["set"], dimension))["value"]))


def _until(most: int, sized: Sequence[tuple[str, int]]) -> list[str]:
    """The first of these that together are as large as `most`."""
    chosen, total = [], 0
    for name, size in sized:
        chosen.append(name)
        total += size
        if total >= most:
            break
    return chosen
