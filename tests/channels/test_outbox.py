"""The outbox: order, once, and what it writes down."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_tui.channels import outbox
from mlops_tui.channels.outbox import Message, flush, messages, queue
from mlops_tui.channels.slack import SlackSender
from mlops_tui.incidents.incident import fold
from mlops_tui.journal import Journal
from tests.channels.conftest import NOW
from tests.channels.slack_server import DROP_AFTER, DROP_BEFORE, POST, TOKEN, WELL, SlackServer, Workspace, answer, slack_error


def put(journal: Journal, text: str, channel: str = "#ml-incidents", stream: str = "INC-1", id_: str | None = None) -> str:
    return queue(journal, stream, to="credit-ml", channel=channel, text=text, step="tell", run="INC-1.1", id=id_).id


def send(journal: Journal, sender: SlackSender | None, waits: list[float] | None = None) -> tuple[Message, ...]:
    return flush(journal, sender, clock=lambda: NOW, pause=(waits if waits is not None else []).append)


def types(journal: Journal) -> list[str]:
    return [e.type for e in journal.events("INC-1")][1:]


def test_messages_go_out_in_order_in_one_thread(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """The first message of an incident in a channel is the parent of all others."""
    for text in "abc":
        put(journal, text)
    put(journal, "r", "#risk-oncall")
    assert [m.state for m in send(journal, sender)] == ["sent"] * 4
    posts = slack.channel("#ml-incidents").posts
    assert [p["text"] for p in posts] == ["a", "b", "c"]
    assert [p.get("thread_ts") for p in posts] == [None, posts[0]["ts"], posts[0]["ts"]]
    assert slack.texts("risk-oncall") == ["r"]
    put(journal, "d")
    send(journal, sender)
    assert slack.channel("#ml-incidents").posts[3]["thread_ts"] == posts[0]["ts"]


def test_each_incident_has_its_thread(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Two incidents in one channel do not mix."""
    journal.start_stream("INC-", "incident_opened", {})
    put(journal, "a")
    put(journal, "b", stream="INC-2")
    send(journal, sender)
    assert [p.get("thread_ts") for p in slack.channel("#ml-incidents").posts] == [None, None]


def test_a_post_is_written_down_before_and_after(journal: Journal, sender: SlackSender) -> None:
    """`message_tried` stands before each post, `message_settled` after, and the stream verifies."""
    put(journal, "a")
    send(journal, sender)
    assert types(journal) == ["message_queued", "message_tried", "message_settled"]
    assert journal.verify("INC-1") == ()


def test_a_flush_with_nothing_to_send_writes_nothing(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Sent is sent."""
    put(journal, "a")
    send(journal, sender)
    before = journal.head("INC-1")
    send(journal, sender)
    assert journal.head("INC-1") == before
    assert slack.texts("ml-incidents") == ["a"]


def test_the_same_id_is_queued_once(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """A step that is resumed does not say it twice."""
    assert put(journal, "a", id_="INC-1.1:tell") == put(journal, "a", id_="INC-1.1:tell")
    send(journal, sender)
    assert slack.texts("ml-incidents") == ["a"]


def test_without_a_token_messages_wait_and_say_so(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """They wait with the reason, written once, and go out in order when a token comes."""
    put(journal, "a")
    put(journal, "b")
    for _ in range(2):
        assert [(m.state, m.reason) for m in send(journal, None)] == [("waiting", "no token")] * 2
    assert types(journal).count("message_settled") == 2
    told = [e.text for e in fold(journal.events("INC-1")).timeline][1:]
    assert told[0] == "message to #ml-incidents queued (waits: no token): a"
    send(journal, sender)
    assert slack.texts("ml-incidents") == ["a", "b"]


def test_a_refused_channel_stops_its_thread_only(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Others go on; once a person has mended it, the next flush sends what waited, in order."""
    put(journal, "a", "#elsewhere")
    put(journal, "b", "#elsewhere")
    put(journal, "c")
    found = {m.text: m for m in send(journal, sender)}
    assert (found["a"].state, found["b"].state, found["c"].state) == ("failed", "queued", "sent")
    assert "not_in_channel (invite the app" in found["a"].reason
    slack.channel("#elsewhere").member = True
    send(journal, sender)
    assert slack.texts("elsewhere") == ["a", "b"]


def test_a_slack_that_is_down_stops_the_flush_at_once(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """One try finds out; after the outage everything is delivered once, in order."""
    for text in "abc":
        put(journal, text)
    put(journal, "r", "#risk-oncall")
    slack.faults.append(answer(503, "down"))
    assert [m.state for m in send(journal, sender)] == ["waiting", "queued", "queued", "queued"]
    assert len(slack.requests) == 1
    send(journal, sender)
    assert slack.texts("ml-incidents") == ["a", "b", "c"]
    assert slack.texts("risk-oncall") == ["r"]


def test_a_rate_limit_is_waited_for(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """As long as Slack asks, and not longer than the flush's patience."""
    for text in "ab":
        put(journal, text)
    slack.left, slack.retry_after = 1, "3"
    waits: list[float] = []

    class Clockwork(list[float]):
        def append(self, seconds: float) -> None:
            waits.append(seconds)
            slack.left = 5

    assert [m.state for m in send(journal, sender, Clockwork())] == ["sent", "sent"]
    assert waits == [3.0]
    assert slack.texts("ml-incidents") == ["a", "b"]


@pytest.mark.parametrize(("header", "waited"), [("90", []), ("0", [1.0] * 30), ("12", [12.0, 12.0])])
def test_patience_ends(journal: Journal, sender: SlackSender, slack: Workspace, header: str, waited: list[float]) -> None:
    """A limit that lasts leaves the message waiting with the time from which to try again."""
    put(journal, "a")
    slack.left, slack.retry_after = 0, header
    waits: list[float] = []
    (message,) = send(journal, sender, waits)
    assert waits == waited
    assert message.state == "waiting"
    assert "slow down, again from 08:0" in message.reason


def test_a_lost_answer_is_looked_up_and_not_posted_again(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Where the history can be read, a dropped connection after receipt doubles nothing."""
    slack.scopes.add("channels:history")
    put(journal, "a")
    send(journal, sender)
    put(journal, "b")
    slack.faults.append(DROP_AFTER)
    last = send(journal, sender)[-1]
    assert (last.state, last.doubled, last.tried) == ("sent", False, 1)
    assert slack.texts("ml-incidents") == ["a", "b"]


@pytest.mark.parametrize("scopes", [{"channels:read"}, {"channels:read", "groups:read"}])
def test_a_lost_first_answer_is_looked_up_by_the_channels_name(
    journal: Journal, sender: SlackSender, slack: Workspace, scopes: set[str]
) -> None:
    """A channel that nobody posted to yet is known by its name: the first page is not doubled either."""
    slack.scopes |= {"channels:history"} | scopes
    put(journal, "a", "#payments-data")
    slack.faults_at[POST] = [DROP_AFTER]
    (message,) = send(journal, sender)
    assert (message.state, message.doubled, message.tried) == ("sent", False, 1)
    assert slack.texts("payments-data") == ["a"]


def test_a_lost_first_answer_where_an_earlier_post_named_the_channel(
    journal: Journal, sender: SlackSender, slack: Workspace
) -> None:
    """Another incident's post to the channel told its ID, without the scope to list channels."""
    slack.scopes.add("channels:history")
    journal.start_stream("INC-", "incident_opened", {"title": "u"})
    put(journal, "a")
    queue(journal, "INC-2", to="credit-ml", channel="#ml-incidents", text="b")
    slack.faults_at[POST] = [WELL, DROP_AFTER]
    assert [(m.state, m.doubled) for m in send(journal, sender)] == [("sent", False)] * 2
    assert slack.texts("ml-incidents") == ["a", "b"]


def test_a_post_that_did_not_arrive_is_posted_again(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Where the history shows that it is not there, the second post is no double."""
    slack.scopes.add("channels:history")
    put(journal, "a", "C0000ML01")
    slack.faults.append(DROP_BEFORE)
    (message,) = send(journal, sender)
    assert (message.state, message.doubled, message.tried) == ("sent", False, 2)
    assert slack.texts("ml-incidents") == ["a"]


def test_where_nobody_can_look_it_is_sent_and_marked(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """Better twice than never: the message says that it may be doubled, and so does the timeline."""
    put(journal, "a")
    slack.faults.append(DROP_AFTER)
    (message,) = send(journal, sender)
    assert (message.state, message.doubled) == ("sent", True)
    assert "may be doubled" in message.reason
    assert slack.texts("ml-incidents") == ["a", "a"]
    assert fold(journal.events("INC-1")).timeline[-1].text == "message to #ml-incidents sent (may be doubled)"


def test_two_lost_answers_leave_it_unsure_for_the_next_flush(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """A flush posts a message twice at most; the next one begins with a look."""
    slack.scopes.add("channels:history")
    put(journal, "a", "C0000ML01")
    slack.faults += [DROP_BEFORE, answer(500, "oops"), answer(500, "oops")]
    (message,) = send(journal, sender)
    assert message.state == "unsure"
    (message,) = send(journal, sender)
    assert message.state == "sent"
    assert slack.texts("ml-incidents") == ["a"]


def test_a_doubt_survives_a_refusal(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """A lost answer followed by a refusal still marks the later post."""
    put(journal, "a")
    slack.faults_at[POST] = [DROP_AFTER, slack_error("channel_not_found")]
    assert send(journal, sender)[0].state == "failed"
    (message,) = send(journal, sender)
    assert (message.state, message.doubled) == ("sent", True)


def test_a_long_message_goes_out_in_parts_and_goes_on_where_it_stopped(
    journal: Journal, sender: SlackSender, slack: Workspace
) -> None:
    """Parts stand in one thread; a part that was sent is not sent again."""
    put(journal, "\n".join(c * 3_000 for c in "abc"))
    slack.left = 2
    slack.retry_after = "900"
    (message,) = send(journal, sender)
    assert (message.state, message.parts_sent) == ("waiting", 2)
    slack.left = None
    (message,) = send(journal, sender)
    assert message.state == "sent"
    posts = slack.channel("#ml-incidents").posts
    assert [p["text"][0] for p in posts] == ["a", "b", "c"]
    assert {p.get("thread_ts") for p in posts[1:]} == {posts[0]["ts"]}


def test_one_worker_sends(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """While another holds the outbox, a flush does nothing and says how things stand."""
    put(journal, "a")
    with outbox._only_worker(journal) as alone:
        assert alone
        assert [m.state for m in send(journal, sender)] == ["queued"]
    assert slack.texts("ml-incidents") == []
    assert [m.state for m in send(journal, sender)] == ["sent"]


def test_a_message_queued_meanwhile_goes_out_too(journal: Journal, sender: SlackSender, slack: Workspace) -> None:
    """What is queued while a flush works is not left for the next one."""
    put(journal, "a")
    slack.left, slack.retry_after = 0, "1"

    class Meanwhile(list[float]):
        def append(self, seconds: float) -> None:
            slack.left = None
            put(journal, "b")

    assert [m.state for m in send(journal, sender, Meanwhile())] == ["sent", "sent"]


DYING = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from mlops_tui.channels.outbox import flush
from mlops_tui.channels.slack import SlackSender
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal

class Dying(SlackSender):
    def post(self, *args, **named):
        super().post(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)

clock = lambda: datetime(2025, 10, 9, 8, 0, tzinfo=UTC)
journal = Journal.open(Path(sys.argv[1]), clock=clock, actor=Actor("x", 1, "h", 1))
flush(journal, Dying(sys.argv[2], sys.argv[3]), clock=clock)
"""


def test_killed_while_posting_doubles_nothing(
    journal: Journal, server: SlackServer, sender: SlackSender, slack: Workspace
) -> None:
    """-9 once Slack has the message and before anybody learns of it: the next flush looks it up and finds it."""
    slack.scopes.add("channels:history")
    put(journal, "a", "C0000ML01")
    died = subprocess.run([sys.executable, "-c", DYING, str(journal.folder), TOKEN, server.url])
    assert died.returncode == -signal.SIGKILL
    assert slack.texts("ml-incidents") == ["a"]
    assert [m.state for m in messages(journal)] == ["unsure"]
    assert [m.state for m in send(journal, sender)] == ["sent"]
    assert slack.texts("ml-incidents") == ["a"]


def test_the_token_is_nowhere_in_the_state(journal: Journal, sender: SlackSender, slack: Workspace, tmp_path: Path) -> None:
    """Whatever goes wrong, the token is not written down."""
    faults: list[Callable[[], None]] = [
        lambda: slack.faults.append(answer(500, "oops")),
        lambda: slack.faults.append(DROP_AFTER),
        lambda: slack.tokens.update({TOKEN: "token_revoked"}),
    ]
    for number, fault in enumerate(faults):
        put(journal, f"m{number}")
        fault()
        send(journal, sender)
    assert "token_revoked" in messages(journal)[-1].reason
    journal.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()


def test_a_message_as_json(journal: Journal, sender: SlackSender) -> None:
    """The one JSON form holds what a script needs, and no host or token."""
    put(journal, "a", id_="m1")
    told = send(journal, sender)[0].as_json()
    assert told["queued_at"] == told["settled_at"] == "2025-10-09T08:00:00Z"
    assert {k: told[k] for k in ("id", "incident", "to", "channel", "state", "tried", "may_be_doubled")} == {
        "id": "m1",
        "incident": "INC-1",
        "to": "credit-ml",
        "channel": "#ml-incidents",
        "state": "sent",
        "tried": 1,
        "may_be_doubled": False,
    }
