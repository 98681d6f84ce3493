"""Every incident, newest first."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Container
from textual.widget import Widget

from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.rows import Cell, Column, Row, Rows
from mlops_tui.tui.screens import shown

COLUMNS = (
    Column("INCIDENT"),
    Column("STATUS"),
    Column("SEV"),
    Column("OPENED"),
    Column("MODEL", shrink=True, least=10),
    Column("ALERT", shrink=True, least=8, from_width=100),
    Column("TITLE", shrink=True, least=12),
)


class Incidents(Page):
    """The list, and the timeline of the one under the cursor."""

    NAME = "incidents"
    BINDINGS = bindings("incidents")

    def body(self) -> Iterable[Widget]:
        """List and timeline."""
        yield Container(Rows(COLUMNS, empty="reading the journal", id="list"), Pane(id="detail"), classes="split")

    def on_mount(self) -> None:
        """Read the journal anew."""
        super().on_mount()
        self.own.read_incidents()

    def render_state(self) -> None:
        """The incidents as they stand."""
        found = self.own.state.incidents
        opened = sum(i.status == "open" for i in found or ())
        self.query_one("#crumbs", Crumbs).show("incidents", side=f"{opened} open of {len(found)}" if found else "")
        if found is None:
            return
        rows = [
            Row(
                i.id,
                (
                    Cell(i.id),
                    Cell(i.status, "ask" if i.status == "open" else "muted"),
                    Cell(i.severity),
                    Cell(f"{i.opened_at:%m-%d %H:%M}Z"),
                    Cell(one_line(i.model)),
                    Cell(one_line(i.alert or "-")),
                    Cell(one_line(i.title)),
                ),
            )
            for i in found
        ]
        self.query_one("#list", Rows).fill(rows, empty="no incidents: nothing ever ran in this project")
        self._show_detail()

    def _show_detail(self) -> None:
        key = self.query_one("#list", Rows).key
        found = next((i for i in self.own.state.incidents or () if i.id == key), None)

        def draw(doc: Doc) -> None:
            if found is not None:
                shown.timeline(doc.head(found.title).blank(), found)

        self.query_one("#detail", Pane).show(draw)

    def on_rows_moved(self) -> None:
        """Another one."""
        self._show_detail()

    def on_rows_chosen(self) -> None:
        """Open it."""
        self.action_open()

    def action_open(self) -> None:
        """The incident under the cursor."""
        key = self.query_one("#list", Rows).key
        if key:
            self.own.open_incident(key)
