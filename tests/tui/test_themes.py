"""Both themes can be read."""

from __future__ import annotations

import pytest
from textual.color import Color

from mlops_tui.tui.themes import DARK, GROUNDS, LIGHT, TONES


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_text_stands_out_from_its_ground(colours, tone, ground):
    """Every text colour has a contrast of 4.5 or more on every ground (WCAG 2.1, AA)."""
    low, high = sorted(_luminance(Color.parse(colours[name])) for name in (tone, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def _luminance(colour: Color) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [c / 255 for c in (colour.r, colour.g, colour.b)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
