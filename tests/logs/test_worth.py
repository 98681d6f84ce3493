"""Which logs are summarised: told by the log alone, before anything is built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from logs.summing import Place

from mlops_tui.logs.facts import Facts
from mlops_tui.logs.manifest import LogFile, Manifest
from mlops_tui.logs.worth import Worth, sized, worth

MB = 1 << 20


def judged(place: Place, megabytes: float, rows: int, days: int = 37, suffix: str = "parquet") -> Worth:
    format_ = "parquet" if suffix == "parquet" else "csv"
    files = tuple(
        LogFile(Path(f"/x/{d}.{suffix}"), f"{d}", int(megabytes * MB / days), format_, {"date": f"2026-10-{d + 1:02d}"})
        for d in range(days)
    )
    facts = {f.shown: Facts({}, rows // days) for f in files}
    return worth(Manifest("x", Path("/x"), files), facts, place.wanted.declared)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_log_that_is_read_in_no_time_is_not_summarised(place: Place) -> None:
    told = judged(place, 7, 1_000_000, 30)
    assert not told.summarised
    assert told.why == "the log is small (7.0 MB): its rows are read"


def test_summaries_that_would_pass_a_tenth_of_the_log_are_not_built(place: Place) -> None:
    told = judged(place, 10, 100_000, 30)
    assert not told.summarised
    assert "would take about" in told.why
    assert judged(place, 100, 1_000_000, 30).summarised


def test_more_pairs_need_a_larger_log(place: Place) -> None:
    """The declaration decides as well: crossings of two segments have many groups."""
    crossed = Place(place.root, spec={"pairs": [("region", "channel"), ("region", "band"), ("channel", "band")]})
    assert (
        judged(crossed, 100, 1_000_000, 30).expected
        > 2 * judged(replace(crossed, spec={"pairs": []}), 100, 1_000_000, 30).expected
    )


def test_a_byte_of_text_costs_more_to_read(place: Place) -> None:
    """Text is read once and then only its summaries, so that it is worth it earlier."""
    assert not judged(place, 7, 70_000, 30).summarised
    assert judged(place, 70, 0, 2, "csv").summarised


def test_sizes_are_told_for_people() -> None:
    assert [sized(n) for n in (0, 900, 2048, 3 * MB + MB // 10, 240 * MB, 5 << 30)] == [
        "0 bytes",
        "900 bytes",
        "2.0 kB",
        "3.1 MB",
        "240 MB",
        "5.0 GB",
    ]
