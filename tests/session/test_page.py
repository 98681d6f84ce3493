"""The page: one incident for each alert, told once, told again only when it is worse or long ago."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.paged import INVENTORY, ONSET, TOM, Night, log

from mlops_tui.core.errors import UnknownName, UsageError
from mlops_tui.core.window import iso
from mlops_tui.incidents.incident import Incident
from mlops_tui.session import acts
from mlops_tui.session.incidents import incident, incidents
from mlops_tui.session.page import NotifyReport, notify, waits
from tests.channels.slack_server import POST, SHARE, TOKEN, SlackServer, Workspace, answer, slack_error

PNG = b"\x89PNG\r\n\x1a\nchart"
DROP = {"ES": 0.3}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Charts are built and not painted; what would have been painted is kept. No proxy is asked."""
    drawn: list[Any] = []

    def pngs(charts: Any, *, timeout: float = 0) -> list[bytes]:
        drawn.extend(charts)
        return [PNG for _ in charts]

    monkeypatch.setattr("mlops_tui.report.pngs", pngs)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return drawn


@pytest.fixture
def server() -> Iterator[SlackServer]:
    running = SlackServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    running.space.scopes.add("channels:history")
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def slack(server: SlackServer) -> Workspace:
    return server.space


@pytest.fixture
def night(tmp_path: Path, server: SlackServer) -> Night:
    """Approvals of ES fell from 60 % to 30 %, ten hours ago."""
    made = Night(tmp_path, server.url)
    made.settle()
    made.write(log(10, DROP))
    made.at(10)
    return made


def page(night: Night, **more: Any) -> NotifyReport:
    return notify(night.project(), suite=False, pause=night.waits.append, **more)


def acted(report: NotifyReport) -> list[tuple[str, str]]:
    return [(p.act, p.incident) for p in report.paged]


def only(night: Night) -> Incident:
    (found,) = incidents(night.project())
    return found


def kinds(found: Incident) -> list[str]:
    return [e.kind for e in found.timeline if e.kind.startswith(("alert", "incident", "acked"))]


def test_an_alert_that_fires_opens_an_incident_and_pages_its_teams(night: Night, slack: Workspace) -> None:
    """What moved, by how much, since when, the chart and the line to type, in each team's channel; severity is the alert's."""
    report = page(night)
    assert acted(report) == [("opened", "INC-1")]
    assert report.fired
    found = only(night)
    assert (found.severity, found.alert, found.model, found.firing) == ("SEV2", "approval-drop", "credit", True)
    assert (found.status, found.replayed) == ("open", False)
    for channel in ("ml-incidents", "risk-oncall"):
        shown = slack.render(channel)
        assert "SEV2 · approval-drop · credit · INC-1" in shown
        assert "Approval rate of region=ES fell from 6" in shown
        assert "Since 2026-09-21 00:00Z (02:00 CEST)" in shown
        assert "    runbook run drop --incident INC-1" in shown
        assert "    runbook ack INC-1" in shown
        assert "bytes] Share approved in region=ES fell" in shown
        posts = slack.channel(f"#{channel}").posts
        assert [p.get("thread_ts") for p in posts] == [None, posts[0]["ts"]]
    assert next(e.text for e in found.timeline if e.kind == "alert_fired").endswith("(paged ml, risk)")


def test_what_is_known_is_not_paged_again(night: Night, slack: Workspace) -> None:
    """Every later look joins the open incident, and leaves nothing behind."""
    page(night)
    before = [night.project().journal(create=False).head("INC-1"), len(slack.requests)]
    night.at(10.5)
    report = page(night)
    assert acted(report) == [("hold", "INC-1")]
    assert report.fired
    assert report.paged[0].why == "paged 30m ago, and no worse"
    assert [night.project().journal(create=False).head("INC-1"), len(slack.requests)] == before


def test_after_the_alerts_quiet_period_it_pages_again(night: Night, slack: Workspace) -> None:
    """Four hours where the alert declares none, else what it declares; the second page says that it is one, and who knows."""
    page(night)
    acts.ack(night.project(TOM), "INC-1", "on it")
    night.at(13.9)
    assert acted(page(night)) == [("hold", "INC-1")]
    night.at(14)
    assert acted(page(night)) == [("page", "INC-1")]
    shown = slack.render("ml-incidents")
    assert "Page 2 of this incident: it still fires, 4h after the last word." in shown
    assert "Seen by Tom Beck at 2026-09-21 10:00Z (12:00 CEST)." in shown
    night.settle(INVENTORY.replace("severity: SEV2", "severity: SEV2\n        quiet: 30m"))
    night.at(14.5)
    assert acted(page(night)) == [("page", "INC-1")]
    assert len([m for m in only(night).messages if m.layout]) == 6


def test_what_spreads_is_paged_at_once(night: Night, slack: Workspace) -> None:
    """A second region that falls is news, however soon."""
    page(night)
    night.write(log(11, DROP | {"FR": 0.3}))
    night.at(11)
    report = page(night)
    assert acted(report) == [("page", "INC-1")]
    assert report.paged[0].why == "it spread: decision, region=FR"
    assert "region=FR fell" in slack.render("risk-oncall")


def test_what_gets_half_as_bad_again_is_paged(night: Night, slack: Workspace) -> None:
    """A move beyond one and a half times the paged one, and beyond its interval, is worse."""
    page(night)
    night.write(log(16, {"ES": 0.02}))
    night.at(16)
    night.settle(INVENTORY.replace("severity: SEV2", "severity: SEV2\n        quiet: 2d"))
    assert [p.why for p in page(night).paged] == ["it is worse: decision, region=ES"]


def test_a_fault_of_yesterday_is_no_baseline(night: Night, slack: Workspace) -> None:
    """Two days on, day over day sees no move any more: the incident is held against the day before the onset, and fires."""
    night.write(log(22, DROP))
    night.at(22)
    page(night)
    night.write(log(60, DROP))
    night.at(60)
    report = page(night)
    assert not report.check.fired
    assert acted(report) == [("page", "INC-1")]
    assert report.fired
    assert "it still fires" in report.paged[0].why
    assert only(night).firing is True


def test_a_recovery_is_shown_and_never_paged(night: Night, slack: Workspace) -> None:
    """When the rate is back the alert is quiet again: said in the thread, no new page, and a person closes the incident."""
    page(night)
    night.write(log(60, DROP, until=20))
    night.at(58)
    report = page(night)
    assert acted(report) == [("resolve", "INC-1")]
    assert not report.fired
    found = only(night)
    assert (found.status, found.firing) == ("open", False)
    assert len([m for m in found.messages if m.layout]) == 2
    last = slack.channel("#ml-incidents").posts[-1]
    assert last["thread_ts"] == slack.channel("#ml-incidents").posts[0]["ts"]
    assert last["text"].startswith("approval-drop of credit is quiet again")
    night.at(59)
    assert acted(page(night)) == [("quiet", "INC-1")]


def test_the_rise_after_a_fault_pages_nobody(night: Night, slack: Workspace) -> None:
    """A way back without any incident is a recovery: nothing is opened."""
    night.write(log(34, DROP, until=12))
    night.at(34)
    assert acted(page(night)) == [("quiet", "")]
    assert incidents(night.project()) == ()
    assert not (night.root / ".runbook").exists()


def test_a_log_that_cannot_be_read_does_not_look_like_health(night: Night, slack: Workspace) -> None:
    """While nothing can be measured the incident neither resolves nor pages; once it can, all goes on."""
    page(night)
    shutil.move(night.root / "logs", night.root / "away")
    report = page(night)
    assert acted(report) == [("blind", "")]
    assert report.check.models[0].problems
    assert only(night).firing is True
    shutil.move(night.root / "away", night.root / "logs")
    assert acted(page(night)) == [("hold", "INC-1")]


def test_for_waits_until_it_has_lasted(night: Night, slack: Workspace) -> None:
    """`for: 12h` pages when the fault is twelve hours old."""
    night.settle(INVENTORY.replace("severity: SEV2", "severity: SEV2\n        for: 12h"))
    report = page(night)
    assert acted(report) == [("pending", "")]
    assert report.paged[0].why == "it fires since 10h, and pages after 12h"
    night.write(log(13, DROP))
    night.at(13)
    assert acted(page(night)) == [("opened", "INC-1")]


def test_an_incident_that_a_person_opened_is_joined(night: Night, slack: Workspace) -> None:
    """Somebody ran the runbook before the alert was looked at: one incident, which then is paged."""
    project = night.project()
    with project.journal(create=True) as journal:
        body = {"title": "t", "model": "credit", "alert": "approval-drop", "severity": "SEV1"}
        journal.start_stream("INC-", "incident_opened", body)
    assert acted(page(night)) == [("page", "INC-1")]
    assert "SEV1 · approval-drop" in slack.render("ml-incidents")


def test_a_closed_incident_is_not_opened_again_by_the_same_fault(night: Night, slack: Workspace) -> None:
    """Whoever closes it has seen that it fires; a new one opens when it is worse, long ago, or after a quiet time."""
    page(night)
    done = acts.close(night.project(), "INC-1", "false_alarm", "a holiday")
    assert "still fires" in done.warning
    night.at(11)
    assert acted(page(night)) == [("hold", "INC-1")]
    night.write(log(12, DROP | {"DE": 0.3}))
    night.at(12)
    assert acted(page(night)) == [("opened", "INC-2")]
    assert [i.id for i in incidents(night.project())] == ["INC-2", "INC-1"]


def test_once_quiet_a_closed_incident_is_over(night: Night, slack: Workspace) -> None:
    """The next fault is a new incident."""
    page(night)
    acts.close(night.project(), "INC-1")
    night.write(log(60, DROP, until=12))
    night.at(40)
    page(night)
    told = len(slack.channel("#ml-incidents").posts)
    assert incident(night.project(), "INC-1").firing is False
    first, second = log(48, DROP, until=12), log(18, DROP, days=22, seed=9)
    night.write(pa.concat_tables([first, second.filter(pc.greater_equal(second["ts"], pa.scalar(ONSET + 2 * DAY)))]))
    night.at(48 + 18)
    assert acted(page(night)) == [("opened", "INC-2")]
    assert len(slack.channel("#ml-incidents").posts) > told


def test_without_a_token_the_page_waits_and_goes_out_later(night: Night, server: SlackServer, slack: Workspace) -> None:
    """The incident and its page are in the journal; what is missing is said; with a token it is delivered, in order."""
    night.slack = ""
    report = page(night)
    assert acted(report) == [("opened", "INC-1")]
    assert waits(night.project(), report.sent).startswith("2 messages wait: no Slack token")
    night.slack = server.url
    assert acted(page(night)) == [("hold", "INC-1")]
    assert slack.texts("ml-incidents")[1].startswith("[Share approved")
    assert all(m.state == "sent" for m in only(night).messages)


def test_slack_down_for_a_moment_is_met_at_once(night: Night, slack: Workspace) -> None:
    """A page is tried a few times before it waits for the next flush."""
    slack.faults_at[POST] = [answer(503, "down"), slack_error("service_unavailable")]
    page(night)
    assert night.waits == [1.0, 3.0]
    assert len(slack.texts("ml-incidents")) == 2


def test_a_team_without_a_channel_is_said_and_stops_nobody(night: Night, slack: Workspace) -> None:
    """An alert that pages nobody, an unknown team and one without a channel: the incident opens, and the report says so."""
    night.settle(INVENTORY.replace("page: [ml, risk]", "page: [quiet, nobody, ml]"))
    (paged,) = page(night).paged
    assert paged.to == ("ml (#ml-incidents)",)
    assert paged.problems == ("team quiet has no slack channel in inventory.yaml", "no team is called 'nobody'")
    night.settle(INVENTORY.replace("        page: [ml, risk]\n", ""))
    acts.close(night.project(), "INC-1")
    night.at(20)
    (paged,) = page(night).paged
    assert (paged.act, paged.to) == ("opened", ())
    assert "names no team" in paged.problems[0]


def test_a_page_goes_out_without_its_chart(night: Night, slack: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart that cannot be drawn delays nobody: the page says why there is none."""
    from mlops_tui.core.errors import RunbookError

    def broken(*_: Any, **__: Any) -> list[bytes]:
        raise RunbookError("the charts were not drawn within 20 s", where="png")

    monkeypatch.setattr("mlops_tui.report.pngs", broken)
    page(night)
    assert "No chart: png: the charts were not drawn within 20 s." in slack.render("ml-incidents")
    assert slack.files == {}


def test_a_replay_pages_as_one_and_keeps_to_itself(night: Night, slack: Workspace) -> None:
    """`--at` in the past: the incident and the page say that it is a replay, and a live one is not taken for it."""
    night.write(log(30, DROP))
    night.at(400)
    at = iso(ONSET + timedelta(hours=10))
    assert acted(page(night, at=at)) == [("opened", "INC-1")]
    assert only(night).replayed
    shown = slack.render("ml-incidents")
    assert "REPLAY · SEV2 · approval-drop" in shown
    assert f"runbook run drop --incident INC-1 --at {at}" in shown
    assert acted(page(night, at=at)) == [("hold", "INC-1")]
    assert acted(page(night))[0][1] != "INC-1"
    acts.close(night.project(), "INC-1")
    assert acted(page(night, at=at))[0] == ("opened", incidents(night.project())[0].id)


def test_an_unknown_model_is_refused(night: Night) -> None:
    """Before anything is looked at or written."""
    with pytest.raises(UnknownName, match="credti"):
        notify(night.project(), ["credti"])
    assert not (night.root / ".runbook").exists()


def test_nothing_sensitive_and_no_token_leaves(night: Night, slack: Workspace, quick: list[Any]) -> None:
    """Names of people in the log are in no message, chart or journal; the token is in nothing that is kept."""
    report = page(night)
    sent = repr([c.posts for c in slack.channels]) + repr(slack.requests) + repr(report.as_json()) + repr(quick)
    assert "Canary Person" not in sent
    for path in (night.root / ".runbook").rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes()
            assert b"Canary Person" not in path.read_bytes()


def test_small_cells_stay_here(night: Night, slack: Workspace, quick: list[Any]) -> None:
    """Eight rows are enough for an alert that says so, and too few to be told: neither in words nor in the chart."""
    night.settle(INVENTORY.replace("severity: SEV2", "severity: SEV2\n        min_n: 5\n        where: {region: NL}"))
    night.settle((night.root / "inventory.yaml").read_text().replace("        by: region\n", ""))
    base = log(10, {})
    few = log(10, {}, seed=5).slice(0, 0)
    rows = {c: [] for c in base.column_names}
    for hours, decision in [(-20 - i, "approved") for i in range(8)] + [(1 + i, "rejected") for i in range(8)]:
        rows["ts"].append(ONSET + timedelta(hours=hours, minutes=30))
        rows["region"].append("NL")
        rows["decision"].append(decision)
        rows["label"].append("rent")
        rows["name"].append("x")
    tiny = pa.table(rows, schema=base.schema)
    night.write(pa.concat_tables([base, few, tiny]))
    assert acted(page(night)) == [("opened", "INC-1")]
    shown = slack.render("ml-incidents")
    assert "fewer than 10 rows stand behind it" in shown
    assert "8 decisions" not in shown
    loud = next(s for s in quick[0].series if s.role == "worst")
    assert all(p.y is None or p.n is None or p.n >= 10 for p in loud.points)


def test_text_from_data_plays_no_tricks_in_the_channel(night: Night, slack: Workspace) -> None:
    """A region called `<!channel> *x*` mentions nobody and formats nothing."""
    table = log(10, DROP)
    evil = "<!channel> *x* `y`\x1b[2J"
    column = pa.array([evil if r == "ES" else r for r in table["region"].to_pylist()])
    night.write(table.set_column(table.column_names.index("region"), "region", column))
    page(night)
    (post,) = [p for p in slack.channel("#ml-incidents").posts if p.get("blocks")]
    assert "<!channel>" not in repr(post)
    assert "\x1b" not in repr(post)
    assert "region=&lt;!channel&gt; *x* `y`" in post["text"]


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
sys.path[:0] = [sys.argv[4], sys.argv[4] + "/tests"]
import mlops_tui.report
from mlops_tui.journal.journal import Journal
mlops_tui.report.pngs = lambda charts, *, timeout=0: [b"png" for _ in charts]
append = Journal.append
def dying(self, stream, type, *args, **named):
    event = append(self, stream, type, *args, **named)
    if type == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return event
Journal.append = dying
start = Journal.start_stream
def starting(self, *args, **named):
    event = start(self, *args, **named)
    if sys.argv[3] == "incident_opened":
        os.kill(os.getpid(), signal.SIGKILL)
    return event
Journal.start_stream = starting
from support.paged import Night
from mlops_tui.session.page import notify
night = Night(Path(sys.argv[1]), sys.argv[2])
night.at(10)
notify(night.project(), suite=False)
"""


@pytest.mark.parametrize("moment", ["incident_opened", "alert_fired", "message_queued", "message_tried"])
def test_killed_while_paging_the_next_look_pages(night: Night, slack: Workspace, moment: str) -> None:
    """-9 after any entry of the journal: one incident, and each team is told once."""
    root = Path(__file__).parents[2]
    died = subprocess.run([sys.executable, "-c", KILLED, str(night.root), night.slack, moment, str(root)], capture_output=True)
    assert died.returncode == -9, died.stderr
    page(night)
    page(night)
    assert [i.id for i in incidents(night.project())] == ["INC-1"]
    for channel in ("ml-incidents", "risk-oncall"):
        texts = slack.texts(channel)
        assert len([t for t in texts if "SEV2" in t]) == 1
        assert len(texts) == 2


def test_two_that_page_at_the_same_time_open_one_incident(night: Night, slack: Workspace) -> None:
    """cron and a watch: one incident, one page."""
    ready = threading.Barrier(2)
    found: list[list[tuple[str, str]]] = []

    def go() -> None:
        project = night.project()
        ready.wait()
        found.append(acted(notify(project, suite=False)))

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [[("hold", "INC-1")], [("opened", "INC-1")]]
    assert len(only(night).messages) == 2


# what people do


def test_an_acknowledgement_is_told_where_it_matters(night: Night, slack: Workspace) -> None:
    """Who and when, in the incident and in every thread of it; twice only with something new to say."""
    page(night)
    night.at(10.25)
    done = acts.ack(night.project(), "INC-1", "looking <!here>")
    assert done.said == "INC-1 acknowledged by Ana Ruiz at 2026-09-21 10:15Z (12:15 CEST): looking <!here>"
    (seen,) = only(night).acks
    assert (seen.who, seen.note) == ("aruiz", "looking <!here>")
    for channel in ("#ml-incidents", "#risk-oncall"):
        last = slack.channel(channel).posts[-1]
        assert last["text"].endswith("looking &lt;!here&gt;")
        assert "thread_ts" in last
    with pytest.raises(UsageError, match="you acknowledged INC-1 already, at 2026-09-21 10:15Z"):
        acts.ack(night.project(), "INC-1")
    acts.ack(night.project(), "INC-1", "it is the labels")
    acts.ack(night.project(TOM), "INC-1")
    assert [a.who for a in only(night).acks] == ["aruiz", "aruiz", "tbeck"]
    with pytest.raises(UnknownName, match="INC-9"):
        acts.ack(night.project(), "INC-9")


def test_a_severity_is_set_once_and_told(night: Night, slack: Workspace) -> None:
    """The same one, one that does not exist, and one of a closed incident are refused in words."""
    page(night)
    done = acts.severity(night.project(), "INC-1", "sev1", "the CFO called")
    assert done.said == "INC-1 is SEV1 now (was SEV2), set by Ana Ruiz: the CFO called"
    assert only(night).severity == "SEV1"
    assert slack.texts("risk-oncall")[-1] == done.said
    with pytest.raises(UsageError, match="SEV1 already"):
        acts.severity(night.project(), "INC-1", "SEV1")
    with pytest.raises(UnknownName, match="SEV7"):
        acts.severity(night.project(), "INC-1", "SEV7")
    acts.close(night.project(), "INC-1")
    with pytest.raises(UsageError, match=r"was closed at .* by Ana Ruiz"):
        acts.severity(night.project(), "INC-1", "SEV4")


def test_an_incident_is_closed_once(night: Night, slack: Workspace) -> None:
    """How and why, in the timeline and the thread; afterwards notes are still taken, acknowledgements are not."""
    page(night)
    done = acts.close(night.project(), "INC-1", "resolved", "labels mended")
    assert done.said == "INC-1 closed as resolved by Ana Ruiz: labels mended"
    assert slack.texts("ml-incidents")[-1] == done.said
    found = only(night)
    assert (found.status, found.closed_as) == ("closed", "resolved")
    for act in (acts.close, acts.ack):
        with pytest.raises(UsageError, match="was closed"):
            act(night.project(), "INC-1")
    acts.note(night.project(), "INC-1", "the bank confirmed it")
    assert only(night).notes[-1].text == "the bank confirmed it"
    with pytest.raises(UsageError, match="empty note"):
        acts.note(night.project(), "INC-1", " \n ")
    with pytest.raises(UnknownName, match="fixed"):
        acts.close(night.project(), "INC-1", "fixed")


def test_what_is_under_way_is_not_closed(night: Night) -> None:
    """While a run is driven, and where nobody knows what a write did, the incident stays open; the error says what to do."""
    page(night)
    with night.project().journal(create=False) as journal:
        with journal.drive("INC-1", "INC-1.1") as driver:
            driver.append("run_started", {"runbook": "drop"})
            driver.append("effect_intended", {"id": "x", "plan": "p"}, step="contain")
            with pytest.raises(UsageError, match="under way: Ana Ruiz on host lab"):
                acts.close(night.project(TOM), "INC-1")
        with pytest.raises(UsageError, match="step contain") as caught:
            acts.close(night.project(), "INC-1")
        assert "runbook resume INC-1" in caught.value.hint
        with journal.drive("INC-1", "INC-1.1") as driver:
            driver.append("run_joined", {})
            driver.append("effect_ended", {"id": "x", "state": "ok"}, step="contain")
    assert acts.close(night.project(), "INC-1").incident.status == "closed"


def test_acts_hold_when_slack_does_not(night: Night, slack: Workspace) -> None:
    """The journal comes first; what the thread does not know yet is said."""
    page(night)
    slack.faults_at[POST] = [answer(503, "down")]
    done = acts.ack(night.project(), "INC-1")
    assert only(night).acks
    assert waits(night.project(), done.sent) == "2 messages wait: Slack says it is unavailable" or done.sent.messages
    slack.faults_at[SHARE] = []
    page(night)
    assert slack.texts("ml-incidents")[-1].startswith("INC-1 acknowledged by Ana Ruiz")
