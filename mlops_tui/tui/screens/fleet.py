"""The fleet: every model, the worst of each, and what to do about the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.widget import Widget

from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import STATUS_TONES, Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.rows import Cell, Column, Row, Rows
from mlops_tui.tui.screens import shown

if TYPE_CHECKING:
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.models import ModelLine

COLUMNS = (
    Column("STATUS"),
    Column("MODEL", shrink=True, least=12),
    Column("OWNER", shrink=True, least=8),
    Column("DATA", right=True),
    Column("FIRED", right=True, from_width=90),
    Column("INCIDENT"),
    Column("ON CALL", from_width=130),
    Column("WORST", shrink=True, least=20),
)


class Fleet(Page):
    """The first screen."""

    NAME = "fleet"
    BINDINGS = bindings("fleet")

    def body(self) -> Iterable[Widget]:
        """The list, and the model under its cursor."""
        yield Container(Rows(COLUMNS, empty="reading inventory.yaml", id="models"), Pane(id="detail"), classes="split")

    def models(self) -> tuple[str, ...]:
        """The models that this screen shows."""
        return tuple(m.id for m in self.own.state.models.models) if self.own.state.models else ()

    def hidden(self) -> set[str]:
        """There is nothing to go back to."""
        return super().hidden() | {"back"}

    def on_screen_resume(self) -> None:
        """Whoever comes here wants to know how the models are."""
        super().on_screen_resume()
        self.own.check_missing()

    def render_state(self) -> None:
        """Every model's row, as far as it is known."""
        state = self.own.state
        crumbs = self.query_one("#crumbs", Crumbs)
        rows = self.query_one("#models", Rows)
        if state.models is None:
            crumbs.show("fleet")
            return
        crumbs.show("fleet", state.models.organisation, side=self._side())
        rows.fill([self._row(m) for m in state.models.models], empty="the inventory names no model yet")
        self._show_detail()

    def _side(self) -> str:
        state = self.own.state
        known = list(state.checks.values())
        fired = sum(a.fired for c in known for a in c.alerts)
        waiting = len(self.models()) - len(known)
        fires = f"{fired} alerts fire" if fired > 1 else "1 alert fires" if fired else "no alert fires"
        models = len(self.models())
        parts = ["1 model" if models == 1 else f"{models} models", fires if known else ""]
        return ", ".join([*(p for p in parts if p), *([f"{waiting} not checked yet"] if waiting else [])])

    def _row(self, line: ModelLine) -> Row:
        state = self.own.state
        check = state.checks.get(line.id)
        incident = state.open_incident(line.id)
        status, worst = status_of(check, state.failed.get(f"check {line.id}"))
        return Row(
            line.id,
            (
                status,
                Cell(one_line(line.id)),
                Cell(one_line(line.owner)),
                Cell(age(check)),
                Cell(
                    str(sum(a.fired for a in check.alerts)) if check else "-",
                    "crit" if check and any(a.fired for a in check.alerts) else "plain",
                ),
                Cell(incident.id if incident else "-", "ask" if incident else "muted"),
                Cell(", ".join(line.on_call), "muted"),
                worst,
            ),
        )

    def on_rows_moved(self) -> None:
        """Show the model under the cursor."""
        self._show_detail(top=True)

    def on_rows_chosen(self) -> None:
        """Open it."""
        self.action_open()

    def _show_detail(self, *, top: bool = False) -> None:
        state = self.own.state
        name = self.query_one("#models", Rows).key
        line = next((m for m in state.models.models if m.id == name), None) if state.models else None
        if line is None:
            return
        check, incident = state.checks.get(name), state.open_incident(name)
        failed = state.failed.get(f"check {name}", "")

        def draw(doc: Doc) -> None:
            doc.head(line.id).prose(line.description, "muted")
            facts = [("owner", f"{line.owner} ({line.team})"), ("on call", ", ".join(line.on_call))]
            if incident:
                facts.append(("incident", f"{incident.id} {incident.severity}: {incident.title}"))
            doc.facts(facts)
            shown.checked(doc.blank(), check, failed)

        self.query_one("#detail", Pane).show(draw, top=top)

    def action_open(self) -> None:
        """The model under the cursor."""
        name = self.query_one("#models", Rows).key
        if name:
            self.own.open_model(name)

    def action_run(self) -> None:
        """Choose a runbook for the model under the cursor."""
        from mlops_tui.tui.screens.start import choose

        name = self.query_one("#models", Rows).key
        if name:
            choose(self.own, name)


def age(check: ModelCheck | None) -> str:
    """How old the data is."""
    from mlops_tui.core.window import format_duration

    return format_duration(check.age) if check and check.age is not None else "-"


def status_of(check: ModelCheck | None, failed: str | None) -> tuple[Cell, Cell]:
    """A model's worst status as a word, and its worst finding."""
    if check is None:
        return Cell("…" if not failed else "UNKNOWN", "unsure" if failed else "muted"), Cell(failed or "checking", "muted")
    if check.windows is None:
        return Cell("UNKNOWN", "unsure"), Cell(one_line("; ".join(check.problems)))
    from mlops_tui.core.finding import STATUS_WORDS

    if not check.findings:
        return Cell("UNKNOWN", "unsure"), Cell("nothing was checked")
    worst = check.findings[0]
    tone = STATUS_TONES[worst.status]
    return Cell(STATUS_WORDS[worst.status], tone), Cell(in_short(worst))


def in_short(finding: object) -> str:
    """A finding in a few words: where, what, by how much."""
    from mlops_tui.core.finding import Finding
    from mlops_tui.report import words

    assert isinstance(finding, Finding)
    if finding.status == "ok":
        return "nothing moved beyond its threshold"
    return f"{words.what(finding)} {words.change(finding)}, {words.where(finding.slice)}"
