"""What the sender says to Slack, and what it makes of the answers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.channels.sender import Part, Receipt
from mlops_tui.channels.slack import SlackSender, proxy_for
from mlops_tui.channels.slack_text import MOST_CHARACTERS, split
from mlops_tui.core.errors import ChannelError
from tests.channels.slack_server import (
    DROP_AFTER,
    DROP_BEFORE,
    HANG_AFTER,
    TOKEN,
    Fault,
    SlackServer,
    Workspace,
    answer,
    slack_error,
)

EARLY = datetime(2020, 1, 1, tzinfo=UTC)


def post(sender: SlackSender, text: str = "hello", channel: str = "#ml-incidents", thread: str = "", part: int = 1) -> Receipt:
    return sender.post(channel, Part(text), thread_ts=thread, key="m1", number=part)


def refused(sender: SlackSender, channel: str = "#ml-incidents") -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        post(sender, channel=channel)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_message_and_its_reply_stand_in_one_thread(sender: SlackSender, slack: Workspace) -> None:
    """A reply names its parent; metadata goes along; nothing unfurls or is formatted."""
    first = post(sender)
    post(sender, "more", thread=first.ts, part=2)
    parent, reply = slack.channel("#ml-incidents").posts
    assert first == Receipt(parent["ts"], "C0000ML01")
    assert reply["thread_ts"] == parent["ts"]
    assert parent["metadata"] == {"event_type": "runbook_message", "event_payload": {"id": "m1", "part": 1}}
    method, arguments = slack.requests[0]
    assert method == "chat.postMessage"
    assert "thread_ts" not in arguments
    assert (arguments["mrkdwn"], arguments["unfurl_links"], arguments["unfurl_media"]) == (False, False, False)


@pytest.mark.parametrize(
    ("channel", "code", "hint"),
    [
        ("#nowhere", "channel_not_found", "by its ID"),
        ("#private", "channel_not_found", "invite the app"),
        ("#elsewhere", "not_in_channel", "invite the app"),
        ("#old", "is_archived", "another channel"),
    ],
)
def test_a_channel_that_refuses_says_what_to_do(sender: SlackSender, channel: str, code: str, hint: str) -> None:
    """A refusal is permanent and carries Slack's word and the next thing to try."""
    error = refused(sender, channel)
    assert (error.permanent, error.ambiguous, error.where) == (True, False, channel)
    assert code in error.message
    assert hint in error.hint


def test_a_bad_token_points_at_its_variable(server: SlackServer, slack: Workspace) -> None:
    """A wrong, a revoked and a scopeless token are told apart; the token itself is never shown."""
    assert "invalid_auth" in (error := refused(SlackSender("xoxb-wrong", server.url))).message
    assert "RUNBOOK_SLACK_TOKEN" in error.hint
    slack.tokens[TOKEN] = "token_revoked"
    assert "token_revoked" in refused(SlackSender(TOKEN, server.url)).message
    slack.tokens[TOKEN] = ""
    slack.scopes.clear()
    assert "missing_scope: chat:write" in refused(SlackSender(TOKEN, server.url)).message


@pytest.mark.parametrize(("header", "seconds"), [("1", 1.0), ("1.5", 1.5), ("", 1.0), ("soon", 1.0), ("-3", 0.0)])
def test_a_rate_limit_says_how_long(sender: SlackSender, slack: Workspace, header: str, seconds: float) -> None:
    """Retry-After is read whole, broken, absent or senseless; nothing was posted."""
    slack.left, slack.retry_after = 0, header
    error = refused(sender)
    assert (error.retry_after, error.ambiguous, error.permanent) == (seconds, False, False)
    assert slack.texts("ml-incidents") == []


@pytest.mark.parametrize(
    ("fault", "ambiguous"),
    [
        (answer(503, "upstream connect error"), False),
        (slack_error("service_unavailable"), False),
        (slack_error("message_limit_exceeded"), False),
        (answer(403, "<html>blocked by the company proxy</html>"), False),
        (answer(500, "oops"), True),
        (answer(504, "gateway timeout"), True),
        (answer(200, "<html>log in to the wifi</html>"), True),
        (answer(200, '{"ok": false}'), True),
        (slack_error("internal_error"), True),
        (slack_error("fatal_error"), True),
        (DROP_BEFORE, True),
        (DROP_AFTER, True),
    ],
)
def test_a_fault_is_ambiguous_when_the_message_may_have_arrived(
    sender: SlackSender, slack: Workspace, fault: Fault, ambiguous: bool
) -> None:
    """Nothing of this is permanent, and slack-sdk tries nothing again by itself."""
    slack.faults.append(fault)
    error = refused(sender)
    assert (error.ambiguous, error.permanent, error.retry_after) == (ambiguous, False, None)
    assert len(slack.texts("ml-incidents")) == (fault is DROP_AFTER)


def test_a_hanging_answer_is_ambiguous(server: SlackServer, slack: Workspace) -> None:
    """After the time-out the message may stand there."""
    slack.faults.append(HANG_AFTER)
    assert refused(SlackSender(TOKEN, server.url, timeout=0.2)).ambiguous  # type: ignore[arg-type]
    slack.release.set()
    assert slack.texts("ml-incidents") == ["hello"]


def test_a_refused_connection_is_not_ambiguous() -> None:
    """Nobody listens: nothing can have arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api/"
    error = refused(SlackSender(TOKEN, url))
    assert (error.ambiguous, error.permanent) == (False, False)
    assert "cannot be reached" in error.message


def test_a_senseless_address_is_said() -> None:
    """A base URL that is none does not end in a traceback."""
    assert "no request can be made" in refused(SlackSender(TOKEN, "ftp://x/")).message


def test_a_posted_message_is_found_by_its_metadata(sender: SlackSender, slack: Workspace) -> None:
    """In the channel and in a thread, over many pages; another's is not taken for it."""
    slack.scopes.add("channels:history")
    first = post(sender)
    for _ in range(450):
        slack.channel("#ml-incidents").posts.append({"ts": f"{next(slack.clock)}.000200", "text": "chat"})
    reply = post(sender, "more", thread=first.ts, part=2)
    find = {"key": "m1", "since": EARLY}
    assert sender.find("C0000ML01", thread_ts="", number=1, **find) == first  # type: ignore[arg-type]
    assert sender.find("C0000ML01", thread_ts=first.ts, number=2, **find) == reply  # type: ignore[arg-type]
    assert sender.find("C0000ML01", thread_ts=first.ts, number=3, **find) is None  # type: ignore[arg-type]


def test_a_history_that_may_not_be_read_is_an_error(sender: SlackSender) -> None:
    """Without the scope the answer is not `absent`."""
    with pytest.raises(ChannelError, match="channels:history"):
        sender.find("C0000ML01", thread_ts="", key="m1", number=1, since=EARLY)


def test_a_history_without_end_is_an_error(sender: SlackSender, slack: Workspace) -> None:
    """A search that was given up is not `absent` either."""
    slack.scopes.add("channels:history")
    for _ in range(1_100):
        slack.channel("#ml-incidents").posts.append({"ts": f"{next(slack.clock)}.000200", "text": "chat"})
    with pytest.raises(ChannelError, match="too long"):
        sender.find("C0000ML01", thread_ts="", key="m1", number=1, since=EARLY)


def test_text_from_data_makes_no_mention_and_no_link(sender: SlackSender) -> None:
    """`<!channel>`, links and control characters arrive as the characters that they are."""
    assert sender.split("<!channel> & <https://x|y>\x1b[2J") == (Part("&lt;!channel&gt; &amp; &lt;https://x|y&gt;�[2J"),)


def test_a_long_text_is_cut_at_lines_then_words() -> None:
    """A part ends at a line's end where it can, else at a space, else where it must."""
    assert split("aaa\nbbb ccc", 8) == ("aaa", "bbb ccc")
    assert split("aaa bbb ccc", 8) == ("aaa bbb", "ccc")
    assert split("a" * 20, 8) == ("a" * 8, "a" * 8, "a" * 4)
    assert split("&&&", 8) == ("&amp;", "&amp;", "&amp;")
    assert split("  ") == ("(no text)",)


PROSE = st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" \n&<")


@given(st.text(alphabet=PROSE, max_size=400), st.integers(9, 60))
def test_split_loses_nothing(text: str, most: int) -> None:
    """Every part fits and is not empty, and joined they are the text, spaces aside."""
    from mlops_tui.core.leave import slack as escape

    parts = split(text, most)
    assert all(0 < len(p) <= most for p in parts)
    if text.strip():
        assert "".join("".join(p.split()) for p in parts) == "".join(escape(text).split())


def test_a_part_is_below_what_slack_advises() -> None:
    """Slack asks for less than 4,000 characters."""
    assert all(len(p) <= MOST_CHARACTERS < 4_000 for p in split("<word> " * 5_000))


def test_no_proxy_is_honoured(server: SlackServer, slack: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """slack-sdk alone would send to the proxy in spite of NO_PROXY."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    post(SlackSender(TOKEN, server.url))
    assert slack.texts("ml-incidents") == ["hello"]
    assert slack.wanted_proxy == []


def test_a_proxy_is_used_where_one_is_set(server: SlackServer, slack: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes to the proxy, whole address and all."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    post(SlackSender(TOKEN, "http://slack.example/api/"))
    assert slack.wanted_proxy == ["http://slack.example/api/chat.postMessage"]
    assert proxy_for("https://slack.com/api/") is None
