"""Text for reading fits its width and says what it is given."""

from __future__ import annotations

import pytest

from mlops_tui.tui.doc import Doc

PATH = ".runbook/state/incidents/INC-1/run-1/postmortem.html"


@pytest.mark.parametrize("width", [30, 53, 120])
def test_a_path_is_folded_after_a_slash(width):
    """No name of a folder or file is cut in two, nothing is lost, and no line is too long."""
    lines = [line.plain for line in Doc(width).path(PATH).lines]
    assert "".join(line[2:] for line in lines) == PATH
    assert all(len(line) <= width for line in lines)
    assert all(line.endswith("/") for line in lines[:-1])
