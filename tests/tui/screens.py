"""A night in values: what the app's threads would post, made up here, so that no test of a screen reads a log.

`App` is the app over these values; `do` presses keys by the names of actions; `text` is the screen as characters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from support.front import ANA, CLOCK
from textual.app import App as AnyApp
from textual.pilot import Pilot

from mlops_tui.alerts import AlertResult
from mlops_tui.core.finding import Finding, Provenance
from mlops_tui.core.threshold import Quantity, Threshold
from mlops_tui.core.window import Window, Windows
from mlops_tui.engine.types import Artefact, Question, Table
from mlops_tui.incidents.incident import Incident
from mlops_tui.incidents.messages import Message
from mlops_tui.incidents.run import AskedQuestion
from mlops_tui.incidents.timeline import Entry
from mlops_tui.inventory.types import Feature, Owner
from mlops_tui.report.chart import Band, Chart, Mark, Point, Series
from mlops_tui.session.check import ModelCheck
from mlops_tui.session.models import ModelLine, ModelsReport
from mlops_tui.session.runbooks import InputLine, RunbookLine
from mlops_tui.session.walks import PlannedStep, Walk, WalkStep
from mlops_tui.tui import messages as told
from mlops_tui.tui.actions import ACTIONS, actions
from mlops_tui.tui.app import RunbookApp
from mlops_tui.tui.drive import Drive, Front

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
ONSET = datetime(2026, 10, 13, 7, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOWS = Windows(NOW, CLOCK, Window(NOW - DAY, NOW), Window(NOW - 29 * DAY, NOW - DAY))

DROP = Finding(
    "crit",
    "model",
    "monitoring",
    "decision_rate",
    "decision_rate",
    "credit-risk",
    "credit-risk",
    {"region": "ES"},
    WINDOWS.current,
    WINDOWS.current.shift(-DAY),
    0.403,
    0.612,
    -0.209,
    "pp",
    "down",
    (-0.224, -0.194),
    1e-30,
    2611,
    2588,
    Threshold("change", below=Quantity.parse("-10pp"), above=Quantity.parse("10pp")),
    ONSET,
    17.0,
    "Approval rate of region=ES fell from 61.2% to 40.3% (-20.9 points, 95% -22.4..-19.4; 2,611 decisions)"
    " since 2026-10-13 07:00Z.",
    provenance=Provenance("SELECT count(*) FROM log", (), None, NOW),
)
CALM = replace(
    DROP, status="ok", slice={"region": "FR"}, value=0.61, change=-0.002, interval=(-0.02, 0.016), onset=None, score=0.2
)
FEW = replace(
    CALM, status="insufficient", slice={"region": "PT"}, n=12, summary="12 decisions, where 30 are needed.", score=0.0
)
LABEL = replace(
    DROP,
    plane="feature",
    kind="feature_drift",
    check_name="feature_drift",
    target="bank_label",
    reference=WINDOWS.reference,
    value=0.84,
    baseline=0.01,
    change=None,
    unit="psi",
    interval=None,
    score=12.0,
    summary="Feature bank_label in region=ES drifted from the reference: 'credit_line' 6.0% to 28.9% (PSI 0.84).",
)
FIRED = AlertResult(
    "approval-drop", "decision_rate", True, (DROP,), (), (), "approval-drop", ("credit-ml", "risk"), "SEV2", DROP.summary
)
QUIET = replace(
    FIRED, alert_id="source-volume", check="volume", fired=False, firing=(), reason="None of 1 findings is beyond it."
)
CHECK = ModelCheck("credit-risk", WINDOWS, timedelta(minutes=31), (DROP, LABEL, FEW, CALM), (FIRED, QUIET))
OTHER = ModelCheck(
    "collections-priority", WINDOWS, timedelta(hours=1, minutes=5), (replace(CALM, model="collections-priority"),), (QUIET,)
)
MODELS = ModelsReport(
    "Acme Credit",
    (
        ModelLine(
            "credit-risk",
            "Approves or rejects loans to merchants.",
            "Ana Ruiz",
            "credit-ml",
            ("credit-ml", "risk"),
            6,
            2,
            ("bank_feed",),
        ),
        ModelLine(
            "collections-priority", "Says who gets a call.", "Nora Weiss", "collections", ("collections",), 5, 1, ("bank_feed",)
        ),
    ),
)
BOOK = RunbookLine(
    "approval-drop",
    "Approval rate dropped in a segment",
    "Walks ML on-call and risk on-call from the alert to the broken part of the chain.",
    "SEV2",
    6,
    ("approval-drop",),
    ("credit-risk",),
    (InputLine("region", "segment", "look at this region, whatever the alert found", "", False, ()),),
)
FEATURES = {
    "bank_label": Feature(
        type="categorical",
        version=1,
        owner=Owner(team="payments-data", name="Ivo Lang"),
        description="The bank's own label of most of the merchant's turnover.",
        source="bank_feed",
        intended_use=["credit-risk"],
    ),
    "session_count_30m": Feature(
        type="numeric", version=1, owner=Owner(team="credit-ml", name="Tom Beck"), description="Sessions.", status="deprecated"
    ),
}
CHAIN = SimpleNamespace(id="credit-risk", features=FEATURES, problems=())


def chart() -> Chart:
    """Eight days of one region's approvals, with the drop."""
    points = tuple(
        Point(start, 0.61 if start < ONSET else 0.40, start + timedelta(hours=6), n=600)
        for start in (NOW - 8 * DAY + timedelta(hours=6 * i) for i in range(32))
    )
    return Chart(
        "decision_rate",
        "lines",
        "Share approved in region=ES fell from 61.2% to 40.3%",
        "credit-risk, by region, per 6 hours",
        "time",
        "approved, share of decisions",
        "%",
        (Series("ES", "worst", points, "ES 40.3%"),),
        Band(0.58, 0.64, "usual for ES"),
        (Mark(ONSET, "onset 10-13 07:00Z", "onset"),),
    )


def at(minute: int, second: int = 0) -> datetime:
    """A moment of the night."""
    return datetime(2026, 10, 14, 3, minute, second, tzinfo=UTC)


TIMELINE = (
    Entry(at(31), "aruiz", "incident opened: Approval rate dropped in a segment: credit-risk (SEV2)", "incident_opened"),
    Entry(at(31, 1), "aruiz", "runbook approval-drop started (run INC-7.1)", "run_started"),
    Entry(at(31, 4), "aruiz", f"step scope: attention: {DROP.summary}", "step_ended", "scope"),
    Entry(at(33), "lvogt", "note: two merchants called, both in Spain", "note"),
    Entry(at(34), "aruiz", "asked: What broke: the data, the model, or has the world changed?", "question_asked", "verdict"),
)
SENT = Message("m1", "INC-7", "risk", "#risk-oncall", DROP.summary, "INC-7", (), at(32), "tell", state="sent")
WAITS = replace(SENT, id="m2", channel="#ml-incidents", state="waiting", reason="Slack says: rate limited, again in 30 s")
INCIDENT = Incident(
    "INC-7",
    "Approval rate dropped in a segment: credit-risk",
    "credit-risk",
    "approval-drop",
    "SEV2",
    "open",
    at(31),
    "aruiz",
    runs=("INC-7.1",),
    timeline=TIMELINE,
    findings=(DROP, LABEL),
    messages=(SENT, WAITS),
)
CLOSED = replace(
    INCIDENT, id="INC-6", status="closed", title="Feature drift: credit-risk", opened_at=at(0) - 9 * DAY, timeline=()
)
ASKED = AskedQuestion(
    "INC-7.1/verdict", "verdict", "ask", {"text": "What broke: the data, the model, or has the world changed?"}, at(34)
)
QUESTION = Question(ASKED.id, "verdict", "ask", str(ASKED.body["text"]), ("data", "model", "world", "unsure"))
DANGER = Question(
    "INC-7.1/contain/1",
    "verdict",
    "approve",
    "Send rejections to people\n  mlctl review credit-risk --segment region=ES\nRun it?",
    ("yes", "no"),
    type_this="credit-risk",
    by="on_call",
)


def plan(name: str, title: str, why: str = "", kind: str = "check") -> PlannedStep:
    """A step as written."""
    return PlannedStep(name, kind, title, why)


STEPS = (
    WalkStep(
        plan(
            "scope", "Where did the approval rate move?", "One region means an upstream or a policy change; all mean the model."
        ),
        "attention",
        f"alert approval-drop fires: {DROP.summary}",
        findings=(DROP, FEW, CALM),
        query="SELECT count(*) FROM log",
    ),
    WalkStep(plan("quiet", "Is it a false alarm?"), "skipped", "not when (select bool_and(status = 'ok') from scope)"),
    WalkStep(
        plan("shipped", "What changed just before?", "The cause is usually the last thing that somebody changed on purpose."),
        "ok",
        "1 row",
        table=Table(("ts", "kind", "what"), ("VARCHAR",) * 3, (("2026-10-13T07:00:00Z", "regulation", "Labels change"),)),
    ),
    WalkStep(
        plan("graphs", "The graphs"),
        "ok",
        "1 chart",
        charts=(chart(),),
        artefacts=(Artefact("png", ".runbook/state/incidents/INC-7/run-1/decision_rate.png", "0" * 64),),
    ),
    WalkStep(
        plan("verdict", "Say what broke", "It decides who acts next. Unsure is an honest answer."), "waiting", asked=ASKED
    ),
    WalkStep(plan("writeup", "The postmortem draft"), "pending"),
)
WALK = Walk(
    INCIDENT, "INC-7.1", "approval-drop", "Approval rate dropped in a segment", "credit-risk", NOW, False, "open", "", STEPS, 20
)


class App(RunbookApp):
    """The app with the night's values and no thread that reads anything."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self._never, **kwargs)

    @staticmethod
    def _never() -> Any:
        raise AssertionError("a screen's test opens no project")

    def _begin(self) -> None:
        """Nothing begins by itself."""

    def fill(self) -> None:
        """Post what the threads would."""
        state = self.state
        state.project = SimpleNamespace(  # type: ignore[assignment]
            root=Path("/nowhere"),
            zone=ZoneInfo("Europe/Madrid"),
            clock=lambda: CLOCK,
            actor=ANA,
            apart=lambda: state.project,
            interrupt=lambda: None,
            crash_log=lambda text: text,
        )
        state.models, state.runbooks = MODELS, (BOOK,)
        state.chains["credit-risk"] = CHAIN  # type: ignore[assignment]
        state.walks["INC-7", "INC-7.1"] = WALK
        state.drafts["INC-7"] = told.Drafted(
            "INC-7",
            SimpleNamespace(incident="INC-7", text="# INC-7\n\n## Summary\n\nApprovals fell.", folder=".runbook/state"),
            "",  # type: ignore[arg-type]
        )
        self.hear(told.Checked("credit-risk", CHECK))
        self.hear(told.Checked("collections-priority", OTHER))
        self.hear(told.Listed((INCIDENT, CLOSED)))

    def read_incidents(self) -> None:
        """They are known."""

    def read_draft(self, incident: str) -> None:
        """It is known."""

    def read_walk(self, incident: str, run: str = "") -> None:
        """It is known."""

    def drives(self, question: Question | None = QUESTION) -> Drive:
        """As if this app drove INC-7.1."""
        self.drive = Drive("approval-drop", Front(self.hear), "INC-7", "INC-7.1", question=question)
        return self.drive


async def do(pilot: Pilot[Any], *names: str) -> None:
    """Press the keys of these actions, by name, on whatever screen is on top."""
    for name in names:
        screen = getattr(pilot.app.screen, "NAME", None)
        known = actions(screen) if screen else ACTIONS
        await pilot.press(next(a for a in known if a.id == name).keys[0])
    await pilot.pause()


def text(app: AnyApp[Any]) -> str:
    """The screen as characters, without trailing spaces."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips).rstrip() + "\n"


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end."""
    asyncio.run(story)
