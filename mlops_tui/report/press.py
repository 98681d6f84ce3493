"""The child process that presses charts for a page: Vega-Lite in, Vega and SVG out. Run by `web`, as a module of its own."""

from __future__ import annotations

import json
import sys
from typing import IO, Any

VERSION = "6.4"
"""Of Vega-Lite."""


def press(asked: dict[str, Any]) -> dict[str, Any]:
    """`live` specifications compiled to Vega, `still` ones drawn as SVG, and where asked the `runtime` that draws Vega.

    Nothing is fetched.
    """
    import vl_convert

    # the name `vega` of a snippet is null in vl-convert 1.9 (a default import of what has none); the embedder brings its own
    runtime = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VERSION) if asked["runtime"] else ""
    return {
        "runtime": runtime,
        "live": [vl_convert.vegalite_to_vega(json.dumps(s), vl_version=VERSION) for s in asked["live"]],
        "still": [vl_convert.vegalite_to_svg(json.dumps(s), vl_version=VERSION, allowed_base_urls=[]) for s in asked["still"]],
    }


def main(source: IO[str], target: IO[str]) -> None:
    """One JSON value in, one out."""
    json.dump(press(json.load(source)), target)
    target.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
