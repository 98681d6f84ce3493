"""Commits of a git folder as changes, by `git log`; git that is absent or refuses is a problem, not a crash."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from mlops_tui.core.errors import Problem
from mlops_tui.core.leave import one_line
from mlops_tui.core.window import iso, parse_instant
from mlops_tui.inventory.changes import Change, Changes

MOST_COMMITS = 1000
TIMEOUT = 10.0
"""Seconds that `git log` may take."""

_RECORD, _FIELD = "\x1e", "\x1f"
_FORMAT = f"--format={_RECORD}%H{_FIELD}%cI{_FIELD}%an{_FIELD}%s{_FIELD}"
_SHOWN_FILES = 3


def git_changes(folder: Path, place: tuple[str, int, int], *, until: datetime, environ: Mapping[str, str]) -> Changes:
    """The newest commits (at most 1,000) up to `until` that touch the folder: kind `commit`, target the files touched.

    `place` (file, line, column) is where the feed is declared, for its problems.
    """

    def refuse(message: str, hint: str = "") -> Changes:
        return Changes((), (Problem(*place, f"the git feed {folder.name or folder}: {message}", hint),))

    if not folder.is_dir():
        return refuse("there is no such folder")
    argv = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "log"]
    argv += ["--no-show-signature", "--no-color", "--no-ext-diff", "--no-textconv", "--name-only", "--relative"]
    argv += ["--encoding=UTF-8", f"--max-count={MOST_COMMITS}", f"--until={iso(until)}", _FORMAT, "--", "."]
    try:
        done = subprocess.run(argv, env=_environment(environ), capture_output=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT)
    except FileNotFoundError:
        return refuse("git is not installed", "install git, or record changes in a jsonl: feed")
    except subprocess.TimeoutExpired:
        return refuse(f"git took longer than {TIMEOUT:g} s")
    except OSError as error:
        return refuse(f"git does not start: {error.strerror}")
    if done.returncode != 0:
        said = one_line(done.stderr.decode("utf-8", "replace").partition("\n")[0], most=200)
        return refuse(said.removeprefix("fatal: ") or f"git ended with {done.returncode}")
    records = done.stdout.decode("utf-8", "replace").split(_RECORD)[1:]
    return Changes(tuple(c for r in records if (c := _commit(r)) is not None))


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what points git elsewhere (set inside its own hooks); nothing is asked, fetched or locked."""
    kept = {k: v for k, v in environ.items() if not k.startswith("GIT_")}
    still = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_PAGER": "cat"}
    return kept | still | {"LC_ALL": "C"}


def _commit(record: str) -> Change | None:
    parts = record.split(_FIELD, 4)
    if len(parts) != 5:
        return None
    sha, when, who, what, names = parts
    try:
        moment = parse_instant(when)
    except ValueError:
        return None
    files = [f for f in names.splitlines() if f]
    more = f" and {len(files) - _SHOWN_FILES} more" if len(files) > _SHOWN_FILES else ""
    return Change(moment, "commit", ", ".join(files[:_SHOWN_FILES]) + more, what, who, sha[:12])
