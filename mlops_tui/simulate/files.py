"""The demo's folder: what may be replaced in it, what ships into it, and Parquet of the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from mlops_tui.core.errors import RunbookError, UsageError

MARK: Final = ".demo.json"
"""Says that `runbook demo` made this folder; keeps the hash of each shipped file, so that a person's edit is seen."""
LOG_FOLDERS: Final = ("credit-risk", "collections-priority", "bank_feed", "outcomes")
_SHIPPED: Final = ("inventory.yaml", "runbooks", "contracts", "sql", "schema")
_SUFFIXES: Final = (".yaml", ".sql", ".md", ".json")


def shipped() -> Path:
    """The folder that holds `inventory.yaml` and what goes with it: the wheel's copy, or the checkout's top."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_shipped", package.parent):
        if (folder / "inventory.yaml").is_file():
            return folder
    raise RunbookError("the demo's inventory.yaml is not installed", where=str(package), hint="install mlops-tui again")


def shipped_files(folder: Path) -> dict[str, bytes]:
    """Every file that ships into a demo, by its path there."""
    found: dict[str, bytes] = {}
    for name in _SHIPPED:
        top = folder / name
        paths: Iterable[Path] = [top] if top.is_file() else sorted(top.rglob("*")) if top.is_dir() else []
        found |= {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths if p.is_file() and p.suffix in _SUFFIXES}
    return found


def earlier(target: Path) -> dict[str, str] | None:
    """The hashes that an earlier demo left in `target`, {} for a new or empty folder, None for a folder of somebody else's."""
    if not target.exists():
        return {}
    if not target.is_dir():
        return None
    mark = target / MARK
    if mark.is_file():
        try:
            return dict(json.loads(mark.read_text("utf-8"))["files"])
        except (ValueError, KeyError, TypeError):
            return None
    return None if any(target.iterdir()) else {}


def prepare(target: Path, about: Mapping[str, Any]) -> tuple[str, ...]:
    """Make `target` ready for new logs and put the shipped files there.

    An earlier demo's logs are removed, its `.runbook` is left alone, and a shipped file that a person edited is kept:
    the names of those are given back. UsageError where the folder is not ours, OSError where it cannot be written.
    """
    known = earlier(target)
    if known is None:
        raise UsageError(
            "this is no empty folder and no earlier demo, so nothing was written",
            where=str(target),
            hint="name a new folder, like `runbook demo demo`",
        )
    files = shipped_files(shipped())
    target.mkdir(parents=True, exist_ok=True)
    edited = tuple(name for name in files if _edited(target / name, known.get(name)))
    written = {name: known[name] if name in edited else _sha(data) for name, data in files.items()}
    mark = json.dumps({**about, "files": written}, indent=2, sort_keys=True) + "\n"
    (target / MARK).write_text(mark, "utf-8")
    for name in LOG_FOLDERS:
        if (target / "logs" / name).exists():
            shutil.rmtree(target / "logs" / name)
    for name, data in files.items():
        if name not in edited:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
    return edited


def _edited(path: Path, written: str | None) -> bool:
    return written is not None and path.is_file() and _sha(path.read_bytes()) != written


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(target: Path, log: str, day: date, table: Any) -> None:
    """One day of a log as `logs/LOG/date=DAY/part-0.parquet`; a day without rows has no file."""
    import pyarrow.parquet as pq

    if table.num_rows == 0:
        return
    folder = target / "logs" / log / f"date={day.isoformat()}"
    folder.mkdir(parents=True, exist_ok=True)
    # without Arrow's own schema the text columns read back as text, not as dictionaries
    pq.write_table(table, folder / "part-0.parquet", compression="zstd", compression_level=1, store_schema=False)


def put_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """JSON, one object a line."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
