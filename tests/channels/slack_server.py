"""A Slack workspace on a local port: the documented arguments, errors, order and limits of the methods that we use.

Stricter than Slack in one place: a reply must name the parent of a thread that exists. Faults are put into `faults` and
met in order, one a request, or into `faults_at` for one method (`upload` is the address that takes bytes); a rate limit is
a number of posts per method, so that no clock is needed. `python -m tests.channels.slack_server` serves it, and shows the
channels as text when it is stopped.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "xoxb-canary-3c1d9f"
TRUNCATED_AT = 40_000
METADATA_BYTES = 8_000
MOST_BLOCKS, MOST_IN_BLOCKS = 50, 12_000
UPLOAD, ASK, SHARE, POST = "upload", "files.getUploadURLExternal", "files.completeUploadExternal", "chat.postMessage"
_MENTION = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: `drop` before or after it was taken, `hang` after it, or an answer."""

    kind: str
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


DROP_BEFORE = Fault("drop_before")
DROP_AFTER = Fault("drop_after")
HANG_AFTER = Fault("hang_after")
WELL = Fault("well")
"""Nothing goes wrong: the next fault is for the request after this one."""


def answer(status: int, body: str, **headers: str) -> Fault:
    return Fault("answer", status, body, {k.replace("_", "-"): v for k, v in headers.items()})


def slack_error(code: str) -> Fault:
    return answer(200, json.dumps({"ok": False, "error": code}))


def limited(retry_after: str | None) -> Fault:
    """429 with this `Retry-After`, or without one."""
    told = {} if retry_after is None else {"Retry_After": retry_after}
    return answer(429, json.dumps({"ok": False, "error": "ratelimited"}), **told)


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    private: bool = False
    archived: bool = False
    posts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class File:
    """A file between its three steps: announced with a length, its bytes taken, shared once."""

    id: str
    name: str
    length: int
    alt: str = ""
    data: bytes | None = None
    used: bool = False
    completed: bool = False


class Workspace:
    """What the workspace holds, and what it was asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.channels = [
            Channel("C0000ML01", "ml-incidents"),
            Channel("C0000RISK", "risk-oncall"),
            Channel("C0000PAYM", "payments-data"),
            Channel("C0000COLL", "collections"),
            Channel("C0000SHUT", "old", archived=True),
            Channel("C0000AWAY", "elsewhere", member=False),
            Channel("G0000PRIV", "private", member=False, private=True),
        ]
        self.tokens: dict[str, str] = {TOKEN: ""}
        self.scopes = {"chat:write", "files:write"}
        self.faults: list[Fault] = []
        self.faults_at: dict[str, list[Fault]] = {}
        self.left: int | None = None
        """Posts until 429; None means no limit."""
        self.retry_after = "3"
        self.share_after = 0
        """How many further requests a shared file is looked through before it appears."""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.wanted_proxy: list[str] = []
        self.carried_token: list[str] = []
        """Methods that carried a token though they must not."""
        self.files: dict[str, File] = {}
        self.pending: list[tuple[int, Channel, dict[str, Any]]] = []
        self.clock = itertools.count(1_760_000_000)
        self.numbers = itertools.count(1)
        self.release = threading.Event()
        self.url = ""

    def texts(self, name: str) -> list[str]:
        """The texts in a channel; a file stands as `[its title]`."""
        return [p["text"] if "files" not in p else f"[{p['files'][0]['title']}]" for p in self.channel(f"#{name}").posts]

    def channel(self, name: str) -> Channel:
        return next(c for c in self.channels if name in (c.id, c.name, f"#{c.name}"))

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every request of a method that was looked at."""
        return [given for name, given in self.requests if name == method]

    def fault(self, method: str) -> Fault | None:
        """What goes wrong with this request."""
        own = self.faults_at.get(method)
        if own:
            return own.pop(0)
        return self.faults.pop(0) if self.faults else None

    def tick(self) -> None:
        """One more request: files that were looked through for long enough appear."""
        later = []
        for wait, channel, message in self.pending:
            if wait > 0:
                later.append((wait - 1, channel, message))
            else:
                channel.posts.append(message | {"ts": f"{next(self.clock)}.000300"})
        self.pending = later

    # methods

    def call(self, method: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        known = {
            POST: ("chat:write", self._post),
            ASK: ("files:write", self._ask),
            SHARE: ("files:write", self._share),
            "conversations.history": ("channels:history", self._history),
            "conversations.replies": ("channels:history", self._replies),
            "auth.test": ("", self._auth_test),
            "conversations.list": ("channels:read", self._list),
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

    def _list(self, given: dict[str, Any]) -> dict[str, Any]:
        """The channels that can be seen, two a page, so that whoever asks must turn pages."""
        kinds = str(given.get("types") or "public_channel").split(",")
        if "private_channel" in kinds and "groups:read" not in self.scopes:
            return _no("missing_scope", needed="groups:read", provided=",".join(sorted(self.scopes)))
        wanted = [c for c in self.channels if ("private_channel" if c.private else "public_channel") in kinds]
        seen = [c for c in wanted if not c.archived and (c.member or not c.private)]
        at = int(given.get("cursor") or 0)
        rest = str(at + 2) if at + 2 < len(seen) else ""
        found = [{"id": c.id, "name": c.name, "is_member": c.member} for c in seen[at : at + 2]]
        return {"ok": True, "channels": found, "response_metadata": {"next_cursor": rest}}

    def _room(self, found: Channel | None) -> str:
        """Why nothing can be put into a channel; empty where it can."""
        if found is None or (found.private and not found.member):
            return "channel_not_found"
        if found.archived:
            return "is_archived"
        if not found.member and "chat:write.public" not in self.scopes:
            return "not_in_channel"
        return ""

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        found = next((c for c in self.channels if given.get("channel") in (c.id, c.name, f"#{c.name}")), None)
        problem = self._room(found)
        if problem or found is None:
            return _no(problem)
        text = given.get("text") or ""
        if not text.strip() and not given.get("blocks") and not given.get("attachments"):
            return _no("no_text")
        problem = _metadata_problem(given.get("metadata"))
        if problem:
            return _no(problem)
        blocks = given.get("blocks")
        refused = _blocks_problem(blocks) if blocks is not None else None
        if refused:
            return refused
        thread = given.get("thread_ts")
        if thread is not None and not any(p["ts"] == thread and "thread_ts" not in p for p in found.posts):
            return _no("cannot_reply_to_message")
        message = {"type": "message", "bot_id": "B01", "text": text[:TRUNCATED_AT], "ts": f"{next(self.clock)}.000100"}
        if thread is not None:
            message["thread_ts"] = thread
        if given.get("metadata"):
            message["metadata"] = given["metadata"]
        if blocks:
            message["blocks"] = blocks
        found.posts.append(message)
        told = {"ok": True, "channel": found.id, "ts": message["ts"], "message": message}
        return told | ({"warning": "message_truncated"} if len(text) > TRUNCATED_AT else {})

    def _ask(self, given: dict[str, Any]) -> dict[str, Any]:
        name, length = given.get("filename"), str(given.get("length", ""))
        if not name or not length.isdecimal() or length == "0":
            return _no("invalid_arguments")
        file = File(f"F{next(self.numbers):08d}", name, int(length), given.get("alt_txt", ""))
        self.files[file.id] = file
        return {"ok": True, "upload_url": f"{self.url}upload/v1/{file.id}", "file_id": file.id}

    def take(self, file_id: str, data: bytes) -> tuple[int, str]:
        """The bytes of a file: (status, text)."""
        file = self.files.get(file_id)
        if file is None:
            return 404, "unknown upload"
        if file.used:
            return 410, "this address was used"
        if len(data) != file.length:
            return 400, f"{len(data)} bytes where {file.length} were announced"
        file.data, file.used = data, True
        return 200, f"OK - {len(data)}"

    def forget(self, file_id: str) -> None:
        """An upload that was not completed in time."""
        del self.files[file_id]

    def _share(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            wanted = json.loads(given.get("files") or "")
        except ValueError:
            return _no("invalid_arguments")
        if not isinstance(wanted, list) or not wanted or not all(isinstance(w, dict) and "id" in w for w in wanted):
            return _no("invalid_arguments")
        found = next((c for c in self.channels if c.id == given.get("channel_id")), None)
        if found is None:
            return _no("channel_not_found")
        problem = self._room(found)
        if problem:
            return _no(problem)
        files = [self.files.get(w["id"]) for w in wanted]
        if any(f is None or f.data is None or f.completed for f in files):
            return _no("file_not_found")
        thread = given.get("thread_ts")
        if thread is not None and not any(p["ts"] == thread and "thread_ts" not in p for p in found.posts):
            return _no("invalid_thread_ts")
        shown = []
        for file, about in zip(files, wanted, strict=True):
            assert file is not None
            file.completed = True
            shown.append({"id": file.id, "name": file.name, "title": about.get("title") or file.name, "size": file.length})
        message: dict[str, Any] = {"type": "message", "bot_id": "B01", "text": given.get("initial_comment") or ""}
        message |= {"files": shown} | ({"thread_ts": thread} if thread is not None else {})
        if self.share_after:
            self.pending.append((self.share_after, found, message))
        else:
            found.posts.append(message | {"ts": f"{next(self.clock)}.000200"})
        return {"ok": True, "files": [{"id": s["id"], "title": s["title"]} for s in shown]}

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

    # looking

    def render(self, name: str = "") -> str:
        """The channels (or one of them) as a person sees them, replies below their parent."""
        shown = [c for c in self.channels if name in (c.id, c.name, f"#{c.name}") or (not name and c.posts)]
        return "\n\n".join("\n".join([f"#{c.name}", *_shown(c)]) for c in shown)


def _shown(channel: Channel) -> Iterable[str]:
    for post in channel.posts:
        if "thread_ts" in post:
            continue
        yield from _bubble(post, "  ")
        for reply in channel.posts:
            if reply.get("thread_ts") == post["ts"]:
                yield from _bubble(reply, "      ")


def _bubble(post: dict[str, Any], margin: str) -> Iterable[str]:
    yield f"{margin}runbook APP"
    lines = [line for block in post.get("blocks") or () for line in _block_lines(block)]
    lines = lines or ([] if not post["text"] else _seen(post["text"]).split("\n"))
    lines += [f"[{f['name']}, {f['size']:,} bytes] {f['title']}" for f in post.get("files") or ()]
    for line in lines:
        yield f"{margin}│ {line}"


def _block_lines(block: dict[str, Any]) -> list[str]:
    if block["type"] == "header":
        return [f"▍{_seen(block['text']['text'])}"]
    if block["type"] == "context":
        return [f"· {_seen(e['text'])}" for e in block["elements"]]
    text = block["text"]["text"]
    code = block["text"]["type"] == "mrkdwn" and text.startswith("```") and text.endswith("```")
    return [f"    {line}" for line in _seen(text[3:-3]).split("\n")] if code else _seen(text).split("\n")


def _seen(text: str) -> str:
    """What a reader sees: mentions and links as such, entities as the characters that they mean."""
    loud = _MENTION.sub(lambda m: f"«{m[0][1:-1]}»", text)
    return loud.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _no(code: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": code} | more


def _metadata_problem(metadata: Any) -> str:
    if metadata is None:
        return ""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        return "invalid_metadata_format"
    if not isinstance(metadata.get("event_payload"), dict):
        return "invalid_metadata_format"
    return "metadata_too_large" if len(json.dumps(metadata)) > METADATA_BYTES else ""


def _blocks_problem(blocks: Any) -> dict[str, Any] | None:
    if not isinstance(blocks, list) or not all(isinstance(b, dict) for b in blocks):
        return _no("invalid_blocks_format")
    if len(blocks) > MOST_BLOCKS:
        return _no("invalid_blocks", errors=["no more than 50 items allowed [json-pointer:/blocks]"])
    total = 0
    for i, block in enumerate(blocks):
        problem, size = _block_problem(block)
        if problem:
            return _no("invalid_blocks", errors=[f"{problem} [json-pointer:/blocks/{i}]"])
        total += size
    return _no("msg_blocks_too_long") if total > MOST_IN_BLOCKS else None


def _block_problem(block: dict[str, Any]) -> tuple[str, int]:
    """(what is wrong with a block, the characters in it)."""
    if len(str(block.get("block_id", ""))) > 255:
        return "block_id is too long", 0
    match block.get("type"):
        case "header":
            return _text_problem(block.get("text"), 150, ("plain_text",))
        case "section" if "fields" in block:
            found = [_text_problem(f, 2000) for f in block["fields"]]
            bad = "no more than 10 items allowed" if len(found) > 10 else next((p for p, _ in found if p), "")
            return bad, sum(n for _, n in found)
        case "section":
            return _text_problem(block.get("text"), 3000)
        case "context":
            found = [_text_problem(e, 3000) for e in block.get("elements") or ()]
            bad = "between 1 and 10 items" if not 1 <= len(found) <= 10 else next((p for p, _ in found if p), "")
            return bad, sum(n for _, n in found)
        case "divider":
            return "", 0
        case "image":
            alt = str(block.get("alt_text") or "")
            long = len(alt) > 2000 or len(str(block.get("title", ""))) > 2000 or len(str(block.get("image_url", ""))) > 3000
            return ("missing or too long", 0) if long or not alt else ("", len(alt))
        case "actions":
            return ("no more than 25 items allowed" if len(block.get("elements") or ()) > 25 else ""), 0
        case "markdown":
            return _size_problem(str(block.get("text", "")), 12_000)
        case other:
            return f"unsupported type: {other}", 0


def _text_problem(text: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> tuple[str, int]:
    if not isinstance(text, dict) or text.get("type") not in kinds or not isinstance(text.get("text"), str):
        return "must be a text object", 0
    return _size_problem(text["text"], most)


def _size_problem(text: str, most: int) -> tuple[str, int]:
    if not text:
        return "must be more than 0 characters", 0
    return (f"must be less than {most + 1} characters" if len(text) > most else ""), len(text)


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
        path = urllib.parse.urlsplit(self.path).path
        method = UPLOAD if "/upload/" in path else path.rsplit("/", 1)[-1]
        with space.lock:
            space.tick()
            fault = space.fault(method)
            if fault is WELL:
                fault = None
            if fault and fault.kind == "drop_before":
                return self._drop()
            if fault and fault.kind == "answer":
                space.requests.append((method, {}))
                return self._send(fault.status, fault.body.encode(), fault.headers)
            status, body, headers = self._taken(path, raw) if method == UPLOAD else self._told(method, raw)
        if fault and fault.kind == "hang_after":
            space.release.wait(10)
        if fault:
            return self._drop()
        return self._send(status, body, headers)

    do_PUT = do_POST

    def _taken(self, path: str, raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        space, file_id = self.server.space, path.rsplit("/", 1)[-1]
        space.requests.append((UPLOAD, {"id": file_id}))
        if self.headers.get("Authorization"):
            space.carried_token.append(UPLOAD)
        status, said = space.take(file_id, raw)
        return status, said.encode(), {"Content-Type": "text/plain"}

    def _told(self, method: str, raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        space = self.server.space
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            try:
                arguments = json.loads(raw) if raw else {}
            except ValueError:
                return _json(_no("invalid_json"))
        elif kind.startswith("application/x-www-form-urlencoded"):
            arguments = {k: v[-1] for k, v in urllib.parse.parse_qs(raw.decode()).items()}
        else:
            return _json(_no("invalid_post_type"))
        space.requests.append((method, arguments))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if method == POST and space.left is not None:
            if space.left <= 0:
                headers = {"Retry-After": space.retry_after} if space.retry_after else {}
                return _json(_no("ratelimited"), 429, headers)
            space.left -= 1
        return _json(space.call(method, arguments, token), headers={"X-OAuth-Scopes": ",".join(sorted(space.scopes))})

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


def _json(told: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
    return status, json.dumps(told).encode(), {"Content-Type": "application/json; charset=utf-8"} | (headers or {})


class SlackServer(ThreadingHTTPServer):
    """The workspace behind a port."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.space = Workspace()
        self.space.url = self.url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a dropped connection is what the test wants


def main() -> None:
    """Serve one workspace until Ctrl-C (or the end of stdin), then show it."""
    server = SlackServer(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    server.space.scopes.add("channels:history")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"export RUNBOOK_SLACK_URL={server.url} RUNBOOK_SLACK_TOKEN={TOKEN}", flush=True)
    try:
        for _ in sys.stdin:
            print(server.space.render(), flush=True)
    except KeyboardInterrupt:
        pass
    print(server.space.render(), flush=True)


if __name__ == "__main__":
    main()
