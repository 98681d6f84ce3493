"""Parts of days, for windows that begin or end within one: counted from rows once, and kept beside the days."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_tui.core.canonical import digest
from mlops_tui.core.errors import LogError
from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs.facts import Facts
from mlops_tui.logs.literals import within
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import LogFile
from mlops_tui.logs.projection import projection
from mlops_tui.summaries import packed
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import Summary

if TYPE_CHECKING:
    import pyarrow as pa

Minutes = tuple[int, int]
MOST_KEPT = 96
"""Parts of days that are kept: those of a day of hourly looks, four to a look."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROWS = 131_072
_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class Edges:
    """Counts parts of days of a log in its layout, and keeps them in a folder (None: nowhere).

    `facts` are those of the files that were counted (see `Index.facts`): the same whoever opened the log.
    """

    log: Log
    layout: Layout
    decision: Decision | None
    facts: Mapping[str, Facts]
    folder: Path | None

    def of(self, gaps: Sequence[Minutes]) -> list[Summary]:
        """The shapes of these stretches of minutes (begin and end), each within a day, texts as dictionaries.

        Read where they are kept and their files have not changed, counted from rows and kept there otherwise. Where nothing
        can be written they are counted all the same. Raises LogError, QueryError, Cancelled.
        """
        return [self._one(gap) for gap in gaps]

    def _one(self, gap: Minutes) -> Summary:
        files = self._files(gap)
        key = digest([self.layout.key, [[f.shown, f.size, *f.stamp] for f in files]])[:16]
        path = None if self.folder is None else self.folder / f"{gap[0]}-{gap[1]}-{key}{_SUFFIX}"
        kept = _kept(path)
        if kept is None:
            counted = self._counted(gap, files)
            _keep(path, self.layout, gap, counted)
            kept = packed.encoded(counted)
        return kept

    def _files(self, gap: Minutes) -> list[LogFile]:
        """The files that may hold rows of a stretch."""
        window = _window(gap)

        def may(file: LogFile) -> bool:
            told = self.facts.get(file.shown)
            if told is None or told.first is None or told.last is None:
                return True
            return told.first < window.end and told.last >= window.start

        return [f for f in self.log.manifest.files if may(f)]

    def _counted(self, gap: Minutes, files: Sequence[LogFile]) -> Summary:
        from mlops_tui.summaries.add import Adder

        adder = Adder(self.layout, pieces=[(gap[0], gap[1] - gap[0])])
        query = f"{projection(self.log, self.layout, self.decision)} AND {within(self.log.spec.time, _window(gap))}"
        for batch in self._batches(query, gap, files):
            adder.add(batch)
        return adder.summary()

    def _batches(self, query: str, gap: Minutes, files: Sequence[LogFile]) -> Iterator[pa.RecordBatch]:
        if any(f.format != "parquet" for f in self.log.manifest.files):
            yield from self.log.arrow(query, [_window(gap)]).to_batches(_ROWS)
        elif files:
            yield from self.log.batches(query, [f.path for f in files], _ROWS)


def _kept(path: Path | None) -> Summary | None:
    if path is None or not path.is_file():
        return None
    try:
        return packed.read(path, encoded=True)
    except (LogError, OSError):
        return None


def _keep(path: Path | None, layout: Layout, gap: Minutes, summary: Summary) -> None:
    if path is None:
        return
    header = packed.Header(layout=layout.key, pieces=((gap[0], gap[1] - gap[0]),), metric_parts=len(layout.parts))
    with contextlib.suppress(OSError):
        packed.write(path, header, summary)
        kept = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        for old in kept[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def _window(gap: Minutes) -> Window:
    start, end = (_EPOCH + timedelta(minutes=m) for m in gap)
    return Window(start, end)
