"""A disk that is full, a folder that may not be written: decisions wait in bounded memory, and go on when it is over."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mlops_tui.capture import DecisionLog
from mlops_tui.capture.files import WRITING

ENVIRONMENT = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}


def program(folder: Path, script: str) -> str:
    """Runs a script with `folder`, `resource` and DecisionLog at hand; gives what it printed."""
    head = "import resource, sys, time\nfrom mlops_tui.capture import DecisionLog\nfolder = sys.argv[1]\n"
    argv = [sys.executable, "-c", head + textwrap.dedent(script), folder]
    done = subprocess.run(argv, capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(folder: Path) -> int:
    return sum(pq.read_metadata(path).num_rows for path in folder.glob("**/*.parquet"))


def test_a_full_disk_keeps_decisions_until_there_is_room(tmp_path: Path) -> None:
    """Nothing is lost as long as memory holds it, nothing is half-written, and it is told once."""
    said = program(
        tmp_path,
        """
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        said = []
        log = DecisionLog(folder, model="m", tell=said.append)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        for turn in range(3):
            for i in range(1_000):
                log.write({"i": i})
            assert not log.flush(60)
        stats = log.stats
        assert (stats.taken, stats.written, stats.waiting, stats.dropped, stats.lost) == (3_000, 0, 3_000, 0, 0), stats
        assert stats.failures == 3, stats
        assert stats.last_error == "file too large", stats
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert log.flush(60)
        log.write()
        log.close()
        stats = log.stats
        assert (stats.taken, stats.written, stats.waiting, stats.lost) == (3_001, 3_001, 0, 0), stats
        print(*said, sep="\\n")
        """,
    )
    assert rows(tmp_path) == 3_001
    assert list((tmp_path / WRITING).iterdir()) == []
    assert said.count("\n") == 1
    assert "cannot be written" in said
    assert "file too large; they wait in memory, up to 256 MiB" in said


def test_it_tries_again_by_itself(tmp_path: Path) -> None:
    """Nobody needs to flush: a second later, then less and less often, until it works."""
    program(
        tmp_path,
        """
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = DecisionLog(folder, model="m", flush_seconds=0.01, tell=lambda _: None)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        log.write()
        while not log.stats.failures:
            time.sleep(0.01)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        begun = time.monotonic()
        while not log.stats.written and time.monotonic() < begun + 30:
            time.sleep(0.01)
        assert 0.5 < time.monotonic() - begun < 30
        """,
    )
    assert rows(tmp_path) == 1


def test_memory_is_bounded_when_the_disk_is_full(tmp_path: Path) -> None:
    """Beyond `most_bytes` new decisions are dropped and counted; those that were taken first are written in the end."""
    said = program(
        tmp_path,
        """
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = DecisionLog(folder, model="m", most_bytes=20_000_000, tell=lambda _: None)
        log.write({"text": "x"}); assert log.flush(60)
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        for i in range(3_000):
            log.write({"text": str(i) + "x" * 50_000})  # 150 MB of it
            if i % 100 == 0:
                log.flush(60)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) * 1024
        assert grown < 100_000_000, grown
        stats = log.stats
        assert stats.dropped > 1_000, stats
        assert stats.taken + stats.dropped == 3_001, stats
        assert stats.waiting == stats.taken - 1, stats
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        log.close()
        print(log.stats.written)
        """,
    )
    assert rows(tmp_path) == int(said)
    first = sorted(
        int(t.rstrip("x") or -1) for f in tmp_path.glob("**/*.parquet") for t in pq.read_table(f)["text"].to_pylist()
    )
    assert first[:300] == list(range(-1, 299))
    assert len(set(first)) == len(first)


def test_a_log_that_is_closed_in_trouble_gives_up(tmp_path: Path) -> None:
    """What cannot be written by then is lost, counted, and told; the process ends."""
    said = program(
        tmp_path,
        """
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        said = []
        log = DecisionLog(folder, model="m", tell=said.append)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        for i in range(10):
            log.write()
        log.close()
        assert (log.stats.lost, log.stats.waiting) == (10, 0), log.stats
        print(said[-1])
        """,
    )
    assert said == "10 decisions of m are lost: file too large\n"
    assert rows(tmp_path) == 0


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """The same as a full disk: serving begins all the same."""
    tmp_path.chmod(0o500)
    log = DecisionLog(tmp_path / "log", model="m", tell=lambda _: None)
    log.write()
    assert not log.flush(60)
    tmp_path.chmod(0o700)
    log.close()
    assert rows(tmp_path) == 1


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    """A path that cannot be a folder is told by its error, and nothing is raised."""
    said: list[str] = []
    (tmp_path / "log").touch()
    log = DecisionLog(tmp_path / "log", model="m", tell=said.append)
    log.write()
    assert not log.flush(60)
    assert log.stats.last_error == "not a directory"
    (tmp_path / "log").unlink()
    assert log.flush(60)
    log.close()
    assert rows(tmp_path) == 1


def test_a_listener_that_fails_is_not_the_callers_trouble(tmp_path: Path) -> None:
    """What `tell` raises goes nowhere; rows are written all the same."""

    def tell(_: str) -> None:
        raise RuntimeError

    with DecisionLog(tmp_path, model="m", tell=tell) as log:
        log.write({"x": 1})
        log.write({"x": "a"})
    assert rows(tmp_path) == 2


def test_a_decision_waits_for_no_disk(tmp_path: Path) -> None:
    """While a file takes long to write, `write` returns at once; its slowest call is far from that."""
    from mlops_tui.capture import partitions

    slow = 0.5
    publish = partitions.publish

    def publishing(*args: object) -> None:
        time.sleep(slow)
        publish(*args)  # type: ignore[arg-type]

    partitions.publish = publishing  # type: ignore[assignment]
    try:
        log = DecisionLog(tmp_path, model="m", flush_rows=1)
        longest = 0.0
        for _ in range(300):
            begun = time.perf_counter()
            log.write({"x": 1})
            longest = max(longest, time.perf_counter() - begun)
            time.sleep(0.002)
        log.close()
    finally:
        partitions.publish = publish
    assert longest < slow / 2
    assert rows(tmp_path) == 300


def test_the_limit_of_a_file_is_an_error_and_not_a_signal() -> None:
    """What the tests above stand on: Python ignores SIGXFSZ."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
