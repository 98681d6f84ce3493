"""Sentences leave the machine, so they name no small count."""

from __future__ import annotations

from mlops_tui.checks import words


def test_a_sentence_names_no_small_count() -> None:
    """1 to 9 rows are told as fewer than ten; none and many are told as they are."""
    assert [words.rows(n, "decision") for n in (0, 1, 9, 10, 2611)] == [
        "0 decisions",
        "fewer than 10 decisions",
        "fewer than 10 decisions",
        "10 decisions",
        "2,611 decisions",
    ]
    assert words.plural(1, "file") == "1 file"
