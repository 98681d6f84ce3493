"""Slack: `chat.postMessage` by slack-sdk, with our own idea of what may be tried again.

slack-sdk's own retries are off (they post twice after a dropped connection), and so is its reading of the proxy
variables (it ignores NO_PROXY).
"""

from __future__ import annotations

import http.client
import logging
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from mlops_tui.channels.outbox import Receipt
from mlops_tui.core.errors import ChannelError
from mlops_tui.core.leave import slack as escape

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

T = TypeVar("T")

MOST_CHARACTERS = 3_500
"""Of one message; Slack advises below 4,000."""
TIMEOUT_SECONDS = 10
EVENT_TYPE = "runbook_message"
"""Of the metadata by which a message is found again."""
PAGE = 200
MOST_PAGES = 5

_ID = re.compile(r"[CGD][A-Z0-9]{7,}\Z")

_LATER = frozenset("service_unavailable team_added_to_org request_timeout message_limit_exceeded".split())
_LIMITED = frozenset({"ratelimited", "rate_limited"})
_UNCLEAR = frozenset({"internal_error", "fatal_error"})
"""Slack: "It's possible some aspect of the operation succeeded before the error was raised"."""

_TOKEN = "look at the token in RUNBOOK_SLACK_TOKEN"  # noqa: S105 - advice, no token
_HINTS: Mapping[str, str] = {
    "channel_not_found": "name the channel by its ID in inventory.yaml, and invite the app where it is private",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "name another channel in inventory.yaml",
    "missing_scope": "the app needs the scope chat:write",
    "restricted_action": "an admin of the workspace restricts who posts there",
} | dict.fromkeys("not_authed invalid_auth account_inactive token_revoked token_expired not_allowed_token_type".split(), _TOKEN)


class SlackSender:
    """Posts to one workspace. `token` is a bot token, used for the Authorization header and nothing else."""

    def __init__(self, token: str, base_url: str | None = None, *, timeout: int = TIMEOUT_SECONDS) -> None:
        from slack_sdk import WebClient

        silent = logging.Logger("slack", logging.CRITICAL + 1)
        self._client: WebClient = WebClient(
            token=token,
            base_url=base_url or WebClient.BASE_URL,
            timeout=timeout,
            retry_handlers=[],
            logger=silent,
        )
        self._client.proxy = proxy_for(self._client.base_url)

    def split(self, text: str) -> Sequence[str]:
        """The text, escaped, as parts that Slack takes whole; cut at line ends, then at spaces."""
        return split(text)

    def is_id(self, channel: str) -> bool:
        """Whether this is a channel's ID and not its name."""
        return bool(_ID.match(channel))

    def post(self, channel: str, text: str, *, thread_ts: str, key: str, part: int) -> Receipt:
        """Posts text that `split` gave. Raises ChannelError."""
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"id": key, "part": part}}
        answer = self._call(
            lambda: (
                self._client.chat_postMessage(
                    channel=channel,
                    text=text,
                    thread_ts=thread_ts or None,
                    metadata=metadata,
                    mrkdwn=False,
                    unfurl_links=False,
                    unfurl_media=False,
                ).data
            ),
            where=channel,
        )
        return Receipt(str(answer["ts"]), str(answer["channel"]))

    def find(self, channel_id: str, *, thread_ts: str, key: str, part: int, since: datetime) -> Receipt | None:
        """The message with our metadata, in the thread or the channel. Raises ChannelError where it cannot be read."""
        wanted = {"id": key, "part": part}
        cursor = ""
        for _ in range(MOST_PAGES):
            page = self._page(channel_id, thread_ts, f"{since.timestamp():.6f}", cursor)
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload") == wanted:
                    return Receipt(str(message["ts"]), channel_id)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        raise ChannelError("the history is too long to be searched", where=channel_id)

    def _page(self, channel: str, thread_ts: str, oldest: str, cursor: str) -> dict[str, Any]:
        more: dict[str, Any] = {"oldest": oldest, "limit": PAGE, "include_all_metadata": True}
        if cursor:
            more["cursor"] = cursor

        def read() -> Any:
            if thread_ts:
                return self._client.conversations_replies(channel=channel, ts=thread_ts, **more).data
            return self._client.conversations_history(channel=channel, **more).data

        return self._call(read, where=channel)

    def _call(self, call: Callable[[], Any], *, where: str) -> dict[str, Any]:
        from slack_sdk.errors import SlackApiError, SlackRequestError

        try:
            answer: dict[str, Any] = call()
        except SlackApiError as error:
            raise _refusal(error, where) from None  # the cause would carry the request's headers along
        except SlackRequestError as error:
            raise ChannelError(f"no request can be made: {error}", where=where, permanent=True) from None
        except urllib.error.URLError as error:
            raise _unsent(error, where) from error
        except (OSError, http.client.HTTPException, UnicodeDecodeError, LookupError) as error:
            what = str(error) or type(error).__name__
            raise ChannelError(f"the connection to Slack broke: {what}", where=where, ambiguous=True) from error
        return answer


def split(text: str, most: int = MOST_CHARACTERS) -> tuple[str, ...]:
    """A text as escaped parts of at most `most` characters, at least one; none is empty, no escape is cut in two."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        size = _fitting(rest, most)
        if size < len(rest):
            size = max(rest.rfind("\n", 0, size + 1), 0) or max(rest.rfind(" ", 0, size + 1), 0) or size
        parts.append(escape(rest[:size].rstrip()))
        rest = rest[size:].lstrip()
    return tuple(p for p in parts if p) or ("(no text)",)


def proxy_for(url: str) -> str | None:
    """The proxy for a URL by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or None."""
    parsed = urllib.parse.urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    if urllib.request.proxy_bypass(parsed.netloc):
        return None
    return proxies.get(parsed.scheme) or proxies.get("all")


def _fitting(text: str, most: int) -> int:
    """How many characters of the text fit into `most` once escaped; at least one."""
    used = 0
    for place, character in enumerate(text):
        used += len(escape(character)) or 1
        if used > most:
            return max(place, 1)
    return len(text)


def _refusal(error: SlackApiError, where: str) -> ChannelError:
    """What Slack answered, as an error that says what to do next."""
    response = error.response
    status = int(getattr(response, "status_code", 200) or 200)
    headers = {str(k).lower(): v for k, v in (getattr(response, "headers", None) or {}).items()}
    body = response.data if isinstance(getattr(response, "data", None), dict) else {}
    code = str(body.get("error", ""))
    known = re.fullmatch(r"[a-z_]{1,60}", code) is not None
    if status == 429 or code in _LIMITED:
        return ChannelError("Slack asks to slow down", where=where, retry_after=_seconds(headers.get("retry-after")))
    if code in _LATER or status == 503:
        return ChannelError(f"Slack says {code if known else 'it is unavailable'}", where=where)
    if not known and 400 <= status < 500:
        return ChannelError(f"something between here and Slack answers HTTP {status}", where=where)
    if status >= 500 or code in _UNCLEAR or not known:
        what = code if known else f"something that is no answer (HTTP {status})"
        return ChannelError(f"Slack says {what}", where=where, ambiguous=True)
    needed = f": {body['needed']}" if code == "missing_scope" and body.get("needed") else ""
    return ChannelError(f"Slack says {code}{needed}", where=where, hint=_HINTS.get(code, ""), permanent=True)


def _seconds(value: Any) -> float:
    """`Retry-After` in seconds, also where it is no whole number; one second where it cannot be read."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return 1.0
    return min(max(seconds, 0.0), 86_400.0)


def _unsent(error: urllib.error.URLError, where: str) -> ChannelError:
    reason = error.reason
    broke = isinstance(reason, ConnectionResetError | BrokenPipeError | ConnectionAbortedError)
    what = getattr(reason, "strerror", None) or str(reason) or "no connection"
    return ChannelError(f"Slack cannot be reached: {what}", where=where, ambiguous=broke)
