"""A build that is killed, and two at once, in real processes: nothing is lost, counted twice, or left lying about."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.compute as pc
import pytest
from logs.summing import Place, canonical, from_rows, rows, summary_of

from mlops_tui.logs.index import Index
from mlops_tui.logs.store import Snapshot

TESTS = Path(__file__).parents[1]
DAYS = 30
BUILD = """
import sys
from pathlib import Path
from logs.summing import Place
from mlops_tui.logs import renewal
renewal.FLUSH_DAYS = 2  # many moments at which a file is being written
place = Place(Path(sys.argv[1]))
print("go", flush=True)
for _ in range(int(sys.argv[2])):
    made = place.refresh()
    print(made.counters.files_read, made.counters.rows_read, flush=True)
"""


def builder(place: Place, times: int = 1) -> subprocess.Popen[str]:
    """A process that is about to build, so many times one after the other."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(place.root), str(times)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    return process


def ended(process: subprocess.Popen[str]) -> list[int]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [int(n) for n in out.split()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    for day in range(DAYS):
        made.write(day, rows(day, 300))
    return made


def strays(place: Place, index: Index) -> set[str]:
    """What lies in the store and is named by nothing."""
    return set(place.files) - {"index.json", "lock"} - {u.name for u in (*index.units, *index.outcomes)}


def killed(place: Place, seed: int) -> None:
    """Some builds killed at random moments, the log changing in between; then a whole one, held against the rows."""
    r = random.Random(seed)
    for round_ in range(2):
        process = builder(place)
        time.sleep(r.uniform(0.0, 0.9))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (snapshot := Snapshot.open(place.wanted.store)) is not None:  # what was committed can be read
            snapshot.read()
        day = r.randrange(DAYS)
        place.write(day, rows(day, 200, seed=100 + round_), r.choice(["part-0.parquet", "late.parquet"]))
    made = place.refresh()
    assert strays(place, made.snapshot.index) == set()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))
    assert place.refresh().counters.files_read == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_build_that_was_killed_is_gone_on_with(place: Place, seed: int) -> None:
    killed(place, seed)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(3, 53))
def test_many_builds_that_were_killed(place: Place, seed: int) -> None:
    killed(place, seed)


def test_two_builders_share_the_work_of_one(place: Place) -> None:
    """The second waits for the first and finds everything done."""
    both = [builder(place), builder(place)]
    read = sorted(ended(process) for process in both)
    assert read == [[0, 0], [DAYS, DAYS * 300]]
    made = place.refresh()
    assert strays(place, made.snapshot.index) == set()
    assert summary_of(made).equals(from_rows(place.wanted, made.snapshot.layout))


def test_readers_see_whole_builds_while_files_are_replaced(place: Place) -> None:
    """Reading goes on while a builder writes, packs and removes: every look is one of the states that it committed."""
    place.refresh()
    process, looks = builder(place, 6), 0
    while process.poll() is None:
        day = looks % DAYS
        place.write(day, rows(day, 50, seed=200 + looks), f"more{looks}.parquet")
        snapshot = Snapshot.open(place.wanted.store)
        assert snapshot is not None
        cells = canonical(snapshot.read(["cells"])).cells
        whole = pc.sum(cells.filter(pc.equal(cells["set"], "")).column("n")).as_py()
        assert whole == sum(m.rows for m in snapshot.index.members)
        looks += 1
    assert looks > 3
    assert sum(ended(process)[::2]) > 3
