from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_tui.channels.slack import SlackSender
from mlops_tui.core.settings import Actor
from mlops_tui.journal import Journal
from tests.channels.slack_server import TOKEN, SlackServer, Workspace

NOW = datetime(2025, 10, 9, 8, 0, tzinfo=UTC)
"""Before the server's clock, as `queued` times are before their posts."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[SlackServer]:
    running = SlackServer()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.space.release.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def slack(server: SlackServer) -> Workspace:
    return server.space


@pytest.fixture
def sender(server: SlackServer) -> SlackSender:
    return SlackSender(TOKEN, server.url, timeout=5)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    actor = Actor("aruiz", 1001, "lab", 1)
    with Journal.open(tmp_path / "state", clock=lambda: NOW, actor=actor) as opened:
        opened.start_stream("INC-", "incident_opened", {"title": "t"})
        yield opened
