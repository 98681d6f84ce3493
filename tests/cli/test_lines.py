"""Lines from a pipe, a file, and a stream without a descriptor."""

from __future__ import annotations

import io
import os
import pty
import threading

from mlops_tui.cli.lines import Lines


def always() -> bool:
    return True


def test_lines_of_a_pipe_come_one_by_one():
    """Each call gives one line; the last one may lack its newline; then None."""
    read, write = os.pipe()
    os.write(write, b"one\r\ntwo\nthr\xc3\xa9e")
    os.close(write)
    with os.fdopen(read) as stream:
        lines = Lines(stream)
        assert [lines.line(always) for _ in range(4)] == ["one", "two", "thrée", None]
        assert lines.at_end
        lines.close()


def test_lines_of_a_file_come_one_by_one(tmp_path):
    """A regular file, which cannot be waited for, is read all the same."""
    (tmp_path / "answers").write_text("1\n2\n")
    with open(tmp_path / "answers") as stream:
        lines = Lines(stream)
        assert [lines.line(always) for _ in range(3)] == ["1", "2", None]
        lines.close()


def test_a_stream_without_a_descriptor_is_read():
    """StringIO works as stdin does."""
    lines = Lines(io.StringIO("1\n"))
    assert [lines.line(always), lines.line(always)] == ["1", None]
    lines.close()


def test_a_reader_that_waits_can_be_woken():
    """Once nobody wants the line any more, the wait ends although nothing was typed."""
    read, write = os.pipe()
    wanted = threading.Event()
    wanted.set()
    with os.fdopen(read) as stream:
        lines = Lines(stream)
        got: list[str | None] = []
        reader = threading.Thread(target=lambda: got.append(lines.line(wanted.is_set)))
        reader.start()
        wanted.clear()
        lines.wake()
        reader.join(5)
        assert got == [None]
        assert not lines.at_end
        lines.close()
    os.close(write)


def test_what_was_typed_before_the_question_is_dropped_on_a_terminal():
    """Type-ahead at a terminal never answers a question that was not there yet."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stream:
        lines = Lines(stream)
        assert lines.interactive
        os.write(ours, b"yes\n")
        lines.forget_typed()
        os.write(ours, b"no\n")
        assert lines.line(always) == "no"
        lines.close()
    os.close(ours)
