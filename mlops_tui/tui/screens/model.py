"""One model: what its checks found, its alerts, its features with their owners, the runbooks that apply."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Container
from textual.widget import Widget

from mlops_tui.tui.doc import Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.rows import Rows
from mlops_tui.tui.screens import shown
from mlops_tui.tui.screens.model_tabs import TABS, Known, Line
from mlops_tui.tui.screens.tabs import Tabs


class ModelPage(Page):
    """Four tabs over one list, and what is under its cursor."""

    NAME = "model"
    BINDINGS = bindings("model")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model = name
        self._with_query = False
        self._known: Known | None = None
        self._lines: dict[str, Line] = {}
        self._listed: tuple[int, str] = (-1, "")

    def body(self) -> Iterable[Widget]:
        """Tabs, list, detail."""
        yield Tabs([t.name for t in TABS], id="tabs")
        yield Container(Rows(TABS[0].columns, empty=TABS[0].empty, id="list"), Pane(id="detail"), classes="split")

    def on_mount(self) -> None:
        """Read its chain."""
        super().on_mount()
        self.own.describe(self._model)
        self.own.check_missing(self._model)

    def models(self) -> tuple[str, ...]:
        """The models that this screen shows."""
        return (self._model,)

    # -- what it shows

    def render_state(self) -> None:
        """The open tab."""
        state, tabs = self.own.state, self.query_one("#tabs", Tabs)
        check, chain = state.checks.get(self._model), state.chains.get(self._model)
        known = Known(check, chain, state.runbooks_of(self._model))
        problem = "; ".join(check.problems) if check and not check.findings else state.failed.get(f"check {self._model}", "")
        if not known.same(self._known) or self._listed != (tabs.at, problem):
            self._list(known, problem)
        self._crumbs()

    def _list(self, known: Known, problem: str) -> None:
        """List the lines of the open tab."""
        tabs = self.query_one("#tabs", Tabs)
        self._known, self._listed = known, (tabs.at, problem)
        tab = TABS[tabs.at]
        tabs.count(*(t.count(known) for t in TABS))
        lines = tab.lines(known)
        self._lines = {line.row.key: line for line in lines}
        self.query_one("#list", Rows).fill([line.row for line in lines], columns=tab.columns, empty=problem or tab.empty)
        self._show_detail()

    def _crumbs(self) -> None:
        from mlops_tui.core.window import both_zones, format_duration

        state = self.own.state
        check, incident = state.checks.get(self._model), state.open_incident(self._model)
        side = short = ""
        if check and check.windows and state.project:
            old = f", newest row {format_duration(check.age)} old" if check.age is not None else ""
            side = f"data until {both_zones(check.windows.now, state.project.zone)}{old}"
            short = f"data until {both_zones(check.windows.now, state.project.zone)}"
        self.query_one("#crumbs", Crumbs).show("fleet", self._model, incident.id if incident else "", side=side, short=short)

    def on_rows_moved(self) -> None:
        """Another row."""
        self._show_detail(top=True)

    def _show_detail(self, *, top: bool = False) -> None:
        line, known = self._line, self._known

        def draw(doc: Doc) -> None:
            if line is not None:
                line.tell(doc, self._with_query)
            elif self._listed[0] == 0 and known is not None and known.check is not None:
                shown.checked(doc, known.check, "")

        self.query_one("#detail", Pane).show(draw, top=top)

    @property
    def _line(self) -> Line | None:
        """The line under the cursor."""
        return self._lines.get(self.query_one("#list", Rows).key)

    # -- what it does

    def _tab(self, at: int) -> None:
        if self.query_one("#tabs", Tabs).go(at):
            self.query_one("#list", Rows).cursor = 0
            self.render_state()

    def action_tab_1(self) -> None:
        """Findings."""
        self._tab(0)

    def action_tab_2(self) -> None:
        """Alerts."""
        self._tab(1)

    def action_tab_3(self) -> None:
        """Features."""
        self._tab(2)

    def action_tab_4(self) -> None:
        """Runbooks."""
        self._tab(3)

    def action_next_tab(self) -> None:
        """The next one."""
        self._tab(self.query_one("#tabs", Tabs).at + 1)

    def action_last_tab(self) -> None:
        """The one before."""
        self._tab(self.query_one("#tabs", Tabs).at - 1)

    def on_rows_chosen(self) -> None:
        """Clicked."""
        self.action_open()

    def action_open(self) -> None:
        """An alert or a runbook starts it; anything else has its details shown already."""
        from mlops_tui.tui.screens.start import choose

        line = self._line
        if line is not None and line.starts:
            choose(self.own, self._model, line.starts)
        elif self._listed[0] == 1:
            self.own.tell("this alert names no runbook")
        else:
            self.action_zoom()

    def action_run(self) -> None:
        """Choose a runbook."""
        from mlops_tui.tui.screens.start import choose

        choose(self.own, self._model)

    def action_zoom(self) -> None:
        """The whole screen for the details."""
        self.toggle_class("-zoom")

    def action_back(self) -> None:
        """Out of the details first."""
        if self.has_class("-zoom"):
            self.remove_class("-zoom")
        else:
            super().action_back()

    def action_query(self) -> None:
        """The query behind the finding."""
        self._with_query = not self._with_query
        self._show_detail()
