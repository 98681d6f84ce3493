"""A log that no inventory describes yet: every column as its files hold it, from as many of them as a first look needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from mlops_tui.inventory.types import LogSpec
from mlops_tui.logs.declared import Declared
from mlops_tui.logs.literals import ident
from mlops_tui.logs.log import Log
from mlops_tui.logs.manifest import NO_VARIABLES, LogFile, find
from mlops_tui.logs.refusals import nothing_to_read
from mlops_tui.logs.shape import Part, common_columns, respelt

T = TypeVar("T")
MOST_ROWS = 10_000_000
"""Rows of Parquet that a first look reads at most, a file larger than that aside."""
MOST_BYTES = 256 << 20
"""Bytes of text files that a first look reads at most, likewise; packed files count for five times their size."""


class UndeclaredLog(Log):
    """A log without an inventory, under the relation name `log`. Nothing is converted: times are as written.

    `partitions` are the keys of `key=value` folders that no file holds as a column; they are columns of text here.
    `total_files` and `total_rows` are the whole log's (rows None where only text files could tell, and not all were read).
    """

    partitions: frozenset[str] = frozenset()
    total_files: int = 0
    total_rows: int | None = None

    @classmethod
    def look(cls, pattern: str, *, root: Path, environ: Mapping[str, str] = NO_VARIABLES) -> UndeclaredLog:
        """The files that `pattern` matches below `root`, opened. Raises LogError when none matches or none can be read.

        Of a log with more than MOST_ROWS rows (text: MOST_BYTES) some files are read, spread evenly from the first to the last.
        """
        manifest = find(pattern, root, environ)
        if not manifest.files:
            raise nothing_to_read(manifest, pattern)
        keys = sorted(set.intersection(*(set(f.partitions) for f in manifest.files)))
        spec, zone = LogSpec(path=pattern, time=""), ZoneInfo("UTC")
        log = cls(spec, "log", zone, manifest, Declared(spec, zone, tuple(keys)))
        log._look()
        return log

    def sample(self, most: int) -> str:
        """A query for about `most` rows (every one where there are no more), chosen by a hash of what is in them: the same
        log gives the same rows, in the order of the files."""
        rows = self.rows(f"SELECT count(*) FROM {ident(self.name)}")[0][0]  # noqa: S608
        listed = ", ".join(map(ident, self.columns))
        chosen = f" WHERE hash({listed}) % {round(rows / most)} = 0" if rows >= 2 * most else ""
        return f"SELECT {listed} FROM {ident(self.name)}{chosen} LIMIT {2 * most}"  # noqa: S608

    def _look(self) -> None:
        from mlops_tui.logs.parquet import read_footers
        from mlops_tui.logs.textfiles import read_text

        files = self._manifest.files
        self.total_files = len(files)
        texts = [f for f in files if f.format != "parquet"]
        some = _spread(texts, [_weight(f) for f in texts], MOST_BYTES)
        parts, judged = read_footers(self._con, [f for f in files if f.format == "parquet"], "", self.zone)
        counted = {f.path: f.rows or 0 for f in judged if not f.problem}
        chosen = {*_spread(list(counted), list(counted.values()), MOST_ROWS)}
        parts = [replace(p, files=kept) for p in parts if (kept := tuple(f for f in p.files if f in chosen))]
        text_parts, told = read_text(self._con, some, self._declared)
        self._manifest = self._manifest.judged({f.shown: f for f in (*judged, *told)})
        self._parts: tuple[Part, ...] = respelt((*parts, *text_parts), ())
        if not self._parts:
            raise nothing_to_read(self._manifest, self._manifest.pattern)
        if len(some) == len(texts):
            self.total_rows = sum(counted.values()) + sum(p.rows for p in text_parts)
        own = common_columns(self._parts)
        self.partitions = self._partitions = frozenset(k for k in self._declared.required if k not in own)
        self._columns = own | dict.fromkeys(sorted(self.partitions), "VARCHAR")


def _weight(file: LogFile) -> int:
    return file.size * (5 if file.path.suffix.lower() == ".gz" else 1)


def _spread(things: Sequence[T], weights: Sequence[int], most: int) -> list[T]:
    """All of them where they weigh no more than `most`, else about as many as do: the first, the last, and evenly between."""
    total = sum(weights)
    if total <= most or len(things) <= 2:
        return list(things)
    count = max(2, int(len(things) * most / total))
    picked = sorted({round(i * (len(things) - 1) / (count - 1)) for i in range(count)})
    return [things[i] for i in picked]
