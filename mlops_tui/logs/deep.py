"""Every byte of a log's Parquet files, held against the checksums of their pages where the writer kept some."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from mlops_tui.core.leave import one_line
from mlops_tui.logs.manifest import LogFile


@dataclass(frozen=True, slots=True)
class Deep:
    """What a look at every page found. `damaged` are files with the reason; `silent` of the others carry no checksums, so that
    a flipped bit in them can change a value without a word."""

    files: int
    damaged: tuple[tuple[str, str], ...]
    silent: int


def deep(files: Sequence[LogFile], stopped: Callable[[], bool] = lambda: False) -> Deep:
    """Reads all pages of all Parquet files and verifies their checksums; text files have none and are passed over."""
    damaged: list[tuple[str, str]] = []
    looked = silent = 0
    for file in files:
        if file.format != "parquet" or stopped():
            continue
        looked += 1
        problem, checked = _look(file)
        if problem:
            damaged.append((file.shown, problem))
        elif not checked:
            silent += 1
    return Deep(looked, tuple(damaged), silent)


def _look(file: LogFile) -> tuple[str, bool]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as opened:
            for _ in opened.iter_batches(batch_size=65_536):
                pass
        return "", _has_checksums(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        return one_line(str(error).replace(str(file.path), "it"), most=200), True


def _has_checksums(file: LogFile) -> bool:
    """Whether the file's pages carry checksums. pyarrow does not tell, so its first column is read once more with one byte
    turned: where nothing complains of a checksum, there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file.path) as opened:
        about = opened.metadata
        if not about.num_row_groups or not about.num_columns:
            return True
        chunk = about.row_group(0).column(0)
        name = opened.schema_arrow.names[0]
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    with file.path.open("rb") as handle, _Turned(handle, start + chunk.total_compressed_size - 1) as turned:
        try:
            pq.ParquetFile(turned, page_checksum_verification=True).read_row_group(0, columns=[name])
        except (pa.ArrowException, OSError, ValueError) as error:
            return "crc" in str(error).lower()
    return False


class _Turned(io.RawIOBase):
    """A file with the bits of one byte turned, wherever it is read."""

    def __init__(self, file: IO[bytes], place: int) -> None:
        super().__init__()
        self._file = file
        self._place = place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        begin = self._file.tell()
        data = bytearray(self._file.read(size))
        if begin <= self._place < begin + len(data):
            data[self._place - begin] ^= 0xFF
        return bytes(data)
