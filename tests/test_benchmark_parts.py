"""What the benchmarks stand on: logs that are the same every time, processes measured rightly, bars that judge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.parts import decisions
from benchmarks.parts.figures import Figure, missed, table
from benchmarks.parts.process import slope

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_a_day_depends_on_its_number_only() -> None:
    """So that a log may get one more day, and two machines the same log."""
    # its NaN is not equal to itself
    first, again, other = (decisions.table(day, 500, late=False).drop_columns("spread") for day in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_the_days_hold_every_row() -> None:
    """Whatever the number of rows, no row is lost to rounding."""
    assert sum(decisions.rows_of(day, 37, 1_000_001) for day in range(37)) == 1_000_001


def measuring(code: str) -> list[str]:
    """What a process that is small itself prints of others; the one that runs the tests is not."""
    argv = [sys.executable, "-c", f"from parts.process import *\n{code}"]
    done = subprocess.run(argv, env={"PYTHONPATH": str(BENCHMARKS)}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_process_is_measured_with_its_peak() -> None:
    """The most memory that it had counts, also when it has given it back."""
    large = "b = bytearray(200_000_000); b = None; print(1)"
    more, said = measuring(f"a, b = spend('-c', 'pass'), spend('-c', '{large}'); print(b.peak - a.peak); print(b.said)")
    assert 190 < float(more) < 230
    assert said == "1"


def test_a_process_that_fails_says_why() -> None:
    """Nothing is measured of it."""
    wrong = "raise SystemExit(chr(110) + chr(111))"
    (said,) = measuring(f"try: spend('-c', '{wrong}')\nexcept Failed as error: print(error)")
    assert said.endswith("ended with 1: no")


def test_a_process_that_holds_data_does_not_measure() -> None:
    """Its children would be born with what it holds."""
    (said,) = measuring("b = bytearray(100_000_000)\ntry: spend('-c', 'pass')\nexcept Failed as error: print(error)")
    assert "holds too much" in said


def test_a_slope_is_the_exponent() -> None:
    """1 where the cost grows with the rows."""
    assert slope([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert slope([1, 4, 16], [1, 2, 4]) == pytest.approx(0.5)


def test_a_bar_judges_as_it_says() -> None:
    """What takes time is not judged in a small run; what must be exact is."""
    slow, wrong = Figure("1m", "report", "9 s", 9, "x", 3), Figure("1m", "rows lost", "", 1, "", 0, "exactly", timed=False)
    faster = Figure("1m", "than others", "", 30, "x", 20, "at least")
    assert missed([slow, wrong, faster], small=False) == [slow, wrong]
    assert missed([slow, wrong, faster], small=True) == [wrong]
    assert "at most 3 x" in table([slow], small=True)
    assert "not judged" in table([slow], small=True)
