"""`run`: a command, as an argv list, confirmed by a person who sees exactly what will run."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from datetime import timedelta

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import JournalError, RunbookError
from mlops_tui.core.leave import one_line
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note, Params, effect_of, question_id
from mlops_tui.engine.kinds.confirm import confirmed, lint_confirm
from mlops_tui.engine.output import Lines
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Artefact, Effect, Outcome, Output, Question
from mlops_tui.sql.results import as_text

GRACE = 4.0
"""Seconds between TERM and KILL."""
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
    asks = True
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
            question_id(call),
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
            text = _argument(value)
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

    def refused(self, call: Call) -> Outcome | None:
        """A no, or no answer in time."""
        return confirmed(call)

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Run the command in its own process group; its output is streamed, and kept up to 2,000 lines and 1 MB.

        The effect that is done is the one that was confirmed and written down, to the letter.
        """
        effect = call.effect
        assert effect is not None
        env = environment(call, effect)
        try:
            process = subprocess.Popen(
                effect.plan["argv"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=call.project.root,
                env=env,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            message = f"cannot start {effect.plan['argv'][0]!r}: {getattr(error, 'strerror', None) or error}"
            return Outcome("failed", error=message, text=message)
        with Lines(process, lambda line: emit(Output(call.step.id, line))) as said:
            stopped = _wait(process, cancelled)
        artefacts = self._kept(call, said.text, emit)
        if stopped:
            return Outcome("unknown", artefacts=artefacts, error="stopped while it ran: nobody knows how far it came")
        code = process.returncode
        if code == 0:
            return Outcome("ok", value=0, artefacts=artefacts, text="exit 0")
        last = next((one_line(line) for line in reversed(said.text.splitlines()) if line.strip()), "")
        return Outcome("failed", value=code, artefacts=artefacts, error=f"exit {code}: {last}" if last else f"exit {code}")

    def _kept(self, call: Call, text: str, emit: Emit) -> tuple[Artefact, ...]:
        """The output as a file. Where it cannot be kept, what the command did still counts."""
        if not text:
            return ()
        try:
            return (call.keep(text.encode(), "text", f"{call.step.id}.log", f"output of {call.step.id}"),)
        except JournalError as error:
            emit(Output(call.step.id, f"its output could not be kept: {error}", "err"))
            return ()


def _argument(value: object) -> str:
    """A value as a program reads it: ISO times, `true` and `false`, numbers as short as they can be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(plain(value)) if isinstance(value, float) else as_text(value)


def environment(call: Call, effect: Effect) -> Mapping[str, str]:
    """The few variables that a command may see, and RUNBOOK_INCIDENT, RUNBOOK_STEP, RUNBOOK_IDEMPOTENCY_KEY."""
    kept = {k: v for k in KEPT_ENVIRONMENT if (v := call.project.environ.get(k)) is not None}
    return kept | {
        "RUNBOOK_INCIDENT": call.incident,
        "RUNBOOK_STEP": call.step.id,
        "RUNBOOK_IDEMPOTENCY_KEY": effect.key,
        "RUNBOOK_MODEL": call.subject.model,
    }


def _wait(process: subprocess.Popen[bytes], cancelled: Cancelled) -> bool:
    """Waits for the command; whether it had to be stopped, with all that it started in its own group."""
    while True:
        try:
            process.wait(0.05)
            return False
        except subprocess.TimeoutExpired:
            if cancelled():
                break
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(GRACE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    return True


KIND = RunKind()
