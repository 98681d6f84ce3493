"""The child process that draws: Vega-Lite values in, PNGs out. Run by `png`, as a module of its own."""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

SCALE = 2.0
LENGTH = 8
"""Bytes of the length (big-endian) that stands before each image."""


def paint(source: BinaryIO, target: BinaryIO) -> None:
    """Read a JSON array of Vega-Lite values; for each write the PNG's length and the PNG. Nothing is fetched."""
    import vl_convert

    for spec in json.loads(source.read()):
        image = vl_convert.vegalite_to_png(json.dumps(spec), vl_version="6.4", scale=SCALE, allowed_base_urls=[])
        target.write(len(image).to_bytes(LENGTH, "big") + image)
    target.flush()


if __name__ == "__main__":
    paint(sys.stdin.buffer, sys.stdout.buffer)
