"""The border of the command line: every error becomes one kind sentence on stderr, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mlops_tui import __version__
from mlops_tui.cli.page import pointed
from mlops_tui.core.errors import Cancelled, InvalidFiles, RunbookError
from mlops_tui.core.leave import visible

USAGE, STOPPED, FAULT, INTERRUPTED, PIPE_CLOSED = 2, 3, 70, 130, 141
"""Exit codes beside a command's own: a wrong call, a run that was left, a fault of ours, Ctrl-C, a reader who went away."""


def told(
    error: BaseException, *, argv: Sequence[str], start: Path, environ: Mapping[str, str], project: Path | None = None
) -> int:
    """Say on stderr what happened and what to try next; give the exit code. SystemExit is raised again.

    `project` is what `--project` said: the commands that hints name carry it too.
    """
    match error:
        case SystemExit():
            raise error
        case BrokenPipeError():
            close_stdout()
            return PIPE_CLOSED
        case KeyboardInterrupt() | Cancelled() | click.Abort():
            say("stopped")
            return INTERRUPTED
        case InvalidFiles():
            say(error.message)
            return error.exit_code
        case RunbookError():
            say(f"{error.where}: {error.message}" if error.where else error.message, pointed(error.hint, project))
            return error.exit_code
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "runbook"
            say(error.format_message(), f"see {command} --help")
            return USAGE
        case click.ClickException():
            say(error.format_message())
            return error.exit_code
    path = crash_log(error, argv=argv, start=start, environ=environ)
    first = visible(str(error)).split("\n", 1)[0][:200]
    kept = f"the details are in {path}" if path else "the details could not be written anywhere"
    say(f"this is a fault of ours, not yours: {type(error).__name__}: {first}", kept)
    return FAULT


def say(message: str, hint: str = "") -> None:
    """One message on stderr: what happened, and what to try next on a line of its own."""
    try:
        sys.stderr.write(f"runbook: {visible(message)}\n")
        if hint:
            sys.stderr.write(f"  {visible(hint)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # nobody is there to read it


def close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush cannot complain about the closed pipe."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)


def crash_log(error: BaseException, *, argv: Sequence[str], start: Path, environ: Mapping[str, str]) -> Path | None:
    """Write the traceback for us, readable by its owner only: into the project's state where there is one, else into
    the temporary folder. Gives its path, or None when neither can be written. Holds no environment and no local values."""
    import platform
    import tempfile
    import traceback
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    name = f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    head = (
        f"runbook {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"at {now.isoformat()}, arguments: {list(argv)!r}\n\n"
    )
    text = head + "".join(traceback.format_exception(error))
    folders = [f / ".runbook" / "state" for f in (start, *start.parents) if (f / "inventory.yaml").is_file()][:1]
    for folder in (*folders, Path(environ.get("TMPDIR") or tempfile.gettempdir())):
        try:
            _private(folder)
            path = folder / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            continue
        return path
    return None


def _private(folder: Path) -> None:
    if folder.parent.name == ".runbook" and not folder.parent.exists():
        folder.parent.mkdir(mode=0o700)
        (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    folder.mkdir(mode=0o700, exist_ok=True)
