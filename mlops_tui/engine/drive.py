"""The only place with threads and effects: drives one run from its journal to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from mlops_tui.core.errors import JournalError, NotTheDriver, QueryError, RunbookError
from mlops_tui.engine.asking import SETTLED, approved, question_body, question_of, refusal, settling, undecided
from mlops_tui.engine.context import RunContext
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.kinds.base import Call, Kind
from mlops_tui.engine.machine import Ask, Conclude, Do, End, Settle, decide
from mlops_tui.engine.outcomes import SUFFIX, outcome_body, relation_bytes
from mlops_tui.engine.perform import Performer
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.talk import Interrupted, Talk
from mlops_tui.engine.tell import report_of
from mlops_tui.engine.types import Artefact, Cancel, Effect, FrontEnd, Outcome, Question, RunReport, Waiting
from mlops_tui.incidents.run import NOT_STARTED, SETTLE, AskedQuestion, RunFold, RunState, StepRecord
from mlops_tui.journal import Event

if TYPE_CHECKING:
    from mlops_tui.journal.journal import Driver, Journal
    from mlops_tui.project import Project

LISTEN = 0.2
"""Seconds between two looks at the journal for an answer from elsewhere."""
UNATTENDED = "nobody is asked in an unattended run"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a drive uses beside the journal: the kept files, and what sends messages."""

    keep: Callable[[bytes, str, str, str], Artefact]
    send: Callable[[str], None]
    """Called after a step that queued messages; must return at once."""


class Drive:
    """One drive of one run: from the folded journal to an end, a wait or an interruption."""

    def __init__(
        self,
        project: Project,
        journal: Journal,
        driver: Driver,
        context: RunContext,
        front: FrontEnd,
        tools: Tools,
        *,
        auto: bool,
    ) -> None:
        self.project, self.journal, self.driver, self.context, self.tools = project, journal, driver, context, tools
        self.run, self.incident, self.auto = driver.run, driver.stream, auto
        self.talk = Talk(front, project)
        self.performer = Performer(project, context, self.talk)
        self._fold = RunFold(self.run)
        self._seq = 0

    def go(self, first: Event) -> RunReport:
        """Perform what `decide` says until the run is over. Ctrl-C and `Cancel("run")` leave it resumable.

        `first` is the event that made this process the driver, to be shown. Raises JournalError where what happens can
        no longer be written down, and NotTheDriver where another process has taken over: the run is left as it is then.
        """
        self.context.restore(self._state())
        self.talk.show(first)
        try:
            state, reason = self._loop()
        except (Interrupted, KeyboardInterrupt):
            waiting = isinstance(decide(self.context.runbook.steps, self._state()), Ask)
            state = "waiting" if waiting else "interrupted"
            reason = self.talk.fault or ("waits for an answer" if waiting else "interrupted")
        except NotTheDriver:
            raise
        except JournalError as error:
            then = f"runbook resume {self.incident}"
            raise JournalError(
                error.message, where=error.where, hint=f"{error.hint}; {then}" if error.hint else then
            ) from error
        self._append("run_ended", {"state": state, "reason": reason})
        return report_of(self._state(), self.context, self.incident)

    def _loop(self) -> tuple[str, str]:
        while True:
            self.talk.settle()
            state = self._state()
            match decide(self.context.runbook.steps, state):
                case End(ended, reason):
                    return ended, reason
                case Ask(question):
                    self._wait_for(question)
                case Settle(step, effect):
                    self._settle(state, step, effect)
                case Conclude(step, effect):
                    self._conclude(state, step, effect)
                case Do(steps):
                    for step in steps:
                        self._step(state, self.context.runbook.step(step))

    def _state(self) -> RunState:
        """The state now. What others appended since the last look is shown."""
        events = self.journal.events(self.incident, after=self._seq)
        looked = self._seq > 0
        if events:
            self._seq = events[-1].seq
            self._fold.add(events)
        for event in events if looked else ():
            if event.run in ("", self.run) and (event.actor.host, event.actor.pid) != self._here:
                self.talk.show(event)
        self.context.state = self._fold.state
        return self.context.state

    @property
    def _here(self) -> tuple[str, int]:
        return self.project.actor.host, self.project.actor.pid

    def _append(
        self, kind: str, body: Mapping[str, object], step: str = "", attempt: int = 0, artefacts: tuple[str, ...] = ()
    ) -> None:
        self.talk.show(self.driver.append(kind, body, step=step, attempt=attempt, artefacts=artefacts))

    # -- one step

    def _step(self, state: RunState, step: Step) -> None:
        kind = kinds()[step.kind]
        record = state.steps.get(step.id)
        if record is None and not self._wanted(step, kind):
            return
        if self.auto and kind.needs_person:
            self._skip(step, "needs a person")
            return
        asked = state.own_question(step.id, record.attempt) if record is not None else None
        if record is None or asked is None or state.effect_of(step.id) is not None:
            self._begin(state, step, kind, record)
            return
        self._perform(step, kind, self._call(state, step, record.attempt, asked))

    def _begin(self, state: RunState, step: Step, kind: Kind, record: StepRecord | None) -> None:
        """A new attempt: told, asked about where the kind asks, else performed."""
        attempt = (record.attempt if record is not None else 0) + 1
        self._append("step_started", {"kind": step.kind, "title": step.title, "why": step.common.why}, step.id, attempt)
        self._foresee(step)
        call = self._call(state, step, attempt, None)
        try:
            question = kind.question(call)
        except Exception as error:  # noqa: BLE001 - the border of a step, as when it is performed
            self._finish(step, attempt, self.performer.failed(step, error))
            return
        if question is None:
            self._perform(step, kind, call)
        elif self.auto and question.auto is None:
            self._skip(step, "needs a person: the question has no `auto:` answer", attempt)
        else:
            self._ask(question, step.id, attempt)

    def _foresee(self, step: Step) -> None:
        """What a coming chart needs makes itself ready while the walk goes on, unless a person is asked before."""
        steps = self.context.runbook.steps
        for ahead in steps[steps.index(step) :]:
            if ahead.kind == "chart":
                self.context.painter.warm()
            if ahead.kind == "chart" or (kinds()[ahead.kind].asks and not self.auto):
                return

    def _call(self, state: RunState, step: Step, attempt: int, asked: AskedQuestion | None) -> Call:
        return self.context.call(
            step=step,
            attempt=attempt,
            answer=asked,
            state=state,
            run=self.run,
            incident=self.incident,
            epoch=self.driver.epoch,
            project=self.project,
            auto=self.auto,
            keep=self.tools.keep,
        )

    def _wanted(self, step: Step, kind: Kind) -> bool:
        """Whether the step's condition lets it begin; where not, it is skipped, failed or a person is asked."""
        when = step.common.when
        if when is None:
            return True
        try:
            met = self.performer.condition(step, when)
        except RunbookError as error:
            self._append("step_started", {"kind": step.kind, "title": step.title, "why": step.common.why}, step.id, 1)
            self._finish(step, 1, Outcome("failed", error=f"when: {self.performer.placed(step, 'when', error)}"))
            return False
        if met is not None:
            if not met:
                self._skip(step, f"not when {' '.join(when.split())}")
            return met
        if kind.effect == "read" or self.auto:
            person = "" if kind.effect == "read" else ", needs a person"
            self._skip(step, f"undecided: `when` is null{person}")
            return False
        question = undecided(self.run, step.id, step.title)
        asked = self._state().questions.get(question.id)
        if asked is None:
            self._ask(question, step.id)
        elif asked.choice == "yes":
            return True
        else:
            self._skip(step, f"left out by {asked.person or 'nobody'}")
        return False

    def _skip(self, step: Step, reason: str, attempt: int = 1) -> None:
        self.context.settle(step, None)
        self._append("step_skipped", {"reason": reason, "kind": step.kind, "title": step.title}, step.id, attempt)

    # -- performing

    def _perform(self, step: Step, kind: Kind, call: Call) -> None:
        refused = kind.refused(call)
        if refused is not None:
            self._finish(step, call.attempt, refused)
            return
        try:
            effect = kind.plan(call)
        except Exception as error:  # noqa: BLE001 - the border of a step, as when it is performed
            self._finish(step, call.attempt, self.performer.failed(step, error))
            return
        if effect is not None and not approved(call.answer, effect):
            self.talk.say(step.id, "what would be done is no longer what was confirmed; it is asked again")
            self._begin(call.state, step, kind, call.state.steps[step.id])
            return
        call = replace(call, effect=effect)
        if effect is not None:
            self._intend(effect, step.id)
        began = monotonic()
        outcome = self.performer.perform(step, kind, call)
        self._finish(step, call.attempt, outcome, monotonic() - began, "" if effect is None else effect.id)

    def _intend(self, effect: Effect, step: str) -> None:
        """Writes down what is about to be done. Raises Interrupted where somebody stopped the run just before it began."""
        self.talk.settle()
        self.driver.check()
        body = {n: getattr(effect, n) for n in ("id", "kind", "plan", "sha256", "key", "undo")}
        self._append("effect_intended", body, step, effect.attempt)
        if self.talk.stopping:
            self._append("effect_ended", {"id": effect.id, "state": NOT_STARTED}, step, effect.attempt)
            raise Interrupted
        self.driver.check()

    def _finish(self, step: Step, attempt: int, outcome: Outcome, seconds: float = 0.0, effect: str = "") -> None:
        """Writes down how a step ended; first, where it had an effect, how that ended, with all that this will say."""
        relation = ""
        try:
            self.context.settle(step, outcome)
            if outcome.relation is not None:
                relation = self.journal.keep(relation_bytes(outcome.relation), SUFFIX)
        except QueryError as error:
            outcome = Outcome("failed", error=str(error))
        body = outcome_body(step, outcome, relation=relation, seconds=seconds)
        kept = tuple(a.sha256 for a in outcome.artefacts) + ((relation,) if relation else ())
        if effect and outcome.state != "unknown":
            self._append("effect_ended", {"id": effect, "state": outcome.state, "outcome": body}, step.id, attempt, kept)
        self._append("step_ended", body, step.id, attempt, kept)
        if step.kind == "notify":
            self.tools.send(step.id)

    # -- questions

    def _wait_for(self, asked: AskedQuestion) -> None:
        question = question_of(asked)
        if self.auto:
            self._unattended(asked, question.auto)
            return
        self.talk.show(Waiting(question))
        while not self.talk.stopping:
            if question.expires is not None and self.project.clock() >= question.expires:
                self._append("question_expired", {"question": asked.id}, asked.step)
                return
            item = self.talk.next(LISTEN)
            if item is None:
                if self._state().questions[asked.id].answered is not None:
                    return
                continue
            if isinstance(item, Cancel):
                raise Interrupted
            if item.question != asked.id:
                continue
            refused = refusal(question, item, self.project.inventory, self.context.subject.model, self.project.actor.login)
            if refused:
                self.talk.say(asked.step, refused)
                self.talk.show(Waiting(question))
                continue
            body = {"question": asked.id, "choice": item.choice, "person": item.person, "why": item.why}
            self._append("answered", body, asked.step)
            return

    def _unattended(self, asked: AskedQuestion, answer: str | None) -> None:
        """Nobody is asked: the question's own answer is taken, else the step is left out; an effect stays unsettled."""
        if answer is not None:
            body = {"question": asked.id, "choice": answer, "person": "auto", "why": "unattended"}
            self._append("answered", body, asked.step)
            return
        if asked.kind == SETTLE:
            self.talk.say(asked.step, "a person must say whether this was done: runbook resume without --auto")
            raise Interrupted
        self._skip(self.context.runbook.step(asked.step), "needs a person", asked.attempt or 1)
        self._append("question_expired", {"question": asked.id, "why": UNATTENDED}, asked.step)

    def _settle(self, state: RunState, step: str, effect: str) -> None:
        """Asks what became of an effect until it is said; never guesses."""
        put = [q for q in state.questions.values() if q.kind == SETTLE and q.step == step and f"/{effect}/" in q.id]
        said = put[-1] if put and put[-1].choice in SETTLED else None
        if said is None:
            question = settling(self.run, state.effects[effect], state.steps[step], len(put) + 1)
            self._ask(question, step, state.steps[step].attempt)
            return
        settled = "ok" if said.choice == "done" else "failed"
        self._append("effect_settled", {"id": effect, "state": settled, "person": said.person}, step)

    def _ask(self, question: Question, step: str, attempt: int = 0) -> None:
        self._append("question_asked", question_body(question), step, attempt)

    def _conclude(self, state: RunState, step: str, effect: str) -> None:
        """The step's end, from what was written down of its effect before the driver was lost."""
        known, record = state.effects[effect], state.steps[step]
        if known.settled:
            said = f"settled by {known.person}: it was done"
            self._finish(self.context.runbook.step(step), record.attempt, Outcome("ok", text=said))
        else:
            self._append("step_ended", known.outcome, step, record.attempt, known.artefacts)
