"""The child process that draws: Vega-Lite values in, PNGs out. Run by `png`, as a module of its own."""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

SCALE = 2.0
LENGTH = 8
"""Bytes of the length (big-endian) that stands before each image."""
FIRST = {"mark": "text", "data": {"values": [{"x": "0", "y": 1}]}, "encoding": {"x": {"field": "x"}, "y": {"field": "y"}}}
"""Drawn for nobody: the first drawing of a process loads the fonts and the drawing code, which takes most of its time."""


def paint(source: BinaryIO, target: BinaryIO) -> None:
    """Make ready, read a JSON array of Vega-Lite values, write each PNG after its length. Nothing is fetched."""
    _png(FIRST)
    for spec in json.loads(source.read() or b"[]"):
        image = _png(spec)
        target.write(len(image).to_bytes(LENGTH, "big") + image)
    target.flush()


def _png(spec: object) -> bytes:
    import vl_convert

    image: bytes = vl_convert.vegalite_to_png(json.dumps(spec), vl_version="6.4", scale=SCALE, allowed_base_urls=[])
    return image


if __name__ == "__main__":
    paint(sys.stdin.buffer, sys.stdout.buffer)
