"""Slack: messages and files of one workspace, with our own idea of what may be tried again.

slack-sdk's own retries are off (they post twice after a dropped connection), and so is its reading of the proxy
variables (it ignores NO_PROXY). Its upload helper does three things in one call and forgets where it failed: the three
methods are called one by one.
"""

from __future__ import annotations

import http.client
import logging
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from mlops_tui.channels import slack_errors, slack_text
from mlops_tui.channels.sender import Part, Receipt, Ticket
from mlops_tui.core.errors import ChannelError
from mlops_tui.core.leave import one_line
from mlops_tui.incidents.messages import Piece

if TYPE_CHECKING:
    from slack_sdk import WebClient

TIMEOUT_SECONDS = 10
UPLOAD_SECONDS = 30
EVENT_TYPE = "runbook_message"
"""Of the metadata by which a message is found again."""
PAGE = 200
MOST_PAGES = 5
MOST_CHANNELS = 1_000
"""Of one page of `conversations.list`."""
MOST_DESCRIPTION = 1_000
"""Characters of a file's description for those who cannot see it."""

_KINDS = ("public_channel", "private_channel")
_ID = re.compile(r"[CGD][A-Z0-9]{7,}\Z")
_LAYOUT = frozenset("invalid_blocks invalid_blocks_format msg_blocks_too_long".split())
"""Refusals of the blocks alone: the text is posted without them, since a page that looks plain is still a page."""


@dataclass(frozen=True, slots=True)
class Bot:
    """Whose a token is. `scopes` is what it may; None where Slack does not say."""

    user: str
    workspace: str
    scopes: frozenset[str] | None


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
        self._ids: dict[str, str] = {}

    def split(self, text: str, layout: Sequence[Piece] = ()) -> Sequence[Part]:
        """The message, escaped, as parts that Slack takes whole; cut at line ends, then at spaces."""
        return slack_text.parts(text, layout)

    def is_id(self, channel: str) -> bool:
        """Whether this is a channel's ID and not its name."""
        return bool(_ID.match(channel))

    def locate(self, channel: str) -> str:
        """A channel's ID by its name, from what was posted before, else by `conversations.list`: public ones first, since the
        private ones need a scope of their own. Empty where nobody has the name; ChannelError where that cannot be told."""
        name = channel.removeprefix("#")
        if self.is_id(channel):
            return channel
        for kind in _KINDS:
            if name in self._ids:
                break
            self._ids |= {c["name"]: c["id"] for c in self._channels(kind, whole=True)}
        return self._ids.get(name, "")

    def post(self, channel: str, part: Part, *, thread_ts: str, key: str, number: int) -> Receipt:
        """Posts a part that `split` gave. Raises ChannelError."""
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"id": key, "part": number}}

        def send(**blocks: Any) -> Any:
            return self._client.chat_postMessage(
                channel=channel,
                text=part.text,
                thread_ts=thread_ts or None,
                metadata=metadata,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
                **blocks,
            ).data

        def laid_out() -> Any:
            from slack_sdk.errors import SlackApiError

            try:
                return send(blocks=[dict(b) for b in part.blocks])
            except SlackApiError as error:
                if not isinstance(error.response.data, dict) or error.response.data.get("error") not in _LAYOUT:
                    raise
                return send()

        answer = self._call(laid_out if part.blocks else send, where=channel)
        self._ids[channel.removeprefix("#")] = str(answer["channel"])
        return Receipt(str(answer["ts"]), str(answer["channel"]))

    def find(self, channel_id: str, *, thread_ts: str, key: str, number: int, since: datetime) -> Receipt | None:
        """The message with our metadata, in the thread or the channel. Raises ChannelError where it cannot be read."""
        wanted = {"id": key, "part": number}
        for message in self._history(channel_id, thread_ts, since):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload") == wanted:
                return Receipt(str(message["ts"]), channel_id)
        return None

    # files

    def ask_upload(self, name: str, size: int, description: str) -> Ticket:
        """`files.getUploadURLExternal`. Raises ChannelError."""
        described = one_line(description, most=MOST_DESCRIPTION)
        answer = self._call(
            lambda: self._client.files_getUploadURLExternal(filename=name, length=size, alt_txt=described or None).data,
            where=name,
        )
        url, file_id = answer.get("upload_url"), answer.get("file_id")
        if not (isinstance(url, str) and isinstance(file_id, str) and url and file_id):
            raise ChannelError("Slack gave no address for the upload", where=name)
        return Ticket(file_id, url)

    def upload(self, url: str, data: bytes) -> None:
        """The bytes, without the token, to the address that Slack gave. Raises ChannelError, UploadGone."""
        scheme = urllib.parse.urlsplit(url).scheme
        if scheme not in ("http", "https") or (scheme == "http" and self._client.base_url.startswith("https:")):
            raise ChannelError("the upload's address is no safe one", where="upload", permanent=True)
        request = urllib.request.Request(  # noqa: S310 - its scheme is checked above
            url, data=data, method="POST", headers={"Content-Type": "application/octet-stream"}
        )
        proxy = proxy_for(url)
        handlers = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
        try:
            with urllib.request.build_opener(handlers, _Straight).open(request, timeout=UPLOAD_SECONDS) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise slack_errors.put_refusal(error, "upload") from None
        except urllib.error.URLError as error:
            raise slack_errors.unsent(error, "upload") from error
        except (OSError, http.client.HTTPException) as error:
            raise slack_errors.broken(error, "upload") from error

    def share(self, file_id: str, title: str, *, channel_id: str, thread_ts: str) -> None:
        """`files.completeUploadExternal`; the file appears in the thread a little later. Raises ChannelError, UploadGone."""
        files: list[dict[str, str | None]] = [{"id": file_id, "title": title}]
        self._call(
            lambda: self._client.files_completeUploadExternal(files=files, channel_id=channel_id, thread_ts=thread_ts).data,
            where=channel_id,
        )

    def find_file(self, channel_id: str, file_id: str, *, thread_ts: str, since: datetime) -> bool:
        """Whether a message of the thread carries the file. Raises ChannelError where the history cannot be read."""
        shown = (f.get("id") for m in self._history(channel_id, thread_ts, since) for f in m.get("files") or ())
        return file_id in shown

    # asking

    def who(self) -> Bot:
        """Whose the token is and what it may, by `auth.test`, which needs no scope. Raises ChannelError."""

        def ask() -> dict[str, Any]:
            said = self._client.auth_test()
            headers = {str(k).lower(): str(v) for k, v in said.headers.items()}
            return {"user": said.get("user"), "team": said.get("team"), "scopes": headers.get("x-oauth-scopes")}

        answer = self._call(ask, where="auth.test")
        scopes = None if answer["scopes"] is None else frozenset(s.strip() for s in answer["scopes"].split(",") if s.strip())
        return Bot(one_line(str(answer["user"] or "unknown")), one_line(str(answer["team"] or "unknown")), scopes)

    def channels(self) -> dict[str, bool]:
        """The channels that the app can see, by name (without `#`) and by ID, each with whether it is a member; at most the
        first few thousand, and without a scope for private ones the public ones. Raises ChannelError."""
        public, private = _KINDS
        found = list(self._channels(public))
        try:
            found += self._channels(private)
        except ChannelError as error:
            if not error.permanent:
                raise
        return {c[key]: c.get("is_member", True) for c in found for key in ("name", "id")}

    def _channels(self, kind: str, *, whole: bool = False) -> Iterator[dict[str, Any]]:
        """The channels of one kind that have a name and an ID, by `conversations.list`. Raises ChannelError, and with
        `whole` also where there are too many to be read."""
        more: dict[str, Any] = {"types": kind, "exclude_archived": True, "limit": MOST_CHANNELS}
        for _ in range(MOST_PAGES):
            answer = self._call(lambda: self._client.conversations_list(**more).data, where="conversations.list")
            yield from (c for c in answer.get("channels") or () if c.get("name") and c.get("id"))
            more["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not more["cursor"]:
                return
        if whole:
            raise ChannelError("there are too many channels to be searched", where="conversations.list")

    def _history(self, channel_id: str, thread_ts: str, since: datetime) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(MOST_PAGES):
            page = self._page(channel_id, thread_ts, f"{since.timestamp():.6f}", cursor)
            yield from page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
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
            raise slack_errors.refusal(error, where) from None  # the cause would carry the request's headers along
        except SlackRequestError as error:
            raise ChannelError(f"no request can be made: {error}", where=where, permanent=True) from None
        except urllib.error.URLError as error:
            raise slack_errors.unsent(error, where) from error
        except (OSError, http.client.HTTPException, UnicodeDecodeError, LookupError) as error:
            raise slack_errors.broken(error, where) from error
        return answer


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: bytes go where Slack said, or nowhere."""

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        """None: the redirect itself is the answer."""


def proxy_for(url: str) -> str | None:
    """The proxy for a URL by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or None."""
    parsed = urllib.parse.urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    if urllib.request.proxy_bypass(parsed.netloc):
        return None
    return proxies.get(parsed.scheme) or proxies.get("all")
