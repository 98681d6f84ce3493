"""`run`: a command, as an argv list, confirmed by a person who sees exactly what will run."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import IO, Any

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params, effect_of
from mlops_tui.engine.kinds.confirm import confirmed, lint_confirm
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Artefact, Effect, Outcome, Output, Question

MOST_LINES = 2_000
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "NO_COLOR", "TERM")


class RunConfirm(Params, kw_only=True, frozen=True):
    """Who confirms, who must not, and for how long the question stands."""

    by: str | None = None
    not_by: str | None = None
    expires: timedelta | None = None


class Verify(Params, kw_only=True, frozen=True):
    """A condition on the data that must come true within a time."""

    query: str
    within: timedelta = timedelta(minutes=15)


class RunParams(Params, kw_only=True, frozen=True):
    """`argv` is run without a shell; a value never becomes more than one argument."""

    argv: list[str]
    confirm: RunConfirm = RunConfirm()
    undo: list[str] = []
    verify: Verify | None = None


class RunKind(Kind):
    """Changes the world: always confirmed, never in an unattended run."""

    name = "run"
    params = RunParams
    effect = "write"
    result = "cell"
    needs_person = True

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """There is a command; the team that confirms exists."""
        given: RunParams = step.params
        if not given.argv:
            yield Note("run.argv", "the command is empty", "argv: [program, argument, ...]")
        yield from lint_confirm("run.confirm", given.confirm.by, given.confirm.not_by, names)

    def texts(self, step: Step) -> Iterable[tuple[str, str]]:
        """Every argument."""
        given: RunParams = step.params
        for argument in (*given.argv, *given.undo):
            yield "run.argv", argument

    def question(self, call: Call) -> Question | None:
        """Shows the command; the model's name must be typed."""
        given: RunParams = call.step.params
        effect = self.plan(call)
        expires = call.project.clock() + given.confirm.expires if given.confirm.expires else None
        command = shlex.join(effect.plan["argv"])
        return Question(
            f"{call.run}/{call.step.id}/{call.attempt}",
            call.step.id,
            "approve",
            f"{call.step.title}\n  {one_line(command, most=1000)}\nRun it?",
            ("yes", "no"),
            effect=effect,
            type_this=call.subject.model,
            by=given.confirm.by,
            not_by=given.confirm.not_by,
            expires=expires,
        )

    def plan(self, call: Call) -> Effect:
        """The exact argv, and that of the undo."""
        given: RunParams = call.step.params
        undo = {"argv": self._argv(call, given.undo)} if given.undo else None
        return effect_of(call, "run", {"argv": self._argv(call, given.argv)}, undo)

    def _argv(self, call: Call, argv: list[str]) -> list[str]:
        filled: list[str] = []
        for template in argv:
            value = call.values.resolve(template, where=call.where)
            if value is None:
                raise RunbookError(
                    f"argument {template!r} has no value", where=call.where, hint="a step before it found nothing"
                )
            text = value if isinstance(value, str) else str(plain(value))
            if "\0" in text:
                raise RunbookError(f"argument {template!r} holds a NUL character", where=call.where)
            if text.startswith("-") and template.startswith("$"):
                raise RunbookError(
                    f"the value of {template} begins with '-' and would be read as an option",
                    where=call.where,
                    hint="write it as one argument, like --name=${value}",
                )
            filled.append(text)
        return filled

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Run the command in its own process group; its output is streamed, and kept up to 2,000 lines."""
        refused = confirmed(call)
        if refused is not None:
            return refused
        effect = self.plan(call)
        env = environment(call, effect)
        try:
            process = subprocess.Popen(
                effect.plan["argv"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd=call.project.root,
                env=env,
                start_new_session=True,
            )
        except OSError as error:
            message = f"cannot start {effect.plan['argv'][0]!r}: {error.strerror}"
            return Outcome("failed", error=message, text=message)
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=_stream, args=(process.stdout, lines, call.step.id, emit), daemon=True)
        reader.start()
        stopped = _wait(process, cancelled)
        reader.join(5)
        process.stdout.close()
        artefacts: tuple[Artefact, ...] = ()
        if lines:
            artefacts = (call.keep("".join(lines).encode(), "text", f"{call.step.id}.log", f"output of {call.step.id}"),)
        if stopped:
            return Outcome("unknown", artefacts=artefacts, error="stopped while it ran: nobody knows how far it came")
        code = process.returncode
        if code == 0:
            return Outcome("ok", value=0, artefacts=artefacts, text="exit 0")
        last = next((one_line(line) for line in reversed(lines) if line.strip()), "")
        return Outcome("failed", value=code, artefacts=artefacts, error=f"exit {code}: {last}" if last else f"exit {code}")


def environment(call: Call, effect: Effect) -> Mapping[str, str]:
    """The few variables that a command may see, and RUNBOOK_INCIDENT, RUNBOOK_STEP, RUNBOOK_IDEMPOTENCY_KEY."""
    kept = {k: v for k in KEPT_ENVIRONMENT if (v := call.project.environ.get(k)) is not None}
    return kept | {
        "RUNBOOK_INCIDENT": call.incident,
        "RUNBOOK_STEP": call.step.id,
        "RUNBOOK_IDEMPOTENCY_KEY": effect.key,
        "RUNBOOK_MODEL": call.subject.model,
    }


def _stream(out: IO[str], lines: list[str], step: str, emit: Emit) -> None:
    for line in out:
        if len(lines) < MOST_LINES:
            lines.append(line)
            emit(Output(step, line.rstrip("\n")))


def _wait(process: subprocess.Popen[Any], cancelled: Cancelled) -> bool:
    while True:
        try:
            process.wait(0.05)
            return False
        except subprocess.TimeoutExpired:
            if cancelled():
                break
    for sign, grace in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, sign)
            process.wait(grace)
            return True
        except ProcessLookupError:
            return True
        except subprocess.TimeoutExpired:
            continue
    return True


KIND = RunKind()
