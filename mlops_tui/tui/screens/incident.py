"""One incident: its timeline, its findings, its messages, its draft."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.widget import Widget

from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.screens import shown
from mlops_tui.tui.screens.tabs import Tabs

if TYPE_CHECKING:
    from mlops_tui.channels.outbox import Message
    from mlops_tui.incidents.incident import Incident

NAMES = ("Timeline", "Findings", "Messages", "Draft")
_MESSAGE_TONES = {"sent": "okay", "failed": "crit", "unsure": "unsure"}


class IncidentPage(Page):
    """An incident, read from the journal."""

    NAME = "incident"
    AUTO_FOCUS = ""
    BINDINGS = bindings("incident")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._incident = name
        self._drawn: tuple[int, object] = (-1, None)

    def body(self) -> Iterable[Widget]:
        """Tabs, and one text."""
        yield Tabs(NAMES, id="tabs")
        yield Pane(id="text")

    def on_mount(self) -> None:
        """Read it anew."""
        super().on_mount()
        self.own.read_incidents()
        self.own.read_draft(self._incident)

    def hidden(self) -> set[str]:
        """There may be no run to look at, or none that was left."""
        found = self.incident
        hidden = super().hidden()
        if found is None or not found.runs:
            return hidden | {"go_on"}
        walk, drive = self.own.state.walks.get((found.id, found.runs[-1])), self.own.drive
        under_way = self.own.driving and drive is not None and drive.incident == found.id
        over = found.status != "open" or under_way or (walk is not None and walk.finished)
        return (hidden | {"go_on"} if over else hidden) - {"walk"}

    @property
    def incident(self) -> Incident | None:
        """The incident, once it was read."""
        return next((i for i in self.own.state.incidents or () if i.id == self._incident), None)

    def render_state(self) -> None:
        """The open tab."""
        found = self.incident
        crumbs, tabs = self.query_one("#crumbs", Crumbs), self.query_one("#tabs", Tabs)
        if found is None:
            crumbs.show("incidents", self._incident)
            return
        opened = f"opened {found.opened_at:%Y-%m-%d %H:%M}Z by {found.opened_by}" + (" (replayed)" if found.replayed else "")
        short = f"{found.severity} · {found.status} · opened {found.opened_at:%m-%d %H:%M}Z"
        crumbs.show("incidents", found.id, found.model, side=f"{found.severity} · {found.status} · {opened}", short=short)
        late = sum(m.open for m in found.messages)
        messages = f"{len(found.messages)}" + (f", {late} wait" if late else "")
        tabs.count(str(len(found.timeline)), str(len(found.findings)), messages, "")
        draw = (self._timeline, self._findings, self._messages, self._draft)[tabs.at]
        now = (tabs.at, (found, self.own.state.drafts.get(found.id)))
        if now != self._drawn:
            pane = self.query_one("#text", Pane)
            pane.show(draw, top=tabs.at != self._drawn[0])
            if tabs.at == 0:
                pane.scroll_end(animate=False)
            self._drawn = now

    def _timeline(self, doc: Doc) -> None:
        if self.incident is not None:
            shown.timeline(doc.head(self.incident.title).blank(), self.incident)

    def _findings(self, doc: Doc) -> None:
        found = self.incident
        if found is None or not found.findings:
            doc.line(("no step has found anything yet", "muted"))
            return
        doc.line(("the worst finding of each step", "muted")).blank().findings(found.findings).blank()
        for finding in found.findings:
            doc.prose(finding.summary, indent="  ", first="· ")

    def _messages(self, doc: Doc) -> None:
        found = self.incident
        if found is None or not found.messages:
            doc.line(("no message was written", "muted"))
            return
        for message in found.messages:
            self._message(doc, message)

    def _message(self, doc: Doc, message: Message) -> None:
        tone = _MESSAGE_TONES.get(message.state, "warn")
        doc.line(
            (message.state, tone),
            f" to {one_line(message.channel)}",
            (f"  {message.queued:%m-%d %H:%M}Z, step {message.step}", "muted"),
        )
        doc.prose(message.text, indent="  ")
        if message.reason:
            doc.prose(message.reason, "muted", indent="  ")
        doc.blank()

    def _draft(self, doc: Doc) -> None:
        made = self.own.state.drafts.get(self._incident)
        if made is None:
            doc.line(("the draft is being made", "muted"))
        elif made.draft is None:
            doc.prose(made.reason, "muted")
        else:
            doc.facts(
                [
                    ("draft of", made.incident),
                    ("charts in", made.draft.folder),
                    ("print it", f"runbook postmortem {made.incident}"),
                ]
            )
            doc.blank().prose(made.draft.text)

    # -- what it does

    def _tab(self, at: int) -> None:
        if self.query_one("#tabs", Tabs).go(at):
            self.render_state()

    def action_tab_1(self) -> None:
        """Timeline."""
        self._tab(0)

    def action_tab_2(self) -> None:
        """Findings."""
        self._tab(1)

    def action_tab_3(self) -> None:
        """Messages."""
        self._tab(2)

    def action_tab_4(self) -> None:
        """Draft."""
        self._tab(3)

    def action_next_tab(self) -> None:
        """The next one."""
        self._tab(self.query_one("#tabs", Tabs).at + 1)

    def action_last_tab(self) -> None:
        """The one before."""
        self._tab(self.query_one("#tabs", Tabs).at - 1)

    def action_note(self) -> None:
        """A note for it."""
        from mlops_tui.tui.screens.note import NoteBox

        name = self._incident
        self.own.push_screen(NoteBox(name), lambda text: self.own.note(name, text) if text else None)

    def action_walk(self) -> None:
        """Look at its newest run, or go to it where this app drives it."""
        from mlops_tui.tui.screens.walk import WalkPage

        found, drive = self.incident, self.own.drive
        if drive is not None and drive.incident == self._incident:
            self.own.to_walk()
        elif found is None or not found.runs:
            self.own.tell(f"no runbook ran in {self._incident} yet")
        else:
            self.own.read_walk(found.id, found.runs[-1])
            self.own.push_screen(WalkPage(found.id, found.runs[-1]))

    def action_go_on(self) -> None:
        """Take up the run that was left."""
        if self.own.drive is not None and self.own.driving and self.own.drive.incident == self._incident:
            self.own.to_walk()
        else:
            self.own.begin_resume(self._incident)
