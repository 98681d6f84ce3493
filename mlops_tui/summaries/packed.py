"""A summary on the disk: one Parquet file, whole or not there, whose header says what it was made from."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_tui.core.errors import LogError
from mlops_tui.summaries.layout import FORMAT
from mlops_tui.summaries.summary import NAMES, Name, Summary, encoded_schema, schema

_KEY = b"runbook.summary"
_AGAIN = "build the summaries again"
_SHARED = ("at", "span", "set", "value", "column")
_DICTIONARIES = ("set", "value", "column", "names.list.element")
_WRITTEN: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 9,
    "data_page_size": 1 << 24,
    "write_statistics": False,
    "write_page_checksum": True,
}
_SPLIT = "BYTE_STREAM_SPLIT"
"""Integers byte by byte: all their low bytes, then the next; counts are small, so that most of it is zeros."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A file whose rows a summary counts, as it was then: a changed fingerprint means other rows.

    `first_us` and `last_us` are its least and greatest time (UTC microseconds), `untimed` its rows without one, `outside`
    those whose time is outside the file's partition; `columns` are (name, type) pairs, `rejected` lines set aside.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    rows: int
    first_us: int | None = None
    last_us: int | None = None
    untimed: int = 0
    outside: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    partitions: dict[str, str] = {}
    rejected: int = 0
    note: str = ""


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A row group: rows of one table, whose pieces begin from `first` to `last` (minutes since 1970)."""

    table: Name
    rows: int
    first: int
    last: int


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a file of summaries holds: the key of its layout, the files it counts, and of parts of days their (at, span).

    `groups` is filled in by `write`.
    """

    layout: str
    members: tuple[Member, ...] = ()
    pieces: tuple[tuple[int, int], ...] = ()
    metric_parts: int = 0
    groups: tuple[Stretch, ...] = ()
    format: int = FORMAT


def write(path: Path, header: Header, summary: Summary) -> Header:
    """Writes a summary whole: under a name that no reader looks for, to the disk, then renamed. Gives the header as written.

    A crash leaves the old file or the new one; what lies about under `*.tmp` may be removed. Raises OSError.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            header = write_to(file, header, summary)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)
    return header


def write_to(file: IO[bytes], header: Header, summary: Summary) -> Header:
    """What `write` puts into its file, for those who have an open one. Gives the header as written. Raises OSError."""
    tables = {n: summary.table(n) for n in NAMES if summary.table(n).num_rows}
    groups = tuple(Stretch(n, t.num_rows, *_ends(t.column("at").to_numpy())) for n, t in tables.items())
    header = msgspec.structs.replace(header, groups=groups)
    told = msgspec.json.encode(header)
    wide = _wide(header.metric_parts).with_metadata({_KEY: b"%08x" % zlib.crc32(told) + told})
    with pq.ParquetWriter(file, wide, **_options(wide)) as writer:
        for table in tables.values():
            writer.write_table(_widened(table, wide), row_group_size=table.num_rows)
    return header


def read_header(path: Path) -> Header:
    """The header of a file of summaries. Raises LogError where it is none, or of another format; OSError."""
    with _opened(path) as file:
        return _header(file, path)


def read(
    path: Path | pa.NativeFile,
    tables: Sequence[Name] = NAMES,
    columns: Sequence[str] | None = None,
    between: tuple[int, int] | None = None,
    *,
    encoded: bool = False,
) -> Summary:
    """Tables of a file (or of one mapped into memory), the others empty; of them only some `columns` (of those they
    have), and of rows those whose piece begins within `between` (minutes since 1970, half open). With `encoded` texts
    come as dictionaries, as they lie in the file: cheaper, and not the canonical form. Raises LogError, OSError.
    """
    with _opened(path, _DICTIONARIES if encoded else ()) as file:
        header = _header(file, path)
        found: dict[Name, pa.Table] = {}
        for name in NAMES:
            wanted = pa.schema([f for f in schema(name, header.metric_parts) if columns is None or f.name in columns])
            wanted = encoded_schema(wanted) if encoded else wanted
            parts = []
            for i, group in enumerate(header.groups):
                missed = between is not None and (group.last < between[0] or group.first >= between[1])
                if name == group.table and name in tables and not missed:
                    parts.append(_read_group(file, i, group.rows, wanted, between))
            found[name] = pa.concat_tables(parts) if parts else wanted.empty_table()
        return Summary(**found)


def _read_group(file: pq.ParquetFile, index: int, rows: int, wanted: pa.Schema, between: tuple[int, int] | None) -> pa.Table:
    names = list(dict.fromkeys([*wanted.names, *(["at"] if between else [])]))
    table = file.read_row_group(index, columns=names)
    if table.num_rows != rows:
        raise pa.ArrowInvalid(f"{table.num_rows} rows where {rows} were written")
    if between is not None:
        at = table.column("at").to_numpy()
        inside = (at >= between[0]) & (at < between[1])
        table = table if inside.all() else table.take(pa.array(np.flatnonzero(inside)))
    return pa.table([table.column(f.name) for f in wanted], schema=wanted)


def _header(file: pq.ParquetFile, path: Path | pa.NativeFile) -> Header:
    data = (file.metadata.metadata or {}).get(_KEY)
    if data is None:
        raise LogError("this Parquet file holds no summary", where=_shown(path), hint=_AGAIN)
    try:
        if data[:8] != b"%08x" % zlib.crc32(data[8:]):
            raise LogError("the header of a summary was damaged", where=_shown(path), hint=_AGAIN)
        header = msgspec.json.decode(data[8:], type=Header)
    except msgspec.MsgspecError as error:
        raise LogError(f"the header of a summary cannot be read: {error}", where=_shown(path), hint=_AGAIN) from None
    if header.format != FORMAT:
        raise LogError(f"a summary of format {header.format}, not {FORMAT}", where=_shown(path), hint=_AGAIN)
    return header


@contextlib.contextmanager
def _opened(path: Path | pa.NativeFile, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """The file, mapped into memory; its pages are held against their checksums, since a flipped bit can pass for a count."""
    if isinstance(path, Path) and path.stat().st_size == 0:
        raise LogError("a summary cannot be read: the file is empty", where=_shown(path), hint=_AGAIN)
    with pa.memory_map(str(path)) if isinstance(path, Path) else contextlib.nullcontext(path) as raw:
        try:
            with pq.ParquetFile(raw, read_dictionary=dictionaries, page_checksum_verification=True) as file:
                yield file
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:  # also of a damaged footer
            raise LogError(f"a summary cannot be read: {error}", where=_shown(path), hint=_AGAIN) from None


def _shown(path: Path | pa.NativeFile) -> str:
    return str(path) if isinstance(path, Path) else ""


def encoded(summary: Summary) -> Summary:
    """The summary as `read` gives it with `encoded`."""
    tables = [summary.table(n) for n in NAMES]
    return Summary(*(t.cast(encoded_schema(t.schema)) for t in tables))


def _wide(parts: int) -> pa.Schema:
    """The columns of all tables beside each other: a row group has values in those of its table."""
    fields: dict[str, pa.Field] = {}
    for name in NAMES:
        fields |= {f.name: f.with_nullable(True) for f in schema(name, parts)}
    return pa.schema(list(fields.values()))


def _widened(table: pa.Table, wide: pa.Schema) -> pa.Table:
    rows, names = table.num_rows, set(table.column_names)
    return pa.table([table.column(f.name) if f.name in names else pa.nulls(rows, f.type) for f in wide], schema=wide)


def _options(wide: pa.Schema) -> dict[str, Any]:
    encodings = {}
    for field in wide:
        if field.name not in _SHARED and not pa.types.is_floating(field.type):
            if not pa.types.is_list(field.type):
                encodings[field.name] = _SPLIT
            elif field.type.value_type != pa.string():
                encodings[f"{field.name}.list.element"] = _SPLIT
    return {
        **_WRITTEN,
        "use_dictionary": [*(n for n in _SHARED if n in wide.names), _DICTIONARIES[-1]],
        "column_encoding": encodings,
    }


def _ends(at: npt.NDArray[np.int32]) -> tuple[int, int]:
    return int(at.min()), int(at.max())


def sync_folder(folder: Path) -> None:
    """Makes the rename outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
