"""A Slack workspace on a local port: the documented arguments, errors, order and limits of the methods that we use.

Stricter than Slack in one place: a reply must name the parent of a thread that exists. Faults are put into `faults` and
met in order, one a request; a rate limit is a number of posts per channel, so that no clock is needed.
"""

from __future__ import annotations

import itertools
import json
import threading
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "xoxb-canary-3c1d9f"
TRUNCATED_AT = 40_000
METADATA_BYTES = 8_000


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: `drop` before or after the message was taken, `hang` after it, or an answer."""

    kind: str
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


DROP_BEFORE = Fault("drop_before")
DROP_AFTER = Fault("drop_after")
HANG_AFTER = Fault("hang_after")


def answer(status: int, body: str, **headers: str) -> Fault:
    return Fault("answer", status, body, {k.replace("_", "-"): v for k, v in headers.items()})


def slack_error(code: str) -> Fault:
    return answer(200, json.dumps({"ok": False, "error": code}))


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    private: bool = False
    archived: bool = False
    posts: list[dict[str, Any]] = field(default_factory=list)


class Workspace:
    """What the workspace holds, and what it was asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.channels = [
            Channel("C0000ML01", "ml-incidents"),
            Channel("C0000RISK", "risk-oncall"),
            Channel("C0000SHUT", "old", archived=True),
            Channel("C0000AWAY", "elsewhere", member=False),
            Channel("G0000PRIV", "private", member=False, private=True),
        ]
        self.tokens: dict[str, str] = {TOKEN: ""}
        self.scopes = {"chat:write"}
        self.faults: list[Fault] = []
        self.left: int | None = None
        """Posts until 429; None means no limit."""
        self.retry_after = "3"
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.wanted_proxy: list[str] = []
        self.clock = itertools.count(1_760_000_000)
        self.release = threading.Event()

    def texts(self, name: str) -> list[str]:
        return [p["text"] for p in self.channel(f"#{name}").posts]

    def channel(self, name: str) -> Channel:
        return next(c for c in self.channels if name in (c.id, c.name, f"#{c.name}"))

    # methods

    def call(self, method: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        known = {
            "chat.postMessage": ("chat:write", self._post),
            "conversations.history": ("channels:history", self._history),
            "conversations.replies": ("channels:history", self._replies),
            "auth.test": ("", self._auth_test),
        }
        if method not in known:
            return _no("unknown_method")
        if not token:
            return _no("not_authed")
        if token not in self.tokens:
            return _no("invalid_auth")
        if self.tokens[token]:
            return _no(self.tokens[token])
        scope, handle = known[method]
        if scope and scope not in self.scopes:
            return _no("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))
        return handle(arguments)

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": "https://acme.example/", "team": "acme", "user": "runbook", "bot_id": "B01"}

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        found = next((c for c in self.channels if given.get("channel") in (c.id, c.name, f"#{c.name}")), None)
        if found is None or (found.private and not found.member):
            return _no("channel_not_found")
        if found.archived:
            return _no("is_archived")
        if not found.member and "chat:write.public" not in self.scopes:
            return _no("not_in_channel")
        text = given.get("text") or ""
        if not text.strip() and not given.get("blocks") and not given.get("attachments"):
            return _no("no_text")
        problem = _metadata_problem(given.get("metadata"))
        if problem:
            return _no(problem)
        thread = given.get("thread_ts")
        if thread is not None and not any(p["ts"] == thread and "thread_ts" not in p for p in found.posts):
            return _no("cannot_reply_to_message")
        message = {"type": "message", "bot_id": "B01", "text": text[:TRUNCATED_AT], "ts": f"{next(self.clock)}.000100"}
        if thread is not None:
            message["thread_ts"] = thread
        if given.get("metadata"):
            message["metadata"] = given["metadata"]
        found.posts.append(message)
        told = {"ok": True, "channel": found.id, "ts": message["ts"], "message": message}
        return told | ({"warning": "message_truncated"} if len(text) > TRUNCATED_AT else {})

    def _history(self, given: dict[str, Any]) -> dict[str, Any]:
        found = next((c for c in self.channels if c.id == given.get("channel")), None)
        if found is None:
            return _no("channel_not_found")
        return _page([p for p in reversed(found.posts) if "thread_ts" not in p], given)

    def _replies(self, given: dict[str, Any]) -> dict[str, Any]:
        found = next((c for c in self.channels if c.id == given.get("channel")), None)
        if found is None:
            return _no("channel_not_found")
        posts = [p for p in found.posts if given.get("ts") in (p["ts"], p.get("thread_ts"))]
        return _page(posts, given) if posts else _no("thread_not_found")


def _no(code: str, **more: str) -> dict[str, Any]:
    return {"ok": False, "error": code} | more


def _metadata_problem(metadata: Any) -> str:
    if metadata is None:
        return ""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        return "invalid_metadata_format"
    if not isinstance(metadata.get("event_payload"), dict):
        return "invalid_metadata_format"
    return "metadata_too_large" if len(json.dumps(metadata)) > METADATA_BYTES else ""


def _page(posts: Iterable[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    after = [p for p in posts if float(p["ts"]) > float(given.get("oldest") or 0)]
    start, limit = int(given.get("cursor") or 0), int(given.get("limit") or 100)
    told = after[start : start + limit]
    if str(given.get("include_all_metadata", "")).lower() not in ("1", "true"):
        told = [{k: v for k, v in p.items() if k != "metadata"} for p in told]
    more = start + limit < len(after)
    return {
        "ok": True,
        "messages": told,
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlackServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        space = self.server.space
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("http"):
            space.wanted_proxy.append(self.path)
        method = urllib.parse.urlsplit(self.path).path.rsplit("/", 1)[-1]
        with space.lock:
            fault = space.faults.pop(0) if space.faults else None
            if fault and fault.kind == "drop_before":
                return self._drop()
            if fault and fault.kind == "answer":
                space.requests.append((method, {}))
                return self._send(fault.status, fault.body.encode(), fault.headers)
            status, told, headers = self._told(method, raw)
        if fault and fault.kind == "hang_after":
            space.release.wait(10)
        if fault:
            return self._drop()
        return self._send(status, json.dumps(told).encode(), {"Content-Type": "application/json; charset=utf-8"} | headers)

    def _told(self, method: str, raw: bytes) -> tuple[int, dict[str, Any], dict[str, str]]:
        space = self.server.space
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            try:
                arguments = json.loads(raw)
            except ValueError:
                return 200, _no("invalid_json"), {}
        elif kind.startswith("application/x-www-form-urlencoded"):
            arguments = {k: v[-1] for k, v in urllib.parse.parse_qs(raw.decode()).items()}
        else:
            return 200, _no("invalid_post_type"), {}
        space.requests.append((method, arguments))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if method == "chat.postMessage" and space.left is not None:
            if space.left <= 0:
                headers = {"Retry-After": space.retry_after} if space.retry_after else {}
                return 429, _no("ratelimited"), headers
            space.left -= 1
        return 200, space.call(method, arguments, token), {}

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


class SlackServer(ThreadingHTTPServer):
    """The workspace behind a port."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.space = Workspace()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a dropped connection is what the test wants
