"""Charts go into the thread, each step once, and what failed is done again alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_tui.channels.outbox import Message, flush, messages, queue
from mlops_tui.channels.slack import SlackSender
from mlops_tui.incidents.incident import fold
from mlops_tui.incidents.messages import Piece
from mlops_tui.journal import Journal
from tests.channels.conftest import NOW
from tests.channels.slack_server import (
    ASK,
    DROP_AFTER,
    DROP_BEFORE,
    POST,
    SHARE,
    TOKEN,
    UPLOAD,
    WELL,
    Fault,
    SlackServer,
    Workspace,
    answer,
    limited,
    slack_error,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
STEPS = [ASK, UPLOAD, SHARE]


def put(journal: Journal, text: str, *charts: str, channel: str = "#ml-incidents", suffix: str = "png") -> str:
    kept = [journal.keep(PNG + title.encode(), suffix) for title in charts]
    return queue(journal, "INC-1", to="credit-ml", channel=channel, text=text, attachments=kept, titles=charts).id


def send(journal: Journal, sender: SlackSender | None, waits: list[float] | None = None, **more: object) -> tuple[Message, ...]:
    pause = (waits if waits is not None else []).append
    return flush(journal, sender, clock=lambda: NOW, pause=pause, **more)  # type: ignore[arg-type]


def settled(journal: Journal, sender: SlackSender, flushes: int = 4) -> tuple[Message, ...]:
    """After as many flushes as a person would make before asking why."""
    for _ in range(flushes):
        found = send(journal, sender)
        if not any(m.open for m in found):
            break
    return found


def test_charts_stand_in_the_thread_in_order(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Text, its charts, the next text: the thread reads in the order in which it was written."""
    put(journal, "a", "rate by region", "scores")
    put(journal, "b", "volume")
    assert [m.state for m in send(journal, sender)] == ["sent", "sent"]
    posts = slack.channel("#ml-incidents").posts
    assert slack.texts("ml-incidents") == ["a", "[rate by region]", "[scores]", "b", "[volume]"]
    assert {p.get("thread_ts") for p in posts[1:]} == {posts[0]["ts"]}
    assert [f.name for f in slack.files.values()] == ["rate-by-region.png", "scores.png", "volume.png"]
    assert [f.data for f in slack.files.values()] == [PNG + t for t in (b"rate by region", b"scores", b"volume")]


def test_the_bytes_go_without_the_token(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """The address of an upload is a right of its own: nothing else is told to it."""
    put(journal, "a", "c")
    send(journal, sender)
    assert slack.carried_token == []
    assert [m for m, _ in slack.requests] == [POST, ASK, UPLOAD, SHARE]
    assert slack.asked(ASK)[0] == {"filename": "c.png", "length": str(len(PNG) + 1), "alt_txt": "c"}


@pytest.mark.parametrize(
    ("step", "fault"),
    [(s, f) for s in STEPS for f in (answer(503, "down"), answer(504, "gateway"), limited("900"))]
    + [(s, slack_error("service_unavailable")) for s in (ASK, SHARE)],
)
def test_only_the_step_that_failed_is_done_again(
    journal: Journal, sender: SlackSender, slack: Workspace, step: str, fault: Fault
) -> None:
    """What Slack gave or took before a failure is kept in the journal: a later flush goes on there, with the same file."""
    slack.scopes.add("channels:history")
    put(journal, "a", "c")
    slack.faults_at[step] = [fault, fault]
    (message,) = send(journal, sender)
    assert (message.state, message.text_sent) in (("waiting", True), ("unsure", True))
    put(journal, "b")
    assert [m.state for m in settled(journal, sender)] == ["sent", "sent"]
    assert slack.texts("ml-incidents") == ["a", "[c]", "b"]
    assert len(slack.files) == 1
    for other in set(STEPS) - {step}:
        assert len(slack.asked(other)) == 1


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [DROP_BEFORE, DROP_AFTER], ids=["before", "after"])
def test_a_lost_answer_doubles_no_chart(
    journal: Journal, sender: SlackSender, slack: Workspace, step: str, fault: Fault, readable: bool
) -> None:
    """Dropped before or after it was taken, at any step: the chart stands there, and once where anybody can look."""
    if readable:
        slack.scopes.add("channels:history")
    put(journal, "a", "c")
    slack.faults_at[step] = [fault]
    put(journal, "b")
    first, _ = settled(journal, sender)
    assert first.state == "sent"
    shown = [t for t in slack.texts("ml-incidents") if t != "[c]"]
    assert shown == ["a", "b"]
    count = slack.texts("ml-incidents").count("[c]")
    if readable or not (step == SHARE and fault is DROP_AFTER):
        assert (count, first.doubled) == (1, False)
        assert slack.texts("ml-incidents") == ["a", "[c]", "b"]
    else:
        assert (count, first.doubled) == (2, True)
        assert "may be doubled" in first.reason


def test_a_chart_that_slack_still_looks_through_is_waited_for(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Shares appear late: after a lost answer the thread is looked at twice before anything is uploaded anew."""
    slack.scopes.add("channels:history")
    slack.share_after = 2
    put(journal, "a", "c")
    slack.faults_at[SHARE] = [DROP_AFTER]
    waits: list[float] = []
    (message,) = send(journal, sender, waits)
    assert (message.state, message.doubled, waits) == ("sent", False, [2.0])
    assert slack.texts("ml-incidents") == ["a", "[c]"]


def test_an_upload_that_slack_has_thrown_away_begins_anew(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """What was not completed in time is gone; the next flush uploads it again, and nothing is lost."""
    put(journal, "a", "c")
    slack.faults_at[SHARE] = [answer(503, "down")]
    assert send(journal, sender)[0].state == "waiting"
    slack.forget("F00000001")
    assert send(journal, sender)[0].state == "sent"
    assert slack.texts("ml-incidents") == ["a", "[c]"]


def test_a_lasting_refusal_of_the_upload_is_given_up_for_now(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """An address that takes nothing is asked for anew a few times, and then the file waits for a later flush."""
    put(journal, "a", "c")
    slack.faults_at[UPLOAD] = [answer(403, "no") for _ in range(3)]
    (message,) = send(journal, sender)
    assert (message.state, len(slack.asked(ASK))) == ("failed", 3)
    assert "HTTP 403" in message.reason
    assert settled(journal, sender)[0].state == "sent"


def test_a_refused_chart_holds_no_text_back(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Without the scope for files the words still go out, the message says what is missing, and it follows once allowed."""
    slack.scopes.discard("files:write")
    put(journal, "a", "c", "d")
    put(journal, "b")
    first, second = send(journal, sender)
    assert (first.state, first.text_sent, second.state) == ("failed", True, "sent")
    assert "missing_scope: files:write" in first.reason
    assert "install it in the workspace again" in first.reason
    assert slack.texts("ml-incidents") == ["a", "b"]
    slack.scopes.add("files:write")
    assert [m.state for m in send(journal, sender)] == ["sent", "sent"]
    assert slack.texts("ml-incidents") == ["a", "b", "[c]", "[d]"]


def test_rows_never_leave(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Only charts and drafts are uploaded: a table of rows that a step kept stays on the machine, and is said to."""
    put(journal, "a", "rows of the log", suffix="parquet")
    (message,) = send(journal, sender)
    assert (message.state, message.files[0].step) == ("sent", "kept")
    assert "stay on this machine" in message.reason
    assert slack.files == {}


def test_a_rate_limit_at_an_upload_is_waited_for(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Each method has its own limit; whole, broken and absent Retry-After are all kept."""
    put(journal, "a", "c")
    slack.faults_at = {ASK: [limited("1.5")], UPLOAD: [limited("3")], SHARE: [limited(None)]}
    waits: list[float] = []
    assert send(journal, sender, waits)[0].state == "sent"
    assert waits == [1.5, 3.0, 1.0]


def test_a_channel_that_stumbles_is_tried_again_where_asked_for(
    journal: Journal, sender: SlackSender, slack: Workspace
) -> None:
    """With a backoff one flush meets a short outage by itself; without one it leaves it to the next."""
    put(journal, "a", "c")
    slack.faults_at = {POST: [answer(503, "down")], ASK: [answer(502, "bad gateway")]}
    waits: list[float] = []
    assert send(journal, sender, waits, backoff=(1.0, 4.0))[0].state == "sent"
    assert waits[0] == 1.0
    assert slack.texts("ml-incidents") == ["a", "[c]"]


DYING = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from mlops_tui.channels.outbox import flush
from mlops_tui.channels.slack import SlackSender
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal

class Dying(SlackSender):
    pass

def dying(name):
    def call(self, *args, **named):
        getattr(SlackSender, name)(self, *args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return call

setattr(Dying, sys.argv[4], dying(sys.argv[4]))
clock = lambda: datetime(2025, 10, 9, 8, 0, tzinfo=UTC)
journal = Journal.open(Path(sys.argv[1]), clock=clock, actor=Actor("x", 1, "h", 1))
flush(journal, Dying(sys.argv[2], sys.argv[3]), clock=clock)
"""


@pytest.mark.parametrize("name", ["post", "ask_upload", "upload", "share"])
def test_killed_at_any_step_nothing_is_lost_or_doubled(
    journal: Journal, server: SlackServer, sender: SlackSender, slack: Workspace, name: str
) -> None:
    """-9 once Slack has taken a step and before anybody learns of it: the next flush goes on from what the journal knows."""
    slack.scopes.add("channels:history")
    put(journal, "a", "c", channel="C0000ML01")
    died = subprocess.run([sys.executable, "-c", DYING, str(journal.folder), TOKEN, server.url, name])
    assert died.returncode == -signal.SIGKILL
    assert settled(journal, sender)[0].state == "sent"
    assert slack.texts("ml-incidents") == ["a", "[c]"]
    assert journal.verify("INC-1") == ()


def test_the_address_of_an_upload_is_forgotten_once_used(
    journal: Journal, sender: SlackSender, slack: Workspace, tmp_path: Path
) -> None:
    """The fold holds no address after the bytes are there, and the token stands nowhere."""
    put(journal, "a", "c")
    send(journal, sender)
    assert messages(journal)[0].files[0].url == ""
    assert "url" not in messages(journal)[0].as_json()["files"][0]
    journal.close()
    assert not any(TOKEN.encode() in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_the_timeline_tells_a_message_with_charts_once(journal: Journal, sender: SlackSender) -> None:
    """The steps of an upload are the outbox's business; a reader sees that the message went out."""
    put(journal, "a", "c", "d")
    send(journal, sender)
    told = [e.text for e in fold(journal.events("INC-1")).timeline][1:]
    assert told == ["message to #ml-incidents queued: a", "message to #ml-incidents sent"]


# the eight modes of the bar, at every place where they can strike

MODES: dict[str, tuple[Fault, ...]] = {
    "429, Retry-After 1": (limited("1"),),
    "429, Retry-After 1.5": (limited("1.5"),),
    "429, no Retry-After": (limited(None),),
    "ok:false": (slack_error("service_unavailable"),),
    "ok:false, unclear": (slack_error("internal_error"),),
    "503": (answer(503, "upstream connect error"),),
    "drop before accept": (DROP_BEFORE,),
    "drop after accept": (DROP_AFTER,),
    "upload fails at each step": (slack_error("file_update_failed"),),
    "two in a row": (DROP_AFTER, answer(503, "down")),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", [POST, ASK, UPLOAD, SHARE])
@pytest.mark.parametrize(("channel", "before"), [("C0000ML01", 1), ("#ml-incidents", 0)])
def test_nothing_lost_nothing_doubled_order_kept(
    journal: Journal, sender: SlackSender, slack: Workspace, mode: str, at: str, channel: str, before: int
) -> None:
    """Whatever fails, at whichever step of the first or second message: the thread is what was written, once and in order.

    The history can be read here; where it cannot, a doubled message says so (see above and test_outbox.py).
    """
    slack.scopes |= {"channels:history", "channels:read"}
    for text, chart in zip("abc", "xyz", strict=True):
        put(journal, text, chart, channel=channel)
    slack.faults_at[at] = [*[WELL] * before, *MODES[mode]]
    assert {m.state for m in settled(journal, sender)} == {"sent"}
    assert slack.texts("ml-incidents") == ["a", "[x]", "b", "[y]", "c", "[z]"]
    assert not any(m.doubled for m in messages(journal))
    assert journal.verify("INC-1") == ()


def test_a_layout_is_shown_and_its_text_stays_beside_it(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Blocks for those who look, the same words for notifications; every text literal, whatever it contains."""
    evil = "*bold* _x_ ~y~ `z` <!channel> <@U01ANA> & :fire: \x1b[2J"
    layout = (
        Piece("head", "SEV2 approval-drop"),
        Piece("text", evil),
        Piece("code", "runbook run ```approval-drop``` --incident INC-1 <!here>"),
        Piece("small", evil),
    )
    queue(journal, "INC-1", to="t", channel="#ml-incidents", text="plain", layout=layout)
    send(journal, sender)
    (post,) = slack.channel("#ml-incidents").posts
    kinds = [(b["type"], (b.get("text") or b["elements"][0])["type"]) for b in post["blocks"]]
    assert kinds == [
        ("header", "plain_text"),
        ("section", "plain_text"),
        ("section", "mrkdwn"),
        ("context", "plain_text"),
    ]
    code = post["blocks"][2]["text"]["text"]
    assert code == "```runbook run '''approval-drop''' --incident INC-1 &lt;!here&gt;```"
    assert "<" not in post["text"]
    assert "*bold*" in post["text"]
    assert slack.render() == "\n".join(
        [
            "#ml-incidents",
            "  runbook APP",
            "  │ ▍SEV2 approval-drop",
            "  │ *bold* _x_ ~y~ `z` <!channel> <@U01ANA> & :fire: �[2J",
            "  │     runbook run '''approval-drop''' --incident INC-1 <!here>",
            "  │ · *bold* _x_ ~y~ `z` <!channel> <@U01ANA> & :fire: �[2J",
        ]
    )


@pytest.mark.parametrize(
    "layout",
    [
        [Piece("text", "word " * 9_000)],
        [Piece("head", "h" * 400), Piece("text", "<&>" * 3_000), Piece("code", "`x`" * 2_000)],
        [Piece("text", f"line {n}") for n in range(180)],
        [Piece("small", "s" * 20_000)],
        [Piece("text", ""), Piece("head", " ")],
    ],
    ids=["long", "all kinds", "many", "small", "empty"],
)
def test_a_layout_beyond_the_limits_goes_out_in_parts(
    journal: Journal, sender: SlackSender, slack: Workspace, layout: list[Piece]
) -> None:
    """50 blocks, 150 and 3,000 characters, 12,000 in all: the server refuses what is beyond, and nothing is."""
    queue(journal, "INC-1", to="t", channel="#ml-incidents", text="t", layout=layout)
    (message,) = send(journal, sender)
    assert message.state == "sent"
    posts = slack.channel("#ml-incidents").posts
    assert all(len(p["text"]) < 4_000 for p in posts)
    assert len({p.get("thread_ts", posts[0]["ts"]) for p in posts}) == 1
    seen = "".join("".join(line[4:].split()) for line in slack.render().split("\n"))
    for piece in layout:
        for word in piece.text.split()[:3] + piece.text.split()[-3:]:
            assert word[:40].replace("`", "'") in seen or word[:40] in seen
    assert sum(1 for given in slack.asked(POST) if given.get("blocks")) == len(posts) or not layout[0].text


def test_blocks_that_slack_refuses_are_left_out(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """A page that looks plain is still a page."""
    queue(journal, "INC-1", to="t", channel="#ml-incidents", text="t", layout=[Piece("text", "the page")])
    slack.faults.append(slack_error("invalid_blocks"))
    assert send(journal, sender)[0].state == "sent"
    assert slack.texts("ml-incidents") == ["the page"]
