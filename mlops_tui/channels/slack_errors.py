"""What Slack, and the way to it, answer: as errors that say whether to try again, and what to do."""

from __future__ import annotations

import re
import urllib.error
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_tui.channels.sender import UploadGone
from mlops_tui.core.errors import ChannelError
from mlops_tui.core.leave import one_line

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError

_LATER = frozenset("service_unavailable team_added_to_org request_timeout message_limit_exceeded".split())
_LIMITED = frozenset({"ratelimited", "rate_limited"})
_UNCLEAR = frozenset({"internal_error", "fatal_error", "file_update_failed"})
"""Slack: "It's possible some aspect of the operation succeeded before the error was raised"."""
_GONE = frozenset({"file_not_found", "file_deleted", "no_such_file"})

_TOKEN = "look at the token in RUNBOOK_SLACK_TOKEN"  # noqa: S105 - advice, no token
_HINTS: Mapping[str, str] = {
    "channel_not_found": "name the channel by its ID in inventory.yaml, and invite the app where it is private",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "name another channel in inventory.yaml",
    "missing_scope": "add the scope to the app, and install it in the workspace again",
    "restricted_action": "an admin of the workspace restricts who posts there",
    "posting_to_channel_denied": "an admin of the workspace restricts who posts there",
    "file_uploads_disabled": "an admin of the workspace has turned uploads off",
    "storage_limit_reached": "the workspace has no room for files left",
} | dict.fromkeys("not_authed invalid_auth account_inactive token_revoked token_expired not_allowed_token_type".split(), _TOKEN)


def refusal(error: SlackApiError, where: str) -> ChannelError:
    """What a method of Slack answered."""
    response = error.response
    status = int(getattr(response, "status_code", 200) or 200)
    headers = {str(k).lower(): v for k, v in (getattr(response, "headers", None) or {}).items()}
    body = response.data if isinstance(getattr(response, "data", None), dict) else {}
    code = str(body.get("error", ""))
    known = re.fullmatch(r"[a-z_]{1,60}", code) is not None
    if status == 429 or code in _LIMITED:
        return ChannelError("Slack asks to slow down", where=where, retry_after=seconds(headers.get("retry-after")))
    if code in _LATER or status == 503:
        return ChannelError(f"Slack says {code if known else 'it is unavailable'}", where=where)
    if not known and 400 <= status < 500:
        return ChannelError(f"something between here and Slack answers HTTP {status}", where=where)
    if status >= 500 or code in _UNCLEAR or not known:
        what = code if known else f"something that is no answer (HTTP {status})"
        return ChannelError(f"Slack says {what}", where=where, ambiguous=True)
    if code in _GONE:
        return UploadGone(f"Slack says {code}", where=where)
    needed = f": {one_line(str(body['needed']), most=60)}" if code == "missing_scope" and body.get("needed") else ""
    return ChannelError(f"Slack says {code}{needed}", where=where, hint=_HINTS.get(code, ""), permanent=True)


def put_refusal(error: urllib.error.HTTPError, where: str) -> ChannelError:
    """What the address of an upload answered. Doing it again is harmless, so nothing of this is ambiguous."""
    if error.code == 429:
        return ChannelError("Slack asks to slow down", where=where, retry_after=seconds(error.headers.get("Retry-After")))
    if error.code >= 500 or error.code in (408, 425):
        return ChannelError(f"the upload was answered with HTTP {error.code}", where=where)
    return UploadGone(f"the upload's address was refused with HTTP {error.code}", where=where)


def unsent(error: urllib.error.URLError, where: str) -> ChannelError:
    """A request that did not get through: it may have arrived only where the connection stood already."""
    reason = error.reason
    broke = isinstance(reason, ConnectionResetError | BrokenPipeError | ConnectionAbortedError)
    what = getattr(reason, "strerror", None) or str(reason) or "no connection"
    return ChannelError(f"Slack cannot be reached: {what}", where=where, ambiguous=broke)


def broken(error: Exception, where: str) -> ChannelError:
    """A connection that broke while the answer was waited for."""
    what = str(error) or type(error).__name__
    return ChannelError(f"the connection to Slack broke: {what}", where=where, ambiguous=True)


def seconds(value: Any) -> float:
    """`Retry-After` in seconds, also where it is no whole number; one second where it cannot be read."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    try:
        wait = float(value)
    except (TypeError, ValueError):
        return 1.0
    return min(max(wait, 0.0), 86_400.0) if wait == wait else 1.0
