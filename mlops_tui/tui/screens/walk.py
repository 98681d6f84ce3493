"""The walk: steps at the left, the step under the cursor in the middle with its question, the incident's timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import STATE_TONES, Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.rows import Cell, Column, Row, Rows
from mlops_tui.tui.screens import shown
from mlops_tui.tui.screens.question import Question

if TYPE_CHECKING:
    from mlops_tui.session.walks import Walk, WalkStep

STEPS = (Column("STEP", shrink=True, least=8), Column("STATE"), Column("WHAT", shrink=True, least=6, from_width=40))


class WalkPage(Page):
    """A run: the one that this app drives, or any other to look at."""

    NAME = "walk"
    AUTO_FOCUS = "#steps"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("walk"), Binding("enter", "confirm", show=False)]

    def __init__(self, incident: str = "", run: str = "", *, driven: bool = False) -> None:
        super().__init__()
        self.driven = driven
        self._incident, self._run = incident, run
        self._following = True
        self._with_query = False
        self._on = ""

    def body(self) -> Iterable[Widget]:
        """Steps, result and question, timeline."""
        yield Horizontal(
            Rows(STEPS, empty="opening the log", id="steps"),
            Vertical(Pane(id="result"), Question(id="question"), id="main"),
            Pane(id="timeline"),
            id="walk",
        )

    # -- what it shows

    @property
    def walk(self) -> Walk | None:
        """The run as it is known."""
        drive = self.own.drive
        if self.driven and drive is not None:
            self._incident, self._run = drive.incident, drive.run
        return self.own.state.walks.get((self._incident, self._run))

    @property
    def step(self) -> WalkStep | None:
        """The step under the cursor."""
        walk = self.walk
        key = self.query_one("#steps", Rows).key
        return next((s for s in walk.steps if s.id == key), None) if walk else None

    def render_state(self) -> None:
        """The run, the step under the cursor, what is asked."""
        walk = self.walk
        if walk is not None:
            rows = self.query_one("#steps", Rows)
            rows.fill([self._row(s) for s in walk.steps])
            if self._following:
                rows.go(walk.current)
        self._crumbs(walk)
        self._ask()
        self._result()
        if walk is not None:
            self.query_one("#timeline", Pane).show(lambda doc: shown.timeline(doc, walk.incident, most=4))
            self.query_one("#timeline", Pane).scroll_end(animate=False)

    def hidden(self) -> set[str]:
        """Nothing to answer, nothing to take up."""
        walk, drive = self.walk, self.own.drive if self.driven else None
        hidden = super().hidden()
        if walk is None or walk.finished or (drive is not None and not drive.over):
            hidden.add("go_on")
        if drive is None or drive.question is None:
            hidden.add("answer")
        return hidden

    @property
    def rows(self) -> Rows | None:
        """The choices while one answers, else the steps, also while they are out of view."""
        focused = self.focused
        return focused if isinstance(focused, Rows) else self.query_one("#steps", Rows)

    def _row(self, step: WalkStep) -> Row:
        state = step.state
        drive = self.own.drive if self.driven else None
        if drive is not None and drive.step == step.id and state not in ("waiting",):
            state = "running"
        return Row(
            step.id,
            (Cell(one_line(step.id)), Cell(state, STATE_TONES.get(state, "plain")), Cell(one_line(step.plan.title), "muted")),
        )

    def _crumbs(self, walk: Walk | None) -> None:
        crumbs = self.query_one("#crumbs", Crumbs)
        drive = self.own.drive
        if walk is None:
            crumbs.show("walk", drive.name if drive and self.driven else self._incident)
            return
        done = sum(s.state not in ("pending", "running", "waiting") for s in walk.steps)
        until = f"data until {walk.at:%m-%d %H:%M}Z" + (" replayed" if walk.replayed else "") if walk.at else ""
        state = "" if walk.state == "open" else f"{walk.state} "
        side = f"{state}{done}/{len(walk.steps)} · {walk.incident.severity} · {until}"
        short = f"{state}{done}/{len(walk.steps)} · {walk.incident.severity}"
        crumbs.show(walk.incident.id, walk.runbook, walk.model, side=side, short=short)

    def _ask(self) -> None:
        """The question stands below the step that asks it; looking at another step, only the status line tells of it."""
        drive = self.own.drive if self.driven else None
        box, step = self.query_one("#question", Question), self.step
        question = drive.question if drive else None
        if question is not None and step is not None and question.step not in ("", step.id):
            question = None
        appeared = question is not None and box.asked != question
        box.ask(question)
        if appeared:
            box.take_focus()
        elif question is None and self.focused is not None and box in self.focused.ancestors:
            self.set_focus(self.query_one("#steps", Rows))

    def _result(self) -> None:
        step, drive = self.step, self.own.drive if self.driven else None
        pane = self.query_one("#result", Pane)
        if step is None:
            question = drive.question if drive else None
            pane.show(lambda doc: doc.line(("opening the log and the journal" if question is None else "", "muted")))
            return
        walk = self.walk
        live = tuple(drive.lines.get(step.id, ())) if drive else ()
        progress = drive.progress if drive and drive.step == step.id else None
        running = drive is not None and drive.step == step.id
        new = self._on != step.id
        self._on = step.id

        def draw(doc: Doc) -> None:
            boxed = self.query_one("#question", Question).asked is not None
            found = walk.incident.findings if walk is not None else ()
            shown.step(
                doc,
                step,
                live=live,
                running=running,
                progress=progress,
                query=self._with_query,
                boxed=boxed,
                so_far=found,
            )
            if walk is not None and walk.finished and step.id == walk.steps[walk.current].id:
                shown.ending(doc, walk)

        pane.show(draw, top=new)
        if running and live:
            pane.scroll_end(animate=False)

    # -- what it does

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Look at another step. Away from the step the run is at, the cursor stays where the person put it."""
        walk = self.walk
        if event.rows.id == "steps" and walk is not None:
            self._following = event.key == walk.steps[walk.current].id
            self._ask()
            self._result()

    def on_question_given(self, event: Question.Given) -> None:
        """An answer goes to the engine."""
        self.own.answer(event.choice, event.why)
        self._following = True
        self.set_focus(self.query_one("#steps", Rows))

    def on_key(self, event: events.Key) -> None:
        """Digits pick a choice while a question stands there."""
        if event.key.isdigit() and self.query_one("#question", Question).asked is not None:
            self.query_one("#question", Question).pick(int(event.key))
            self.query_one("#question", Question).take_focus()

    def action_confirm(self) -> None:
        """Enter: the picked choice is meant; on the steps, go to the question."""
        box = self.query_one("#question", Question)
        if box.asked is None:
            return
        if self.focused is not None and box in self.focused.ancestors:
            box.confirm()
        else:
            box.take_focus()

    def action_answer(self) -> None:
        """To the question that waits."""
        drive = self.own.drive if self.driven else None
        if drive is None or drive.question is None:
            self.own.tell("nothing is asked now")
            return
        self.action_follow()
        self.query_one("#question", Question).take_focus()

    def action_follow(self) -> None:
        """To the step the run is at."""
        walk = self.walk
        self._following = True
        if walk is not None:
            self.query_one("#steps", Rows).go(walk.current)
        self._ask()
        self._result()

    def action_back(self) -> None:
        """From the reason to the choice, from the question to the steps, from the walk to the screen before."""
        box = self.query_one("#question", Question)
        if box.back():
            return
        if self.focused is not None and box in self.focused.ancestors:
            self.set_focus(self.query_one("#steps", Rows))
            return
        super().action_back()

    def action_note(self) -> None:
        """A note, at any moment."""
        from mlops_tui.tui.screens.note import NoteBox

        incident = self._incident
        if not incident:
            self.own.tell("there is no incident yet that could take a note")
            return
        self.own.push_screen(NoteBox(incident), lambda text: self.own.note(incident, text) if text else None)

    def action_timeline(self) -> None:
        """Show or hide it."""
        self.remove_class("-zoom")
        self.toggle_class("-with-timeline")
        self.query_one("#timeline", Pane).scroll_end(animate=False)

    def action_zoom(self) -> None:
        """The whole width for the result."""
        self.remove_class("-with-timeline")
        self.toggle_class("-zoom")

    def action_query(self) -> None:
        """The query behind the numbers."""
        self._with_query = not self._with_query
        self._result()

    def action_incident(self) -> None:
        """The incident of this run."""
        if self._incident:
            self.own.open_incident(self._incident)

    def action_go_on(self) -> None:
        """Take the run up again."""
        walk = self.walk
        if walk is None or walk.finished:
            self.own.tell("this run has reached its end")
        elif self.own.driving:
            self.own.tell("it is under way")
        else:
            self.own.pop_screen()
            self.own.begin_resume(walk.incident.id)
