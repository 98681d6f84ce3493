"""The only place with threads and effects: drives one run from its journal to its end."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mlops_tui.core.canonical import plain
from mlops_tui.core.errors import Cancelled, QueryError, RunbookError, did_you_mean
from mlops_tui.core.window import format_duration, parse_instant
from mlops_tui.engine.context import RunContext
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.kinds.base import Call, Kind
from mlops_tui.engine.machine import Ask, Do, End, Settle, decide
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.tell import report_of
from mlops_tui.engine.types import (
    Answer,
    Artefact,
    Cancel,
    FrontEnd,
    Outcome,
    Output,
    Progress,
    Question,
    QuestionKind,
    RunReport,
    Waiting,
)
from mlops_tui.incidents.run import AskedQuestion, RunState, fold_run
from mlops_tui.journal import Event

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Journal
    from mlops_tui.project import Project

READ_TIMEOUT = timedelta(seconds=60)
WRITE_TIMEOUT = timedelta(minutes=10)
TICK = 0.05
"""Seconds between two looks at the clock and the inbox while a step runs."""


class _Interrupted(BaseException):
    """The run stops here and stays resumable."""


@dataclass
class Drive:
    """One drive of one run: from the folded journal to an end, a wait or an interruption."""

    project: Project
    journal: Journal
    context: RunContext
    incident: str
    run: str
    epoch: int
    front: FrontEnd
    auto: bool
    keep: Callable[[bytes, str, str, str], Artefact]
    send: Callable[[str], None]
    """Called after a step that queued messages; must return at once."""
    _events: list[Event] = field(default_factory=list)
    _stopping: bool = False

    def go(self) -> RunReport:
        """Perform what `decide` says until the run is over. Ctrl-C and `Cancel("run")` leave it resumable."""
        try:
            state, reason = self._loop()
        except (_Interrupted, KeyboardInterrupt):
            waiting = any(q.answered is None for q in self._state().questions.values())
            state = "waiting" if waiting else "interrupted"
            reason = "waits for an answer" if waiting else "interrupted"
        self._append("run_ended", {"state": state, "reason": reason})
        return report_of(self._state(), self.context, self.incident)

    def _loop(self) -> tuple[str, str]:
        while True:
            self._drain()
            if self._stopping:
                raise _Interrupted
            state = self._state()
            self.context.state = state
            match decide(self.context.runbook.steps, state):
                case End(ended, reason):
                    return ended, reason
                case Ask(question):
                    self._wait_for(question)
                case Settle(step, effect):
                    self._settle(state, step, effect)
                case Do(steps):
                    for step in steps:
                        self._step(state, self.context.runbook.step(step))

    def _state(self) -> RunState:
        after = self._events[-1].seq if self._events else 0
        self._events += self.journal.events(self.incident, after=after)
        return fold_run(self._events, self.run)

    def _append(
        self, kind: str, body: Mapping[str, Any], step: str = "", attempt: int = 0, artefacts: tuple[str, ...] = ()
    ) -> None:
        event = self.journal.append(
            self.incident, kind, body, run=self.run, epoch=self.epoch, step=step, attempt=attempt, artefacts=artefacts
        )
        self.front.show(event)

    def _drain(self) -> None:
        while True:
            try:
                item = self.front.inbox.get_nowait()
            except queue.Empty:
                return
            if isinstance(item, Cancel) and item.what == "run":
                raise _Interrupted

    # -- one step

    def _step(self, state: RunState, step: Step) -> None:
        kind = kinds()[step.kind]
        attempt = (state.steps[step.id].attempt if step.id in state.steps else 0) + 1
        asked = state.question_of(step.id)
        if asked is None and not self._wanted(step, kind, attempt):
            return
        if self.auto and kind.needs_person:
            self._skip(step, "needs a person", attempt)
            return
        if asked is None:
            self._append("step_started", {"kind": step.kind, "title": step.title, "why": step.common.why}, step.id, attempt)
        call = self._call(state, step, attempt, asked)
        if asked is None:
            try:
                question = kind.question(call)
            except RunbookError as error:
                self._finish(step, attempt, Outcome("failed", error=str(error)))
                return
            if question is not None:
                if self.auto and question.auto is None:
                    self._skip(step, "needs a person: the question has no `auto:` answer", attempt)
                else:
                    self._append("question_asked", _question_body(question), step.id, attempt)
                return
        self._perform(step, kind, call)

    def _call(self, state: RunState, step: Step, attempt: int, asked: AskedQuestion | None) -> Call:
        context = self.context
        return Call(
            step=step,
            attempt=attempt,
            run=self.run,
            incident=self.incident,
            epoch=self.epoch,
            project=self.project,
            subject=context.subject,
            runbook=context.runbook,
            at=context.subject.windows.now,
            values=context.values,
            bind=context.bind,
            bench=context.bench,
            journal=self.journal,
            state=state,
            answer=asked,
            auto=self.auto,
            keep=self.keep,
        )

    def _wanted(self, step: Step, kind: Kind, attempt: int) -> bool:
        when = step.common.when
        if when is None:
            return True
        try:
            met = self.context.bench.condition(when, self.context.bind(when), timeout=READ_TIMEOUT)
        except RunbookError as error:
            line = step.at("when")[0] + (error.line - 1 if isinstance(error, QueryError) and error.line else 0)
            message = f"when: {error} ({self.context.runbook.source}:{line})"
            self._append("step_started", {"kind": step.kind, "title": step.title, "why": step.common.why}, step.id, attempt)
            self._finish(step, attempt, Outcome("failed", error=message))
            return False
        if met is False:
            self._skip(step, f"not when {' '.join(when.split())}", attempt)
        elif met is None and (kind.effect == "read" or self.auto):
            person = "" if kind.effect == "read" else ", needs a person"
            self._skip(step, f"undecided: `when` is null{person}", attempt)
        elif met is None:
            text = f"Whether to do {step.id} ({step.title}) could not be decided: its condition is null. Do it?"
            question = Question(f"{self.run}/{step.id}/when", step.id, "confirm", text, ("yes", "no"))
            return self._ask_now(question, step, attempt)
        return met is not False and met is not None

    def _ask_now(self, question: Question, step: Step, attempt: int) -> bool:
        asked = self._state().questions.get(question.id)
        if asked is None:
            self._append("question_asked", _question_body(question), step.id, attempt)
            asked = self._state().questions[question.id]
        if asked.answered is None:
            self._wait_for(asked)
            asked = self._state().questions[question.id]
        if asked.choice == "yes":
            return True
        self._skip(step, f"left out by {asked.person or 'nobody'}", attempt)
        return False

    def _skip(self, step: Step, reason: str, attempt: int) -> None:
        body = {"reason": reason, "kind": step.kind, "title": step.title}
        self.context.settle(step, None)
        self._append("step_skipped", body, step.id, attempt)

    def _perform(self, step: Step, kind: Kind, call: Call) -> None:
        tries = (step.common.retry.times if step.common.retry and kind.effect == "read" else 0) + 1
        for left in reversed(range(tries)):
            effect = None
            try:
                effect = kind.plan(call)
            except RunbookError as error:
                self._finish(step, call.attempt, Outcome("failed", error=str(error)))
                return
            if effect is not None:
                body = {
                    "id": effect.id,
                    "kind": effect.kind,
                    "plan": effect.plan,
                    "sha256": effect.sha256,
                    "key": effect.key,
                    "undo": effect.undo,
                }
                self._append("effect_intended", body, step.id, call.attempt)
            started = self.project.clock()
            outcome = self._work(step, kind, call)
            if effect is not None:
                if outcome.state == "unknown":
                    self.front.show(Output(step.id, outcome.error, "err"))
                    raise _Interrupted
                self._append("effect_ended", {"id": effect.id, "state": outcome.state}, step.id, call.attempt)
            if outcome.state != "failed" or not left:
                break
            self.front.show(Output(step.id, f"{outcome.error}; trying again", "err"))
            if step.common.retry:
                self._pause(step.common.retry.wait)
        self._finish(step, call.attempt, outcome, (self.project.clock() - started).total_seconds())

    def _pause(self, wait: timedelta) -> None:
        try:
            item = self.front.inbox.get(timeout=wait.total_seconds())
        except queue.Empty:
            return
        if isinstance(item, Cancel):
            raise _Interrupted

    def _work(self, step: Step, kind: Kind, call: Call) -> Outcome:
        """Perform in a thread, and watch the inbox and the clock meanwhile."""
        self._drain()
        stop, results, signals = threading.Event(), queue.Queue[Outcome](), queue.Queue[Output | Progress]()
        limit = step.common.timeout or (READ_TIMEOUT if kind.effect == "read" else WRITE_TIMEOUT)
        worker = threading.Thread(
            target=self._guarded, args=(kind, call, signals.put, stop, results), daemon=True, name=step.id
        )
        deadline = threading.Event()
        timer = threading.Timer(limit.total_seconds(), deadline.set)
        timer.daemon = True
        why = ""
        timer.start()
        worker.start()
        try:
            while worker.is_alive():
                try:
                    self._relay(signals)
                    worker.join(TICK)
                    why = why or self._wish(deadline, limit)
                except KeyboardInterrupt:
                    why = "run"
                if why:
                    stop.set()
                    call.subject.interrupt()
        finally:
            timer.cancel()
        self._relay(signals)
        outcome = results.get_nowait()
        if why == "run":
            self._stopping = True
            if outcome.state in ("cancelled", "failed") and kind.effect == "read":
                raise _Interrupted
        if why.startswith("timed out") and outcome.state in ("cancelled", "failed"):
            return Outcome("failed", error=why)
        return outcome

    def _wish(self, deadline: threading.Event, limit: timedelta) -> str:
        if deadline.is_set():
            return f"timed out after {format_duration(limit)} (give the step a longer timeout:)"
        try:
            item = self.front.inbox.get_nowait()
        except queue.Empty:
            return ""
        return item.what if isinstance(item, Cancel) else ""

    def _relay(self, signals: queue.Queue[Output | Progress]) -> None:
        while True:
            try:
                self.front.show(signals.get_nowait())
            except queue.Empty:
                return

    def _guarded(
        self,
        kind: Kind,
        call: Call,
        emit: Callable[[Output | Progress], None],
        stop: threading.Event,
        results: queue.Queue[Outcome],
    ) -> None:
        try:
            results.put(kind.perform(call, emit, stop.is_set))
        except Cancelled:
            results.put(Outcome("cancelled", error="cancelled"))
        except QueryError as error:
            line = call.step.at(call.step.kind)[0]
            results.put(Outcome("failed", error=f"{error} ({call.runbook.source}:{line})"))
        except RunbookError as error:
            results.put(Outcome("failed", error=str(error)))
        except Exception as error:  # noqa: BLE001  (the border of a step: one step's fault must not take the run with it)
            path = self.project.crash_log(traceback.format_exc())
            results.put(
                Outcome("failed", error=f"internal error in {call.where}: {type(error).__name__}: {error} (details: {path})")
            )

    def _finish(self, step: Step, attempt: int, outcome: Outcome, seconds: float = 0.0) -> None:
        relation = ""
        if outcome.relation is not None:
            relation = self.journal.keep(_parquet(outcome.relation), "parquet")
        self.context.settle(step, outcome)
        table = outcome.table
        body = {
            "kind": step.kind,
            "title": step.title,
            "state": outcome.state,
            "text": outcome.text,
            "error": outcome.error,
            "findings": [f.as_json() for f in outcome.findings],
            "table": None
            if table is None
            else {
                "columns": table.columns,
                "types": table.types,
                "rows": table.rows,
                "more": table.more,
            },
            "value": plain(outcome.value),
            "artefacts": [a.as_json() for a in outcome.artefacts],
            "relation": relation,
            "query": outcome.query,
            "seconds": round(seconds, 3),
            "extra": dict(outcome.extra),
        }
        kept = tuple(a.sha256 for a in outcome.artefacts) + ((relation,) if relation else ())
        self._append("step_ended", body, step.id, attempt, kept)
        if step.kind == "notify":
            self.send(step.id)

    # -- questions

    def _wait_for(self, asked: AskedQuestion) -> None:
        question = question_of(asked)
        if self.auto:
            choice = question.auto if question.auto is not None else ""
            self._append(
                "answered", {"question": asked.id, "choice": choice, "person": "auto", "why": "unattended"}, asked.step
            )
            return
        self.front.show(Waiting(question))
        while True:
            if question.expires is not None and self.project.clock() >= question.expires:
                self._append("question_expired", {"question": asked.id}, asked.step)
                return
            try:
                item = self.front.inbox.get(timeout=0.2)
            except queue.Empty:
                if self._state().questions[asked.id].answered is not None:
                    return
                continue
            if isinstance(item, Cancel):
                raise _Interrupted
            if item.question != asked.id:
                continue
            refused = self._refusal(question, item)
            if refused:
                self.front.show(Output(asked.step, refused, "err"))
                self.front.show(Waiting(question))
                continue
            body = {"question": asked.id, "choice": item.choice, "person": item.person, "why": item.why}
            self._append("answered", body, asked.step)
            return

    def _refusal(self, question: Question, answer: Answer) -> str:
        if question.choices and answer.choice not in question.choices:
            return f"{answer.choice!r} is not an answer here; {did_you_mean(answer.choice, question.choices)}"
        if answer.choice != "yes" or question.kind not in ("confirm", "approve"):
            return ""
        runner = self.context.incident["runner_login"]
        if question.not_by == "runner" and answer.person == runner:
            return "the runner cannot confirm this step: it needs a second person"
        if question.by is not None:
            inventory = self.project.inventory
            teams = inventory.teams_for(question.by, self.context.subject.model)
            logins = {m.login for t in teams for m in inventory.file.teams[t].members}
            if answer.person not in logins:
                return f"{answer.person} is in none of the teams that may confirm this: {', '.join(teams)}"
        return ""

    def _settle(self, state: RunState, step: str, effect: str) -> None:
        """An effect that may have happened: only a person can say. It is never silently done again."""
        identity = f"{self.run}/{step}/settle/{effect}"
        asked = state.questions.get(identity)
        if asked is None:
            plan = state.effects[effect].body.get("plan")
            text = f"{step} was about to do {plan} and nobody knows whether it happened. Look, then say: was it done?"
            question = Question(identity, step, "settle", text, ("done", "not_done"))
            self._append("question_asked", _question_body(question), step)
            return
        if self.auto or asked.choice not in ("done", "not_done"):
            raise _Interrupted
        done = asked.choice == "done"
        self._append("effect_settled", {"id": effect, "state": "ok" if done else "failed", "person": asked.person}, step)
        said = f"settled by {asked.person}: {'it was done' if done else 'it was not done'}"
        outcome = Outcome("ok" if done else "failed", text=said, error="" if done else said)
        self._finish(self.context.runbook.step(step), state.steps[step].attempt, outcome)


def _question_body(question: Question) -> dict[str, Any]:
    effect = question.effect
    return {
        "id": question.id,
        "kind": question.kind,
        "text": question.text,
        "choices": list(question.choices),
        "type_this": question.type_this,
        "by": question.by,
        "not_by": question.not_by,
        "expires": question.expires,
        "auto": question.auto,
        "effect": None if effect is None else {"plan": effect.plan, "sha256": effect.sha256, "key": effect.key},
    }


def question_of(asked: AskedQuestion) -> Question:
    """The Question as it was put, from its event."""
    body = asked.body
    expires: datetime | None = parse_instant(str(body["expires"])) if body.get("expires") else None
    return Question(
        asked.id,
        asked.step,
        cast("QuestionKind", asked.kind),
        str(body["text"]),
        tuple(body.get("choices") or ()),
        type_this=body.get("type_this"),
        by=body.get("by"),
        not_by=body.get("not_by"),
        expires=expires,
        auto=body.get("auto"),
    )


def _parquet(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
